/*
 * Integrity without encryption. RFC 2410, RFC 4868.
 * SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"
#include "crypto/hmac.h"

#if SDESP_WITH_NULL

struct null_state {
	struct sdesp_hmac_key hmac;
};

SDESP_STATE_FITS(null_state);

static const struct sdesp_hmac_key *hmac_of(const struct sdesp_cipher *cipher)
{
	return &((const struct null_state *)(const void *)&cipher->state)->hmac;
}

static void null_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	struct null_state *c = (struct null_state *)(void *)&cipher->state;

	(void)seal;
	sdesp_hmac_init(&c->hmac, keymat, cipher->suite->auth_len);
}

static void null_seal(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	sdesp_icv_put(hmac_of(cipher), cipher, pkt);
}

static int null_open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	(void)keep;
	return sdesp_icv_good(hmac_of(cipher), cipher, pkt);
}

const struct sdesp_engine sdesp_engine_null = {null_init, null_seal, null_open};

#endif
