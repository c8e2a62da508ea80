/*
 * Random numbers for tests: the same ones in every run.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* splitmix64 (Vigna 2015). */
static inline uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to n - 1; n is not 0. */
static inline size_t dice_below(struct dice *d, size_t n)
{
	return (size_t)(dice_next(d) % n);
}

static inline void dice_fill(struct dice *d, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len-- > 0)
		*p++ = (uint8_t)dice_next(d);
}

/*
 * Damage a text of *len octets in place, in one to four places: an octet
 * changed, removed, doubled, or replaced by one of those that grammars live
 * on. buf has room for 4 octets more.
 */
void dice_mutate(struct dice *d, char *buf, size_t *len);

#endif
