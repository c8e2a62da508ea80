/* What the backend reports. SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT */
#include <string.h>

#include "nego/address.h"
#include "session/session.h"

#define QUIET_MS 2000  /* nothing from the old address for so long */
#define APART_MS 10000 /* between two moves */

static int mine(const struct sdesp_held *held, uint32_t spi, int inbound,
	const struct sdesp_addr *local)
{
	unsigned part = inbound ? SDESP_PAIR_IN : SDESP_PAIR_OUT;

	return (held->pair.parts & part) != 0 &&
	       spi == (inbound ? held->pair.spi_in : held->pair.spi_out) &&
	       sdesp_addr_equal(&held->pair.flow.local, local);
}

/* A first packet on the new pair: the peer uses it, so do we. */
static void used(struct sdesp_session *s, unsigned role, uint64_t now_ms)
{
	if (role == SDESP_NEXT && s->state == SDESP_REKEY_ANSWERED &&
		!s->switched && sdesp_settle(s, now_ms) != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, SDESP_ERR_BACKEND,
			&s->held[role], NULL);
}

static void soft(struct sdesp_session *s, unsigned role, uint64_t now_ms)
{
	struct sdesp_held *held = &s->held[role];

	if (role == SDESP_DRAIN || held->warned)
		return;
	if (held->soft_ms == 0 || held->soft_ms > now_ms)
		held->soft_ms = now_ms;
	sdesp_check_due(s, now_ms);
}

static void hard(struct sdesp_session *s, unsigned role, int status)
{
	if (role == SDESP_DRAIN)
		sdesp_end_drain(s);
	else
		sdesp_expire(s, role, status);
}

/* May the peer's packets lead us to this address? */
static int follow(const struct sdesp_session *s, unsigned role,
	const struct sdesp_backend_event *event, uint64_t now_ms)
{
	const struct sdesp_held *held = &s->held[role];
	const struct sdesp_flow *flow = &held->pair.flow;
	int never = event->quiet_ms == UINT32_MAX;

	if (role == SDESP_DRAIN || !flow->udp ||
		s->policy->move == SDESP_MOVE_NEVER ||
		(s->policy->move == SDESP_MOVE_NAT && !held->natted && !never))
		return 0;
	if (event->quiet_ms < QUIET_MS ||
		(s->has_moved && now_ms - s->moved_ms < APART_MS))
		return 0;
	return sdesp_address_refusal(&event->addr, &flow->local, 1,
		       s->policy->loopback) == NULL;
}

/* Pairs of one flow move together: they share its policy. */
static unsigned together(const struct sdesp_session *s, unsigned role)
{
	const struct sdesp_sa_pair *live = &s->held[SDESP_LIVE].pair;
	const struct sdesp_sa_pair *next = &s->held[SDESP_NEXT].pair;

	if (live->parts != 0 && next->parts != 0 &&
		sdesp_flow_equal(&live->flow, &next->flow))
		return 1u << SDESP_LIVE | 1u << SDESP_NEXT;
	return 1u << role;
}

static void moved(struct sdesp_session *s, unsigned role,
	const struct sdesp_backend_event *event, uint64_t now_ms)
{
	struct sdesp_held *held = &s->held[role];
	unsigned roles = together(s, role);

	if (sdesp_addr_equal(&event->addr, &held->pair.flow.remote) ||
		sdesp_addr_equal(
			&event->addr, &s->held[SDESP_LIVE].pair.flow.remote))
		return;
	if (!follow(s, role, event, now_ms) ||
		sdesp_move(s, roles, &held->pair.flow.local, &event->addr) !=
			SDESP_OK) {
		sdesp_event_push(s, SDESP_EV_PEER_ELSEWHERE, SDESP_OK, held,
			&event->addr);
		return;
	}
	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++) {
		if ((roles >> i & 1) != 0 && event->quiet_ms == UINT32_MAX)
			s->held[i].natted = 1;
	}
	s->before.held = 0;
	s->has_moved = 1;
	s->moved_ms = now_ms;
	sdesp_event_push(s, SDESP_EV_PEER_MOVED, SDESP_OK, held, &event->addr);
}

static void take(struct sdesp_session *s, unsigned role,
	const struct sdesp_backend_event *event, uint64_t now_ms)
{
	switch (event->type) {
	case SDESP_BACKEND_USED:
		used(s, role, now_ms);
		break;
	case SDESP_BACKEND_SOFT:
		soft(s, role, now_ms);
		break;
	case SDESP_BACKEND_HARD:
		hard(s, role, SDESP_ERR_EXPIRED);
		break;
	case SDESP_BACKEND_GONE:
		hard(s, role, SDESP_ERR_GONE);
		break;
	case SDESP_BACKEND_MOVED:
		if (event->inbound)
			moved(s, role, event, now_ms);
		break;
	default:
		break;
	}
}

/* Ask for one SA what its events would have said. */
static void query(
	struct sdesp_session *s, unsigned role, int inbound, uint64_t now_ms)
{
	const struct sdesp_sa_pair *pair = &s->held[role].pair;
	unsigned part = inbound ? SDESP_PAIR_IN : SDESP_PAIR_OUT;
	struct sdesp_sa_stats stats;
	int status;

	if ((pair->parts & part) == 0 || s->backend->vtable->sa_query == NULL)
		return;
	memset(&stats, 0, sizeof stats);
	status = s->backend->vtable->sa_query(s->backend, &pair->flow,
		inbound ? pair->spi_in : pair->spi_out, inbound, &stats);
	if (status == SDESP_ERR_GONE)
		hard(s, role, status);
	else if (status == SDESP_OK && stats.state == SDESP_SA_DEAD)
		hard(s, role, SDESP_ERR_EXPIRED);
	else if (status == SDESP_OK && stats.state == SDESP_SA_DYING)
		soft(s, role, now_ms);
	else if (status == SDESP_OK && inbound && stats.packets > 0)
		used(s, role, now_ms);
}

int sdesp_session_notify(struct sdesp_session *s,
	const struct sdesp_backend_event *event, uint64_t now_ms)
{
	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++) {
		if (event->type == SDESP_BACKEND_LOST) {
			query(s, i, 1, now_ms);
			query(s, i, 0, now_ms);
		} else if (mine(&s->held[i], event->spi, event->inbound,
				   &event->local)) {
			take(s, i, event, now_ms);
			return 1;
		}
	}
	return 0;
}

int sdesp_sessions_poll(struct sdesp_backend *backend,
	struct sdesp_session *const *sessions, size_t n, uint64_t now_ms)
{
	struct sdesp_backend_event event;
	int more;

	if (backend->vtable->poll == NULL)
		return SDESP_OK;
	while ((more = backend->vtable->poll(backend, &event)) == 1) {
		for (size_t i = 0; i < n; i++) {
			if (sdesp_session_notify(sessions[i], &event, now_ms))
				break;
		}
	}
	return more;
}
