/* HMAC-SHA-256 on BearSSL's SHA-256. SPDX-License-Identifier: MIT */
#include "crypto/hmac.h"

#include <string.h>

#include "base/ct.h"

#define BLOCK 64

static void key_block(uint8_t state[SDESP_SHA256], const uint8_t *key,
	size_t key_len, uint8_t pad)
{
	br_sha256_context hash;
	uint8_t block[BLOCK];

	memset(block, 0, sizeof block);
	memcpy(block, key, key_len);
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= pad;
	br_sha256_init(&hash);
	br_sha256_update(&hash, block, sizeof block);
	br_sha256_state(&hash, state);
	sdesp_wipe(block, sizeof block);
	sdesp_wipe(&hash, sizeof hash);
}

void sdesp_hmac_init(
	struct sdesp_hmac_key *hmac, const uint8_t *key, size_t key_len)
{
	uint8_t digest[SDESP_SHA256];

	if (key_len > BLOCK) {
		br_sha256_context hash;

		br_sha256_init(&hash);
		br_sha256_update(&hash, key, key_len);
		br_sha256_out(&hash, digest);
		sdesp_wipe(&hash, sizeof hash);
		key = digest;
		key_len = sizeof digest;
	}
	key_block(hmac->inner, key, key_len, 0x36);
	key_block(hmac->outer, key, key_len, 0x5c);
	sdesp_wipe(digest, sizeof digest);
}

void sdesp_hmac_begin(
	br_sha256_context *hash, const struct sdesp_hmac_key *hmac)
{
	br_sha256_init(hash);
	br_sha256_set_state(hash, hmac->inner, BLOCK);
}

void sdesp_hmac_end(br_sha256_context *hash, const struct sdesp_hmac_key *hmac,
	uint8_t mac[SDESP_SHA256])
{
	br_sha256_out(hash, mac);
	br_sha256_set_state(hash, hmac->outer, BLOCK);
	br_sha256_update(hash, mac, SDESP_SHA256);
	br_sha256_out(hash, mac);
}
