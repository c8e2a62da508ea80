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

/* How many octets a span and a string have in common at their start. */
static size_t common(struct sdesp_span span, const char *s)
{
	size_t n = 0;

	while (n < span.len && s[n] != '\0' && s[n] == span.p[n])
		n++;
	return n;
}

int sdesp_span_is(struct sdesp_span span, const char *s)
{
	size_t n = common(span, s);

	return span.p != NULL && n == span.len && s[n] == '\0';
}

int sdesp_span_begins(struct sdesp_span span, const char *s)
{
	return s[common(span, s)] == '\0';
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

struct sdesp_span sdesp_span_word(struct sdesp_span *rest)
{
	struct sdesp_span word = *rest;
	size_t n = 0;

	while (word.len > 0 && sdesp_is_space(*word.p)) {
		word.p++;
		word.len--;
	}
	while (n < word.len && !sdesp_is_space(word.p[n]))
		n++;
	rest->p = word.p + n;
	rest->len = word.len - n;
	word.len = n;
	return word;
}

/* Where the first c of a span is, or its length. Lines are searched a word at
 * a time: it is most of what reading a text costs. */
static size_t find(struct sdesp_span span, char c)
{
	const uintptr_t ones = UINTPTR_MAX / 255;
	size_t n = 0;

	for (; span.len - n >= sizeof ones; n += sizeof ones) {
		uintptr_t word;

		/* Some octet of word becomes zero, and then borrows. */
		memcpy(&word, span.p + n, sizeof word);
		word ^= ones * (unsigned char)c;
		if (((word - ones) & ~word & ones << 7) != 0)
			break;
	}
	while (n < span.len && span.p[n] != c)
		n++;
	return n;
}

struct sdesp_span sdesp_span_cut(struct sdesp_span *rest, char stop)
{
	struct sdesp_span part = *rest;
	size_t n = find(part, stop);

	if (n < part.len) {
		rest->p += n + 1;
		rest->len -= n + 1;
		part.len = n;
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
		if (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)
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
	/* A bit for each character of US-ASCII. */
	static const uint32_t allowed[] = {
		0, 0x03ff6cfa, 0xc7fffffe, 0x7fffffff};

	for (size_t i = 0; i < span.len; i++) {
		unsigned c = (unsigned char)span.p[i];

		if (c > 127 || (allowed[c / 32] >> c % 32 & 1) == 0)
			return 0;
	}
	return span.len > 0;
}
