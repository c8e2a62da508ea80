/*
 * sdesp answer: read an offer, install its SAs, write the answer.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ports/posix/body.h"
#include "ports/posix/exchange.h"
#include "ports/posix/report.h"

#define SECTION_MAX 4096
#define BODY_MAX 12288

static int answer_failed(const struct state *st, const struct body *offer,
	const struct sdesp_section *section, int status,
	const struct sdesp_why *why)
{
	if (status == SDESP_ERR_STATE)
		return refuse("%s: not now: an earlier offer is still open",
			st->path);
	if (status == SDESP_ERR_ARG)
		return usage_error("the options do not fit this offer: see "
				   "sdesp answer --help on --mode, --ts and "
				   "--inner-port");
	if (status == SDESP_ERR_GLARE)
		return refuse("%s: our own offer is open: offers have crossed; "
			      "one end takes its own back (sdesp offer "
			      "--withdraw --state %s) and answers",
			offer->file, st->path);
	return refuse_status(offer->file, section->line, status, why);
}

/* The answer's way to the other end is the caller's: that we may write it
 * stands for the ACK. Only a run that has traffic waits for better news
 * (run_follow.c): what it sends under the new keys too early is lost. */
static int confirm(struct state *st)
{
	struct sdesp_session_info info;
	int status;

	sdesp_session_info(&st->session, &info);
	if (st->backend.live != NULL && info.state == SDESP_REKEY_ANSWERED)
		return DONE;
	status = sdesp_session_confirm(&st->session, st->clock_ms);
	if (status != SDESP_OK && status != SDESP_ERR_STATE)
		return refuse_status("answer", 0, status, NULL);
	return state_tick(st);
}

/* The SAs are on the disk before the answer is out. */
static int write_answer(struct state *st, const struct body *offer,
	const struct sdesp_section *section, FILE *out)
{
	static char own[SECTION_MAX], body[BODY_MAX];
	struct sdesp_text text, whole;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status, code;

	sdesp_text_init(&text, own, sizeof own);
	status = sdesp_session_answer(&st->session, section,
		&st->settings.local, st->clock_ms, &text, &why);
	if (status != SDESP_OK)
		return answer_failed(st, offer, section, status, &why);
	code = body_decline_others(st, offer, section->index);
	sdesp_text_init(&whole, body, sizeof body);
	body_write(&whole, st, own, text.len);
	if (code == DONE && whole.status != SDESP_OK)
		code = system_error("answer: too long");
	if (code == DONE)
		code = confirm(st);
	if (code == DONE)
		code = state_store(st);
	if (code == DONE)
		fwrite(body, 1, whole.len, out);
	else
		sdesp_session_fail(&st->session, st->clock_ms);
	return code;
}

static int first_answer(struct state *st, const struct options *o,
	const struct body *offer, const struct sdesp_section *section)
{
	static struct sdesp_desc desc;
	struct sdesp_why why;
	int status = sdesp_desc_read(&desc, section, &why);
	int code;

	/* A section to refuse is no ground to judge options by. */
	if (status != SDESP_OK)
		return refuse_status(offer->file, section->line, status, &why);
	code = settings_from_options(&st->settings, o, section);
	if (code != DONE)
		return code;
	(void)settings_policy(&st->settings, section);
	code = state_create(st, o->state);
	return code == DONE ? write_answer(st, offer, section, stdout) : code;
}

int exchange_answer(struct state *st, const struct options *o,
	const struct body *offer, FILE *out)
{
	struct option_number index = {0, 1};
	struct sdesp_section section;
	int code;

	index.value = st->settings.local.index;
	code = body_section(&section, offer, &index);
	if (code == DONE)
		code = exchange_change(st, o);
	if (code != DONE)
		return code;
	(void)settings_policy(&st->settings, &section);
	return write_answer(st, offer, &section, out);
}

static int later_answer(
	struct state *st, const struct options *o, const struct body *offer)
{
	int code = exchange_ask(o, CONTROL_ANSWER, offer);

	if (code >= 0)
		return code;
	code = state_open(st, o->state);
	return code == DONE ? exchange_answer(st, o, offer, stdout) : code;
}

static int run(const struct options *o)
{
	static struct state st;
	static struct body offer;
	struct sdesp_section section;
	struct stat info;
	int code = body_read(&offer, o->arg[0]);

	st.fd = -1;
	if (code != DONE)
		return code;
	if (lstat(o->state, &info) == 0) {
		code = later_answer(&st, o, &offer);
	} else {
		code = body_section(&section, &offer, &o->index);
		if (code == DONE)
			code = first_answer(&st, o, &offer, &section);
	}
	return state_close(&st, code);
}

const struct command cmd_answer = {
	"answer",
	"--state FILE [options] OFFER > ANSWER",
	"read an offer, agree or refuse, write the answer",
	"OFFER is a file, or - for standard input. The answer goes back to the other\n"
	"end; this end may send from now on. A refusal says why, as\n"
	"file:line:column, and leaves nothing behind.\n\n"
	"If FILE exists it is a session, and the offer must be its rekey or refresh;\n"
	"then only --local and --direction may be given. If sdesp run has FILE, it\n"
	"answers, and its traffic goes on.\n\n"
	"Without --ts every protocol may pass between the two outer addresses, in\n"
	"transport mode, as far as the offer asks for it.",
	FOR_ANSWER,
	1,
	1,
	run,
};
