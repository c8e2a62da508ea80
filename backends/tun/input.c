/*
 * What comes from the network: opened, held against the selectors, made an IP
 * packet for the device. SPEC 8.3 to 8.9, RFC 4301 5.2, RFC 6040 4.2.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/be.h"
#include "base/ct.h"
#include "base/sum.h"

#include "clamp.h"
#include "events.h"
#include "header.h"
#include "mtu.h"
#include "sdesp_inner.h"
#include "table.h"

enum { ECN = 3, NOT_ECT = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = 4 };

/* RFC 6040 figure 4: the ECN field that leaves, by inner and outer one. */
static const uint8_t congestion[4][4] = {
	[NOT_ECT] = {NOT_ECT, NOT_ECT, NOT_ECT, DROP},
	[ECT1] = {ECT1, ECT1, ECT1, CE},
	[ECT0] = {ECT0, ECT1, ECT0, CE},
	[CE] = {CE, CE, CE, CE},
};

static int admit_tunnel(const struct sdesp_flow *flow, struct sdesp_pkt *pkt,
	unsigned outer_tos)
{
	struct sdesp_inner inner;
	unsigned tos, ecn;

	if (sdesp_inner_packet(&inner, pkt->data, pkt->len) != SDESP_OK ||
		pkt->next_header !=
			(inner.src.family == 4 ? NEXT_IP4 : NEXT_IP6))
		return SDESP_ERR_PADDING;
	if (!sdesp_inner_fits(&inner, flow, 1))
		return SDESP_ERR_SELECTOR;
	tos = sdesp_tun_tos(pkt->data);
	ecn = congestion[tos & ECN][outer_tos & ECN];
	if (ecn == DROP)
		return SDESP_ERR_BLOCKED;
	pkt->tail += pkt->len - inner.len;
	pkt->len = inner.len;
	if (ecn != (tos & ECN))
		sdesp_tun_set_tos(pkt->data, (tos & ~(unsigned)ECN) | ecn);
	return SDESP_OK;
}

/* NAT has changed addresses that the sum covers, and the ICV has proved more
 * than it (RFC 3948 3.1.2). UDP over IPv4 may have none. */
static void sum_anew(uint8_t *packet, size_t header, size_t len, int udp)
{
	uint8_t *p = packet + header, *sum = p + (udp ? 6 : 16);
	uint64_t s;

	if (udp && packet[0] >> 4 == 4 && sdesp_get16(sum) == 0)
		return;
	sdesp_put16(sum, 0);
	s = sdesp_tun_pseudo(packet, udp ? NEXT_UDP : NEXT_TCP, len);
	s = sdesp_sum(s, p, len);
	sdesp_put16(sum, udp ? sdesp_sum_udp(s) : sdesp_sum_fold(s));
}

static int admit_transport(const struct sdesp_flow *flow, struct sdesp_pkt *pkt,
	const struct sdesp_tun_meta *meta)
{
	struct sdesp_tun_header h = {.src = &flow->remote,
		.dst = &flow->local,
		.tos = meta->tos,
		.ttl = meta->ttl,
		.protocol = pkt->next_header,
		.df = 1};
	size_t header = sdesp_tun_header_size(flow->local.family);
	struct sdesp_inner inner;
	int tcp = pkt->next_header == NEXT_TCP;
	int udp = pkt->next_header == NEXT_UDP;

	if (sdesp_inner_payload(&inner, flow, 1, pkt->next_header, pkt->data,
		    pkt->len) != SDESP_OK ||
		inner.len > 65535 - header || (tcp && inner.len < 20))
		return SDESP_ERR_PADDING;
	if (!sdesp_inner_fits(&inner, flow, 1))
		return SDESP_ERR_SELECTOR;
	pkt->tail += pkt->len - inner.len;
	pkt->len = header + inner.len;
	pkt->data -= header;
	pkt->head -= header;
	sdesp_tun_header_put(pkt->data, &h, inner.len);
	if (flow->udp && (tcp || udp))
		sum_anew(pkt->data, header, inner.len, udp);
	return SDESP_OK;
}

