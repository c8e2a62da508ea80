/*
 * Packets sealed, and outer headers put before them. RFC 4303 3.1, RFC 4301
 * 5.1.2, RFC 3948 2.1. SPDX-License-Identifier: MIT
 */
#include "seal.h"

#include <string.h>

#include "base/be.h"

#include "events.h"
#include "header.h"
#include "sdesp_inner.h"
#include "table.h"

enum { TTL = 64 };

static void grow(struct sdesp_pkt *pkt, size_t size)
{
	pkt->data -= size;
	pkt->head -= size;
	pkt->len += size;
}

/* The IP header of a packet of transport mode makes room for what comes
 * between it and its payload. */
static size_t gap(const struct sdesp_tun_sa *sa)
{
	size_t esp =
		SDESP_ESP_HEADER + (size_t)sdesp_suite_by_id(sa->suite)->iv_len;

	return esp + (sa->flow.udp ? SDESP_INNER_UDP : 0);
}

static void take_header(const struct sdesp_tun_sa *sa, struct sdesp_pkt *pkt,
	const struct sdesp_tun_plan *plan)
{
	pkt->next_header = pkt->data[plan->next_at];
	memmove(pkt->data - gap(sa), pkt->data, plan->header);
	pkt->data += plan->header;
	pkt->head += plan->header;
	pkt->len -= plan->header;
}

/* And back: it says now what follows it, and how much. */
static void put_back_header(
	struct sdesp_pkt *pkt, const struct sdesp_tun_plan *plan, int udp)
{
	uint8_t *p;

	grow(pkt, plan->header);
	p = pkt->data;
	p[plan->next_at] = udp ? NEXT_UDP : NEXT_ESP;
	if (p[0] >> 4 == 4) {
		sdesp_put16(p + 2, (uint16_t)pkt->len);
		sdesp_tun_sum_ip4(p);
	} else {
		sdesp_put16(p + 4, (uint16_t)(pkt->len - IP6_HEADER));
	}
}

/* RFC 3948 2.1: no checksum over IPv4. RFC 8200 8.1: over IPv6 always. */
static void put_udp(const struct sdesp_flow *flow, struct sdesp_pkt *pkt)
{
	uint8_t header[SDESP_INNER_UDP] = {0};

	if (flow->local.family == 6) {
		sdesp_inner_udp(header, flow, flow->local.port,
			flow->remote.port, pkt->data, pkt->len);
	} else {
		sdesp_put16(header, flow->local.port);
		sdesp_put16(header + 2, flow->remote.port);
		sdesp_put16(header + 4, (uint16_t)(sizeof header + pkt->len));
	}
	grow(pkt, sizeof header);
	memcpy(pkt->data, header, sizeof header);
}

static void put_outer(struct sdesp_tun *t, const struct sdesp_flow *flow,
	struct sdesp_pkt *pkt, unsigned tos, int df)
{
	struct sdesp_tun_header h = {.src = &flow->local,
		.dst = &flow->remote,
		.tos = (uint8_t)tos,
		.ttl = TTL,
		.protocol = flow->udp ? NEXT_UDP : NEXT_ESP,
		.df = df != 0};
	size_t len = pkt->len;

	if (!df)
		h.ident = ++t->ident != 0 ? t->ident : ++t->ident;
	grow(pkt, sdesp_tun_header_size(flow->local.family));
	sdesp_tun_header_put(pkt->data, &h, len);
}

static void wrap(struct sdesp_tun *t, const struct sdesp_tun_sa *sa,
	struct sdesp_pkt *pkt, const struct sdesp_tun_plan *plan)
{
	if (sa->flow.udp)
		put_udp(&sa->flow, pkt);
	if (sa->flow.mode == SDESP_TRANSPORT)
		put_back_header(pkt, plan, sa->flow.udp);
	else
		put_outer(t, &sa->flow, pkt, plan->tos, plan->df);
}

static void count(struct sdesp_tun_counters *c, int status)
{
	if (status == SDESP_OK)
		c->sealed++;
	else if (status == SDESP_ERR_EXPIRED || status == SDESP_ERR_SEQ)
		c->expired++;
	else
		c->unfit++;
}

/* Seal those at the front that go: how many are dealt with? */
static size_t seal_run(struct sdesp_tun *t, struct sdesp_tun_sa *sa,
	struct sdesp_pkt *pkts, const struct sdesp_tun_plan *plans, size_t n)
{
	int transport = sa->flow.mode == SDESP_TRANSPORT;
	size_t run = 0;

	while (run < n && pkts[run].status == SDESP_OK) {
		if (transport)
			take_header(sa, &pkts[run], &plans[run]);
		run++;
	}
	if (run == 0)
		return 1;
	sdesp_esp_seal(&sa->esp.tx, pkts, run);
	for (size_t i = 0; i < run; i++) {
		if (pkts[i].status == SDESP_OK)
			wrap(t, sa, &pkts[i], &plans[i]);
		count(&t->counters, pkts[i].status);
	}
	return run;
}

void sdesp_tun_seal(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_plan *plans, size_t n)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, plans[0].sa);
	struct sdesp_sa_stats stats;

	for (size_t i = 0; i < n;)
		i += seal_run(t, sa, pkts + i, plans + i, n - i);
	sdesp_esp_tx_stats(&sa->esp.tx, &stats);
	sdesp_watch_aged(&sa->watch, stats.state);
	sdesp_tun_event_note(t, plans[0].sa);
}

size_t sdesp_tun_send(
	struct sdesp_tun *t, const struct sdesp_pkt *pkts, size_t n)
{
	size_t left = 0, run;

	for (size_t i = 0; i < n; i += run) {
		run = 0;
		while (i + run < n && pkts[i + run].status == SDESP_OK)
			run++;
		if (run > 0) {
			size_t sent =
				t->config.send(t->config.ctx, pkts + i, run);

			left += sent;
			t->counters.unsent += run - sent;
		} else {
			run = 1;
		}
	}
	return left;
}

void sdesp_tun_send_dummy(struct sdesp_tun *t, uint32_t policy)
{
	const struct sdesp_tun_policy *p = sdesp_tun_policy(t, policy);
	uint32_t slot = sdesp_tun_policy_sa(t, p);
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);
	struct sdesp_pkt pkt = {.data = t->piece + SDESP_TUN_HEAD,
		.head = SDESP_TUN_HEAD,
		.tail = SDESP_TUN_TAIL,
		.next_header = NEXT_DUMMY};
	struct sdesp_sa_stats stats;

	sdesp_esp_seal(&sa->esp.tx, &pkt, 1);
	count(&t->counters, pkt.status);
	if (pkt.status == SDESP_OK) {
		if (sa->flow.udp)
			put_udp(&sa->flow, &pkt);
		put_outer(t, &sa->flow, &pkt, 0, 1);
		sdesp_tun_send(t, &pkt, 1);
	}
	sdesp_esp_tx_stats(&sa->esp.tx, &stats);
	sdesp_watch_aged(&sa->watch, stats.state);
	sdesp_tun_event_note(t, slot);
}

void sdesp_tun_send_keepalive(struct sdesp_tun *t, uint32_t policy)
{
	const struct sdesp_flow *flow = &sdesp_tun_policy(t, policy)->flow;
	struct sdesp_pkt pkt = {.data = t->piece + SDESP_TUN_HEAD,
		.len = 1,
		.head = SDESP_TUN_HEAD};

	pkt.data[0] = 0xff;
	put_udp(flow, &pkt);
	put_outer(t, flow, &pkt, 0, 1);
	sdesp_tun_send(t, &pkt, 1);
	t->counters.keepalives_sent++;
}
