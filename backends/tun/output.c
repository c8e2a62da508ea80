/*
 * What the device gives: looked up, planned, sealed, sent. RFC 4301 5.1 and 8.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/be.h"
#include "base/fetch.h"

#include "clamp.h"
#include "header.h"
#include "mtu.h"
#include "piece.h"
#include "seal.h"
#include "selector.h"
#include "table.h"
#include "toobig.h"

enum { LEAST_IP6 = 1280, MOST = 65535 };

struct batch {
	struct sdesp_tun_key keys[SDESP_TUN_BATCH];
	struct sdesp_tun_found found[SDESP_TUN_BATCH];
	struct sdesp_tun_plan plans[SDESP_TUN_BATCH];
};

/* Every table is read for all packets before the next one is for the first of
 * them, so that what is not in the cache comes together. */
static void look_up(
	struct sdesp_tun *t, struct sdesp_pkt *pkts, size_t n, struct batch *b)
{
	memset(b->keys, 0, n * sizeof b->keys[0]);
	for (size_t i = 0; i < n; i++) {
		struct sdesp_inner inner;

		pkts[i].status = SDESP_ERR_ARG;
		if (sdesp_inner_packet(&inner, pkts[i].data, pkts[i].len) !=
				SDESP_OK ||
			inner.len != pkts[i].len)
			continue;
		sdesp_tun_key(&b->keys[i], &inner);
		pkts[i].status = SDESP_OK;
	}
	sdesp_tun_selectors_find(t, b->keys, b->found, n);
	for (size_t i = 0; i < n; i++) {
		b->plans[i].policy = b->found[i].policy;
		if (b->found[i].policy != 0)
			sdesp_fetch(sdesp_tun_policy(t, b->found[i].policy));
		else if (pkts[i].status == SDESP_OK)
			pkts[i].status = SDESP_ERR_BLOCKED;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t policy = b->plans[i].policy, sa = 0;

		if (policy != 0)
			sa = sdesp_tun_policy(t, policy)->sa;
		if (sa != 0)
			sdesp_tun_sa_fetch(t, sdesp_tun_sa(t, sa));
	}
}

static int any_ports(const struct sdesp_tun_policy *p, unsigned number)
{
	const struct sdesp_ts *ts = &p->flow.ts[number];

	return ts->local.lo == 0 && ts->local.hi == 65535 &&
	       ts->remote.lo == 0 && ts->remote.hi == 65535;
}

static void tell(struct sdesp_tun *t, const struct sdesp_pkt *pkt, size_t mtu)
{
	struct sdesp_pkt message = {.data = t->piece};

	t->counters.too_big++;
	message.len = sdesp_tun_too_big(t->piece, pkt->data, pkt->len, mtu);
	if (message.len > 0)
		t->config.answer(t->config.ctx, &message, 1);
}

/* A packet whose outer packet is larger than the path takes. */
static int plan_large(struct sdesp_tun *t, const struct sdesp_pkt *pkt,
	struct sdesp_tun_plan *plan, size_t room, int ports)
{
	const struct sdesp_tun_sa *sa = sdesp_tun_sa(t, plan->sa);
	int v4 = pkt->data[0] >> 4 == 4;

	if (v4 ? plan->df : pkt->len > LEAST_IP6) {
		tell(t, pkt, v4 || room > LEAST_IP6 ? room : LEAST_IP6);
		return SDESP_ERR_LIMIT;
	}
	plan->df = 0;
	plan->way = v4 && !ports && sa->flow.mode == SDESP_TUNNEL
			    ? WAY_CUT_BEFORE
			    : WAY_CUT_AFTER;
	return SDESP_OK;
}

static int plan_one(struct sdesp_tun *t, struct sdesp_pkt *pkt,
	struct sdesp_tun_plan *plan, unsigned selector, uint64_t now_ms)
{
	const struct sdesp_tun_policy *p = sdesp_tun_policy(t, plan->policy);
	int v4 = pkt->data[0] >> 4 == 4;
	const struct sdesp_suite *suite;
	const struct sdesp_tun_sa *sa;
	size_t payload, outer, room;

	plan->sa = sdesp_tun_policy_sa(t, p);
	if (plan->sa == 0)
		return SDESP_ERR_BLOCKED;
	sa = sdesp_tun_sa(t, plan->sa);
	if (sa->watch.state == SDESP_SA_DEAD)
		return SDESP_ERR_EXPIRED;
	plan->header = sdesp_tun_upper(pkt->data, &plan->next_at);
	if (plan->header == 0 && sa->flow.mode == SDESP_TRANSPORT)
		return SDESP_ERR_UNSUPPORTED;
	plan->tos = (uint8_t)sdesp_tun_tos(pkt->data);
	plan->df = !v4 || (sdesp_get16(pkt->data + 6) & IP4_DF) != 0;
	plan->way = WAY_WHOLE;
	plan->mtu = sdesp_tun_path_mtu(t, &sa->flow.remote, now_ms);

	suite = sdesp_suite_by_id(sa->suite);
	payload = pkt->len;
	if (sa->flow.mode == SDESP_TRANSPORT)
		payload -= plan->header;
	outer = sdesp_tun_before(&sa->flow, plan->header) + payload +
		sdesp_suite_overhead(suite, payload);
	if (pkt->head < SDESP_TUN_HEAD || pkt->tail < SDESP_TUN_TAIL ||
		outer > MOST)
		return SDESP_ERR_SPACE;
	room = sdesp_tun_room(suite, &sa->flow, plan->header, plan->mtu);
	t->counters.clamped +=
		(unsigned)sdesp_tun_clamp(pkt->data, pkt->len, room);
	if (outer <= plan->mtu)
		return SDESP_OK;
	return plan_large(t, pkt, plan, room, !any_ports(p, selector));
}

