/*
 * HMAC-SHA-256 (RFC 2104) with the two key blocks hashed beforehand.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CRYPTO_HMAC_H
#define SDESP_CRYPTO_HMAC_H

#include <bearssl.h>

#include "sdesp_crypto.h"

#define SDESP_SHA256 32

struct sdesp_hmac_key {
	uint8_t inner[SDESP_SHA256], outer[SDESP_SHA256];
};

void sdesp_hmac_init(
	struct sdesp_hmac_key *hmac, const uint8_t *key, size_t key_len);

/* Hash the message with br_sha256_update between these two. */
void sdesp_hmac_begin(
	br_sha256_context *hash, const struct sdesp_hmac_key *hmac);
void sdesp_hmac_end(br_sha256_context *hash, const struct sdesp_hmac_key *hmac,
	uint8_t mac[SDESP_SHA256]);

/* Write the ICV of a packet, or check it: 1 = right. */
void sdesp_icv_put(const struct sdesp_hmac_key *hmac,
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt);
int sdesp_icv_good(const struct sdesp_hmac_key *hmac,
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt);

#endif
