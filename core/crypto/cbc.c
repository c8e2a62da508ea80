/*
 * AES-CBC with HMAC-SHA-256-128 on the ESP layout. RFC 3602, RFC 4868.
 * SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"
#include "crypto/hmac.h"

#include <string.h>

#include "base/be.h"

#if SDESP_WITH_CBC

#define BLOCK 16

/* A receiver needs no K_iv: it takes the IV from the packet. */
struct cbc_state {
	struct sdesp_hmac_key hmac;
	union {
		struct {
			br_aes_gen_cbcenc_keys aes, iv;
		} seal;
		br_aes_gen_cbcdec_keys open;
	} keys;
};

SDESP_STATE_FITS(cbc_state);

static const struct cbc_state *cbc_of(const struct sdesp_cipher *cipher)
{
	return (const struct cbc_state *)(const void *)&cipher->state;
}

static void cbc_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	struct cbc_state *c = (struct cbc_state *)(void *)&cipher->state;
	const struct sdesp_bearssl *provider = sdesp_provider(cipher);
	const struct sdesp_suite *suite = cipher->suite;
	const uint8_t *auth_key = keymat + suite->key_len;

	sdesp_hmac_init(&c->hmac, auth_key, suite->auth_len);
	if (!seal) {
		provider->aes_cbcdec->init(
			&c->keys.open.vtable, keymat, suite->key_len);
		return;
	}
	provider->aes_cbcenc->init(
		&c->keys.seal.aes.vtable, keymat, suite->key_len);
	provider->aes_cbcenc->init(&c->keys.seal.iv.vtable,
		auth_key + suite->auth_len, suite->kiv_len);
}

static void cbc_seal(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	const struct cbc_state *c = cbc_of(cipher);
	const br_block_cbcenc_class *const *iv_key = &c->keys.seal.iv.vtable;
	const br_block_cbcenc_class *const *key = &c->keys.seal.aes.vtable;
	uint8_t *iv = pkt->data + SDESP_ESP_HEADER, chain[BLOCK] = {0};

	/* An IV that cannot be foretold: the sequence number encrypted under
	 * a key of its own (RFC 3602 3). */
	memset(iv, 0, 8);
	sdesp_put64(iv + 8, pkt->seq);
	(*iv_key)->run(iv_key, chain, iv, BLOCK);

	memcpy(chain, iv, BLOCK);
	(*key)->run(key, chain, sdesp_pkt_text(cipher, pkt),
		sdesp_pkt_text_len(cipher, pkt));
	sdesp_icv_put(&c->hmac, cipher, pkt);
}

static int cbc_open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	const struct cbc_state *c = cbc_of(cipher);
	const br_block_cbcdec_class *const *key = &c->keys.open.vtable;
	uint8_t chain[BLOCK];

	(void)keep;
	if (!sdesp_icv_good(&c->hmac, cipher, pkt))
		return 0;
	memcpy(chain, pkt->data + SDESP_ESP_HEADER, BLOCK);
	(*key)->run(key, chain, sdesp_pkt_text(cipher, pkt),
		sdesp_pkt_text_len(cipher, pkt));
	return 1;
}

const struct sdesp_engine sdesp_engine_cbc = {cbc_init, cbc_seal, cbc_open};

#endif
