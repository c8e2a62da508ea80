/* SPDX-License-Identifier: MIT */
#include "base/reader.h"

#include <string.h>

#include "base/span.h"

void sdesp_reader_init(struct sdesp_reader *r, struct sdesp_span span,
	unsigned line, unsigned column)
{
	memset(r, 0, sizeof *r);
	r->rest = span.p != NULL ? span : sdesp_span_of("");
	r->start = r->rest.p;
	r->line = line;
	r->column = column;
}

struct sdesp_why *sdesp_reader_refuse(
	struct sdesp_reader *r, const char *at, int status)
{
	if (r->why.status != SDESP_OK)
		return NULL;
	r->rest.len = 0;
	(void)sdesp_why_set(&r->why, status, r->line,
		r->column + (unsigned)(at - r->start));
	return &r->why;
}

void sdesp_reader_end(struct sdesp_reader *r)
{
	struct sdesp_span word = sdesp_reader_word(r);

	if (word.len > 0)
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"there is text after the last field",
			"the end of the line");
}

int sdesp_reader_status(const struct sdesp_reader *r, struct sdesp_why *why)
{
	if (r->why.status != SDESP_OK && why != NULL)
		*why = r->why;
	return r->why.status;
}
