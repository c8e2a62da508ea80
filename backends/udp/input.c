/*
 * Datagrams from the socket: sorted, opened, held against the selectors.
 * SPEC 8.3 to 8.5. SPDX-License-Identifier: MIT
 */
#include "base/be.h"
#include "base/ct.h"
#include "base/divide.h"

#include "events.h"
#include "sdesp_inner.h"
#include "table.h"

enum { MARKER = 4, NEXT_IP4 = 4, NEXT_UDP = 17, NEXT_IP6 = 41 };

static void label(struct sdesp_udp_meta *meta, enum sdesp_udp_kind kind,
	uint32_t spi, uint32_t flow)
{
	meta->kind = (uint8_t)kind;
	meta->spi = spi;
	meta->flow = flow;
	meta->local_port = 0;
	meta->remote_port = 0;
}

/* A datagram that is not ESP. */
static int sort(
	struct sdesp_udp *u, struct sdesp_pkt *pkt, enum sdesp_udp_kind kind)
{
	if (kind == SDESP_UDP_KEEPALIVE) {
		u->counters.keepalives++;
		return SDESP_ERR_SHORT;
	}
	if (kind == SDESP_UDP_UNKNOWN) {
		u->counters.foreign++;
		return SDESP_ERR_SPI;
	}
	if ((u->config.pass & SDESP_UDP_KIND_BIT(kind)) == 0) {
		u->counters.foreign++;
		return SDESP_ERR_BLOCKED;
	}
	if (kind == SDESP_UDP_MARKED) {
		pkt->data += MARKER;
		pkt->head += MARKER;
		pkt->len -= MARKER;
	}
	u->counters.passed++;
	return SDESP_OK;
}

/* ESP that no SA with keys stands behind. */
static int stray(struct sdesp_udp *u, unsigned slot, size_t len)
{
	if (len < 8) {
		u->counters.runts++;
		return SDESP_ERR_SHORT;
	}
	if (slot != 0)
		u->counters.early++;
	else
		u->counters.unknown_spi++;
	return SDESP_ERR_SPI;
}

/* The payload against the flow, and what of it is the application's. */
static int admit(const struct sdesp_flow *flow, struct sdesp_pkt *pkt,
	struct sdesp_udp_meta *meta)
{
	struct sdesp_inner inner;
	size_t header = 0;
	int status;

	if (flow->mode == SDESP_TUNNEL)
		status = sdesp_inner_packet(&inner, pkt->data, pkt->len);
	else
		status = sdesp_inner_payload(
			&inner, flow, 1, pkt->next_header, pkt->data, pkt->len);
	if (status != SDESP_OK)
		return status;
	if (flow->mode == SDESP_TUNNEL &&
		pkt->next_header !=
			(inner.src.family == 4 ? NEXT_IP4 : NEXT_IP6))
		return SDESP_ERR_PADDING;
	if (!sdesp_inner_fits(&inner, flow, 1))
		return SDESP_ERR_SELECTOR;

	meta->local_port = inner.dst.port;
	meta->remote_port = inner.src.port;
	if (flow->mode == SDESP_TRANSPORT && pkt->next_header == NEXT_UDP)
		header = SDESP_INNER_UDP;
	pkt->tail += pkt->len - inner.len;
	pkt->len = inner.len - header;
	pkt->data += header;
	pkt->head += header;
	return SDESP_OK;
}

static void count(struct sdesp_udp_counters *c, int status)
{
	switch (status) {
	case SDESP_OK:
		c->opened++;
		break;
	case SDESP_ERR_DUMMY:
		c->dummies++;
		break;
	case SDESP_ERR_REPLAY:
		c->replays++;
		break;
	case SDESP_ERR_AUTH:
		c->forged++;
		break;
	case SDESP_ERR_PADDING:
		c->malformed++;
		break;
	case SDESP_ERR_SELECTOR:
		c->selector_in++;
		break;
	case SDESP_ERR_EXPIRED:
		c->expired++;
		break;
	case SDESP_ERR_SHORT:
		c->runts++;
		break;
	default:
		c->unfit++;
		break;
	}
}

