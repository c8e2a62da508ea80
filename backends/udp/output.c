/*
 * What leaves: checked against flow and selectors, sealed, handed over.
 * SPEC 8.1 and 9.1. SPDX-License-Identifier: MIT
 */
#include "events.h"
#include "sdesp_inner.h"
#include "table.h"

enum { NEXT_IP4 = 4, NEXT_UDP = 17, NEXT_IP6 = 41, NEXT_DUMMY = 59 };

/* Inner ports of a batch to put headers for. */
struct ports {
	uint16_t local, remote;
};

static int check_raw(const struct sdesp_flow *flow, struct sdesp_pkt *pkt)
{
	struct sdesp_inner inner;
	int status;

	if (flow->mode == SDESP_TUNNEL)
		status = sdesp_inner_packet(&inner, pkt->data, pkt->len);
	else if (pkt->next_header == NEXT_DUMMY)
		return SDESP_OK;
	else
		status = sdesp_inner_payload(
			&inner, flow, 0, pkt->next_header, pkt->data, pkt->len);
	if (status != SDESP_OK || inner.len != pkt->len)
		return SDESP_ERR_ARG;
	if (!sdesp_inner_fits(&inner, flow, 0))
		return SDESP_ERR_SELECTOR;
	if (flow->mode == SDESP_TUNNEL)
		pkt->next_header = inner.src.family == 4 ? NEXT_IP4 : NEXT_IP6;
	return SDESP_OK;
}

static int check_ports(const struct sdesp_flow *flow,
	const struct sdesp_pkt *pkt, const struct ports *ports)
{
	struct sdesp_addr local = flow->local, remote = flow->remote;

	if (flow->mode != SDESP_TRANSPORT)
		return SDESP_ERR_ARG;
	if (pkt->head < SDESP_UDP_HEAD || pkt->tail < SDESP_PKT_TAIL ||
		pkt->len > 65535 - SDESP_INNER_UDP)
		return SDESP_ERR_SPACE;
	local.port = ports->local;
	remote.port = ports->remote;
	if (!sdesp_flow_match(flow, NEXT_UDP, &local, &remote))
		return SDESP_ERR_SELECTOR;
	return SDESP_OK;
}

static void put_header(const struct sdesp_flow *flow, struct sdesp_pkt *pkt,
	const struct ports *ports)
{
	uint8_t *header = pkt->data - SDESP_INNER_UDP;

	sdesp_inner_udp(
		header, flow, ports->local, ports->remote, pkt->data, pkt->len);
	pkt->data = header;
	pkt->head -= SDESP_INNER_UDP;
	pkt->len += SDESP_INNER_UDP;
	pkt->next_header = NEXT_UDP;
}

/* sdesp_udp_send() leaves what was not sealed as it was. */
static void drop_header(struct sdesp_pkt *pkt)
{
	pkt->data += SDESP_INNER_UDP;
	pkt->head += SDESP_INNER_UDP;
	pkt->len -= SDESP_INNER_UDP;
}

static void count(struct sdesp_udp_counters *c, int status)
{
	if (status == SDESP_OK)
		c->sealed++;
	else if (status == SDESP_ERR_BLOCKED)
		c->blocked++;
	else if (status == SDESP_ERR_SELECTOR)
		c->selector_out++;
	else if (status == SDESP_ERR_EXPIRED || status == SDESP_ERR_SEQ)
		c->expired++;
	else
		c->unfit++;
}

/* How many at the front have this to say: good, or not. */
static size_t run_of(const struct sdesp_pkt *pkts, size_t n, int good)
{
	size_t run = 0;

	while (run < n && (pkts[run].status == SDESP_OK) == good)
		run++;
	return run;
}

/* Only packets that were sealed ever reach the send function. */
static size_t hand_over(struct sdesp_udp *u, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	size_t left = 0, run;

	for (size_t i = 0; i < n; i += run) {
		run = run_of(pkts + i, n - i, 1);
		if (run > 0) {
			size_t sent = u->config.send(
				u->config.send_ctx, to, pkts + i, run);

			left += sent;
			u->counters.unsent += run - sent;
		} else {
			run = run_of(pkts + i, n - i, 0);
		}
	}
	return left;
}

static void seal(struct sdesp_udp_sa *sa, struct sdesp_pkt *pkts, size_t n,
	const struct ports *ports)
{
	for (size_t i = 0; ports != NULL && i < n; i++)
		put_header(&sa->flow, &pkts[i], ports);
	sdesp_esp_seal(&sa->esp.tx, pkts, n);
	for (size_t i = 0; ports != NULL && i < n; i++) {
		if (pkts[i].status != SDESP_OK)
			drop_header(&pkts[i]);
	}
}

/* Seal and send those that passed their check. */
static size_t transmit(struct sdesp_udp *u, struct sdesp_udp_sa *sa,
	struct sdesp_pkt *pkts, size_t n, const struct ports *ports)
{
	struct sdesp_sa_stats stats;
	size_t run;

	for (size_t i = 0; i < n; i += run) {
		run = run_of(pkts + i, n - i, 1);
		if (run > 0)
			seal(sa, pkts + i, run, ports);
		else
			run = run_of(pkts + i, n - i, 0);
	}
	sdesp_esp_tx_stats(&sa->esp.tx, &stats);
	sdesp_watch_aged(&sa->watch, stats.state);
	sdesp_udp_note(u, sa);
	for (size_t i = 0; i < n; i++)
		count(&u->counters, pkts[i].status);
	return hand_over(u, &sa->flow.remote, pkts, n);
}

/* None of them leaves. */
static size_t refuse(
	struct sdesp_udp *u, struct sdesp_pkt *pkts, size_t n, int status)
{
	for (size_t i = 0; i < n; i++) {
		pkts[i].status = status;
		count(&u->counters, status);
	}
	return 0;
}

static size_t output(struct sdesp_udp *u, uint32_t flow,
	const struct ports *ports, struct sdesp_pkt *pkts, size_t n,
	uint64_t now_ms)
{
	unsigned slot = sdesp_udp_policy_slot(u, flow);
	struct sdesp_udp_policy *p;
	struct sdesp_udp_sa *sa;
	size_t left;

	if (slot == 0 || u->policies[slot - 1].sa == 0)
		return refuse(u, pkts, n, SDESP_ERR_BLOCKED);
	p = &u->policies[slot - 1];
	sa = &u->sas[p->sa - 1];

	for (size_t i = 0; i < n; i++) {
		struct sdesp_pkt *pkt = &pkts[i];

		if (sa->watch.state == SDESP_SA_DEAD)
			pkt->status = SDESP_ERR_EXPIRED;
		else if (ports != NULL)
			pkt->status = check_ports(&sa->flow, pkt, ports);
		else
			pkt->status = check_raw(&sa->flow, pkt);
	}
	left = transmit(u, sa, pkts, n, ports);
	if (left > 0) {
		p->announce = 0;
		p->sent = 1;
		p->sent_ms = now_ms;
	}
	return left;
}

size_t sdesp_udp_output(struct sdesp_udp *u, uint32_t flow,
	struct sdesp_pkt *pkts, size_t n, uint64_t now_ms)
{
	return output(u, flow, NULL, pkts, n, now_ms);
}

size_t sdesp_udp_send(struct sdesp_udp *u, uint32_t flow, uint16_t local_port,
	uint16_t remote_port, struct sdesp_pkt *pkts, size_t n, uint64_t now_ms)
{
	struct ports ports = {local_port, remote_port};

	return output(u, flow, &ports, pkts, n, now_ms);
}
