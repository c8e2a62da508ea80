/* SPDX-License-Identifier: MIT */
#include "sdp/line.h"

#include <string.h>

#include "base/span.h"

int sdesp_line_next(struct sdesp_span *line, struct sdesp_span *rest)
{
	if (rest->len == 0)
		return 0;
	*line = sdesp_span_cut(rest, '\n');

	/* Without an LF behind it, a CR at the end is not a line end. */
	if (rest->p != NULL && line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return 1;
}

int sdesp_line_attribute(struct sdesp_attr *attr, struct sdesp_span line)
{
	if (!sdesp_line_is(line, 'a'))
		return 0;
	attr->value = sdesp_line_value(line);
	attr->name = sdesp_span_cut(&attr->value, ':');
	attr->column = 3 + (unsigned)attr->name.len;
	if (attr->value.p != NULL)
		attr->column++;
	return 1;
}

int sdesp_line_connection(struct sdesp_addr *addr, struct sdesp_span line)
{
	struct sdesp_span rest, type, parts, literal;
	uint64_t number;
	int family = 0, known;

	if (!sdesp_line_is(line, 'c'))
		return 0;
	memset(addr, 0, sizeof *addr);
	rest = sdesp_line_value(line);
	known = sdesp_span_is(sdesp_span_word(&rest), "IN");
	type = sdesp_span_word(&rest);
	parts = sdesp_span_word(&rest);
	literal = sdesp_span_cut(&parts, '/');
	if (sdesp_span_is(type, "IP4"))
		family = 4;
	else if (sdesp_span_is(type, "IP6"))
		family = 6;
	while (parts.p != NULL)
		known &= sdesp_span_decimal(
			&number, sdesp_span_cut(&parts, '/'));
	known &= sdesp_span_word(&rest).len == 0;
	if (sdesp_addr_parse(addr, literal.p, literal.len) != SDESP_OK)
		return 1;
	if (!known || addr->family != family)
		memset(addr, 0, sizeof *addr);
	return 1;
}

int sdesp_line_direction(uint8_t *direction, struct sdesp_span name)
{
	static const char names[][9] = {
		[SDESP_SENDRECV] = "sendrecv",
		[SDESP_SENDONLY] = "sendonly",
		[SDESP_RECVONLY] = "recvonly",
		[SDESP_INACTIVE] = "inactive",
	};

	name = sdesp_span_trim(name);
	if (name.len != sizeof names[0] - 1)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (memcmp(name.p, names[i], name.len) == 0) {
			*direction = (uint8_t)i;
			return 1;
		}
	}
	return 0;
}
