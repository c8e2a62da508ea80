/* Values by hash: linear probing. SPDX-License-Identifier: MIT */
#include "index.h"

uint32_t sdesp_tun_index_size(uint32_t values)
{
	uint32_t size = 4;

	while (size / 2 < values)
		size *= 2;
	return size;
}

void sdesp_tun_index_add(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value)
{
	uint32_t at = hash & ix->mask;

	while (ix->entries[at].value != 0)
		at = (at + 1) & ix->mask;
	ix->entries[at].hash = hash;
	ix->entries[at].value = value;
}

/* Fill the gap with whoever was pushed past it, so that no search ends
 * early. */
static void close_gap(struct sdesp_tun_index *ix, uint32_t gap)
{
	uint32_t at = gap;

	for (;;) {
		const struct sdesp_tun_entry *e;

		at = (at + 1) & ix->mask;
		e = &ix->entries[at];
		if (e->value == 0)
			break;
		if (((at - e->hash) & ix->mask) >= ((at - gap) & ix->mask)) {
			ix->entries[gap] = *e;
			gap = at;
		}
	}
	ix->entries[gap].hash = 0;
	ix->entries[gap].value = 0;
}

void sdesp_tun_index_drop(
	struct sdesp_tun_index *ix, uint32_t hash, uint32_t value)
{
	uint32_t at = hash & ix->mask;

	while (ix->entries[at].value != value || ix->entries[at].hash != hash)
		at = (at + 1) & ix->mask;
	close_gap(ix, at);
}
