/*
 * A cursor over one line of text. The first failure sticks, with its place;
 * after it nothing more is read, so that one check at the end will do.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_READER_H
#define SDESP_BASE_READER_H

#include "base/span.h"
#include "base/why.h"
#include "sdesp_sdp.h"

struct sdesp_reader {
	struct sdesp_span rest;
	const char *start;
	unsigned line, column; /* of start */
	struct sdesp_why why;  /* of the first failure */
};

/* Read span, whose first octet stands at this place. */
void sdesp_reader_init(struct sdesp_reader *r, struct sdesp_span span,
	unsigned line, unsigned column);

/* The next word; empty at the end and after a failure. */
static inline struct sdesp_span sdesp_reader_word(struct sdesp_reader *r)
{
	return sdesp_span_word(&r->rest);
}

/* Refuse the text, pointing at an octet of it or at its end. Where to say why,
 * or NULL when it was refused before. */
struct sdesp_why *sdesp_reader_refuse(
	struct sdesp_reader *r, const char *at, int status);

/* The same, with the reason; expected may be NULL. */
static inline void sdesp_reader_fail(struct sdesp_reader *r, const char *at,
	int status, const char *what, const char *expected)
{
	sdesp_why_say(sdesp_reader_refuse(r, at, status), what, expected);
}

/* Fail unless nothing but white space is left. */
void sdesp_reader_end(struct sdesp_reader *r);

/* The status; a failure is copied to why (which may be NULL). */
int sdesp_reader_status(const struct sdesp_reader *r, struct sdesp_why *why);

#endif
