/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

#include "base/base64.h"
#include "base/divide.h"

void sdesp_text_init(struct sdesp_text *text, char *buf, size_t cap)
{
	text->buf = buf;
	text->cap = cap;
	text->len = 0;
	text->status = SDESP_OK;
}

void sdesp_text_fail(struct sdesp_text *text, int status)
{
	if (text->status == SDESP_OK)
		text->status = status;
}

/* Room for n more octets; NULL when there is none. */
static char *extend(struct sdesp_text *text, size_t n)
{
	char *at;

	if (text->cap - text->len < n)
		sdesp_text_fail(text, SDESP_ERR_SPACE);
	if (text->status != SDESP_OK)
		return NULL;
	at = text->buf + text->len;
	text->len += n;
	return at;
}

void sdesp_text_span(struct sdesp_text *text, struct sdesp_span span)
{
	char *at = extend(text, span.len);

	if (at != NULL && span.len > 0)
		memcpy(at, span.p, span.len);
}

void sdesp_text_string(struct sdesp_text *text, const char *s)
{
	sdesp_text_span(text, sdesp_span_of(s));
}

void sdesp_text_char(struct sdesp_text *text, char c)
{
	char *at = extend(text, 1);

	if (at != NULL)
		*at = c;
}

void sdesp_text_newline(struct sdesp_text *text)
{
	sdesp_text_string(text, "\r\n");
}

void sdesp_text_decimal(struct sdesp_text *text, uint64_t value)
{
	char digits[20];
	struct sdesp_span span = {digits + sizeof digits, 0};

	do
		digits[sizeof digits - ++span.len] =
			(char)('0' + sdesp_divide(&value, 10));
	while (value > 0);
	span.p -= span.len;
	sdesp_text_span(text, span);
}

void sdesp_text_hex(struct sdesp_text *text, const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *at = extend(text, 2 * len);

	if (at == NULL)
		return;
	for (size_t i = 0; i < len; i++) {
		at[2 * i] = digits[octets[i] >> 4];
		at[2 * i + 1] = digits[octets[i] & 15];
	}
}

void sdesp_text_base64(
	struct sdesp_text *text, const uint8_t *octets, size_t len)
{
	char *at = extend(text, SDESP_BASE64_LEN(len));

	if (at != NULL)
		sdesp_base64_encode(at, octets, len);
}
