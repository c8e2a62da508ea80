/* A body's media sections. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/span.h"
#include "base/why.h"
#include "sdp/line.h"

/* What a run of lines says beside its attributes. */
struct lines {
	struct sdesp_addr conn;
	uint8_t direction;
	uint8_t has_conn, has_direction;
};

/* Move sdp to its next m= line, or to the end. The first line of a kind
 * counts. */
static void skip_to_media(struct sdesp_sdp *sdp, struct lines *lines)
{
	struct sdesp_span line, next = sdp->rest;

	memset(lines, 0, sizeof *lines);
	while (sdesp_line_next(&line, &next)) {
		if (sdesp_line_is(line, 'm'))
			return;
		if (!lines->has_conn)
			lines->has_conn = (uint8_t)sdesp_line_connection(
				&lines->conn, line);
		if (!lines->has_direction && sdesp_line_is(line, 'a'))
			lines->has_direction = (uint8_t)sdesp_line_direction(
				&lines->direction, sdesp_line_value(line));
		sdp->rest = next;
		sdp->line++;
	}
}

void sdesp_sdp_init(struct sdesp_sdp *sdp, const char *text, size_t len)
{
	struct lines lines;

	memset(sdp, 0, sizeof *sdp);
	sdp->rest.p = text;
	sdp->rest.len = len;
	sdp->line = 1;
	skip_to_media(sdp, &lines);
	sdp->conn = lines.conn;
	sdp->direction = lines.direction;
}

int sdesp_sdp_next(struct sdesp_sdp *sdp, struct sdesp_section *section,
	struct sdesp_why *why)
{
	struct sdesp_span line;
	struct lines lines;
	int status;

	memset(section, 0, sizeof *section);
	if (!sdesp_line_next(&line, &sdp->rest))
		return 0;
	section->line = sdp->line++;
	section->index = sdp->index++;
	status = sdesp_line_media(section, line, section->line, why);

	section->body = sdp->rest;
	skip_to_media(sdp, &lines);
	section->body.len -= sdp->rest.len;
	section->conn = lines.has_conn ? lines.conn : sdp->conn;
	section->conn.port = (uint16_t)section->port;
	section->direction =
		lines.has_direction ? lines.direction : sdp->direction;
	if (status != SDESP_OK) {
		memset(section, 0, sizeof *section);
		return status;
	}
	return 1;
}

int sdesp_sdp_find(struct sdesp_section *section, const char *text, size_t len,
	unsigned index, struct sdesp_why *why)
{
	struct sdesp_sdp sdp;
	struct sdesp_why skipped;
	unsigned at = 0;
	int status;

	sdesp_sdp_init(&sdp, text, len);
	do
		status = sdesp_sdp_next(
			&sdp, section, at == index ? why : &skipped);
	while (status != 0 && at++ < index);
	if (status != 0)
		return status < 0 ? status : SDESP_OK;
	status = sdesp_why_set(why, SDESP_ERR_MISSING, 0, 0);
	sdesp_why_say(why, "the body has too few media sections",
		"an m= line for every stream of the offer");
	return status;
}
