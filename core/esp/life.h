/*
 * Limits by packets and octets, and the state they lead to. RFC 2367 2.2,
 * SPEC 9. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_ESP_LIFE_H
#define SDESP_ESP_LIFE_H

#include "sdesp_esp.h"

void sdesp_life_init(struct sdesp_esp_life *life, const struct sdesp_sa *sa);

/* Call when packets or octets have been added to. */
void sdesp_life_update(struct sdesp_esp_life *life);

static inline int sdesp_life_over(const struct sdesp_esp_life *life)
{
	return life->state != SDESP_SA_MATURE && life->state != SDESP_SA_DYING;
}

#endif
