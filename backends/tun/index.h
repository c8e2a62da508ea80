/* Values by hash. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_INDEX_H
#define SDESP_TUN_INDEX_H

#include "sdesp_tun.h"

/* Mixes every bit into every other (the finisher of SplitMix64, Steele, Lea
 * and Flood 2014). */
static inline uint64_t sdesp_tun_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Entries for so many values: a power of 2, at most half of them used. */
uint32_t sdesp_tun_index_size(uint32_t values);

/* Value must not be 0; the caller sees to it that there is room. */
void sdesp_tun_index_add(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value);

/* It must be there. */
void sdesp_tun_index_drop(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value);

/* The next value of this hash from *at on, which begins as the hash; 0 when
 * there is none left. Others may have the same hash: compare keys. */
static inline uint32_t sdesp_tun_index_next(
	const struct sdesp_tun_index *ix, uint32_t hash, uint32_t *at)
{
	for (;;) {
		const struct sdesp_tun_entry *e = &ix->entries[*at & ix->mask];

		if (e->value == 0)
			return 0;
		++*at;
		if (e->hash == hash)
			return e->value;
	}
}

#endif
