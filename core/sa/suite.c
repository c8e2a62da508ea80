/*
 * The suites and the sizes of their packets. SPEC 8.1, 9.3 and 13.3.
 * SPDX-License-Identifier: MIT
 */
#include "sdesp_sa.h"

#include <string.h>

#define FAILURES ((uint64_t)1 << 36)
#define FAILURES_SHORT_ICV ((uint64_t)1 << 20)

#define AEAD(id, name, key, salt, iv, icv, strength, failures)                 \
	{                                                                      \
		name, id, key, salt, 0, 0, (key) + (salt), iv, icv, 4,         \
			strength, failures                                     \
	}
#define HMAC(id, name, key, kiv, iv, align, strength)                          \
	{                                                                      \
		name, id, key, 0, 32, kiv, (key) + 32 + (kiv), iv, 16, align,  \
			strength, FAILURES                                     \
	}

/* In the order of enum sdesp_suite_id, from 1. */
static const struct sdesp_suite suites[] = {
	AEAD(SDESP_AES_128_GCM_16, "AES_128_GCM_16", 16, 4, 8, 16,
		SDESP_STRENGTH_128, FAILURES),
	AEAD(SDESP_AES_256_GCM_16, "AES_256_GCM_16", 32, 4, 8, 16,
		SDESP_STRENGTH_256, FAILURES),
	AEAD(SDESP_CHACHA20_POLY1305, "CHACHA20_POLY1305", 32, 4, 8, 16,
		SDESP_STRENGTH_256, FAILURES),
	AEAD(SDESP_AES_128_GCM_16_IIV, "AES_128_GCM_16_IIV", 16, 4, 0, 16,
		SDESP_STRENGTH_128, FAILURES),
	AEAD(SDESP_AES_256_GCM_16_IIV, "AES_256_GCM_16_IIV", 32, 4, 0, 16,
		SDESP_STRENGTH_256, FAILURES),
	AEAD(SDESP_CHACHA20_POLY1305_IIV, "CHACHA20_POLY1305_IIV", 32, 4, 0, 16,
		SDESP_STRENGTH_256, FAILURES),
	AEAD(SDESP_AES_128_CCM_8, "AES_128_CCM_8", 16, 3, 8, 8,
		SDESP_STRENGTH_SHORT_ICV, FAILURES_SHORT_ICV),
	HMAC(SDESP_AES_128_CBC_HMAC_SHA2_256_128,
		"AES_128_CBC_HMAC_SHA2_256_128", 16, 16, 16, 16,
		SDESP_STRENGTH_128),
	HMAC(SDESP_AES_256_CBC_HMAC_SHA2_256_128,
		"AES_256_CBC_HMAC_SHA2_256_128", 32, 16, 16, 16,
		SDESP_STRENGTH_256),
	HMAC(SDESP_NULL_HMAC_SHA2_256_128, "NULL_HMAC_SHA2_256_128", 0, 0, 0, 4,
		SDESP_STRENGTH_NULL),
};

const struct sdesp_suite *sdesp_suite_by_id(unsigned id)
{
	if (id == SDESP_SUITE_NONE || id >= SDESP_SUITE_END)
		return NULL;
	return &suites[id - 1];
}

const struct sdesp_suite *sdesp_suite_by_name(const char *name, size_t len)
{
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		const struct sdesp_suite *suite = &suites[id - 1];

		if (strlen(suite->name) == len &&
			memcmp(suite->name, name, len) == 0)
			return suite;
	}
	return NULL;
}

size_t sdesp_suite_overhead(const struct sdesp_suite *suite, size_t len)
{
	size_t mask = suite->align - (size_t)1;
	size_t padding = (0 - (len + SDESP_ESP_TRAILER)) & mask;

	return (size_t)SDESP_ESP_HEADER + suite->iv_len + padding +
	       SDESP_ESP_TRAILER + suite->icv_len;
}

size_t sdesp_suite_payload(const struct sdesp_suite *suite, size_t mtu)
{
	size_t fixed =
		(size_t)SDESP_ESP_HEADER + suite->iv_len + suite->icv_len;

	if (mtu < fixed + suite->align)
		return 0;
	mtu -= fixed;
	return mtu - mtu % suite->align - SDESP_ESP_TRAILER;
}
