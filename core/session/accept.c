/* The peer's answers, and the end of an offer. SPEC 5.3 and 10.1.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/ct.h"
#include "nego/refuse.h"
#include "session/session.h"

/* The owner of the Call-ID waits longer (RFC 3261 14.1), in ms. */
#define RETRY_CALLER_MIN 2100
#define RETRY_CALLER_SPREAD 1901
#define RETRY_SPREAD 2001

static int take(struct sdesp_session *s, const struct sdesp_section *answer,
	const uint8_t hash[SDESP_HASH_LEN], int final, uint64_t now_ms,
	struct sdesp_why *why)
{
	struct sdesp_outcome outcome;
	int status = sdesp_read_answer(s, &outcome, answer, why);

	if (status != SDESP_OK)
		return status;
	if (outcome.refresh) {
		if (final)
			status = sdesp_apply_refresh(
				s, &outcome, &s->offer.flow.local);
	} else {
		status = sdesp_adopt(s, &outcome, answer, hash, now_ms, why);
		if (status == SDESP_OK && sdesp_session_live(s) == NULL)
			sdesp_event_push(s, SDESP_EV_ESTABLISHED, SDESP_OK,
				&s->held[SDESP_NEXT], NULL);
	}
	sdesp_wipe(&outcome, sizeof outcome);
	if (status == SDESP_OK) {
		s->accepted = 1;
		memcpy(s->answer_hash, hash, SDESP_HASH_LEN);
	}
	return status;
}

/* Our rekey came to nothing: the old pair goes on, and we try again. */
static void retreat(struct sdesp_session *s, uint64_t now_ms)
{
	struct sdesp_held *live = &s->held[SDESP_LIVE];

	sdesp_drop(s);
	live->warned = 0;
	live->soft_ms = now_ms;
	if (s->caller)
		live->soft_ms += RETRY_CALLER_MIN +
				 sdesp_session_dice(s, RETRY_CALLER_SPREAD);
	else
		live->soft_ms += sdesp_session_dice(s, RETRY_SPREAD);
}

/* A first offer came to nothing: so did the dialog's section. */
static void forget(struct sdesp_session *s)
{
	sdesp_drop(s);
	s->proto = NULL;
	s->caller = 0;
}

static int rekeying(const struct sdesp_session *s)
{
	return s->state == SDESP_REKEY_OFFERED || s->state == SDESP_REKEY_EARLY;
}

/* Back to the old pair, or to nothing. With port 0 the stream has ended, and
 * so will the session. */
static void refused(struct sdesp_session *s, int status, uint64_t now_ms)
{
	if (rekeying(s)) {
		retreat(s, now_ms);
		if (status != SDESP_ERR_REJECTED)
			sdesp_event_push(s, SDESP_EV_REFRESH_DUE, SDESP_OK,
				&s->held[SDESP_LIVE], NULL);
	} else if (s->state != SDESP_REFRESH_OFFERED) {
		forget(s);
	}
	sdesp_offer_wipe(s);
	sdesp_session_go(s, SDESP_IN_REFUSED);
}

static void finish(struct sdesp_session *s, uint64_t now_ms)
{
	if (s->state != SDESP_REFRESH_OFFERED && s->state != SDESP_CONFIRMED)
		sdesp_promote(s, now_ms);
	sdesp_offer_wipe(s);
	sdesp_session_go(s, SDESP_IN_FINAL);
}

int sdesp_session_accept(struct sdesp_session *s,
	const struct sdesp_section *answer, int final, uint64_t now_ms,
	struct sdesp_why *why)
{
	enum sdesp_input input = final ? SDESP_IN_FINAL : SDESP_IN_PROVISIONAL;
	uint8_t hash[SDESP_HASH_LEN];
	int status = sdesp_session_may(s, input);
	int known;

	if (status != SDESP_OK)
		return status;
	if (s->state == SDESP_CONFIRMED && !s->accepted)
		return SDESP_ERR_STATE;
	sdesp_canon_hash(hash, answer, s->port->kex);
	known = s->accepted && s->state != SDESP_REFRESH_OFFERED;
	if (known && memcmp(hash, s->answer_hash, sizeof hash) == 0) {
		if (final)
			finish(s, now_ms);
		return SDESP_OK;
	}
	if (known && (!final || s->state == SDESP_CONFIRMED))
		return sdesp_refuse(why, SDESP_ERR_FORKED, answer->line,
			"another branch was accepted before", NULL);
	status = take(s, answer, hash, final, now_ms, why);
	if (status == SDESP_OK && final)
		finish(s, now_ms);
	else if (status == SDESP_OK)
		sdesp_session_go(s, SDESP_IN_PROVISIONAL);
	else if (final)
		refused(s, status, now_ms);
	return status;
}

void sdesp_session_fail(struct sdesp_session *s, uint64_t now_ms)
{
	switch (s->state) {
	case SDESP_OFFERED:
	case SDESP_EARLY:
	case SDESP_ANSWERED:
		forget(s);
		break;
	case SDESP_REKEY_OFFERED:
	case SDESP_REKEY_EARLY:
		retreat(s, now_ms);
		break;
	case SDESP_REKEY_ANSWERED:
		sdesp_give_up(s);
		return;
	case SDESP_CONFIRMED:
		sdesp_undo_refresh(s, now_ms);
		break;
	default:
		break;
	}
	if (s->state != SDESP_CLOSED)
		sdesp_offer_wipe(s);
	sdesp_session_go(s, SDESP_IN_FAIL);
}