/* What packets of one SA have in common. */
struct run {
	struct sdesp_silence *silence;
	uint64_t top; /* highest number before */
	uint64_t now_ms;
};

/* Whatever has the right ICV is a sign of life, also if it is then dropped;
 * but what is malformed inside is not. */
static int settle(struct sdesp_udp *u, struct sdesp_udp_sa *sa,
	struct sdesp_pkt *pkt, struct sdesp_udp_meta *meta, struct run *run)
{
	int status = pkt->status;

	if (status == SDESP_OK || status == SDESP_ERR_DUMMY) {
		sdesp_watch_heard(&sa->watch, run->silence, &sa->flow.remote,
			pkt->seq > run->top, &meta->from, run->now_ms);
		if (pkt->seq > run->top)
			run->top = pkt->seq;
	}
	if (status == SDESP_OK) {
		status = admit(&sa->flow, pkt, meta);
		if (status != SDESP_OK)
			sdesp_wipe(pkt->data, pkt->len);
	}
	count(&u->counters, status);
	return status;
}

static void open(struct sdesp_udp_sa *sa, struct sdesp_pkt *pkts, size_t n,
	uint64_t now_ms)
{
	if (sa->watch.state != SDESP_SA_DEAD) {
		(void)sdesp_divide(&now_ms, 1000);
		sdesp_esp_open(&sa->esp.rx, pkts, n, (uint32_t)now_ms);
		return;
	}
	for (size_t i = 0; i < n; i++)
		pkts[i].status = SDESP_ERR_EXPIRED;
}

/* Open those at the front that are the SA's: how many? */
static size_t take_run(struct sdesp_udp *u, struct sdesp_udp_sa *sa,
	struct sdesp_pkt *pkts, struct sdesp_udp_meta *meta, size_t n,
	uint64_t now_ms)
{
	struct run run = {
		.silence = sdesp_udp_silence(u, sa), .now_ms = now_ms};
	struct sdesp_sa_stats stats;
	size_t len = 1;

	while (len < n &&
		sdesp_esp_spi(pkts[len].data, pkts[len].len) == sa->spi)
		len++;
	sdesp_esp_rx_stats(&sa->esp.rx, &stats);
	run.top = stats.seq;
	open(sa, pkts, len, now_ms);
	for (size_t i = 0; i < len; i++) {
		label(&meta[i], SDESP_UDP_ESP, sa->spi, sa->flow_id);
		pkts[i].status = settle(u, sa, &pkts[i], &meta[i], &run);
	}
	sdesp_esp_rx_stats(&sa->esp.rx, &stats);
	sdesp_watch_aged(&sa->watch, stats.state);
	sdesp_udp_note(u, sa);
	return len;
}

size_t sdesp_udp_input(struct sdesp_udp *u, struct sdesp_pkt *pkts,
	struct sdesp_udp_meta *meta, size_t n, uint64_t now_ms)
{
	size_t good = 0, run;

	for (size_t i = 0; i < n; i += run) {
		struct sdesp_pkt *pkt = &pkts[i];
		enum sdesp_udp_kind kind =
			sdesp_udp_classify(u, pkt->data, pkt->len);
		uint32_t spi = kind == SDESP_UDP_ESP
				       ? sdesp_esp_spi(pkt->data, pkt->len)
				       : 0;
		unsigned slot = sdesp_udp_find_in(u, spi);

		if (slot != 0 &&
			u->sas[slot - 1].watch.state != SDESP_SA_LARVAL) {
			run = take_run(u, &u->sas[slot - 1], pkt, meta + i,
				n - i, now_ms);
			continue;
		}
		label(&meta[i], kind, spi, 0);
		pkt->status = kind == SDESP_UDP_ESP ? stray(u, slot, pkt->len)
						    : sort(u, pkt, kind);
		run = 1;
	}
	for (size_t i = 0; i < n; i++)
		good += pkts[i].status == SDESP_OK;
	return good;
}
