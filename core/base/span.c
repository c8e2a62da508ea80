/* SPDX-License-Identifier: MIT */
#include "base/span.h"

#include <string.h>

struct sdesp_span sdesp_span_of(const char *s)
{
	struct sdesp_span span = {s, strlen(s)};

	return span;
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

/* n in each octet of a word. */
#define ALL(n) (UINTPTR_MAX / 255 * (n))

size_t sdesp_span_plain(struct sdesp_span span, unsigned char lo)
{
	size_t n = 0;

	for (; span.len - n >= sizeof(uintptr_t); n += sizeof(uintptr_t)) {
		uintptr_t word;

		/* The first octet below lo borrows; one over '~' carries into
		 * its top bit, or has it. */
		memcpy(&word, span.p + n, sizeof word);
		if (((word - ALL(lo)) | (word + ALL(1)) | word) & ALL(128))
			break;
	}
	return n;
}

struct sdesp_span sdesp_span_word(struct sdesp_span *rest)
{
	struct sdesp_span word = *rest;
	size_t n;

	while (word.len > 0 && sdesp_is_space(*word.p)) {
		word.p++;
		word.len--;
	}
	n = sdesp_span_plain(word, '!');
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
	size_t n = 0;

	for (; span.len - n >= sizeof(uintptr_t); n += sizeof(uintptr_t)) {
		uintptr_t word;

		/* An octet that becomes zero borrows. One beyond ASCII stops
		 * this too. */
		memcpy(&word, span.p + n, sizeof word);
		word ^= ALL((unsigned char)c);
		if (((word - ALL(1)) & ALL(128)) != 0)
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
	unsigned digit = (unsigned char)c - (unsigned)'0';
	unsigned letter = ((unsigned char)c | 32u) - 'a';

	if (digit < 10)
		return digit;
	return letter < 6 ? letter + 10 : 16;
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
