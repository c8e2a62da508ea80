/* Time: lifetimes, switch, drain. SPEC 9.3 and 9.4.
 * SPDX-License-Identifier: MIT */
#include "session/session.h"

#define AGAIN_MS 1000 /* after a backend that could not switch */

void sdesp_check_due(struct sdesp_session *s, uint64_t now_ms)
{
	struct sdesp_held *live = &s->held[SDESP_LIVE];

	if (s->state != SDESP_CONFIRMED || live->warned || live->soft_ms == 0 ||
		live->soft_ms > now_ms)
		return;
	live->warned = 1;
	sdesp_event_push(s, SDESP_EV_REKEY_DUE, SDESP_OK, live, NULL);
}

int sdesp_settle(struct sdesp_session *s, uint64_t now_ms)
{
	int status = s->switched ? SDESP_OK : sdesp_switch(s);

	if (status != SDESP_OK || !s->confirmed)
		return status;
	sdesp_promote(s, now_ms);
	sdesp_session_go(s, SDESP_IN_SETTLED);
	return SDESP_OK;
}

/* A rekey that we answered: time is up. One sign will do: ACK, or a packet. */
static void decide(struct sdesp_session *s, uint64_t now_ms)
{
	int status;

	if (s->state != SDESP_REKEY_ANSWERED || now_ms < s->switch_ms)
		return;
	if (!s->confirmed && !s->switched) {
		sdesp_give_up(s);
		return;
	}
	s->confirmed = 1;
	status = sdesp_settle(s, now_ms);
	if (status != SDESP_OK) {
		s->switch_ms = now_ms + AGAIN_MS;
		sdesp_event_push(
			s, SDESP_EV_FAILED, status, &s->held[SDESP_NEXT], NULL);
	}
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

uint64_t sdesp_session_tick(struct sdesp_session *s, uint64_t now_ms)
{
	const struct sdesp_held *live = &s->held[SDESP_LIVE];
	uint64_t when = UINT64_MAX;

	decide(s, now_ms);
	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++) {
		const struct sdesp_held *held = &s->held[i];

		if (held->hard_ms == 0 || held->hard_ms > now_ms)
			continue;
		if (i == SDESP_DRAIN)
			sdesp_end_drain(s);
		else
			sdesp_expire(s, i, SDESP_ERR_EXPIRED);
	}
	sdesp_check_due(s, now_ms);

	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++)
		when = sooner(when, s->held[i].hard_ms);
	if (s->state == SDESP_REKEY_ANSWERED)
		when = sooner(when, s->switch_ms);
	if (s->state == SDESP_CONFIRMED && !live->warned)
		when = sooner(when, live->soft_ms);
	return when;
}
