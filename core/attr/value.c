/* SPDX-License-Identifier: MIT */
#include "attr/value.h"

#include "base/span.h"

unsigned sdesp_attr_kind(const struct sdesp_attr *attr)
{
	static const struct sdesp_span names[SDESP_ATTR_KINDS] = {
		[SDESP_ATTR_CRYPTO] = {"esp-crypto", 10},
		[SDESP_ATTR_ESP] = {"esp", 3},
		[SDESP_ATTR_TS] = {"esp-ts", 6},
		[SDESP_ATTR_CONFIRM] = {"esp-confirm", 11},
	};
	unsigned kind = 0;

	if (attr->value.p == NULL)
		return SDESP_ATTR_KINDS;
	while (kind < SDESP_ATTR_KINDS &&
		!sdesp_span_equal(attr->name, names[kind]))
		kind++;
	return kind;
}

const char *sdesp_value_stranger(struct sdesp_span span)
{
	for (size_t i = sdesp_span_plain(span, ' '); i < span.len; i++) {
		if ((span.p[i] < ' ' || span.p[i] > '~') && span.p[i] != '\t')
			return span.p + i;
	}
	return NULL;
}

void sdesp_value_init(struct sdesp_reader *r, const struct sdesp_attr *attr)
{
	const char *at;

	sdesp_reader_init(r, attr->value, attr->line, attr->column);
	r->rest = sdesp_span_trim(r->rest);
	if (r->rest.len > SDESP_MAX_VALUE)
		sdesp_reader_fail(r, r->rest.p + SDESP_MAX_VALUE,
			SDESP_ERR_LIMIT, "the value is too long",
			"at most " SDESP_TO_STRING(SDESP_MAX_VALUE) " octets");
	at = sdesp_value_stranger(r->rest);
	if (at != NULL)
		sdesp_reader_fail(r, at, SDESP_ERR_SYNTAX, SDESP_STRANGER,
			SDESP_PRINTABLE);
}
