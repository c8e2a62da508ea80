/* SPDX-License-Identifier: MIT */
#include "attr/value.h"

#include "base/span.h"

const char *sdesp_value_stranger(struct sdesp_span span)
{
	for (size_t i = 0; i < span.len; i++) {
		if (!sdesp_is_space(span.p[i]) &&
			(span.p[i] < ' ' || span.p[i] > '~'))
			return span.p + i;
	}
	return NULL;
}

void sdesp_value_init(struct sdesp_reader *r, const struct sdesp_attr *attr)
{
	const char *at;

	sdesp_reader_init(r, attr->value, attr->line, attr->column);
	if (r->rest.len > SDESP_MAX_VALUE)
		sdesp_reader_fail(r, r->rest.p + SDESP_MAX_VALUE,
			SDESP_ERR_LIMIT, "the value is too long",
			"at most " SDESP_TO_STRING(SDESP_MAX_VALUE) " octets");
	at = sdesp_value_stranger(r->rest);
	if (at != NULL)
		sdesp_reader_fail(r, at, SDESP_ERR_SYNTAX, SDESP_STRANGER,
			SDESP_PRINTABLE);
	r->rest = sdesp_span_trim(r->rest);
}
