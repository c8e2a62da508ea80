/* Our answers, and what confirms them. SPEC 5.2 and 9.4.
 * SPDX-License-Identifier: MIT */
#include "base/ct.h"
#include "nego/refuse.h"
#include "session/session.h"

#define SETTLE_MS 2000   /* after ACK, without a packet on the new pair */
#define GIVE_UP_MS 32000 /* 64 * T1 of RFC 3261: no ACK will come */

/* How it is before a refresh, in case that fails after our answer. */
static void remember(struct sdesp_session *s, uint64_t now_ms)
{
	const struct sdesp_held *live = &s->held[SDESP_LIVE];
	struct sdesp_before *before = &s->before;

	before->held = 1;
	before->quiet = live->quiet;
	before->natted = live->natted;
	before->local = live->pair.flow.local;
	before->remote = live->pair.flow.remote;
	before->said = live->said;
	before->until_ms = now_ms + GIVE_UP_MS;
}

/* ACK, or what stands for it, of the answer to the first offer. */
static int establish(struct sdesp_session *s, uint64_t now_ms)
{
	const struct sdesp_held *live = &s->held[SDESP_LIVE];
	int status = sdesp_switch(s);

	if (status != SDESP_OK)
		return status;
	sdesp_promote(s, now_ms);
	if ((live->pair.parts & SDESP_PAIR_OUT) != 0)
		sdesp_event_push(s, SDESP_EV_ESTABLISHED, SDESP_OK, live, NULL);
	sdesp_session_go(s, SDESP_IN_CONFIRM);
	return SDESP_OK;
}

/* A refresh says which pair the peer goes by: that ends our open answer. */
static int end_answer(struct sdesp_session *s,
	const struct sdesp_outcome *outcome, uint64_t now_ms)
{
	if (s->state == SDESP_ANSWERED)
		return establish(s, now_ms);
	if (s->state != SDESP_REKEY_ANSWERED)
		return SDESP_OK;
	if (outcome->role == SDESP_LIVE) {
		sdesp_give_up(s);
		return SDESP_OK;
	}
	s->confirmed = 1;
	return sdesp_settle(s, now_ms);
}

static int answer_refresh(struct sdesp_session *s,
	const struct sdesp_local *local, const struct sdesp_outcome *outcome,
	uint64_t now_ms, struct sdesp_text *out)
{
	size_t start = out->len;
	int status;

	remember(s, now_ms);
	sdesp_write_refresh(out, s, local, outcome->tag);
	status = out->status;
	if (status == SDESP_OK)
		status = sdesp_apply_refresh(s, outcome, &local->addr);
	if (status != SDESP_OK) {
		s->before.held = 0;
		return sdesp_unwrite(out, start, status);
	}
	sdesp_session_go(s, SDESP_IN_PEER_REFRESH);
	return SDESP_OK;
}

static int answer_rekey(struct sdesp_session *s,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	struct sdesp_outcome *outcome, uint64_t now_ms, struct sdesp_text *out)
{
	int status = sdesp_reply(s, offer, local, outcome, now_ms, out);

	if (status != SDESP_OK)
		return status;
	s->accepted = 0;
	s->confirmed = 0;
	s->before.held = 0;
	s->switch_ms = now_ms + GIVE_UP_MS;
	sdesp_session_bind(s, local);
	sdesp_session_go(s, SDESP_IN_PEER_OFFER);
	return SDESP_OK;
}

int sdesp_session_answer(struct sdesp_session *s,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	uint64_t now_ms, struct sdesp_text *out, struct sdesp_why *why)
{
	struct sdesp_outcome outcome;
	struct sdesp_floor floor;
	int status = sdesp_session_may(s, SDESP_IN_PEER_REFRESH);

	if (s->state == SDESP_IDLE)
		status = SDESP_OK;
	if (status == SDESP_ERR_GLARE)
		return sdesp_refuse(why, status, 0,
			"our own offer is open: offers have crossed", NULL);
	if (status == SDESP_OK)
		status = sdesp_session_local(s, local, &floor);
	if (status == SDESP_OK)
		status = out->status;
	if (status == SDESP_OK)
		status = sdesp_read_offer(
			s, &outcome, &floor, offer, local, why);
	if (status != SDESP_OK)
		return status;
	status = end_answer(s, &outcome, now_ms);
	if (status == SDESP_OK && outcome.refresh)
		status = answer_refresh(s, local, &outcome, now_ms, out);
	else if (status == SDESP_OK)
		status = answer_rekey(s, offer, local, &outcome, now_ms, out);
	if (status == SDESP_ERR_KEX)
		(void)sdesp_refuse(why, status, offer->line,
			"the key exchange comes to zero", "an honest share");
	sdesp_wipe(&outcome, sizeof outcome);
	return status;
}

int sdesp_session_confirm(struct sdesp_session *s, uint64_t now_ms)
{
	int status = sdesp_session_may(s, SDESP_IN_CONFIRM);

	if (s->state == SDESP_CONFIRMED && s->before.held) {
		s->before.held = 0;
		return SDESP_OK;
	}
	if (status != SDESP_OK)
		return status;
	if (s->state == SDESP_ANSWERED)
		return establish(s, now_ms);
	if (!s->confirmed) {
		s->confirmed = 1;
		s->switch_ms = now_ms + SETTLE_MS;
		if (s->switched)
			return sdesp_settle(s, now_ms);
	}
	sdesp_session_go(s, SDESP_IN_CONFIRM);
	return SDESP_OK;
}
