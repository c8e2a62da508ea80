/*
 * Lines of an SDP body, and the lines that have a meaning of their own.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_SDP_LINE_H
#define SDESP_SDP_LINE_H

#include "sdesp_sdp.h"

/*
 * Take the next line from rest, without its CRLF or LF. A CR elsewhere is an
 * octet like any other. Returns 1, or 0 when rest is empty.
 */
int sdesp_line_next(struct sdesp_span *line, struct sdesp_span *rest);

/* Does a line begin with this letter and "="? */
static inline int sdesp_line_is(struct sdesp_span line, char type)
{
	return line.len >= 2 && line.p[0] == type && line.p[1] == '=';
}

/* What follows there. */
static inline struct sdesp_span sdesp_line_value(struct sdesp_span line)
{
	line.p += 2;
	line.len -= 2;
	return line;
}

/* Split "a=name:value" or "a=name". 0: it is no a= line. */
int sdesp_line_attribute(struct sdesp_attr *attr, struct sdesp_span line);

/*
 * The address of a c= line; family 0 when it is not an IP literal. 0: it is
 * no c= line. TTL and count of a multicast address are passed over.
 */
int sdesp_line_connection(struct sdesp_addr *addr, struct sdesp_span line);

/* The direction of which this is the name; 0: of none. */
int sdesp_line_direction(uint8_t *direction, struct sdesp_span name);

/* Fill media, port, port_count, proto and fmt from an m= line. */
SDESP_CHECK int sdesp_line_media(struct sdesp_section *section,
	struct sdesp_span line, unsigned number, struct sdesp_why *why);

#endif
