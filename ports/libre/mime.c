/* The SDP in a SIP message's body. SPDX-License-Identifier: MIT */
#include "ports/libre/mime.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define LEVELS 3        /* of multiparts in one another */

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Case does not count in types, names and encodings. */
static int same(struct sdesp_span span, const char *s)
{
	size_t len = strlen(s);

	if (span.len != len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (lower((unsigned char)span.p[i]) !=
			lower((unsigned char)s[i]))
			return 0;
	}
	return 1;
}

static int blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct sdesp_span trim(struct sdesp_span span)
{
	while (span.len > 0 && blank(span.p[0])) {
		span.p++;
		span.len--;
	}
	while (span.len > 0 && blank(span.p[span.len - 1]))
		span.len--;
	return span;
}

/* Cut off what stands before the first c; all of it when there is none. */
static struct sdesp_span cut(struct sdesp_span *rest, char c)
{
	struct sdesp_span head = *rest;
	const char *end = head.len > 0 ? memchr(head.p, c, head.len) : NULL;

	if (end == NULL) {
		rest->p += rest->len;
		rest->len = 0;
		return head;
	}
	head.len = (size_t)(end - head.p);
	rest->p = end + 1;
	rest->len -= head.len + 1;
	return head;
}

/* "type/subtype", blanks around the slash included. */
static int is_type(struct sdesp_span type, const char *major, const char *minor)
{
	struct sdesp_span first = trim(cut(&type, '/'));

	return same(first, major) && (minor == NULL || same(trim(type), minor));
}

/* The boundary parameter; len 0 = none that is good. */
static struct sdesp_span boundary_of(struct sdesp_span params)
{
	static const struct sdesp_span none;

	while (params.len > 0) {
		struct sdesp_span value = cut(&params, ';');
		struct sdesp_span name = trim(cut(&value, '='));

		if (!same(name, "boundary"))
			continue;
		value = trim(value);
		if (value.len > 0 && value.p[0] == '"') {
			value.p++;
			value.len--;
			value = cut(&value, '"');
		}
		return value.len <= BOUNDARY_MAX ? value : none;
	}
	return none;
}

/* One line without its end. */
static struct sdesp_span line_of(struct sdesp_span *rest)
{
	struct sdesp_span line = cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* 1: a delimiter, 2: the last one, 0: neither. */
static int delimiter(struct sdesp_span line, struct sdesp_span boundary)
{
	if (line.len < boundary.len + 2 || memcmp(line.p, "--", 2) != 0 ||
		memcmp(line.p + 2, boundary.p, boundary.len) != 0)
		return 0;
	line.p += boundary.len + 2;
	line.len -= boundary.len + 2;
	line = trim(line);
	if (line.len == 0)
		return 1;
	return line.len == 2 && memcmp(line.p, "--", 2) == 0 ? 2 : 0;
}

/* Cut the headers off a part. 0: its content is encoded. */
static int open_part(struct sdesp_span *ctype, struct sdesp_span *part)
{
	int plain = 1;

	memset(ctype, 0, sizeof *ctype);
	while (part->len > 0) {
		struct sdesp_span value = line_of(part);
		struct sdesp_span name;

		if (value.len == 0)
			break;
		name = trim(cut(&value, ':'));
		if (same(name, "Content-Type"))
			*ctype = value;
		else if (same(name, "Content-Transfer-Encoding"))
			plain = same(trim(value), "binary") ||
				same(trim(value), "8bit") ||
				same(trim(value), "7bit");
	}
	return plain;
}

static enum mime_result find(struct sdesp_span *sdp, struct sdesp_span ctype,
	struct sdesp_span body, unsigned levels);

static enum mime_result find_part(struct sdesp_span *sdp,
	struct sdesp_span boundary, struct sdesp_span body, unsigned levels)
{
	const char *part = NULL;

	while (body.len > 0) {
		const char *start = body.p;
		int kind = delimiter(line_of(&body), boundary);

		if (kind == 0)
			continue;
		if (part != NULL) {
			struct sdesp_span text = {part, (size_t)(start - part)};
			struct sdesp_span ctype;

			/* The line end before a delimiter belongs to it. */
			if (text.len > 0)
				text.len--;
			if (text.len > 0 && text.p[text.len - 1] == '\r')
				text.len--;
			if (open_part(&ctype, &text) &&
				find(sdp, ctype, text, levels) == MIME_SDP)
				return MIME_SDP;
		}
		if (kind == 2)
			return MIME_OTHER;
		part = body.p;
	}
	return MIME_BROKEN;
}

static enum mime_result find(struct sdesp_span *sdp, struct sdesp_span ctype,
	struct sdesp_span body, unsigned levels)
{
	struct sdesp_span params = ctype, type, boundary;

	if (ctype.p == NULL)
		return MIME_BROKEN;
	type = trim(cut(&params, ';'));
	if (is_type(type, "application", "sdp")) {
		*sdp = body;
		return MIME_SDP;
	}
	if (levels == 0 || !is_type(type, "multipart", NULL))
		return MIME_OTHER;
	boundary = boundary_of(params);
	if (boundary.len == 0)
		return MIME_BROKEN;
	return find_part(sdp, boundary, body, levels - 1);
}

enum mime_result sdesp_sip_mime_find_sdp(
	struct sdesp_span *sdp, struct sdesp_span ctype, struct sdesp_span body)
{
	memset(sdp, 0, sizeof *sdp);
	return find(sdp, ctype, body, LEVELS);
}
