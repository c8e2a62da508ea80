/*
 * What both directions of ESP share. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_ESP_ESP_H
#define SDESP_ESP_ESP_H

#include "sdesp_esp.h"

/* The last sequence number under a key (SPEC 8.2). */
#define SDESP_SEQ_MAX 0xffffffffu
#define SDESP_SEQ_MAX_ESN ((uint64_t)1 << 40)

/* Key a cipher from an SA. SDESP_ERR_ARG, SDESP_ERR_UNSUPPORTED as in
 * sdesp_esp.h. */
SDESP_CHECK int sdesp_esp_cipher_init(struct sdesp_cipher *cipher,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa, int seal);

#endif
