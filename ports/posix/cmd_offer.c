/*
 * sdesp offer: the first message of a session, a rekey or a refresh.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "ports/posix/body.h"
#include "ports/posix/exchange.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"

#define SECTION_MAX 4096
#define BODY_MAX 12288

static int offer_failed(const struct state *st, int status)
{
	if (status == SDESP_ERR_STATE)
		return refuse("%s: not now: an offer is open, or there is no "
			      "session yet",
			st->path);
	if (status == SDESP_ERR_POLICY)
		return refuse("nothing to offer: the options and the keys in "
			      "use leave no suite and method");
	if (status == SDESP_ERR_ARG)
		return usage_error("the options do not fit together: see sdesp "
				   "offer --help on --mode, --ts and --inner");
	return refuse_status("offer", 0, status, NULL);
}

/* Write the section, keep the state, then let the body out. */
static int write_offer(struct state *st, int refresh, FILE *out)
{
	static char section[SECTION_MAX], body[BODY_MAX];
	struct sdesp_text text, whole;
	int status, code;

	sdesp_text_init(&text, section, sizeof section);
	status = refresh ? sdesp_session_refresh(&st->session,
				   &st->settings.local, st->clock_ms, &text)
			 : sdesp_session_offer(&st->session,
				   &st->settings.local, st->clock_ms, &text);
	if (status != SDESP_OK)
		return offer_failed(st, status);
	sdesp_text_init(&whole, body, sizeof body);
	body_write(&whole, st, section, text.len);
	if (whole.status != SDESP_OK)
		return system_error("offer: too long");
	code = state_store(st);
	if (code == DONE)
		fwrite(body, 1, whole.len, out);
	return code;
}

static int first_offer(struct state *st, const struct options *o)
{
	int code = settings_from_options(&st->settings, o, NULL);

	if (code == DONE && settings_policy(&st->settings, NULL) != SDESP_OK)
		code = usage_error("--suites by --method makes more than %d "
				   "lines: name fewer",
			SDESP_MAX_CRYPTO);
	if (code == DONE)
		code = state_create(st, o->state);
	return code == DONE ? write_offer(st, 0, stdout) : code;
}

/* New keys are offered with the sequence numbers that are in use: a peer that
 * asked for one kind may take no other. */
static void keep_esn(struct sdesp_policy *policy, unsigned esn)
{
	unsigned i;

	for (i = 0; i < policy->nproposals; i++)
		policy->proposals[i].esn = (uint8_t)esn;
}

/* A rekey or refresh that has no answer yet comes to nothing. 1: there was
 * one. */
static int give_up(struct state *st)
{
	struct sdesp_session_info info;

	sdesp_session_info(&st->session, &info);
	if (info.state != SDESP_REKEY_OFFERED &&
		info.state != SDESP_REFRESH_OFFERED)
		return 0;
	sdesp_session_fail(&st->session, st->clock_ms);
	return 1;
}

int exchange_withdraw(struct state *st)
{
	if (!give_up(st))
		return refuse(
			"%s: no offer of a rekey or refresh is open", st->path);
	return state_store(st);
}

/* The session is there: only where we are and which way we send may change.
 * An earlier offer that was never answered has come to nothing. */
int exchange_offer(struct state *st, const struct options *o, FILE *out)
{
	struct sdesp_session_info info;
	int code = exchange_change(st, o);

	sdesp_session_info(&st->session, &info);
	if (code == DONE)
		(void)give_up(st);
	keep_esn(&st->settings.policy, info.esn);
	return code == DONE ? write_offer(st, o->refresh, out) : code;
}

static int later_offer(struct state *st, const struct options *o)
{
	enum control_verb verb = o->withdraw  ? CONTROL_WITHDRAW
				 : o->refresh ? CONTROL_REFRESH
					      : CONTROL_REKEY;
	int code = exchange_ask(o, verb, NULL);

	if (code >= 0)
		return code;
	code = state_open(st, o->state);
	if (code == DONE && o->withdraw)
		return exchange_withdraw(st);
	return code == DONE ? exchange_offer(st, o, stdout) : code;
}

static int run(const struct options *o)
{
	static struct state st;
	int code;

	st.fd = -1;
	if (o->rekey + o->refresh + o->withdraw > 1)
		return usage_error("--rekey, --refresh or --withdraw: one");
	if (o->withdraw && (o->local != NULL || o->direction != NULL))
		return usage_error("--withdraw: nothing else may change");
	if (o->rekey || o->refresh || o->withdraw)
		code = later_offer(&st, o);
	else
		code = first_offer(&st, o);
	return state_close(&st, code);
}

const struct command cmd_offer = {
	"offer",
	"--state FILE [options] > OFFER",
	"write an SDP offer, keep its secrets in a state file",
	"Writes an SDP body with one media section for ESP. Send it to the other end\n"
	"as you like; bring its answer to sdesp accept. FILE must be new.\n\n"
	"Without --ts every protocol may pass between the two outer addresses, in\n"
	"transport mode: you said so by typing this command. Name less with --ts.\n\n"
	"With --rekey or --refresh the session of FILE makes a new offer; then only\n"
	"--local and --direction may be given. If sdesp run has FILE, it makes the offer,\n"
	"and its traffic goes on. --withdraw takes such an offer back: when both ends\n"
	"have made one, neither answers, and one of them must.\n\n"
	"example:\n"
	"  sdesp offer --state a --local 192.0.2.10:4500 \\\n"
	"      --ts \"17 self any peer 5000\" > offer.sdp",
	FOR_OFFER,
	0,
	0,
	run,
};
