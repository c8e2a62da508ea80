/*
 * Opening: size, SPI, window, ICV, window update, padding, in this order.
 * SPEC 8.3 to 8.5, RFC 4303 3.4. SPDX-License-Identifier: MIT
 */
#include "sdesp_esp.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"
#include "esp/esp.h"
#include "esp/life.h"

#define NEXT_HEADER_DUMMY 59 /* RFC 4303 2.6 */

/* Resynchronisation of ESN (SPEC 8.4): after so many wrong ICVs in a row, so
 * many higher values of the high half are tried. */
#define RESYNC_ROW 64
#define RESYNC_TRIES 4

int sdesp_esp_rx_init(struct sdesp_esp_rx *rx,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa)
{
	int status;

	memset(rx, 0, sizeof *rx);
	status = sdesp_replay_init(&rx->replay, sa->window);
	if (status == SDESP_OK)
		status = sdesp_esp_cipher_init(&rx->cipher, crypto, sa, 0);
	if (status != SDESP_OK) {
		sdesp_esp_rx_wipe(rx);
		return status;
	}
	rx->spi = sa->spi;
	sdesp_life_init(&rx->life, sa);
	return SDESP_OK;
}

/* What can be told before the ICV is computed: size, SPI, window. */
static int check(struct sdesp_esp_rx *rx, struct sdesp_pkt *pkt)
{
	const struct sdesp_suite *suite = rx->cipher.suite;
	size_t fixed;

	if (sdesp_life_over(&rx->life))
		return SDESP_ERR_EXPIRED;
	if (pkt->head < SDESP_PKT_OPEN_HEAD || pkt->tail < SDESP_PKT_OPEN_TAIL)
		return SDESP_ERR_SPACE;
	fixed = (size_t)SDESP_ESP_HEADER + suite->iv_len + suite->icv_len;
	if (pkt->len <= fixed ||
		((pkt->len - fixed) & (suite->align - (size_t)1)) != 0) {
		rx->malformed++;
		return SDESP_ERR_SHORT;
	}
	if (sdesp_get32(pkt->data) != rx->spi)
		return SDESP_ERR_SPI;
	pkt->seq = sdesp_get32(pkt->data + 4);
	if (rx->cipher.esn)
		pkt->seq = sdesp_replay_infer(&rx->replay, (uint32_t)pkt->seq);
	if (pkt->seq > SDESP_SEQ_MAX_ESN ||
		sdesp_replay_check(&rx->replay, pkt->seq) != SDESP_OK) {
		rx->replays++;
		return SDESP_ERR_REPLAY;
	}
	return SDESP_OK;
}

static int wipe(
	const struct sdesp_esp_rx *rx, struct sdesp_pkt *pkt, int status)
{
	size_t front = (size_t)SDESP_ESP_HEADER + rx->cipher.suite->iv_len;

	sdesp_wipe(pkt->data + front, pkt->len - front);
	return status;
}

static int resync_due(const struct sdesp_esp_rx *rx, uint32_t now)
{
	return rx->cipher.esn && rx->auth_row >= RESYNC_ROW &&
	       (!rx->resynced || rx->resync_at != now);
}

/* Try a packet whose ICV is wrong as one of a later subspace of numbers, once
 * a second. */
static int resync(struct sdesp_esp_rx *rx, struct sdesp_pkt *pkt, uint32_t now)
{
	if (!resync_due(rx, now))
		return wipe(rx, pkt, SDESP_ERR_AUTH);
	rx->resynced = 1;
	rx->resync_at = now;
	for (unsigned i = 0; i < RESYNC_TRIES; i++) {
		pkt->seq += (uint64_t)1 << 32;
		if (pkt->seq > SDESP_SEQ_MAX_ESN)
			break;
		pkt->status = SDESP_OK;
		(*rx->cipher.crypto)->open(&rx->cipher, pkt, 1, 1);
		if (pkt->status == SDESP_OK)
			return SDESP_OK;
	}
	return wipe(rx, pkt, SDESP_ERR_AUTH);
}

