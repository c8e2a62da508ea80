/* Pairs that change their outer addresses. SPEC 10.3 and 10.6.
 * SPDX-License-Identifier: MIT */
#include "session/session.h"

#define COMPLETE (SDESP_PAIR_IN | SDESP_PAIR_OUT)

/* A reservation has no address to move to yet. */
static int moves(const struct sdesp_session *s, unsigned role, unsigned roles)
{
	return (roles >> role & 1) != 0 &&
	       (s->held[role].pair.parts & ~SDESP_PAIR_LARVAL) != 0;
}

static int move_all(struct sdesp_session *s, unsigned roles,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	int status = SDESP_OK;

	for (unsigned i = 0; i < SDESP_HELD_ROLES && status == SDESP_OK; i++) {
		if (moves(s, i, roles))
			status = sdesp_sa_pair_move(
				&s->held[i].pair, s->backend, local, remote);
	}
	return status;
}

/* A pair that lost an SA on the way there and back is of no use. */
static void bury(struct sdesp_session *s, unsigned roles, int status)
{
	for (unsigned i = 0; i < SDESP_DRAIN; i++) {
		unsigned parts = s->held[i].pair.parts & COMPLETE;

		if ((roles >> i & 1) != 0 && parts != 0 && parts != COMPLETE)
			sdesp_expire(s, i, status);
	}
	if ((s->held[SDESP_DRAIN].pair.parts & SDESP_PAIR_IN) == 0)
		sdesp_end_drain(s);
}

int sdesp_move(struct sdesp_session *s, unsigned roles,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	unsigned role =
		(roles & 1u << SDESP_LIVE) != 0 ? SDESP_LIVE : SDESP_NEXT;
	const struct sdesp_held *held = &s->held[role];
	struct sdesp_addr old_local = held->pair.flow.local;
	struct sdesp_addr old_remote = held->pair.flow.remote;
	int status = move_all(s, roles, local, remote);

	if (status == SDESP_OK)
		status = sdesp_apply(s);
	if (status == SDESP_OK)
		return SDESP_OK;
	if (move_all(s, roles, &old_local, &old_remote) != SDESP_OK ||
		sdesp_apply(s) != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, status, held, NULL);
	bury(s, roles, status);
	return status;
}

int sdesp_apply_refresh(struct sdesp_session *s,
	const struct sdesp_outcome *outcome, const struct sdesp_addr *local)
{
	struct sdesp_held *live = &s->held[SDESP_LIVE];
	struct sdesp_addr own = *local;
	uint8_t quiet = live->quiet;
	int status;

	if (!live->pair.flow.udp)
		own.port = 0;
	live->quiet = outcome->held.quiet;
	status = sdesp_move(s, 1u << SDESP_LIVE | 1u << SDESP_DRAIN, &own,
		&outcome->held.pair.flow.remote);
	if (status != SDESP_OK) {
		live->quiet = quiet;
		if (sdesp_apply(s) != SDESP_OK)
			sdesp_event_push(
				s, SDESP_EV_FAILED, status, live, NULL);
		return status;
	}
	live->said = outcome->held.said;
	live->natted = outcome->held.natted;
	return SDESP_OK;
}

void sdesp_undo_refresh(struct sdesp_session *s, uint64_t now_ms)
{
	struct sdesp_held *live = &s->held[SDESP_LIVE];
	struct sdesp_before before = s->before;
	int status;

	s->before.held = 0;
	if (!before.held || now_ms >= before.until_ms)
		return;
	live->quiet = before.quiet;
	live->natted = before.natted;
	live->said = before.said;
	status = sdesp_move(s, 1u << SDESP_LIVE | 1u << SDESP_DRAIN,
		&before.local, &before.remote);
	if (status != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, status, live, NULL);
}
