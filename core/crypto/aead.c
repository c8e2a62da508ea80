/*
 * Additional data and nonce, which the AEAD suites have in common.
 * SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"

#include <string.h>

#include "base/be.h"

size_t sdesp_aead_aad(uint8_t aad[SDESP_AAD_MAX],
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	memcpy(aad, pkt->data, SDESP_ESP_HEADER);
	if (!cipher->esn)
		return SDESP_ESP_HEADER;
	sdesp_put64(aad + 4, pkt->seq);
	return SDESP_AAD_MAX;
}

void sdesp_aead_put_iv(
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	if (cipher->suite->iv_len != 0)
		sdesp_put64(pkt->data + SDESP_ESP_HEADER, pkt->seq);
}

void sdesp_aead_get_iv(uint8_t iv[8], const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt)
{
	if (cipher->suite->iv_len != 0)
		memcpy(iv, pkt->data + SDESP_ESP_HEADER, 8);
	else
		sdesp_put64(iv, pkt->seq);
}
