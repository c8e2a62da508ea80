/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/ct.h"

/* All ones when lo <= c <= hi, else zero. All are small. */
static uint32_t in_range(uint32_t c, uint32_t lo, uint32_t hi)
{
	return 0 - ((~(c - lo) & ~(hi - c)) >> 31);
}

static char to_char(uint32_t v)
{
	uint32_t c = in_range(v, 0, 25) & (v + 'A');

	c |= in_range(v, 26, 51) & (v - 26 + 'a');
	c |= in_range(v, 52, 61) & (v - 52 + '0');
	c |= in_range(v, 62, 62) & '+';
	c |= in_range(v, 63, 63) & '/';
	return (char)c;
}

/* 0 to 63; 64 for what is not in the alphabet. */
static uint32_t from_char(char character)
{
	uint32_t c = (unsigned char)character;
	uint32_t v = in_range(c, 'A', 'Z') & (c - 'A' + 1);

	v |= in_range(c, 'a', 'z') & (c - 'a' + 27);
	v |= in_range(c, '0', '9') & (c - '0' + 53);
	v |= in_range(c, '+', '+') & 63;
	v |= in_range(c, '/', '/') & 64;
	return (v - 1) & 127 & ~(in_range(v, 0, 0) & 63);
}

void sdesp_base64_encode(char *text, const uint8_t *octets, size_t len)
{
	while (len > 0) {
		size_t n = len < 3 ? len : 3;
		uint32_t group = (uint32_t)octets[0] << 16;

		if (n > 1)
			group |= (uint32_t)octets[1] << 8;
		if (n > 2)
			group |= octets[2];
		text[0] = to_char(group >> 18);
		text[1] = to_char(group >> 12 & 63);
		text[2] = n > 1 ? to_char(group >> 6 & 63) : '=';
		text[3] = n > 2 ? to_char(group & 63) : '=';
		text += 4;
		octets += n;
		len -= n;
	}
}

int sdesp_base64_decode(uint8_t *octets, size_t len, struct sdesp_span span)
{
	uint32_t bits = 0, bad = 0;
	unsigned nbits = 0;
	size_t n = 0, i;

	if (span.len != SDESP_BASE64_LEN(len))
		return 0;
	for (i = 0; n < len; i++) {
		uint32_t v = from_char(span.p[i]);

		bad |= v & 64;
		bits = (bits << 6 | (v & 63)) & 0xfff;
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			octets[n++] = (uint8_t)(bits >> nbits);
		}
	}
	bad |= bits & ((1u << nbits) - 1);
	for (; i < span.len; i++)
		bad |= (uint32_t)(span.p[i] != '=');
	if (bad != 0)
		sdesp_wipe(octets, len);
	return bad == 0;
}
