/*
 * The pairs of a session: NEXT is installed, takes over from LIVE, and LIVE
 * drains. SPEC 9.2 and 10.2. SPDX-License-Identifier: MIT
 */
#include "session/session.h"

#include <string.h>

#include "base/ct.h"
#include "sa/lifetime.h"

#define DRAIN_MS 60000
#define OTHER_PERCENT 97 /* of a lifetime, for who did not offer last */

#define WINDOW_MIN 32
#define WINDOW_MAX 4096 /* what WSH may ask for */

/* Our own setting, or more where the peer advises it and the backend can. */
static uint16_t window(const struct sdesp_session *s, uint32_t advice)
{
	struct sdesp_features features;
	uint32_t n = s->policy->window;

	s->backend->vtable->features(s->backend, &features);
	if (advice > WINDOW_MAX)
		advice = WINDOW_MAX;
	if (advice > n)
		n = advice;
	if (n > features.max_window)
		n = features.max_window;
	return (uint16_t)(n > WINDOW_MIN ? n : WINDOW_MIN);
}

struct source {
	struct sdesp_sa_source base;
	const struct sdesp_sa_pair *pair;
	const struct sdesp_keys *keys;
	const struct sdesp_limits *limits;
	uint32_t seconds; /* the peer's limit */
	unsigned percent; /* of a lifetime, for the soft limit */
	int offerer;      /* 1: we are */
};

/* The session keeps the time; the backend also gets the hard limit, so that
 * SAs die with a process that forgot them. */
static void fill(
	const struct sdesp_sa_source *base, struct sdesp_sa *sa, int inbound)
{
	const struct source *source = (const struct source *)base;
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->suite);

	sa->spi = inbound ? source->pair->spi_in : source->pair->spi_out;
	sdesp_lifetime_set(
		sa, source->limits, source->seconds, source->percent, inbound);
	sa->soft.seconds = 0;
	sdesp_keys_keymat(sa->keymat, suite->keymat_len, source->keys,
		inbound == source->offerer, sa->spi);
}

static uint64_t after(uint64_t now_ms, uint32_t seconds)
{
	return seconds != 0 ? now_ms + (uint64_t)seconds * 1000 : 0;
}

int sdesp_install(struct sdesp_session *s, const struct sdesp_outcome *outcome,
	const struct sdesp_keys *keys, int offerer, uint64_t now_ms)
{
	struct sdesp_held *next = &s->held[SDESP_NEXT];
	uint32_t spi = next->pair.spi_in;
	uint8_t parts = next->pair.parts;
	struct source source = {{fill}, &next->pair, keys, &s->policy->hard,
		outcome->seconds,
		offerer ? s->offer.soft_percent : OTHER_PERCENT, offerer};
	uint32_t soft, hard;
	struct sdesp_sa sa;
	int status;

	*next = outcome->held;
	next->pair.spi_in = spi;
	next->pair.parts = parts;

	memset(&sa, 0, sizeof sa);
	sa.suite = next->keying.suite;
	sa.esn = next->keying.esn;
	sa.window = window(s, outcome->window);
	sdesp_lifetime_set(
		&sa, source.limits, source.seconds, source.percent, 0);
	soft = sa.soft.seconds;
	hard = sa.hard.seconds;

	sdesp_end_drain(s);
	status = sdesp_sa_pair_install(&next->pair, &s->held[SDESP_LIVE].pair,
		s->backend, &sa, &source.base);
	if (status != SDESP_OK) {
		sdesp_wipe(&next->keying, sizeof next->keying);
		return status;
	}
	next->since_ms = now_ms;
	next->soft_ms = after(now_ms, soft);
	next->hard_ms = after(now_ms, hard);
	return SDESP_OK;
}

int sdesp_apply(struct sdesp_session *s)
{
	const struct sdesp_held *held =
		&s->held[s->switched ? SDESP_NEXT : SDESP_LIVE];

	if (held->pair.parts == 0)
		return SDESP_OK;
	if (held->quiet || (held->pair.parts & SDESP_PAIR_OUT) == 0)
		return sdesp_sa_pair_block(&held->pair.flow, s->backend);
	return sdesp_sa_pair_send(&held->pair, s->backend);
}

int sdesp_switch(struct sdesp_session *s)
{
	int status;

	s->switched = 1;
	status = sdesp_apply(s);
	if (status != SDESP_OK)
		s->switched = 0;
	return status;
}

void sdesp_end_drain(struct sdesp_session *s)
{
	struct sdesp_held *drain = &s->held[SDESP_DRAIN];

	if (drain->keying.suite == SDESP_SUITE_NONE)
		return;
	sdesp_event_push(s, SDESP_EV_DRAINED, SDESP_OK, drain, NULL);
	(void)sdesp_sa_pair_delete(&drain->pair, s->backend);
	sdesp_wipe(drain, sizeof *drain);
}

void sdesp_promote(struct sdesp_session *s, uint64_t now_ms)
{
	struct sdesp_held *live = &s->held[SDESP_LIVE];
	struct sdesp_held *next = &s->held[SDESP_NEXT];
	struct sdesp_held *drain = &s->held[SDESP_DRAIN];
	uint64_t until = now_ms + DRAIN_MS;
	int rekey = live->keying.suite != SDESP_SUITE_NONE;

	(void)sdesp_sa_pair_retire(&live->pair, &next->pair, s->backend);
	if ((live->pair.parts & SDESP_PAIR_IN) != 0) {
		*drain = *live;
		if (drain->hard_ms == 0 || drain->hard_ms > until)
			drain->hard_ms = until;
	}
	*live = *next;
	sdesp_wipe(next, sizeof *next);
	s->switched = 0;
	s->confirmed = 0;
	if (rekey)
		sdesp_event_push(s, SDESP_EV_REKEYED, SDESP_OK, live, NULL);
}

/* First back to the old outbound SA, then away with the new one. */
void sdesp_drop(struct sdesp_session *s)
{
	struct sdesp_held *next = &s->held[SDESP_NEXT];
	struct sdesp_held *live = &s->held[SDESP_LIVE];
	int status = SDESP_OK;

	if (s->switched) {
		s->switched = 0;
		status = sdesp_apply(s);
	}
	s->confirmed = 0;
	(void)sdesp_sa_pair_delete(&next->pair, s->backend);
	sdesp_wipe(next, sizeof *next);
	if (status != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, status, live, NULL);
}

void sdesp_give_up(struct sdesp_session *s)
{
	sdesp_drop(s);
	sdesp_event_push(
		s, SDESP_EV_REKEY_FAILED, SDESP_OK, &s->held[SDESP_LIVE], NULL);
	sdesp_session_go(s, SDESP_IN_GIVE_UP);
}

void sdesp_expire(struct sdesp_session *s, unsigned role, int status)
{
	struct sdesp_held *held = &s->held[role];
	int blocked = SDESP_OK;

	sdesp_event_push(s, SDESP_EV_EXPIRED, status, held, NULL);
	if (role == (s->switched ? SDESP_NEXT : SDESP_LIVE))
		blocked = sdesp_sa_pair_block(&held->pair.flow, s->backend);
	if (blocked != SDESP_OK)
		sdesp_event_push(s, SDESP_EV_FAILED, blocked, held, NULL);
	(void)sdesp_sa_pair_kill(&held->pair, s->backend);
	held->soft_ms = 0;
	held->hard_ms = 0;
	if (role == SDESP_NEXT && s->state == SDESP_REKEY_ANSWERED)
		sdesp_give_up(s);
}
