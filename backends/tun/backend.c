/*
 * The methods of struct sdesp_backend_class. SPEC 9.2.
 * SPDX-License-Identifier: MIT
 */
#include "backend.h"

#include <string.h>

#include "events.h"
#include "table.h"
#include "timer.h"

static struct sdesp_tun *self(struct sdesp_backend *be)
{
	return (struct sdesp_tun *)be;
}

static int check_flow(const struct sdesp_flow *flow)
{
	if (sdesp_flow_check(flow) != SDESP_OK)
		return SDESP_ERR_UNSUPPORTED;
	for (unsigned i = 0; flow->mode == SDESP_TUNNEL && i < flow->nts; i++) {
		const struct sdesp_ts *ts = &flow->ts[i];

		if (ts->local.kind != SDESP_TS_PREFIX ||
			ts->remote.kind != SDESP_TS_PREFIX ||
			ts->local.family != ts->remote.family)
			return SDESP_ERR_UNSUPPORTED;
	}
	return SDESP_OK;
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	memset(f, 0, sizeof *f);
	f->suites = (*self(be)->config.crypto)->suites;
	f->max_window = SDESP_MAX_WINDOW;
	f->modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	f->esn = 1;
	f->udp = 1;
	f->raw = 1;
	f->ipv4 = 1;
	f->ipv6 = 1;
}

/* The remote address may not be known yet. */
static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_tun *t = self(be);

	if (spi < SDESP_SPI_MIN)
		return SDESP_ERR_ARG;
	if (sdesp_tun_find_in(t, spi) != 0)
		return SDESP_ERR_EXISTS;
	if (sdesp_tun_sa_put(t, flow, spi, 1) == 0)
		return SDESP_ERR_SPACE;
	return SDESP_OK;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = sdesp_tun_find_in(t, spi);

	(void)flow;
	if (slot == 0 || sdesp_tun_sa(t, slot)->watch.state != SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_tun_sa_remove(t, slot);
	return SDESP_OK;
}

static uint32_t find(const struct sdesp_tun *t, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	return inbound ? sdesp_tun_find_in(t, spi)
		       : sdesp_tun_find_out(t, flow, spi);
}

static int key(struct sdesp_tun *t, struct sdesp_tun_sa *own,
	const struct sdesp_sa *sa, int inbound)
{
	if (inbound)
		return sdesp_esp_rx_init(&own->esp.rx, t->config.crypto, sa);
	return sdesp_esp_tx_init(&own->esp.tx, t->config.crypto, sa, 0);
}

/* A larval SA stays what it is until the keys are in. */
static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = find(t, flow, sa->spi, inbound);
	int fresh = slot == 0, status = check_flow(flow);
	struct sdesp_tun_sa *own;

	if (status != SDESP_OK)
		return status;
	if (!fresh && sdesp_tun_sa(t, slot)->watch.state != SDESP_SA_LARVAL)
		return SDESP_ERR_EXISTS;
	if (fresh)
		slot = sdesp_tun_sa_put(t, flow, sa->spi, inbound);
	if (slot == 0)
		return SDESP_ERR_SPACE;

	own = sdesp_tun_sa(t, slot);
	status = key(t, own, sa, inbound);
	if (status != SDESP_OK) {
		if (fresh)
			sdesp_tun_sa_remove(t, slot);
		return status;
	}
	own->flow = *flow; /* of an inbound one no key depends on it */
	own->suite = sa->suite;
	own->watch.state = SDESP_SA_MATURE;
	own->watch.soft_s = sa->soft.seconds;
	own->watch.hard_s = sa->hard.seconds;
	if (sa->soft.seconds != 0 || sa->hard.seconds != 0)
		sdesp_tun_timer_set(&t->timers, slot - 1, 0);
	if (t->config.keylog != NULL)
		t->config.keylog(t->config.keylog_ctx, flow, sa, inbound);
	return SDESP_OK;
}

/*
 * The policy that sends through the SA goes with it. If the new flow has been
 * given a policy already, that one's word holds, and what stays behind has no
 * SA.
 */
