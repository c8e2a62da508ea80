/*
 * A backend that keeps books for a state file: SAs, reserved SPIs and
 * policies; packets are moved elsewhere. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/outbound.h"
#include "ports/posix/state.h"

static struct state_backend *books(struct sdesp_backend *be)
{
	return (struct state_backend *)be;
}

static struct state_sa *find(struct state_backend *b, uint32_t spi, int inbound)
{
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		struct state_sa *sa = &b->sas[i];

		if (sa->state != SDESP_SA_NONE && sa->sa.spi == spi &&
			sa->inbound == (inbound != 0))
			return sa;
	}
	return NULL;
}

static struct state_sa *find_free(struct state_backend *b)
{
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		if (b->sas[i].state == SDESP_SA_NONE)
			return &b->sas[i];
	}
	return NULL;
}

static struct state_policy *find_policy(
	struct state_backend *b, const struct sdesp_flow *flow)
{
	unsigned i;

	for (i = 0; i < STATE_POLICIES; i++) {
		struct state_policy *p = &b->policies[i];

		if (p->used && sdesp_flow_equal(&p->flow, flow))
			return p;
	}
	return NULL;
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	struct sdesp_backend *live = books(be)->live;

	if (live != NULL) {
		live->vtable->features(live, f);
		return;
	}
	memset(f, 0, sizeof *f);
	f->suites = SDESP_SUITE_BIT(SDESP_SUITE_END) - 2;
	f->max_window = SDESP_MAX_WINDOW;
	f->modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	f->esn = f->udp = f->raw = f->ipv4 = f->ipv6 = 1;
}

static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct state_backend *b = books(be);
	struct state_sa *sa = find_free(b);
	int status = SDESP_OK;

	if (find(b, spi, 1) != NULL)
		return SDESP_ERR_EXISTS;
	if (sa == NULL)
		return SDESP_ERR_SPACE;
	if (b->live != NULL)
		status = b->live->vtable->spi_reserve(b->live, flow, spi);
	if (status != SDESP_OK)
		return status;
	sa->state = SDESP_SA_LARVAL;
	sa->inbound = 1;
	sa->flow = *flow;
	sa->sa.spi = spi;
	return SDESP_OK;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct state_backend *b = books(be);
	struct state_sa *sa = find(b, spi, 1);

	if (b->live != NULL)
		(void)b->live->vtable->spi_release(b->live, flow, spi);
	if (sa == NULL || sa->state != SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	memset(sa, 0, sizeof *sa);
	return SDESP_OK;
}

static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct state_backend *b = books(be);
	struct state_sa *own = find(b, sa->spi, inbound);
	struct sdesp_replay replay;
	int status = SDESP_OK;

	if (own != NULL && own->state != SDESP_SA_LARVAL)
		return SDESP_ERR_EXISTS;
	if (own == NULL)
		own = find_free(b);
	if (own == NULL)
		return SDESP_ERR_SPACE;
	memset(&replay, 0, sizeof replay);
	if (inbound)
		status = sdesp_replay_init(&replay, sa->window);
	if (status == SDESP_OK && b->live != NULL)
		status = b->live->vtable->sa_add(b->live, flow, sa, inbound);
	if (status != SDESP_OK)
		return status;
	memset(own, 0, sizeof *own);
	own->state = SDESP_SA_MATURE;
	own->inbound = inbound != 0;
	own->flow = *flow;
	own->sa = *sa;
	own->added_ms = b->now_ms;
	own->stats.state = SDESP_SA_MATURE;
	own->replay = replay;
	if (b->live != NULL) {
		state_backend_claim(b, own);
		own->lent = STATE_LIVE;
		own->stats.seq = inbound ? 0 : OUTBOUND_BLOCK;
	}
	return SDESP_OK;
}

static int sa_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct state_backend *b = books(be);
	struct state_sa *sa = find(b, spi, inbound);

	if (sa == NULL)
		return SDESP_ERR_GONE;
	if (b->live != NULL) {
		int status = b->live->vtable->sa_move(
			b->live, flow, old, spi, inbound);

		/* An SA that is closed here has no part in what is live. */
		if (status != SDESP_OK && status != SDESP_ERR_GONE)
			return status;
	}
	sa->flow = *flow;
	return SDESP_OK;
}

