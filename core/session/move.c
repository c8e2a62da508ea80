/* Pairs that change their outer addresses. SPEC 10.3 and 10.6.
 * SPDX-License-Identifier: MIT */
#include "session/session.h"

#define COMPLETE (SDESP_PAIR_IN | SDESP_PAIR_OUT)

static int move_all(struct sdesp_session *s, unsigned roles,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	int status = SDESP_OK;

	for (unsigned i = 0; i < SDESP_HELD_ROLES && status == SDESP_OK; i++) {
		struct sdesp_sa_pair *pair = &s->held[i].pair;

		if ((roles >> i & 1) != 0 && (pair->parts & SDESP_PAIR_IN) != 0)
			status = sdesp_sa_pair_move(
				pair, s->backend, local, remote);
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
	const struct sdesp_held *sender =
		&s->held[s->switched ? SDESP_NEXT : SDESP_LIVE];
	struct sdesp_addr old_local = sender->pair.flow.local;
	struct sdesp_addr old_remote = sender->pair.flow.remote;
	int status = move_all(s, roles, local, remote);

	if (status == SDESP_OK)
		status = sdesp_apply(s);
	if (status == SDESP_OK)
		return SDESP_OK;
	if (move_all(s, roles, &old_local, &old_remote) != SDESP_OK ||
		sdesp_apply(s) != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, status, sender, NULL);
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
