/*
 * Small readings of a span: its parts, numbers, hex digits, tokens.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_SPAN_H
#define SDESP_BASE_SPAN_H

#include <string.h>

#include "sdesp_sdp.h"

/* White space of SDP attribute values: SP and HTAB. */
static inline int sdesp_is_space(char c)
{
	return c <= ' ' && (c == ' ' || c == '\t');
}

/* How many octets at the start are sure to be all from lo to '~': some way to
 * the first that is not, in large steps. */
size_t sdesp_span_plain(struct sdesp_span span, unsigned char lo);

/* Both ends without white space. */
struct sdesp_span sdesp_span_trim(struct sdesp_span span);

/* The next run of octets other than white space, with the white space before
 * it skipped; *rest is what follows. Empty at the end. */
struct sdesp_span sdesp_span_word(struct sdesp_span *rest);

/* The part of *rest before the first stop. *rest becomes what follows it, or
 * absent when there is no stop. */
struct sdesp_span sdesp_span_cut(struct sdesp_span *rest, char stop);

static inline int sdesp_span_equal(struct sdesp_span a, struct sdesp_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* 1 when a span begins with this NUL-terminated string. */
int sdesp_span_begins(struct sdesp_span span, const char *s);

/* 1*DIGIT, 0 otherwise. Values beyond 64 bits are read as UINT64_MAX. */
int sdesp_span_decimal(uint64_t *value, struct sdesp_span span);

/* The same without needless leading zeros, and at most max. */
int sdesp_span_number(uint64_t *value, struct sdesp_span span, uint64_t max);

/* Exactly 2 * len hex digits of either case; 0 and octets untouched
 * otherwise. */
int sdesp_span_hex(uint8_t *octets, size_t len, struct sdesp_span span);

/* A token of RFC 8866 section 9. */
int sdesp_span_token(struct sdesp_span span);

#endif
