/*
 * Inside the BearSSL provider: one engine per family of suites, and what the
 * families share. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CRYPTO_ENGINE_H
#define SDESP_CRYPTO_ENGINE_H

#include <bearssl.h>

#include "sdesp_crypto.h"

/* Fails to compile when a family's state outgrows struct sdesp_cipher. */
#define SDESP_STATE_FITS(type)                                                 \
	typedef char type##_fits[sizeof(struct type) <= SDESP_CIPHER_STATE     \
					 ? 1                                   \
					 : -1]

/* As in struct sdesp_crypto_class, for one packet. */
struct sdesp_engine {
	void (*init)(
		struct sdesp_cipher *cipher, const uint8_t *keymat, int seal);
	void (*seal)(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt);

	/* 1 = opened; 0 = wrong ICV, and what lies in the payload's place is
	 * the caller's to wipe, or with keep the packet is as it came. */
	int (*open)(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt,
		int keep);
};

extern const struct sdesp_crypto_class sdesp_bearssl_class;

extern const struct sdesp_engine sdesp_engine_gcm;
extern const struct sdesp_engine sdesp_engine_chachapoly;
extern const struct sdesp_engine sdesp_engine_ccm;
extern const struct sdesp_engine sdesp_engine_cbc;
extern const struct sdesp_engine sdesp_engine_null;

static inline const struct sdesp_bearssl *sdesp_provider(
	const struct sdesp_cipher *cipher)
{
	return (const struct sdesp_bearssl *)(const void *)cipher->crypto;
}

/* What is encrypted: payload, padding and trailer. */
static inline uint8_t *sdesp_pkt_text(
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	return pkt->data + SDESP_ESP_HEADER + cipher->suite->iv_len;
}

static inline size_t sdesp_pkt_text_len(
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	return pkt->len - SDESP_ESP_HEADER - cipher->suite->iv_len -
	       cipher->suite->icv_len;
}

#define SDESP_AAD_MAX 12

/* SPI and sequence number, with its high half when ESN. RFC 4106 5. Returns
 * the length, 8 or 12. */
size_t sdesp_aead_aad(uint8_t aad[SDESP_AAD_MAX],
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt);

/* The IV is the sequence number when we choose it. RFC 4106 3.1. */
void sdesp_aead_put_iv(
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt);

/* The 8 octets of the nonce that follow the salt: the IV as it lies in the
 * packet, or the sequence number where the IV is implicit. RFC 8750 3. */
void sdesp_aead_get_iv(uint8_t iv[8], const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt);

#endif
