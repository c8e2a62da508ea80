/* ESP on OpenSSL's EVP interface. SPDX-License-Identifier: MIT */
#include "tests/support/oracle.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int ok, const char *what)
{
	if (ok > 0)
		return;
	fprintf(stderr, "oracle: OpenSSL: %s failed\n", what);
	exit(1);
}

static void put(uint8_t *p, uint64_t v, size_t n)
{
	while (n > 0) {
		p[--n] = (uint8_t)v;
		v >>= 8;
	}
}

static const EVP_CIPHER *cipher_of(unsigned suite)
{
	static const struct {
		unsigned suite;
		const EVP_CIPHER *(*cipher)(void);
	} ciphers[] = {
		{SDESP_AES_128_GCM_16, EVP_aes_128_gcm},
		{SDESP_AES_256_GCM_16, EVP_aes_256_gcm},
		{SDESP_CHACHA20_POLY1305, EVP_chacha20_poly1305},
		{SDESP_AES_128_GCM_16_IIV, EVP_aes_128_gcm},
		{SDESP_AES_256_GCM_16_IIV, EVP_aes_256_gcm},
		{SDESP_CHACHA20_POLY1305_IIV, EVP_chacha20_poly1305},
		{SDESP_AES_128_CCM_8, EVP_aes_128_ccm},
		{SDESP_AES_128_CBC_HMAC_SHA2_256_128, EVP_aes_128_cbc},
		{SDESP_AES_256_CBC_HMAC_SHA2_256_128, EVP_aes_256_cbc},
	};

	for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++)
		if (ciphers[i].suite == suite)
			return ciphers[i].cipher();
	return NULL;
}

static void aead(uint8_t *out, uint8_t *icv, const struct sdesp_suite *suite,
	const uint8_t *key, const uint8_t *nonce, const uint8_t *aad,
	int aad_len, const uint8_t *text, int len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int ccm = suite->id == SDESP_AES_128_CCM_8, n;

	must(c != NULL, "new");
	must(EVP_EncryptInit_ex(c, cipher_of(suite->id), NULL, NULL, NULL),
		"cipher");
	must(EVP_CIPHER_CTX_ctrl(
		     c, EVP_CTRL_AEAD_SET_IVLEN, suite->salt_len + 8, NULL),
		"nonce length");
	if (ccm)
		must(EVP_CIPHER_CTX_ctrl(
			     c, EVP_CTRL_AEAD_SET_TAG, suite->icv_len, NULL),
			"tag length");
	must(EVP_EncryptInit_ex(c, NULL, NULL, key, nonce), "key");
	if (ccm)
		must(EVP_EncryptUpdate(c, NULL, &n, NULL, len), "length");
	must(EVP_EncryptUpdate(c, NULL, &n, aad, aad_len), "aad");
	must(EVP_EncryptUpdate(c, out, &n, text, len), "text");
	must(EVP_EncryptFinal_ex(c, out + n, &n), "final");
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, suite->icv_len, icv),
		"tag");
	EVP_CIPHER_CTX_free(c);
}

/* Whole blocks, without padding; iv NULL = ECB. */
static void blocks(uint8_t *out, const EVP_CIPHER *cipher, const uint8_t *key,
	const uint8_t *iv, const uint8_t *in, int len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	must(c != NULL, "new");
	must(EVP_EncryptInit_ex(c, cipher, NULL, key, iv), "key");
	must(EVP_CIPHER_CTX_set_padding(c, 0), "padding");
	must(EVP_EncryptUpdate(c, out, &n, in, len), "blocks");
	EVP_CIPHER_CTX_free(c);
}

static size_t aead_packet(uint8_t *packet, const struct sdesp_sa *sa,
	const struct sdesp_suite *suite, uint64_t seq, const uint8_t *text,
	size_t len)
{
	uint8_t nonce[12], aad[12], *p = packet + 8;
	int aad_len = 8;

	memcpy(aad, packet, 8);
	if (sa->esn) {
		put(aad + 4, seq, 8);
		aad_len = 12;
	}
	memcpy(nonce, sa->keymat + suite->key_len, suite->salt_len);
	put(nonce + suite->salt_len, seq, 8);
	if (suite->iv_len != 0) {
		put(p, seq, 8);
		p += 8;
	}
	aead(p, p + len, suite, sa->keymat, nonce, aad, aad_len, text,
		(int)len);
	return 8u + suite->iv_len + len + suite->icv_len;
}

static size_t hmac_packet(uint8_t *packet, const struct sdesp_sa *sa,
	const struct sdesp_suite *suite, uint64_t seq, const uint8_t *text,
	size_t len)
{
	const uint8_t *auth_key = sa->keymat + suite->key_len;
	uint8_t *p = packet + 8, mac[32];
	size_t covered;

	if (suite->iv_len != 0) {
		uint8_t block[16] = {0};

		put(block + 8, seq, 8);
		blocks(p, EVP_aes_128_ecb(), auth_key + suite->auth_len, NULL,
			block, 16);
		blocks(p + 16, cipher_of(suite->id), sa->keymat, p, text,
			(int)len);
	} else {
		memcpy(p, text, len);
	}
	p += suite->iv_len + len;
	covered = (size_t)(p - packet);
	if (sa->esn) {
		put(p, seq >> 32, 4);
		covered += 4;
	}
	must(HMAC(EVP_sha256(), auth_key, suite->auth_len, packet, covered, mac,
		     NULL) != NULL,
		"HMAC");
	memcpy(p, mac, suite->icv_len);
	return 8u + suite->iv_len + len + suite->icv_len;
}

size_t oracle_packet(uint8_t *packet, const struct sdesp_sa *sa, uint64_t seq,
	const uint8_t *text, size_t len)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->suite);

	put(packet, sa->spi, 4);
	put(packet + 4, seq, 4);
	if (suite->auth_len != 0)
		return hmac_packet(packet, sa, suite, seq, text, len);
	return aead_packet(packet, sa, suite, seq, text, len);
}

size_t oracle_text(uint8_t *text, const struct sdesp_sa *sa,
	const uint8_t *payload, size_t len, uint8_t next_header)
{
	size_t n = len, align = sdesp_suite_by_id(sa->suite)->align;

	memcpy(text, payload, len);
	while ((n + 2) % align != 0) {
		text[n] = (uint8_t)(n - len + 1);
		n++;
	}
	text[n] = (uint8_t)(n - len);
	text[n + 1] = next_header;
	return n + 2;
}
