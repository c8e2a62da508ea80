/* Values by hash. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_INDEX_H
#define SDESP_TUN_INDEX_H

#include "base/fetch.h"
#include "sdesp_tun.h"

/* Entries for so many values: a power of 2, at most half of them used. */
uint32_t sdesp_tun_index_size(uint32_t values);

/* Value must not be 0; the caller sees to it that there is room. */
void sdesp_tun_index_add(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value);

/* It must be there. */
void sdesp_tun_index_drop(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value);

static inline void sdesp_tun_index_fetch(
	const struct sdesp_tun_index *ix, uint32_t hash)
{
	sdesp_fetch(&ix->entries[hash & ix->mask]);
}

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
