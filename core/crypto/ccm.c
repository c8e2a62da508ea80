/*
 * AES-CCM with an ICV of 8 octets on the ESP layout. RFC 4309, RFC 3610.
 * SPDX-License-Identifier: MIT
 *
 * The 16 octets of header in front of the payload serve, zeroed, as the block
 * that CTR turns into the mask of the ICV, and then as the block of
 * additional data: a packet costs one call of CTR and two of CBC-MAC.
 */
#include "crypto/engine.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"

#if SDESP_WITH_CCM

#define BLOCK 16
#define ICV 8

/* RFC 3610 2.2 and 2.3: a nonce of 11 octets leaves 4 for the length. */
#define FLAGS_B0 (0x40 | (ICV - 2) / 2 << 3 | (4 - 1))
#define FLAGS_A0 (4 - 1)

struct ccm_state {
	br_aes_gen_ctrcbc_keys aes;
	uint8_t salt[3];
};

SDESP_STATE_FITS(ccm_state);

static const struct ccm_state *ccm_of(const struct sdesp_cipher *cipher)
{
	return (const struct ccm_state *)(const void *)&cipher->state;
}

static void ccm_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	struct ccm_state *c = (struct ccm_state *)(void *)&cipher->state;

	(void)seal;
	sdesp_provider(cipher)->aes_ctrcbc->init(
		&c->aes.vtable, keymat, cipher->suite->key_len);
	memcpy(c->salt, keymat + cipher->suite->key_len, sizeof c->salt);
}

/* Flags, nonce and a 32-bit number: B_0 and A_i. */
static void ccm_block(uint8_t block[BLOCK], const struct sdesp_cipher *cipher,
	uint8_t flags, const uint8_t iv[8], uint32_t number)
{
	block[0] = flags;
	memcpy(block + 1, ccm_of(cipher)->salt, 3);
	memcpy(block + 4, iv, 8);
	sdesp_put32(block + 12, number);
}

static size_t ccm_padding(size_t n)
{
	return (0 - n) & (BLOCK - 1);
}

/* Encrypt or decrypt the text and turn the slot into the mask. CTR takes
 * whole blocks: what it does to the octets behind the text is not used. */
static void ccm_ctr(const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt, const uint8_t iv[8], uint8_t mask[BLOCK])
{
	const struct ccm_state *c = ccm_of(cipher);
	uint8_t *slot = sdesp_pkt_text(cipher, pkt) - BLOCK;
	size_t n = sdesp_pkt_text_len(cipher, pkt);
	uint8_t counter[BLOCK];

	ccm_block(counter, cipher, FLAGS_A0, iv, 0);
	memset(slot, 0, BLOCK);
	c->aes.vtable->ctr(
		&c->aes.vtable, counter, slot, BLOCK + n + ccm_padding(n));
	memcpy(mask, slot, BLOCK);
}

/* CBC-MAC of B_0, additional data and the plain text, padded with zeros. */
static void ccm_mac(const struct sdesp_cipher *cipher,
	const struct sdesp_pkt *pkt, const uint8_t iv[8], const uint8_t *aad,
	size_t aad_len, uint8_t mac[BLOCK])
{
	const struct ccm_state *c = ccm_of(cipher);
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	size_t n = sdesp_pkt_text_len(cipher, pkt);
	uint8_t b0[BLOCK];

	ccm_block(b0, cipher, FLAGS_B0, iv, (uint32_t)n);
	memset(slot, 0, BLOCK);
	slot[1] = (uint8_t)aad_len;
	memcpy(slot + 2, aad, aad_len);
	memset(text + n, 0, ccm_padding(n));
	memset(mac, 0, BLOCK);
	c->aes.vtable->mac(&c->aes.vtable, mac, b0, BLOCK);
	c->aes.vtable->mac(
		&c->aes.vtable, mac, slot, BLOCK + n + ccm_padding(n));
}

static void ccm_seal(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	uint8_t *icv = text + sdesp_pkt_text_len(cipher, pkt);
	uint8_t aad[SDESP_AAD_MAX], iv[8], saved[BLOCK], mask[BLOCK];
	uint8_t mac[BLOCK];
	size_t aad_len = sdesp_aead_aad(aad, cipher, pkt);

	sdesp_aead_put_iv(cipher, pkt);
	sdesp_aead_get_iv(iv, cipher, pkt);
	memcpy(saved, slot, BLOCK);
	ccm_mac(cipher, pkt, iv, aad, aad_len, mac);
	ccm_ctr(cipher, pkt, iv, mask);
	for (unsigned i = 0; i < ICV; i++)
		icv[i] = mac[i] ^ mask[i];
	memcpy(slot, saved, BLOCK);
}

static int ccm_open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	uint8_t *text = sdesp_pkt_text(cipher, pkt), *slot = text - BLOCK;
	uint8_t *end = text + sdesp_pkt_text_len(cipher, pkt);
	uint8_t aad[SDESP_AAD_MAX], iv[8], saved[BLOCK], icv[ICV], mask[BLOCK];
	uint8_t mac[BLOCK];
	size_t aad_len = sdesp_aead_aad(aad, cipher, pkt);
	int good;

	sdesp_aead_get_iv(iv, cipher, pkt);
	memcpy(saved, slot, BLOCK);
	memcpy(icv, end, ICV);
	ccm_ctr(cipher, pkt, iv, mask);
	ccm_mac(cipher, pkt, iv, aad, aad_len, mac);
	for (unsigned i = 0; i < ICV; i++)
		mac[i] ^= mask[i];
	good = sdesp_ct_equal(mac, icv, ICV);
	if (!good && keep)
		ccm_ctr(cipher, pkt, iv, mask);
	memcpy(end, icv, ICV);
	memcpy(slot, saved, BLOCK);
	return good;
}

const struct sdesp_engine sdesp_engine_ccm = {ccm_init, ccm_seal, ccm_open};

#endif
