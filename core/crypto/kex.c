/*
 * The keying provider on BearSSL: SHA-256, HKDF and X25519.
 * SPDX-License-Identifier: MIT
 */
#include <bearssl.h>
#include <string.h>

#include "base/ct.h"
#include "crypto/hmac.h"

#if SDESP_BEARSSL_SMALL
#define CURVE25519 br_ec_c25519_m15
#else
#define CURVE25519 br_ec_c25519_m31
#endif

typedef char hash_fits[sizeof(br_sha256_context) <= sizeof(struct sdesp_hash)
			       ? 1
			       : -1];

static br_sha256_context *sha256_of(struct sdesp_hash *h)
{
	return (br_sha256_context *)(void *)&h->state;
}

static void kex_hash_init(struct sdesp_hash *h)
{
	br_sha256_init(sha256_of(h));
}

static void kex_hash_update(struct sdesp_hash *h, const void *data, size_t len)
{
	br_sha256_update(sha256_of(h), data, len);
}

static void kex_hash_final(struct sdesp_hash *h, uint8_t digest[32])
{
	br_sha256_out(sha256_of(h), digest);
	sdesp_wipe(h, sizeof *h);
}

static void kex_hkdf_extract(uint8_t prk[32], const uint8_t *salt,
	size_t salt_len, const uint8_t *ikm, size_t ikm_len)
{
	struct sdesp_hmac_key hmac;
	br_sha256_context hash;

	sdesp_hmac_init(&hmac, salt, salt_len);
	sdesp_hmac_begin(&hash, &hmac);
	br_sha256_update(&hash, ikm, ikm_len);
	sdesp_hmac_end(&hash, &hmac, prk);
	sdesp_wipe(&hmac, sizeof hmac);
	sdesp_wipe(&hash, sizeof hash);
}

static void kex_hkdf_expand(uint8_t *okm, size_t len, const uint8_t prk[32],
	const uint8_t *info, size_t info_len)
{
	struct sdesp_hmac_key hmac;
	br_sha256_context hash;
	uint8_t block[SDESP_SHA256], number = 0;

	sdesp_hmac_init(&hmac, prk, SDESP_SHA256);
	while (len > 0) {
		size_t n = len < sizeof block ? len : sizeof block;

		sdesp_hmac_begin(&hash, &hmac);
		if (number > 0)
			br_sha256_update(&hash, block, sizeof block);
		br_sha256_update(&hash, info, info_len);
		number++;
		br_sha256_update(&hash, &number, 1);
		sdesp_hmac_end(&hash, &hmac, block);
		memcpy(okm, block, n);
		okm += n;
		len -= n;
	}
	sdesp_wipe(&hmac, sizeof hmac);
	sdesp_wipe(&hash, sizeof hash);
	sdesp_wipe(block, sizeof block);
}

static void kex_x25519(
	uint8_t result[32], const uint8_t scalar[32], const uint8_t *u)
{
	static const uint8_t base[32] = {9}; /* RFC 7748 4.1 */
	uint8_t point[32];

	/* BearSSL masks the top bit of the point, clamps the scalar and takes
	 * both in the octet order of RFC 7748. */
	memcpy(point, u != NULL ? u : base, sizeof point);
	CURVE25519.mul(point, sizeof point, scalar, 32, BR_EC_curve25519);
	memcpy(result, point, sizeof point);
	sdesp_wipe(point, sizeof point);
}

const struct sdesp_kex_class sdesp_bearssl_kex = {1, "bearssl", kex_hash_init,
	kex_hash_update, kex_hash_final, kex_hkdf_extract, kex_hkdf_expand,
	kex_x25519};
