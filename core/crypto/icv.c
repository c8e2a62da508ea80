/*
 * The ICV of HMAC-SHA-256-128. RFC 4868 2.6. SPDX-License-Identifier: MIT
 */
#include "crypto/hmac.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"

#define ICV 16

/* All that is in front of the ICV is hashed, and with ESN the high half of
 * the sequence number (RFC 4303 2.2.1). */
static void packet_mac(const struct sdesp_hmac_key *hmac,
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt,
	uint8_t mac[SDESP_SHA256])
{
	br_sha256_context hash;

	sdesp_hmac_begin(&hash, hmac);
	br_sha256_update(&hash, pkt->data, pkt->len - ICV);
	if (cipher->esn) {
		uint8_t high[4];

		sdesp_put32(high, (uint32_t)(pkt->seq >> 32));
		br_sha256_update(&hash, high, sizeof high);
	}
	sdesp_hmac_end(&hash, hmac, mac);
}

void sdesp_icv_put(const struct sdesp_hmac_key *hmac,
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	uint8_t mac[SDESP_SHA256];

	packet_mac(hmac, cipher, pkt, mac);
	memcpy(pkt->data + pkt->len - ICV, mac, ICV);
}

int sdesp_icv_good(const struct sdesp_hmac_key *hmac,
	const struct sdesp_cipher *cipher, const struct sdesp_pkt *pkt)
{
	uint8_t mac[SDESP_SHA256];

	packet_mac(hmac, cipher, pkt, mac);
	return sdesp_ct_equal(mac, pkt->data + pkt->len - ICV, ICV);
}
