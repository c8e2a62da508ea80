/* Limits by packets and octets. SPDX-License-Identifier: MIT */
#include "esp/life.h"

static uint64_t limit(uint64_t value)
{
	return value != 0 ? value : UINT64_MAX;
}

void sdesp_life_init(struct sdesp_esp_life *life, const struct sdesp_sa *sa)
{
	life->state = SDESP_SA_MATURE;
	life->packets = 0;
	life->bytes = 0;
	life->soft_packets = limit(sa->soft.packets);
	life->soft_bytes = limit(sa->soft.bytes);
	life->max_packets = limit(sa->hard.packets);
	life->max_bytes = limit(sa->hard.bytes);
}

void sdesp_life_update(struct sdesp_esp_life *life)
{
	if (life->packets >= life->max_packets ||
		life->bytes >= life->max_bytes)
		life->state = SDESP_SA_DEAD;
	else if (life->packets >= life->soft_packets ||
		 life->bytes >= life->soft_bytes)
		life->state = SDESP_SA_DYING;
}
