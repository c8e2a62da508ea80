/*
 * The same octets by OpenSSL's EVP interface, keyed once.
 * SPDX-License-Identifier: MIT
 */
#include "tests/bench/subject.h"

#include <openssl/evp.h>
#include <string.h>

#include "sdesp_sa.h"
#include "tests/bench/bench.h"

#define HEADER 16 /* SPI, sequence number, IV */
#define ICV 16

static EVP_CIPHER_CTX *sealer, *opener;
static uint8_t memory[BENCH_BATCH][BENCH_SIZE_MAX + 64];
static int text;

static void must(int ok)
{
	if (ok <= 0)
		bench_fail("OpenSSL");
}

static const EVP_CIPHER *cipher_of(unsigned suite)
{
	switch (suite) {
	case SDESP_AES_128_GCM_16:
		return EVP_aes_128_gcm();
	case SDESP_AES_256_GCM_16:
		return EVP_aes_256_gcm();
	case SDESP_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	default:
		return NULL;
	}
}

static int begin(unsigned suite, size_t size)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(suite);
	const EVP_CIPHER *cipher = cipher_of(suite);
	uint8_t key[32], nonce[12] = {0};

	if (cipher == NULL)
		return 0;
	memset(key, 0x5a, sizeof key);
	sealer = EVP_CIPHER_CTX_new();
	opener = EVP_CIPHER_CTX_new();
	must(sealer != NULL && opener != NULL);
	must(EVP_EncryptInit_ex(sealer, cipher, NULL, key, nonce));
	must(EVP_DecryptInit_ex(opener, cipher, NULL, key, nonce));
	text = (int)(size + sdesp_suite_overhead(s, size) - HEADER - ICV);
	return 1;
}

static void reset(void)
{
}

static void seal(void)
{
	uint8_t nonce[12] = {0};
	int n;

	for (size_t i = 0; i < BENCH_BATCH; i++) {
		uint8_t *p = memory[i], *icv = p + HEADER + text;

		memcpy(nonce + 4, p + 8, 8);
		must(EVP_EncryptInit_ex(sealer, NULL, NULL, NULL, nonce));
		must(EVP_EncryptUpdate(sealer, NULL, &n, p, 8));
		must(EVP_EncryptUpdate(
			sealer, p + HEADER, &n, p + HEADER, text));
		must(EVP_EncryptFinal_ex(sealer, icv, &n));
		must(EVP_CIPHER_CTX_ctrl(
			sealer, EVP_CTRL_AEAD_GET_TAG, ICV, icv));
	}
}

static void open(void)
{
	uint8_t nonce[12] = {0};
	int n;

	for (size_t i = 0; i < BENCH_BATCH; i++) {
		uint8_t *p = memory[i], *icv = p + HEADER + text;

		memcpy(nonce + 4, p + 8, 8);
		must(EVP_DecryptInit_ex(opener, NULL, NULL, NULL, nonce));
		must(EVP_DecryptUpdate(opener, NULL, &n, p, 8));
		must(EVP_DecryptUpdate(
			opener, p + HEADER, &n, p + HEADER, text));
		must(EVP_CIPHER_CTX_ctrl(
			opener, EVP_CTRL_AEAD_SET_TAG, ICV, icv));
		must(EVP_DecryptFinal_ex(opener, p + HEADER, &n));
	}
}

static void end(void)
{
	EVP_CIPHER_CTX_free(sealer);
	EVP_CIPHER_CTX_free(opener);
}

const struct bench_subject bench_openssl = {
	"EVP", begin, reset, seal, open, end};