static int move_policy(struct sdesp_tun *t, uint32_t sa,
	const struct sdesp_flow *flow, const struct sdesp_flow *old)
{
	uint32_t from = sdesp_tun_find_policy(t, old);
	uint32_t to = sdesp_tun_find_policy(t, flow), named;
	struct sdesp_tun_policy *p, *other;

	if (from == 0 || from == to)
		return SDESP_OK;
	p = sdesp_tun_policy(t, from);
	named = sdesp_tun_policy_sa(t, p);
	if (named != sa && (named != 0 || to == 0))
		return SDESP_OK;
	if (to == 0)
		return sdesp_tun_policy_rename(t, from, flow);

	sdesp_tun_policy_swap(t, from, to);
	other = sdesp_tun_policy(t, to);
	sdesp_tun_policy_name(t, p, sdesp_tun_policy_sa(t, other));
	p->announce = other->announce;
	sdesp_tun_policy_name(t, other, 0);
	other->announce = 0;
	return SDESP_OK;
}

static int sa_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = find(t, old, spi, inbound);
	uint32_t other = find(t, flow, spi, inbound);
	int status = check_flow(flow);

	if (status != SDESP_OK)
		return status;
	if (slot == 0)
		return SDESP_ERR_GONE;
	if (other != 0 && other != slot)
		return SDESP_ERR_EXISTS;

	if (inbound)
		sdesp_watch_follow(&sdesp_tun_sa(t, slot)->watch,
			sdesp_tun_silence(t, sdesp_tun_sa(t, slot)),
			&old->remote, &flow->remote);
	else
		status = move_policy(t, slot, flow, old);
	if (status == SDESP_OK)
		sdesp_tun_sa_rename(t, slot, flow);
	return status;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = find(t, flow, spi, inbound);

	if (slot == 0 || sdesp_tun_sa(t, slot)->watch.state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_tun_sa_remove(t, slot);
	return SDESP_OK;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = find(t, flow, spi, inbound);
	const struct sdesp_tun_sa *sa;

	if (slot == 0)
		return SDESP_ERR_GONE;
	sa = sdesp_tun_sa(t, slot);
	memset(stats, 0, sizeof *stats);
	if (sa->watch.state != SDESP_SA_LARVAL && inbound)
		sdesp_esp_rx_stats(&sa->esp.rx, stats);
	else if (sa->watch.state != SDESP_SA_LARVAL)
		sdesp_esp_tx_stats(&sa->esp.tx, stats);
	stats->state = sa->watch.state;
	return SDESP_OK;
}

static int policy_set(struct sdesp_backend *be, const struct sdesp_flow *flow,
	enum sdesp_action action, uint32_t spi)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = sdesp_tun_find_policy(t, flow), sa = 0;
	struct sdesp_sa_stats stats = {0};
	struct sdesp_tun_policy *p;
	int status = check_flow(flow);

	if (status != SDESP_OK)
		return status;
	if (action == SDESP_PROTECT) {
		sa = sdesp_tun_find_out(t, flow, spi);
		if (sa == 0)
			return SDESP_ERR_GONE;
		sdesp_esp_tx_stats(&sdesp_tun_sa(t, sa)->esp.tx, &stats);
	}
	if (slot == 0) {
		status = sdesp_tun_policy_put(t, flow, &slot);
		if (status != SDESP_OK)
			return status;
	}
	p = sdesp_tun_policy(t, slot);
	sdesp_tun_policy_name(t, p, sa);
	p->announce = sa != 0 && stats.packets == 0;
	if (sa != 0)
		sdesp_tun_timer_set(
			&t->timers, t->config.max_sas + slot - 1, 0);
	return SDESP_OK;
}

static int policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct sdesp_tun *t = self(be);
	uint32_t slot = sdesp_tun_find_policy(t, flow);

	if (slot == 0)
		return SDESP_ERR_GONE;
	sdesp_tun_policy_remove(t, slot);
	return SDESP_OK;
}

const struct sdesp_backend_class sdesp_tun_class = {
	.version = 1,
	.name = "tun",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sa_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = policy_set,
	.policy_delete = policy_delete,
	.poll = sdesp_tun_poll,
};
