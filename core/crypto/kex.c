/*
 * The keying provider on BearSSL: SHA-256, HKDF and X25519.
 * SPDX-License-Identifier: MIT
 */
#include <bearssl.h>
#include <string.h>

#include "base/ct.h"
#include "crypto/hmac.h"

/* The small one has a third of the stack and flash, at a third of the speed. */
#if SDESP_BEARSSL_SMALL
#define CURVE25519 br_ec_c25519_i15
#else
#define CURVE25519 br_ec_c25519_m31
#endif

typedef char hash_fits[sizeof(br_sha256_context) <= sizeof(struct sdesp_hash)
			       ? 1
			       : -1];

/* A PRK is kept as the two hashed key blocks of its HMAC. */
typedef char prk_fits[sizeof(struct sdesp_hmac_key) == sizeof(struct sdesp_prk)
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

/* The key blocks for no salt: SHA-256 (FIPS 180-4) after 64 octets of 0x36,
 * and of 0x5c. Most extractions have none. */
static const struct sdesp_hmac_key no_salt = {
	{0xf4, 0x54, 0xde, 0xad, 0x97, 0x25, 0x21, 0x4f, 0x90, 0xda, 0xf2, 0xa0,
		0xdf, 0x12, 0x28, 0xea, 0x64, 0xe5, 0x75, 0x0f, 0xa3, 0x92,
		0x41, 0x81, 0x82, 0x4a, 0x93, 0x2b, 0xf8, 0xe0, 0x4e, 0x32},
	{0xd3, 0x85, 0x48, 0x0f, 0x7a, 0xbb, 0x64, 0x77, 0x37, 0xc9, 0xc5, 0x38,
		0x5d, 0xd8, 0x24, 0x67, 0x8e, 0x04, 0x3a, 0x72, 0x75, 0x34,
		0x34, 0xb0, 0xde, 0xb8, 0x28, 0x18, 0x36, 0x1d, 0x45, 0xa6},
};

static void kex_hkdf_extract(struct sdesp_prk *prk, const uint8_t *salt,
	size_t salt_len, const uint8_t *ikm, size_t ikm_len)
{
	struct sdesp_hmac_key *hmac = (struct sdesp_hmac_key *)(void *)prk;
	br_sha256_context hash;
	uint8_t mac[SDESP_SHA256];

	if (salt_len > 0)
		sdesp_hmac_init(hmac, salt, salt_len);
	else
		*hmac = no_salt;
	sdesp_hmac_begin(&hash, hmac);
	br_sha256_update(&hash, ikm, ikm_len);
	sdesp_hmac_end(&hash, hmac, mac);
	sdesp_hmac_init(hmac, mac, sizeof mac);
	sdesp_wipe(mac, sizeof mac);
	sdesp_wipe(&hash, sizeof hash);
}

static void kex_hkdf_expand(uint8_t *okm, size_t len,
	const struct sdesp_prk *prk, const uint8_t *info, size_t info_len)
{
	const struct sdesp_hmac_key *hmac =
		(const struct sdesp_hmac_key *)(const void *)prk;
	br_sha256_context hash;
	uint8_t block[SDESP_SHA256], number = 0;

	while (len > 0) {
		size_t n = len < sizeof block ? len : sizeof block;

		sdesp_hmac_begin(&hash, hmac);
		if (number > 0)
			br_sha256_update(&hash, block, sizeof block);
		br_sha256_update(&hash, info, info_len);
		number++;
		br_sha256_update(&hash, &number, 1);
		sdesp_hmac_end(&hash, hmac, block);
		memcpy(okm, block, n);
		okm += n;
		len -= n;
	}
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
