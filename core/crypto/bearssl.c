/*
 * The BearSSL provider: which engine serves which suite.
 * SPDX-License-Identifier: MIT
 */
#include "crypto/engine.h"

#include "base/ct.h"

static const struct sdesp_engine *const engines[SDESP_SUITE_END] = {
#if SDESP_WITH_GCM
	[SDESP_AES_128_GCM_16] = &sdesp_engine_gcm,
	[SDESP_AES_256_GCM_16] = &sdesp_engine_gcm,
	[SDESP_AES_128_GCM_16_IIV] = &sdesp_engine_gcm,
	[SDESP_AES_256_GCM_16_IIV] = &sdesp_engine_gcm,
#endif
#if SDESP_WITH_CHACHAPOLY
	[SDESP_CHACHA20_POLY1305] = &sdesp_engine_chachapoly,
	[SDESP_CHACHA20_POLY1305_IIV] = &sdesp_engine_chachapoly,
#endif
#if SDESP_WITH_CCM
	[SDESP_AES_128_CCM_8] = &sdesp_engine_ccm,
#endif
#if SDESP_WITH_CBC
	[SDESP_AES_128_CBC_HMAC_SHA2_256_128] = &sdesp_engine_cbc,
	[SDESP_AES_256_CBC_HMAC_SHA2_256_128] = &sdesp_engine_cbc,
#endif
#if SDESP_WITH_NULL
	[SDESP_NULL_HMAC_SHA2_256_128] = &sdesp_engine_null,
#endif
};

/* The same as a set. */
#define BIT(id) SDESP_SUITE_BIT(SDESP_##id)
#define SUITES                                                                 \
	((SDESP_WITH_GCM ? BIT(AES_128_GCM_16) | BIT(AES_256_GCM_16) |         \
				   BIT(AES_128_GCM_16_IIV) |                   \
				   BIT(AES_256_GCM_16_IIV)                     \
			 : 0) |                                                \
		(SDESP_WITH_CHACHAPOLY ? BIT(CHACHA20_POLY1305) |              \
						 BIT(CHACHA20_POLY1305_IIV)    \
				       : 0) |                                  \
		(SDESP_WITH_CCM ? BIT(AES_128_CCM_8) : 0) |                    \
		(SDESP_WITH_CBC ? BIT(AES_128_CBC_HMAC_SHA2_256_128) |         \
					  BIT(AES_256_CBC_HMAC_SHA2_256_128)   \
				: 0) |                                         \
		(SDESP_WITH_NULL ? BIT(NULL_HMAC_SHA2_256_128) : 0))

static int bearssl_init(
	struct sdesp_cipher *cipher, const uint8_t *keymat, int seal)
{
	const struct sdesp_engine *engine = engines[cipher->suite->id];

	if (engine == NULL)
		return SDESP_ERR_UNSUPPORTED;
	engine->init(cipher, keymat, seal);
	return SDESP_OK;
}

static void bearssl_seal(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkts, size_t n)
{
	const struct sdesp_engine *engine = engines[cipher->suite->id];

	for (size_t i = 0; i < n; i++)
		if (pkts[i].status == SDESP_OK)
			engine->seal(cipher, &pkts[i]);
}

static void bearssl_open(const struct sdesp_cipher *cipher,
	struct sdesp_pkt *pkts, size_t n, int keep)
{
	const struct sdesp_engine *engine = engines[cipher->suite->id];

	for (size_t i = 0; i < n; i++) {
		struct sdesp_pkt *pkt = &pkts[i];

		if (pkt->status != SDESP_OK || engine->open(cipher, pkt, keep))
			continue;
		pkt->status = SDESP_ERR_AUTH;
		if (!keep)
			sdesp_wipe(sdesp_pkt_text(cipher, pkt),
				sdesp_pkt_text_len(cipher, pkt));
	}
}

const struct sdesp_crypto_class sdesp_bearssl_class = {
	1, "bearssl", SUITES, bearssl_init, bearssl_seal, bearssl_open};