/* What an SA has moved counts when it is gone, too. */
static void keep_count(struct state_backend *b, const struct state_sa *sa)
{
	struct sdesp_sa_stats *kept = &b->gone[sa->inbound], now;

	if (sa->lent != STATE_LIVE ||
		b->live->vtable->sa_query(b->live, &sa->flow, sa->sa.spi,
			sa->inbound, &now) != SDESP_OK)
		return;
	kept->packets += now.packets;
	kept->replays += now.replays;
	kept->icv_failures += now.icv_failures;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct state_backend *b = books(be);
	struct state_sa *sa = find(b, spi, inbound);

	if (b->live != NULL && sa != NULL)
		keep_count(b, sa);
	if (b->live != NULL)
		(void)b->live->vtable->sa_delete(b->live, flow, spi, inbound);
	if (sa == NULL || sa->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	explicit_bzero(sa, sizeof *sa);
	return SDESP_OK;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct state_backend *b = books(be);
	const struct state_sa *sa = find(b, spi, inbound);

	if (sa == NULL)
		return SDESP_ERR_GONE;
	if (b->live == NULL || b->live->vtable->sa_query(b->live, flow, spi,
				       inbound, stats) != SDESP_OK) {
		*stats = sa->stats;
		return SDESP_OK;
	}
	/* What was counted before it lived there. */
	stats->packets =
		inbound ? stats->packets + sa->stats.packets : stats->seq;
	stats->bytes += sa->stats.bytes;
	stats->replays += sa->stats.replays;
	stats->icv_failures += sa->stats.icv_failures;
	stats->malformed += sa->stats.malformed;
	return SDESP_OK;
}

static int policy_set(struct sdesp_backend *be, const struct sdesp_flow *flow,
	enum sdesp_action action, uint32_t spi)
{
	struct state_backend *b = books(be);
	struct state_policy *p = find_policy(b, flow);
	unsigned i;

	if (b->live != NULL) {
		int status =
			b->live->vtable->policy_set(b->live, flow, action, spi);

		if (status != SDESP_OK)
			return status;
	}
	for (i = 0; p == NULL && i < STATE_POLICIES; i++) {
		if (!b->policies[i].used)
			p = &b->policies[i];
	}
	if (p == NULL)
		return SDESP_ERR_SPACE;
	p->used = 1;
	p->action = (uint8_t)action;
	p->spi = action == SDESP_PROTECT ? spi : 0;
	p->flow = *flow;
	return SDESP_OK;
}

static int policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct state_backend *b = books(be);
	struct state_policy *p = find_policy(b, flow);

	if (b->live != NULL)
		(void)b->live->vtable->policy_delete(b->live, flow);
	if (p == NULL)
		return SDESP_ERR_GONE;
	memset(p, 0, sizeof *p);
	return SDESP_OK;
}

/* What the live backend saw comes first, then what commands told. */
static int poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct state_backend *b = books(be);

	if (b->live != NULL) {
		int n = b->live->vtable->poll(b->live, ev);

		if (n != 0)
			return n;
	}
	if (b->nevents == 0)
		return 0;
	*ev = b->events[0];
	b->nevents--;
	memmove(b->events, b->events + 1, b->nevents * sizeof b->events[0]);
	return 1;
}

static const struct sdesp_backend_class class = {
	.version = 1,
	.name = "state",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sa_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = policy_set,
	.policy_delete = policy_delete,
	.poll = poll,
};

void state_backend_init(struct state_backend *b)
{
	memset(b, 0, sizeof *b);
	b->base.vtable = &class;
}

struct state_sa *state_backend_find(
	struct state_backend *b, uint32_t spi, int inbound)
{
	struct state_sa *sa = find(b, spi, inbound);

	return sa != NULL && sa->state != SDESP_SA_LARVAL ? sa : NULL;
}

void state_backend_event(
	struct state_backend *b, const struct state_sa *sa, unsigned type)
{
	struct sdesp_backend_event *ev;

	if (b->nevents == STATE_EVENTS)
		return; /* room for every SA to tell once what matters */
	ev = &b->events[b->nevents++];
	memset(ev, 0, sizeof *ev);
	ev->type = (uint8_t)type;
	ev->inbound = sa->inbound;
	ev->spi = sa->sa.spi;
	ev->local = sa->flow.local;
}
