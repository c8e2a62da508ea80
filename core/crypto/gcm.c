/*
 * AES-GCM on the ESP layout. RFC 4106, RFC 8750, NIST SP 800-38D.
 * SPDX-License-Identifier: MIT
 *
 * The 16 octets in front of the payload, the slot, hold the header (and with
 * an implicit IV 8 octets of head, which are put back). Zeroed, the slot runs
 * through CTR together with the payload, from counter 1, and so becomes
 * E(J0), the mask of the ICV. Later it is the block of additional data, with
 * the block of lengths behind the ciphertext: a packet costs one call of CTR
 * and one of GHASH.
 */
#include "crypto/engine.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"

#if SDESP_WITH_GCM

#define BLOCK 16

struct gcm_state {
	br_aes_gen_ctr_keys aes;
	uint8_t h[BLOCK];
	uint8_t salt[4];
};

SDESP_STATE_FITS(gcm_state);

static const struct gcm_state *gcm_of(const struct sdesp_cipher *cipher)
{
	return (const struct gcm_state *)(const void *)&cipher->state;
}

static void gcm_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	struct gcm_state *g = (struct gcm_state *)(void *)&cipher->state;
	const br_block_ctr_class *ctr = sdesp_provider(cipher)->aes_ctr;
	static const uint8_t zero[12];

	(void)seal;
	ctr->init(&g->aes.vtable, keymat, cipher->suite->key_len);
	memcpy(g->salt, keymat + cipher->suite->key_len, sizeof g->salt);
	memset(g->h, 0, sizeof g->h);
	ctr->run(&g->aes.vtable, zero, 0, g->h, sizeof g->h);
}

/*
 * Encrypt or decrypt the text; mask = E(J0). The slot is lost, and so is what
 * follows the text: where the tail has room CTR runs over as much as the code
 * for this CPU takes at once, which spares it the odd octets at the end.
 */
static void gcm_ctr(const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt, const uint8_t iv[8], uint8_t mask[BLOCK])
{
	const struct gcm_state *g = gcm_of(cipher);
	uint8_t *slot = sdesp_pkt_text(cipher, pkt) - BLOCK;
	size_t len = BLOCK + sdesp_pkt_text_len(cipher, pkt);
	size_t more = (0 - len) & (sdesp_provider(cipher)->ctr_step - 1u);
	uint8_t nonce[12];

	if (more <= cipher->suite->icv_len + pkt->tail)
		len += more;
	memcpy(nonce, g->salt, sizeof g->salt);
	memcpy(nonce + sizeof g->salt, iv, 8);
	memset(slot, 0, BLOCK);
	g->aes.vtable->run(&g->aes.vtable, nonce, 1, slot, len);
	memcpy(mask, slot, BLOCK);
}

/* y = GHASH of additional data and ciphertext. The slot and what follows the
 * ciphertext are lost. */
static void gcm_hash(const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt, const uint8_t *aad, size_t aad_len,
	uint8_t y[BLOCK])
{
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	size_t n = sdesp_pkt_text_len(cipher, pkt);
	size_t padding = (0 - n) & (BLOCK - 1);

	memset(slot, 0, BLOCK);
	memcpy(slot, aad, aad_len);
	memset(text + n, 0, padding);
	sdesp_put64(text + n + padding, (uint64_t)aad_len << 3);
	sdesp_put64(text + n + padding + 8, (uint64_t)n << 3);
	memset(y, 0, BLOCK);
	sdesp_provider(cipher)->ghash(
		y, gcm_of(cipher)->h, slot, BLOCK + n + padding + BLOCK);
}

static void gcm_seal(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	uint8_t *icv = text + sdesp_pkt_text_len(cipher, pkt);
	uint8_t aad[SDESP_AAD_MAX], iv[8], saved[BLOCK], mask[BLOCK], y[BLOCK];
	size_t aad_len = sdesp_aead_aad(aad, cipher, pkt);

	sdesp_aead_put_iv(cipher, pkt);
	sdesp_put64(iv, pkt->seq);
	memcpy(saved, slot, BLOCK);
	gcm_ctr(cipher, pkt, iv, mask);
	gcm_hash(cipher, pkt, aad, aad_len, y);
	for (unsigned i = 0; i < BLOCK; i++)
		icv[i] = y[i] ^ mask[i];
	memcpy(slot, saved, BLOCK);
}

static int gcm_open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	uint8_t *end = text + sdesp_pkt_text_len(cipher, pkt);
	uint8_t aad[SDESP_AAD_MAX], iv[8];
	uint8_t saved[BLOCK], icv[BLOCK], mask[BLOCK], y[BLOCK];
	size_t aad_len = sdesp_aead_aad(aad, cipher, pkt);
	int good;

	sdesp_aead_get_iv(iv, cipher, pkt);
	memcpy(saved, slot, BLOCK);
	memcpy(icv, end, BLOCK);
	gcm_hash(cipher, pkt, aad, aad_len, y);
	gcm_ctr(cipher, pkt, iv, mask);
	for (unsigned i = 0; i < BLOCK; i++)
		y[i] ^= mask[i];
	good = sdesp_ct_equal(y, icv, BLOCK);
	if (!good && keep)
		gcm_ctr(cipher, pkt, iv, mask);
	memcpy(end, icv, BLOCK);
	memcpy(slot, saved, BLOCK);
	return good;
}

const struct sdesp_engine sdesp_engine_gcm = {gcm_init, gcm_seal, gcm_open};

#endif
