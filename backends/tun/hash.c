/* SipHash-1-3. SPDX-License-Identifier: MIT */
#include "hash.h"

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* Section 2.2 of the paper, figure 2.1. */
static inline void sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	s->v[0] ^= word;
}

uint64_t sdesp_tun_hash(uint64_t seed, const uint64_t *words, size_t n)
{
	struct sip s = {{seed ^ 0x736f6d6570736575u, 0x646f72616e646f6du,
		seed ^ 0x6c7967656e657261u, 0x7465646279746573u}};

	for (size_t i = 0; i < n; i++)
		sip_word(&s, words[i]);
	sip_word(&s, (uint64_t)n << 59); /* the length in octets, mod 256 */
	s.v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
