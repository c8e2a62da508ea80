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

struct sdesp_span sdesp_reader_word(struct sdesp_reader *r)
{
	struct sdesp_span word;

	while (r->rest.len > 0 && sdesp_is_space(r->rest.p[0])) {
		r->rest.p++;
		r->rest.len--;
	}
	word.p = r->rest.p;
	word.len = 0;
	while (word.len < r->rest.len && !sdesp_is_space(word.p[word.len]))
		word.len++;
	r->rest.p += word.len;
	r->rest.len -= word.len;
	return word;
}

void sdesp_reader_fail(struct sdesp_reader *r, const char *at, int status,
	const char *what, const char *expected)
{
	if (r->why.status != SDESP_OK)
		return;
	r->why.status = status;
	r->why.line = r->line;
	r->why.column = r->column + (unsigned)(at - r->start);
	r->why.what = what;
	r->why.expected = expected;
	r->rest.len = 0;
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
