/*
 * Sealing: number, padding, trailer and header; the provider does the rest.
 * SPEC 8.1 and 8.2, RFC 4303 3.3. SPDX-License-Identifier: MIT
 */
#include "sdesp_esp.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"
#include "esp/esp.h"
#include "esp/life.h"

int sdesp_esp_tx_init(struct sdesp_esp_tx *tx,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa, uint64_t seq)
{
	int status;

	memset(tx, 0, sizeof *tx);
	status = sdesp_esp_cipher_init(&tx->cipher, crypto, sa, 1);
	if (status != SDESP_OK) {
		sdesp_esp_tx_wipe(tx);
		return status;
	}
	tx->spi = sa->spi;
	sdesp_life_init(&tx->life, sa);

	/* A number is used once, so numbers count packets, and the last
	 * number that the key may have is a limit like any other. */
	tx->last = sa->esn ? SDESP_SEQ_MAX_ESN : SDESP_SEQ_MAX;
	if (tx->life.max_packets > tx->last)
		tx->life.max_packets = tx->last;
	tx->life.packets = seq;
	sdesp_life_update(&tx->life);
	return SDESP_OK;
}

/* Turn a payload into a packet whose IV and ICV are still to be written. */
static int frame(struct sdesp_esp_tx *tx, struct sdesp_pkt *pkt)
{
	const struct sdesp_suite *suite = tx->cipher.suite;
	size_t front, padding;
	uint8_t *end;

	if (sdesp_life_over(&tx->life))
		return tx->life.packets >= tx->last && tx->last != 0
			       ? SDESP_ERR_SEQ
			       : SDESP_ERR_EXPIRED;
	if (pkt->head < SDESP_PKT_HEAD || pkt->tail < SDESP_PKT_TAIL)
		return SDESP_ERR_SPACE;
	if (pkt->len > tx->life.max_bytes - tx->life.bytes) {
		tx->life.state = SDESP_SA_DEAD;
		return SDESP_ERR_EXPIRED;
	}
	tx->life.packets++;
	tx->life.bytes += pkt->len;
	sdesp_life_update(&tx->life);
	pkt->seq = tx->life.packets;

	padding = (0 - (pkt->len + SDESP_ESP_TRAILER)) &
		  (suite->align - (size_t)1);
	end = pkt->data + pkt->len;
	for (size_t i = 0; i < padding; i++)
		*end++ = (uint8_t)(i + 1);
	*end++ = (uint8_t)padding;
	*end++ = pkt->next_header;

	front = (size_t)SDESP_ESP_HEADER + suite->iv_len;
	pkt->data -= front;
	pkt->head -= front;
	pkt->len += front + padding + SDESP_ESP_TRAILER + suite->icv_len;
	pkt->tail -= padding + SDESP_ESP_TRAILER + suite->icv_len;
	sdesp_put32(pkt->data, tx->spi);
	sdesp_put32(pkt->data + 4, (uint32_t)pkt->seq);
	return SDESP_OK;
}

size_t sdesp_esp_seal(struct sdesp_esp_tx *tx, struct sdesp_pkt *pkts, size_t n)
{
	size_t sealed = 0;

	for (size_t i = 0; i < n; i++) {
		pkts[i].status = frame(tx, &pkts[i]);
		sealed += pkts[i].status == SDESP_OK;
	}
	if (sealed > 0)
		(*tx->cipher.crypto)->seal(&tx->cipher, pkts, n);
	return sealed;
}

void sdesp_esp_tx_stats(
	const struct sdesp_esp_tx *tx, struct sdesp_sa_stats *stats)
{
	memset(stats, 0, sizeof *stats);
	stats->state = tx->life.state;
	stats->seq = tx->life.packets;
	stats->packets = tx->life.packets;
	stats->bytes = tx->life.bytes;
}

void sdesp_esp_tx_wipe(struct sdesp_esp_tx *tx)
{
	sdesp_wipe(tx, sizeof *tx);
}
