/*
 * The methods of struct sdesp_backend_class. SPEC 9.2.
 * SPDX-License-Identifier: MIT
 */
#include "sdesp_udp.h"

#include <string.h>

#include "base/ct.h"

#include "events.h"
#include "table.h"

static struct sdesp_udp *self(struct sdesp_backend *be)
{
	return (struct sdesp_udp *)be;
}

static int check_flow(const struct sdesp_flow *flow)
{
	return flow->udp ? sdesp_flow_check(flow) : SDESP_ERR_UNSUPPORTED;
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	memset(f, 0, sizeof *f);
	f->suites = (*self(be)->config.crypto)->suites;
	f->max_window = SDESP_MAX_WINDOW;
	f->modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	f->esn = 1;
	f->udp = 1;
	f->ipv4 = 1;
	f->ipv6 = 1;
}

/* The remote address may not be known yet. */
static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_udp *u = self(be);
	unsigned slot;

	if (spi < SDESP_SPI_MIN)
		return SDESP_ERR_ARG;
	if (sdesp_udp_find_in(u, spi) != 0)
		return SDESP_ERR_EXISTS;
	slot = sdesp_udp_find_free(u);
	if (slot == 0)
		return SDESP_ERR_SPACE;
	sdesp_udp_put(u, slot, flow, spi, 1);
	return SDESP_OK;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = sdesp_udp_find_in(u, spi);

	(void)flow;
	if (slot == 0 || u->sas[slot - 1].watch.state != SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_udp_remove(u, slot);
	return SDESP_OK;
}

static unsigned find(const struct sdesp_udp *u, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	return inbound ? sdesp_udp_find_in(u, spi)
		       : sdesp_udp_find_out(u, flow, spi);
}

/* A larval SA stays what it is until the keys are in. */
static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = find(u, flow, sa->spi, inbound);
	int fresh = slot == 0;
	struct sdesp_udp_sa *own;
	int status = check_flow(flow);

	if (status != SDESP_OK)
		return status;
	if (!fresh && u->sas[slot - 1].watch.state != SDESP_SA_LARVAL)
		return SDESP_ERR_EXISTS;
	if (fresh)
		slot = sdesp_udp_find_free(u);
	if (slot == 0)
		return SDESP_ERR_SPACE;

	own = &u->sas[slot - 1];
	if (inbound)
		status = sdesp_esp_rx_init(&own->esp.rx, u->config.crypto, sa);
	else
		status = sdesp_esp_tx_init(
			&own->esp.tx, u->config.crypto, sa, 0);
	if (status != SDESP_OK)
		return status;

	if (fresh)
		sdesp_udp_put(u, slot, flow, sa->spi, inbound);
	own->watch.state = SDESP_SA_MATURE;
	own->flow = *flow;
	own->watch.soft_s = sa->soft.seconds;
	own->watch.hard_s = sa->hard.seconds;
	if (u->config.keylog != NULL)
		u->config.keylog(u->config.keylog_ctx, flow, sa, inbound);
	return SDESP_OK;
}

/*
 * The policy that sends through the SA goes with it and keeps its id. If the
 * new flow has been given a policy already, that one's word holds, and what
 * stays behind has no SA.
 */
static void move_policy(struct sdesp_udp *u, unsigned sa,
	const struct sdesp_flow *flow, const struct sdesp_flow *old)
{
	unsigned from = sdesp_udp_find_policy(u, old);
	unsigned to = sdesp_udp_find_policy(u, flow);
	struct sdesp_udp_policy *p, *other;

	if (from == 0 || from == to)
		return;
	p = &u->policies[from - 1];
	if (p->sa != sa && (p->sa != 0 || to == 0))
		return;
	p->flow = *flow;
	if (to == 0)
		return;
	other = &u->policies[to - 1];
	other->flow = *old;
	p->sa = other->sa;
	p->announce = other->announce;
	other->sa = 0;
	other->announce = 0;
}

static int sa_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = find(u, old, spi, inbound);
	unsigned other = find(u, flow, spi, inbound);
	int status = check_flow(flow);

	if (status != SDESP_OK)
		return status;
	if (slot == 0)
		return SDESP_ERR_GONE;
	if (other != 0 && other != slot)
		return SDESP_ERR_EXISTS;

	if (inbound)
		sdesp_watch_follow(&u->sas[slot - 1].watch,
			sdesp_udp_silence(u, &u->sas[slot - 1]), &old->remote,
			&flow->remote);
	else
		move_policy(u, slot, flow, old);
	u->sas[slot - 1].flow = *flow;
	return SDESP_OK;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = find(u, flow, spi, inbound);

	if (slot == 0 || u->sas[slot - 1].watch.state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_udp_remove(u, slot);
	return SDESP_OK;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = find(u, flow, spi, inbound);
	const struct sdesp_udp_sa *sa;

	if (slot == 0)
		return SDESP_ERR_GONE;
	sa = &u->sas[slot - 1];
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
	struct sdesp_udp *u = self(be);
	unsigned slot = sdesp_udp_find_policy(u, flow), sa = 0;
	struct sdesp_sa_stats stats = {0};
	struct sdesp_udp_policy *p;
	int status = check_flow(flow);

	if (status != SDESP_OK)
		return status;
	if (action == SDESP_PROTECT) {
		sa = sdesp_udp_find_out(u, flow, spi);
		if (sa == 0)
			return SDESP_ERR_GONE;
		sdesp_esp_tx_stats(&u->sas[sa - 1].esp.tx, &stats);
	}
	for (unsigned i = 0; slot == 0 && i < SDESP_UDP_FLOWS; i++) {
		if (!u->policies[i].used)
			slot = i + 1;
	}
	if (slot == 0)
		return SDESP_ERR_SPACE;

	p = &u->policies[slot - 1];
	p->used = 1;
	p->flow = *flow;
	p->sa = (uint16_t)sa;
	p->announce = sa != 0 && stats.packets == 0;
	return SDESP_OK;
}

static int policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct sdesp_udp *u = self(be);
	unsigned slot = sdesp_udp_find_policy(u, flow);
	struct sdesp_udp_policy *p;
	uint32_t turn;

	if (slot == 0)
		return SDESP_ERR_GONE;
	p = &u->policies[slot - 1];
	turn = (p->turn + 1) % (UINT32_MAX / SDESP_UDP_FLOWS);
	memset(p, 0, sizeof *p);
	p->turn = turn;
	return SDESP_OK;
}

static const struct sdesp_backend_class class = {
	.version = 1,
	.name = "udp",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sa_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = policy_set,
	.policy_delete = policy_delete,
	.poll = sdesp_udp_poll,
};

int sdesp_udp_init(struct sdesp_udp *u, const struct sdesp_udp_config *config)
{
	memset(u, 0, sizeof *u);
	if (config->crypto == NULL || config->send == NULL)
		return SDESP_ERR_ARG;
	u->base.vtable = &class;
	u->config = *config;
	return SDESP_OK;
}

void sdesp_udp_close(struct sdesp_udp *u)
{
	sdesp_wipe(u, sizeof *u);
}

uint32_t sdesp_udp_flow(
	const struct sdesp_udp *u, const struct sdesp_flow *flow)
{
	return sdesp_udp_policy_id(u, sdesp_udp_find_policy(u, flow));
}
