/* A section's attributes, from text or from pairs.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "sdp/line.h"

void sdesp_section_from_pairs(struct sdesp_section *section, unsigned index,
	struct sdesp_span media, unsigned port, struct sdesp_span proto,
	struct sdesp_span fmt, const struct sdesp_addr *conn,
	const struct sdesp_pair *pairs, size_t npairs)
{
	struct sdesp_attr attr;
	size_t cursor = 0;

	memset(section, 0, sizeof *section);
	section->index = index;
	section->media = media;
	section->port = port;
	section->proto = proto;
	section->fmt = fmt;
	if (conn != NULL)
		section->conn = *conn;
	section->conn.port = (uint16_t)port;
	section->pairs = pairs;
	section->npairs = npairs;
	while (sdesp_section_next(section, &cursor, &attr)) {
		if (attr.value.p == NULL &&
			sdesp_line_direction(&section->direction, attr.name))
			break;
	}
}

static int next_pair(const struct sdesp_section *section, size_t *cursor,
	struct sdesp_attr *attr)
{
	if (*cursor >= section->npairs)
		return 0;
	attr->name = section->pairs[*cursor].name;
	attr->value = section->pairs[*cursor].value;
	attr->line = (unsigned)++*cursor;
	attr->column = 1;
	return 1;
}

int sdesp_section_next(const struct sdesp_section *section, size_t *cursor,
	struct sdesp_attr *attr)
{
	struct sdesp_span line, rest = section->body;

	if (section->pairs != NULL)
		return next_pair(section, cursor, attr);
	if (*cursor >= rest.len)
		return 0;
	if (*cursor == 0)
		attr->line = section->line;
	rest.p += *cursor;
	rest.len -= *cursor;
	while (sdesp_line_next(&line, &rest)) {
		attr->line++;
		*cursor = section->body.len - rest.len;
		if (sdesp_line_attribute(attr, line))
			return 1;
	}
	return 0;
}
