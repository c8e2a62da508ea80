/*
 * Reading SDP (RFC 8866) as spans into the caller's text. Nothing is copied
 * or allocated: every span lives as long as the text. Knows nothing of IPsec.
 * why may be NULL everywhere.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_SDP_H
#define SDESP_SDP_H

#include "sdesp_sa.h"

struct sdesp_span {
	const char *p; /* NULL = absent */
	size_t len;
};

/* A span of a string literal or other NUL-terminated string. */
struct sdesp_span sdesp_span_of(const char *s);

/* 1 when a span holds exactly this NUL-terminated string. */
int sdesp_span_is(struct sdesp_span span, const char *s);

/* One attribute as a SIP stack's own SDP objects hold it: "a=name:value". */
struct sdesp_pair {
	struct sdesp_span name;
	struct sdesp_span value; /* p NULL: a flag, "a=name" */
};

/* Direction of a stream as its author says it (RFC 8866 6.7). */
enum sdesp_direction {
	SDESP_SENDRECV,
	SDESP_SENDONLY,
	SDESP_RECVONLY,
	SDESP_INACTIVE
};

/* One media section, from text or from pairs. */
struct sdesp_section {
	unsigned index;                      /* of its m= line, from 0 */
	struct sdesp_span media, proto, fmt; /* fmt: the formats as written */
	unsigned port;                       /* 0 to 65535 */
	unsigned port_count;    /* after "/"; 0 when there is none */
	struct sdesp_addr conn; /* its c=, else the session's; family 0: none,
				 * or not an IP literal. port = port above */
	uint8_t direction;      /* its own, else the session's */
	unsigned line;          /* of the m= line; 0 when from pairs */
	struct sdesp_span body; /* lines after the m= line, or absent */
	const struct sdesp_pair *pairs;
	size_t npairs;
};

/* A place in a body; fields private. */
struct sdesp_sdp {
	struct sdesp_span rest;
	unsigned line, index;
	struct sdesp_addr conn;
	uint8_t direction;
};

/* Start at the beginning of a body of len octets (any octets). SPEC 3.1. */
void sdesp_sdp_init(struct sdesp_sdp *sdp, const char *text, size_t len);

/*
 * The next media section. Returns 1 and fills section, 0 at the end, or
 * SDESP_ERR_SYNTAX for an m= line that cannot be read; why says where, and
 * the next call goes on after it (the index counts it).
 */
SDESP_CHECK int sdesp_sdp_next(struct sdesp_sdp *sdp,
	struct sdesp_section *section, struct sdesp_why *why);

/*
 * The section with this index. SDESP_ERR_MISSING: there are fewer;
 * SDESP_ERR_SYNTAX: its m= line cannot be read. section is then zeroed.
 */
SDESP_CHECK int sdesp_sdp_find(struct sdesp_section *section, const char *text,
	size_t len, unsigned index, struct sdesp_why *why);

/*
 * A section from a SIP stack's objects. The spans, pairs and what they point
 * at must live as long as the section is used; conn NULL = none.
 */
void sdesp_section_from_pairs(struct sdesp_section *section, unsigned index,
	struct sdesp_span media, unsigned port, struct sdesp_span proto,
	struct sdesp_span fmt, const struct sdesp_addr *conn,
	const struct sdesp_pair *pairs, size_t npairs);

/*
 * One attribute of a section, with the place of its value (see struct
 * sdesp_why). In a section from pairs, columns count within the value.
 */
struct sdesp_attr {
	struct sdesp_span name;
	struct sdesp_span value; /* after the first colon, to the line end;
				  * p NULL: a flag, without a colon */
	unsigned line, column;
};

/*
 * Walk the attributes in section order. *cursor is 0 at the start and is
 * moved; pass the same attr, unchanged, to every call of a walk, because the
 * next line is counted from it. Returns 1, or 0 at the end.
 */
int sdesp_section_next(const struct sdesp_section *section, size_t *cursor,
	struct sdesp_attr *attr);

/*
 * Text under construction, in the caller's buffer of cap octets. The status
 * sticks: after SDESP_ERR_SPACE nothing more is written, so one check at the
 * end will do. Not NUL-terminated.
 */
struct sdesp_text {
	char *buf;
	size_t cap;
	size_t len;
	int status;
};

void sdesp_text_init(struct sdesp_text *text, char *buf, size_t cap);

#endif
