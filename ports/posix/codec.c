/*
 * Values to octets and back, big-endian. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/codec.h"

void codec_octets(struct codec *c, void *data, size_t len)
{
	if (c->bad || c->len - c->at < len) {
		c->bad = 1;
		if (!c->writing)
			memset(data, 0, len);
		return;
	}
	if (c->writing)
		memcpy(c->p + c->at, data, len);
	else
		memcpy(data, c->p + c->at, len);
	c->at += len;
}

static uint64_t number(struct codec *c, uint64_t v, unsigned len)
{
	uint8_t octets[8];
	unsigned i;

	for (i = 0; i < len; i++)
		octets[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	codec_octets(c, octets, len);
	for (v = 0, i = 0; i < len; i++)
		v = v << 8 | octets[i];
	return v;
}

void codec_u8(struct codec *c, uint8_t *v)
{
	*v = (uint8_t)number(c, *v, 1);
}

void codec_u16(struct codec *c, uint16_t *v)
{
	*v = (uint16_t)number(c, *v, 2);
}

void codec_u32(struct codec *c, uint32_t *v)
{
	*v = (uint32_t)number(c, *v, 4);
}

void codec_u64(struct codec *c, uint64_t *v)
{
	*v = number(c, *v, 8);
}

void codec_up_to(struct codec *c, uint8_t *v, unsigned max)
{
	codec_u8(c, v);
	if (*v > max) {
		*v = 0;
		c->bad = 1;
	}
}

void codec_string(struct codec *c, char *s, size_t cap)
{
	uint16_t len = c->writing ? (uint16_t)strlen(s) : 0;

	codec_u16(c, &len);
	if (len >= cap) {
		c->bad = 1;
		len = 0;
	}
	codec_octets(c, s, len);
	s[c->bad ? 0 : len] = '\0';
}
