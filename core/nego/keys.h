/* The key schedule of SPEC 7. SPDX-License-Identifier: MIT */
#ifndef SDESP_NEGO_KEYS_H
#define SDESP_NEGO_KEYS_H

#include "sdesp_session.h"

#define SDESP_HASH_LEN 32
#define SDESP_CONFIRM_LEN 16

/* What one offer and its answer come to; secret. */
struct sdesp_keys {
	const struct sdesp_kex_class *kex;
	uint8_t t[SDESP_HASH_LEN];
	struct sdesp_prk prk;
};

struct sdesp_keys_input {
	const struct sdesp_kex_class *kex;
	uint8_t method;              /* enum sdesp_method */
	uint8_t offerer;             /* 1: the offer was ours */
	const uint8_t *secret;       /* our 32 octets: scalar or inline */
	const uint8_t *peer;         /* the peer's: share or inline */
	const struct sdesp_psk *psk; /* or NULL */
	const uint8_t *own_hash;     /* of our section's canonical form */
	const uint8_t *peer_hash;
};

/* T of SPEC 7.3. */
void sdesp_keys_transcript(
	uint8_t t[SDESP_HASH_LEN], const struct sdesp_keys_input *in);

/* SDESP_ERR_KEX: the Diffie-Hellman result is zero; keys are then wiped. */
SDESP_CHECK int sdesp_keys_derive(
	struct sdesp_keys *keys, const struct sdesp_keys_input *in);

/* CFM of SPEC 7.3. */
void sdesp_keys_confirm(
	uint8_t confirm[SDESP_CONFIRM_LEN], const struct sdesp_keys *keys);

/* len octets for the SA that the offerer (to_offerer) or the answerer
 * receives on. */
void sdesp_keys_keymat(uint8_t *keymat, size_t len,
	const struct sdesp_keys *keys, int to_offerer, uint32_t spi);

#endif