static void clamp(struct sdesp_tun *t, const struct sdesp_tun_sa *sa,
	const struct sdesp_pkt *pkt, uint64_t now_ms)
{
	size_t mtu = sdesp_tun_path_mtu(t, &sa->flow.remote, now_ms);
	struct sdesp_inner inner;

	mtu = sdesp_tun_mtu(sdesp_suite_by_id(sa->suite), &sa->flow, mtu);
	if (sdesp_inner_packet(&inner, pkt->data, pkt->len) == SDESP_OK)
		t->counters.clamped +=
			(unsigned)sdesp_tun_clamp(pkt->data, pkt->len, mtu);
}

static void count(struct sdesp_tun_counters *c, int status)
{
	static const struct {
		int status;
		size_t at;
	} rows[] = {
		{SDESP_OK, offsetof(struct sdesp_tun_counters, opened)},
		{SDESP_ERR_DUMMY, offsetof(struct sdesp_tun_counters, dummies)},
		{SDESP_ERR_REPLAY,
			offsetof(struct sdesp_tun_counters, replays)},
		{SDESP_ERR_AUTH, offsetof(struct sdesp_tun_counters, forged)},
		{SDESP_ERR_PADDING,
			offsetof(struct sdesp_tun_counters, malformed)},
		{SDESP_ERR_SELECTOR,
			offsetof(struct sdesp_tun_counters, selector_in)},
		{SDESP_ERR_BLOCKED,
			offsetof(struct sdesp_tun_counters, congested)},
		{SDESP_ERR_EXPIRED,
			offsetof(struct sdesp_tun_counters, expired)},
		{SDESP_ERR_SHORT, offsetof(struct sdesp_tun_counters, runts)},
	};
	size_t at = offsetof(struct sdesp_tun_counters, unfit);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].status == status)
			at = rows[i].at;
	}
	++*(uint64_t *)((char *)c + at);
}

/* What packets of one SA have in common. */
struct run {
	struct sdesp_silence *silence;
	uint64_t top; /* highest number before */
	uint64_t now_ms;
};

/* Whatever has the right ICV is a sign of life, also if it is then dropped;
 * but what is malformed inside is not. */
static int settle(struct sdesp_tun *t, struct sdesp_tun_sa *sa,
	struct sdesp_pkt *pkt, const struct sdesp_tun_meta *meta,
	struct run *run)
{
	const struct sdesp_flow *flow = &sa->flow;
	const struct sdesp_addr *from = flow->udp ? &meta->from : &flow->remote;
	int status = pkt->status;

	if (status == SDESP_OK || status == SDESP_ERR_DUMMY) {
		sdesp_watch_heard(&sa->watch, run->silence, &flow->remote,
			pkt->seq > run->top, from, run->now_ms);
		if (pkt->seq > run->top)
			run->top = pkt->seq;
	}
	if (status == SDESP_OK) {
		status = flow->mode == SDESP_TUNNEL
				 ? admit_tunnel(flow, pkt, meta->tos)
				 : admit_transport(flow, pkt, meta);
		if (status == SDESP_OK)
			clamp(t, sa, pkt, run->now_ms);
		else
			sdesp_wipe(pkt->data, pkt->len);
	}
	count(&t->counters, status);
	return status;
}

static void open(struct sdesp_tun_sa *sa, struct sdesp_pkt *pkts, size_t n,
	uint64_t now_ms)
{
	if (sa->watch.state != SDESP_SA_DEAD) {
		sdesp_esp_open(&sa->esp.rx, pkts, n, (uint32_t)(now_ms / 1000));
		return;
	}
	for (size_t i = 0; i < n; i++)
		pkts[i].status = SDESP_ERR_EXPIRED;
}