static void count(struct sdesp_tun_counters *c, int status)
{
	if (status == SDESP_ERR_BLOCKED)
		c->blocked++;
	else if (status == SDESP_ERR_EXPIRED)
		c->expired++;
	else if (status != SDESP_OK && status != SDESP_ERR_LIMIT)
		c->unfit++;
}

static size_t piece_of(size_t mtu)
{
	return mtu < SDESP_TUN_PIECE ? mtu : SDESP_TUN_PIECE;
}

/* Sealed as one, sent in pieces. */
static size_t send_cut_after(struct sdesp_tun *t, struct sdesp_pkt *pkt,
	const struct sdesp_tun_plan *plan)
{
	struct sdesp_pkt piece = {.data = t->piece};
	struct sdesp_tun_cut cut = {.ident = 0};
	size_t pieces = 0, left = 0;

	sdesp_tun_seal(t, pkt, plan, 1);
	if (pkt->status != SDESP_OK)
		return 0;
	cut.packet = pkt->data;
	cut.len = pkt->len;
	cut.header = plan->header;
	cut.next_at = plan->next_at;
	if (sdesp_tun_sa(t, plan->sa)->flow.mode == SDESP_TUNNEL) {
		cut.header = sdesp_tun_header_size(pkt->data[0] >> 4);
		cut.next_at = 6;
	}
	cut.ident = (uint32_t)pkt->seq;
	pkt->status = sdesp_tun_cut_begin(&cut, piece_of(plan->mtu));
	while (pkt->status == SDESP_OK &&
		(piece.len = sdesp_tun_cut_next(&cut, piece.data)) != 0) {
		left += sdesp_tun_send(t, &piece, 1);
		pieces++;
	}
	t->counters.pieces += pieces;
	return pkt->status == SDESP_OK && left == pieces;
}

/* Cut, each piece sealed and sent. */
static size_t send_cut_before(struct sdesp_tun *t, struct sdesp_pkt *pkt,
	const struct sdesp_tun_plan *plan)
{
	const struct sdesp_tun_sa *sa = sdesp_tun_sa(t, plan->sa);
	struct sdesp_tun_cut cut = {.packet = pkt->data, .len = pkt->len};
	size_t room = sdesp_tun_room(
		sdesp_suite_by_id(sa->suite), &sa->flow, 0, plan->mtu);
	size_t pieces = 0, left = 0, len;

	cut.header = (size_t)(pkt->data[0] & 15) * 4;
	pkt->status = sdesp_tun_cut_begin(&cut, piece_of(room));
	while (pkt->status == SDESP_OK &&
		(len = sdesp_tun_cut_next(&cut, t->piece + SDESP_TUN_HEAD)) !=
			0) {
		struct sdesp_pkt piece = {.data = t->piece + SDESP_TUN_HEAD,
			.len = len,
			.head = SDESP_TUN_HEAD,
			.tail = SDESP_TUN_TAIL,
			.next_header = NEXT_IP4};

		sdesp_tun_seal(t, &piece, plan, 1);
		left += sdesp_tun_send(t, &piece, 1);
		pkt->status = piece.status;
		pieces++;
	}
	t->counters.pieces += pieces;
	return pkt->status == SDESP_OK && left == pieces;
}

/* Send those at the front that go the same way: how many, and how many of
 * them left? */
static size_t send_run(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_plan *plans, size_t n, size_t *left)
{
	size_t run = 1;

	*left = 0;
	if (pkts->status != SDESP_OK)
		return 1;
	if (plans->way == WAY_CUT_BEFORE) {
		*left = send_cut_before(t, pkts, plans);
		return 1;
	}
	if (plans->way == WAY_CUT_AFTER) {
		*left = send_cut_after(t, pkts, plans);
		return 1;
	}
	while (run < n && pkts[run].status == SDESP_OK &&
		plans[run].policy == plans->policy &&
		plans[run].way == WAY_WHOLE)
		run++;
	sdesp_tun_seal(t, pkts, plans, run);
	*left = sdesp_tun_send(t, pkts, run);
	return run;
}

static size_t output(
	struct sdesp_tun *t, struct sdesp_pkt *pkts, size_t n, uint64_t now_ms)
{
	size_t sent = 0, left, run;
	struct batch b;

	look_up(t, pkts, n, &b);
	for (size_t i = 0; i < n; i++) {
		if (pkts[i].status == SDESP_OK)
			pkts[i].status = plan_one(t, &pkts[i], &b.plans[i],
				b.found[i].selector, now_ms);
		pkts[i].next_header =
			pkts[i].len > 0 && pkts[i].data[0] >> 4 == 4 ? NEXT_IP4
								     : NEXT_IP6;
		count(&t->counters, pkts[i].status);
	}
	for (size_t i = 0; i < n; i += run) {
		run = send_run(t, pkts + i, b.plans + i, n - i, &left);
		if (left > 0) {
			struct sdesp_tun_policy *p =
				sdesp_tun_policy(t, b.plans[i].policy);

			p->announce = 0;
			p->sent = 1;
			p->sent_ms = now_ms;
		}
		sent += left;
	}
	return sent;
}

size_t sdesp_tun_output(
	struct sdesp_tun *t, struct sdesp_pkt *pkts, size_t n, uint64_t now_ms)
{
	size_t sent = 0;

	for (size_t i = 0; i < n; i += SDESP_TUN_BATCH) {
		size_t run = n - i < SDESP_TUN_BATCH ? n - i : SDESP_TUN_BATCH;

		sent += output(t, pkts + i, run, now_ms);
	}
	return sent;
}
