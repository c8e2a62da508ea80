/*
 * How Linux names a suite and wants its keys: net/xfrm/xfrm_algo.c there.
 * None has an implicit IV (RFC 8750). SPDX-License-Identifier: MIT
 */
#include "suite.h"

#include <linux/xfrm.h>
#include <string.h>

/* aead takes key and salt in one; enc goes with hmac(sha256). */
struct kernel_name {
	uint8_t suite;
	const char *aead, *enc;
};

static const struct kernel_name names[] = {
	{SDESP_AES_128_GCM_16, "rfc4106(gcm(aes))", NULL},
	{SDESP_AES_256_GCM_16, "rfc4106(gcm(aes))", NULL},
	{SDESP_CHACHA20_POLY1305, "rfc7539esp(chacha20,poly1305)", NULL},
	{SDESP_AES_128_CCM_8, "rfc4309(ccm(aes))", NULL},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, NULL, "cbc(aes)"},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, NULL, "cbc(aes)"},
	{SDESP_NULL_HMAC_SHA2_256_128, NULL, "ecb(cipher_null)"},
};

static const char hmac_name[] = "hmac(sha256)";

static void put_aead(struct sdesp_nl *m, const char *name,
	const struct sdesp_suite *suite, const uint8_t *keymat)
{
	unsigned key_len = suite->key_len + (unsigned)suite->salt_len;
	struct xfrm_algo_aead aead;

	memset(&aead, 0, sizeof aead);
	memcpy(aead.alg_name, name, strlen(name));
	aead.alg_key_len = key_len * 8;
	aead.alg_icv_len = suite->icv_len * 8U;
	sdesp_nl_attr2(m, XFRMA_ALG_AEAD, &aead, sizeof aead, keymat, key_len);
}

static void put_pair(struct sdesp_nl *m, const char *name,
	const struct sdesp_suite *suite, const uint8_t *keymat)
{
	struct xfrm_algo_auth auth;
	struct xfrm_algo enc;

	memset(&auth, 0, sizeof auth);
	memcpy(auth.alg_name, hmac_name, sizeof hmac_name);
	auth.alg_key_len = suite->auth_len * 8U;
	auth.alg_trunc_len = suite->icv_len * 8U;
	sdesp_nl_attr2(m, XFRMA_ALG_AUTH_TRUNC, &auth, sizeof auth,
		keymat + suite->key_len, suite->auth_len);
	memset(&enc, 0, sizeof enc);
	memcpy(enc.alg_name, name, strlen(name));
	enc.alg_key_len = suite->key_len * 8U;
	sdesp_nl_attr2(
		m, XFRMA_ALG_CRYPT, &enc, sizeof enc, keymat, suite->key_len);
}

int sdesp_xfrm_put_suite(struct sdesp_nl *m, const struct sdesp_sa *sa)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct sdesp_suite *suite = sdesp_suite_by_id(sa->suite);

		if (names[i].suite != sa->suite)
			continue;
		if (names[i].aead != NULL)
			put_aead(m, names[i].aead, suite, sa->keymat);
		else
			put_pair(m, names[i].enc, suite, sa->keymat);
		return 1;
	}
	return 0;
}