/* Open packets that are one SA's. */
static void take_run(struct sdesp_tun *t, uint32_t slot, struct sdesp_pkt *pkts,
	const struct sdesp_tun_meta *meta, size_t n, uint64_t now_ms)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);
	struct run run = {
		.silence = sdesp_tun_silence(t, sa), .now_ms = now_ms};
	struct sdesp_sa_stats stats;

	sdesp_esp_rx_stats(&sa->esp.rx, &stats);
	run.top = stats.seq;
	open(sa, pkts, n, now_ms);
	for (size_t i = 0; i < n; i++)
		pkts[i].status = settle(t, sa, &pkts[i], &meta[i], &run);
	sdesp_esp_rx_stats(&sa->esp.rx, &stats);
	sdesp_watch_aged(&sa->watch, stats.state);
	sdesp_tun_event_note(t, slot);
}

/* A packet that is of no SA with keys. */
static int stray(
	struct sdesp_tun *t, const struct sdesp_pkt *pkt, int udp, int larval)
{
	struct sdesp_tun_counters *c = &t->counters;

	if (udp && pkt->len == 1 && pkt->data[0] == 0xff) {
		c->keepalives++;
		return SDESP_ERR_SHORT;
	}
	if (pkt->len < 8) {
		c->runts++;
		return SDESP_ERR_SHORT;
	}
	if (udp && sdesp_esp_spi(pkt->data, pkt->len) < SDESP_SPI_MIN)
		c->foreign++;
	else if (larval)
		c->early++;
	else
		c->unknown_spi++;
	return SDESP_ERR_SPI;
}

/* The slot of the SA with keys that a packet is for, where slot is that of its
 * SPI; or 0, and its status says why. */
static uint32_t find(struct sdesp_tun *t, struct sdesp_pkt *pkt,
	const struct sdesp_tun_meta *meta, uint32_t slot)
{
	const struct sdesp_tun_sa *sa;
	int larval = 0;

	if (slot != 0) {
		sa = sdesp_tun_sa(t, slot);
		larval = sa->watch.state == SDESP_SA_LARVAL;
		if (!sa->flow.udp != !meta->udp)
			slot = 0;
	}
	if (slot == 0 || larval) {
		pkt->status = stray(t, pkt, meta->udp, larval);
		return 0;
	}
	if (pkt->head < SDESP_TUN_HEAD) {
		pkt->status = SDESP_ERR_SPACE;
		count(&t->counters, pkt->status);
		return 0;
	}
	return slot;
}

static void input(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_meta *meta, size_t n, uint64_t now_ms)
{
	uint32_t slots[SDESP_TUN_BATCH];
	size_t run;

	for (size_t i = 0; i < n; i++)
		slots[i] = sdesp_tun_find_in(
			t, sdesp_esp_spi(pkts[i].data, pkts[i].len));
	for (size_t i = 0; i < n; i++) {
		if (slots[i] != 0)
			sdesp_tun_sa_fetch(t, sdesp_tun_sa(t, slots[i]));
	}
	for (size_t i = 0; i < n; i++)
		slots[i] = find(t, &pkts[i], &meta[i], slots[i]);
	for (size_t i = 0; i < n; i += run) {
		run = 1;
		if (slots[i] == 0)
			continue;
		while (i + run < n && slots[i + run] == slots[i])
			run++;
		take_run(t, slots[i], pkts + i, meta + i, run, now_ms);
	}
}

size_t sdesp_tun_input(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_meta *meta, size_t n, uint64_t now_ms)
{
	size_t good = 0;

	for (size_t i = 0; i < n; i += SDESP_TUN_BATCH) {
		size_t run = n - i < SDESP_TUN_BATCH ? n - i : SDESP_TUN_BATCH;

		input(t, pkts + i, meta + i, run, now_ms);
	}
	for (size_t i = 0; i < n; i++)
		good += pkts[i].status == SDESP_OK;
	return good;
}
