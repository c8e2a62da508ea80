/* Four characters at a time, in one word. SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/be.h"
#include "base/ct.h"

#define PAD ((uint32_t)('=' ^ 'A'))

/* n in each octet of a word. */
#define ALL(n) ((n)*UINT32_C(0x01010101))

/* In each octet n where a is over b, else 0. a and b are below 128. */
static uint32_t over(uint32_t a, uint32_t b, uint32_t n)
{
	return ((a + ALL(127 - b)) >> 7 & ALL(1)) * n;
}

/* The alphabet has five runs: A-Z, a-z, 0-9, + and /. From one to the next
 * the distance between a value and its character changes. */
static uint32_t to_chars(uint32_t v)
{
	return v + ALL('A') + over(v, 25, 6) + over(v, 62, 3) -
	       over(v, 51, 75) - over(v, 61, 15);
}

/* The values of characters of the alphabet. What is none gets the value of
 * another character. */
static uint32_t from_chars(uint32_t c)
{
	c &= ALL(127);
	return (c + ALL(64 + 19) - over(c, '+', 3) - over(c, '/', 12) -
		       over(c, '9', 69) - over(c, 'Z', 6)) &
	       ALL(63);
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
		sdesp_put32((uint8_t *)text,
			to_chars((group << 6 & 0x3f000000) |
				 (group << 4 & 0x003f0000) |
				 (group << 2 & 0x00003f00) | (group & 63)));
		if (n < 3)
			text[3] = '=';
		if (n < 2)
			text[2] = '=';
		text += 4;
		octets += n;
		len -= n;
	}
}

int sdesp_base64_decode(uint8_t *octets, size_t len, struct sdesp_span span)
{
	/* For 1, 2 and 3 octets: what turns the padding into A, whose value
	 * is zero. */
	static const uint32_t pads[] = {0, PAD << 8 | PAD, PAD, 0};
	uint8_t *out = octets;
	uint32_t bad = 0;

	if (span.len != SDESP_BASE64_LEN(len))
		return 0;
	for (size_t left = len; left > 0; span.p += 4) {
		unsigned n = left < 3 ? (unsigned)left : 3;
		uint32_t c = sdesp_get32((const uint8_t *)span.p) ^ pads[n];
		uint32_t v = from_chars(c);
		uint32_t group = (v >> 6 & 0xfc0000) | (v >> 4 & 0x03f000) |
				 (v >> 2 & 0x000fc0) | (v & 0x00003f);

		bad |= (to_chars(v) ^ c) | (group & 0xffffff >> 8 * n);
		for (unsigned i = 0; i < n; i++)
			*out++ = (uint8_t)(group >> (16 - 8 * i));
		left -= n;
	}
	if (bad != 0)
		sdesp_wipe(octets, len);
	return bad == 0;
}