static void count_failure(struct sdesp_esp_rx *rx)
{
	uint64_t max = rx->cipher.suite->max_icv_failures;

	rx->icv_failures++;
	if (rx->auth_row < RESYNC_ROW)
		rx->auth_row++;
	if (rx->icv_failures >= max)
		rx->life.state = SDESP_SA_DEAD;
	else if (rx->icv_failures >= max / 16 && !sdesp_life_over(&rx->life))
		rx->life.state = SDESP_SA_DYING;
}

/* Take header, padding, trailer and ICV off a packet that is authentic. */
static int strip(struct sdesp_esp_rx *rx, struct sdesp_pkt *pkt)
{
	const struct sdesp_suite *suite = rx->cipher.suite;
	size_t front = (size_t)SDESP_ESP_HEADER + suite->iv_len;
	size_t n = pkt->len - front - suite->icv_len - SDESP_ESP_TRAILER;
	const uint8_t *text = pkt->data + front;
	size_t padding = text[n];
	uint8_t next_header = text[n + 1];

	if (padding > n)
		return SDESP_ERR_PADDING;
	n -= padding;
	for (size_t i = 0; i < padding; i++)
		if (text[n + i] != i + 1)
			return SDESP_ERR_PADDING;
	if (next_header == NEXT_HEADER_DUMMY)
		return SDESP_ERR_DUMMY;
	if (n > rx->life.max_bytes - rx->life.bytes)
		return SDESP_ERR_EXPIRED;
	pkt->next_header = next_header;
	pkt->data += front;
	pkt->head += front;
	pkt->tail += pkt->len - front - n;
	pkt->len = n;
	return SDESP_OK;
}

/* What follows the ICV. Twins in one batch meet in the second look at the
 * window. */
static int settle(struct sdesp_esp_rx *rx, struct sdesp_pkt *pkt)
{
	int status;

	rx->auth_row = 0;
	if (sdesp_life_over(&rx->life))
		return wipe(rx, pkt, SDESP_ERR_EXPIRED);
	if (sdesp_replay_check(&rx->replay, pkt->seq) != SDESP_OK) {
		rx->replays++;
		return wipe(rx, pkt, SDESP_ERR_REPLAY);
	}
	sdesp_replay_commit(&rx->replay, pkt->seq);
	rx->life.packets++;
	status = strip(rx, pkt);
	if (status == SDESP_OK)
		rx->life.bytes += pkt->len;
	else if (status == SDESP_ERR_PADDING)
		rx->malformed++;
	sdesp_life_update(&rx->life);
	if (status == SDESP_ERR_EXPIRED)
		rx->life.state = SDESP_SA_DEAD;
	return status == SDESP_OK ? SDESP_OK : wipe(rx, pkt, status);
}

size_t sdesp_esp_open(
	struct sdesp_esp_rx *rx, struct sdesp_pkt *pkts, size_t n, uint32_t now)
{
	int keep = resync_due(rx, now); /* a wrong packet is needed whole */
	size_t checked = 0, opened = 0;

	for (size_t i = 0; i < n; i++) {
		pkts[i].status = check(rx, &pkts[i]);
		checked += pkts[i].status == SDESP_OK;
	}
	if (checked == 0)
		return 0;
	(*rx->cipher.crypto)->open(&rx->cipher, pkts, n, keep);
	for (size_t i = 0; i < n; i++) {
		struct sdesp_pkt *pkt = &pkts[i];

		if (pkt->status == SDESP_ERR_AUTH && keep)
			pkt->status = resync(rx, pkt, now);
		if (pkt->status == SDESP_ERR_AUTH)
			count_failure(rx);
		else if (pkt->status == SDESP_OK)
			pkt->status = settle(rx, pkt);
		opened += pkt->status == SDESP_OK;
	}
	return opened;
}

void sdesp_esp_rx_stats(
	const struct sdesp_esp_rx *rx, struct sdesp_sa_stats *stats)
{
	stats->state = rx->life.state;
	stats->seq = rx->replay.top;
	stats->packets = rx->life.packets;
	stats->bytes = rx->life.bytes;
	stats->replays = rx->replays;
	stats->icv_failures = rx->icv_failures;
	stats->malformed = rx->malformed;
}

void sdesp_esp_rx_wipe(struct sdesp_esp_rx *rx)
{
	sdesp_wipe(rx, sizeof *rx);
}
