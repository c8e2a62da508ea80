/* SPDX-License-Identifier: MIT */
#include "base/span.h"

#include <string.h>

struct sdesp_span sdesp_span_of(const char *s)
{
	struct sdesp_span span = {s, strlen(s)};

	return span;
}

int sdesp_span_equal(struct sdesp_span a, struct sdesp_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int sdesp_span_is(struct sdesp_span span, const char *s)
{
	return span.p != NULL && sdesp_span_equal(span, sdesp_span_of(s));
}

int sdesp_span_begins(struct sdesp_span span, const char *s)
{
	size_t n = strlen(s);

	return span.len >= n && memcmp(span.p, s, n) == 0;
}

int sdesp_is_space(char c)
{
	return c == ' ' || c == '\t';
}

struct sdesp_span sdesp_span_trim(struct sdesp_span span)
{
	while (span.len > 0 && sdesp_is_space(span.p[0])) {
		span.p++;
		span.len--;
	}
	while (span.len > 0 && sdesp_is_space(span.p[span.len - 1]))
		span.len--;
	return span;
}

struct sdesp_span sdesp_span_cut(struct sdesp_span *rest, char stop)
{
	struct sdesp_span part = {rest->p, 0};

	while (part.len < rest->len && rest->p[part.len] != stop)
		part.len++;
	if (part.len < rest->len) {
		rest->p += part.len + 1;
		rest->len -= part.len + 1;
	} else {
		rest->p = NULL;
		rest->len = 0;
	}
	return part;
}

int sdesp_span_decimal(uint64_t *value, struct sdesp_span span)
{
	uint64_t v = 0;

	for (size_t i = 0; i < span.len; i++) {
		unsigned digit = (unsigned)(unsigned char)span.p[i] - '0';

		if (digit > 9)
			return 0;
		if (v > (UINT64_MAX - digit) / 10)
			v = UINT64_MAX;
		else
			v = v * 10 + digit;
	}
	*value = v;
	return span.len > 0;
}

int sdesp_span_number(uint64_t *value, struct sdesp_span span, uint64_t max)
{
	if (span.len > 1 && span.p[0] == '0')
		return 0;
	return sdesp_span_decimal(value, span) && *value <= max;
}

/* The value of a hex digit, or 16. */
static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

int sdesp_span_hex(uint8_t *octets, size_t len, struct sdesp_span span)
{
	if (span.len != 2 * len)
		return 0;
	for (size_t i = 0; i < span.len; i++) {
		if (hex_value(span.p[i]) > 15)
			return 0;
	}
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(hex_value(span.p[2 * i]) << 4 |
				      hex_value(span.p[2 * i + 1]));
	return 1;
}

int sdesp_span_token(struct sdesp_span span)
{
	static const char never[] = "\"(),/:;<=>?@[\\]";

	for (size_t i = 0; i < span.len; i++) {
		char c = span.p[i];

		if (c <= ' ' || c > '~')
			return 0;
		for (const char *n = never; *n != '\0'; n++) {
			if (c == *n)
				return 0;
		}
	}
	return span.len > 0;
}
