/*
 * ChaCha20-Poly1305 on the ESP layout. RFC 7634, RFC 8439, RFC 8750.
 * SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"

#if SDESP_WITH_CHACHAPOLY

#define ICV 16

struct chachapoly_state {
	uint8_t key[32];
	uint8_t salt[4];
};

SDESP_STATE_FITS(chachapoly_state);

static const struct chachapoly_state *chachapoly_of(
	const struct sdesp_cipher *cipher)
{
	return (const struct chachapoly_state *)(const void *)&cipher->state;
}

static void chachapoly_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	struct chachapoly_state *c =
		(struct chachapoly_state *)(void *)&cipher->state;

	(void)seal;
	memcpy(c->key, keymat, sizeof c->key);
	memcpy(c->salt, keymat + sizeof c->key, sizeof c->salt);
}

static void chachapoly_nonce(uint8_t nonce[12],
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	memcpy(nonce, chachapoly_of(cipher)->salt, 4);
	sdesp_aead_get_iv(nonce + 4, cipher, pkt);
}

static void chachapoly_run(const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt, const uint8_t nonce[12], uint8_t tag[ICV],
	int encrypt)
{
	const struct sdesp_bearssl *provider = sdesp_provider(cipher);
	uint8_t aad[SDESP_AAD_MAX];
	size_t aad_len = sdesp_aead_aad(aad, cipher, pkt);

	provider->poly1305(chachapoly_of(cipher)->key, nonce,
		sdesp_pkt_text(cipher, pkt), sdesp_pkt_text_len(cipher, pkt),
		aad, aad_len, tag, provider->chacha20, encrypt);
}

static void chachapoly_seal(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	uint8_t nonce[12];

	sdesp_aead_put_iv(cipher, pkt);
	chachapoly_nonce(nonce, cipher, pkt);
	chachapoly_run(cipher, pkt, nonce, pkt->data + pkt->len - ICV, 1);
}

static int chachapoly_open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	uint8_t nonce[12], tag[ICV];

	chachapoly_nonce(nonce, cipher, pkt);
	chachapoly_run(cipher, pkt, nonce, tag, 0);
	if (sdesp_ct_equal(tag, pkt->data + pkt->len - ICV, ICV))
		return 1;
	if (keep)
		sdesp_provider(cipher)->chacha20(chachapoly_of(cipher)->key,
			nonce, 1, sdesp_pkt_text(cipher, pkt),
			sdesp_pkt_text_len(cipher, pkt));
	return 0;
}

const struct sdesp_engine sdesp_engine_chachapoly = {
	chachapoly_init, chachapoly_seal, chachapoly_open};

#endif
