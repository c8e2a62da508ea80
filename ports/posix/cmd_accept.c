/*
 * sdesp accept: the offerer reads the answer. SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "ports/posix/body.h"
#include "ports/posix/exchange.h"
#include "ports/posix/report.h"

static int is_open(const struct state *st)
{
	struct sdesp_session_info info;

	sdesp_session_info(&st->session, &info);
	return info.state == SDESP_OFFERED ||
	       info.state == SDESP_REKEY_OFFERED ||
	       info.state == SDESP_REFRESH_OFFERED;
}

/* If we die between the first packet under the new keys and the next word in
 * the file, nobody may accept the same answer once more: its numbers would
 * begin anew. */
static int begin(struct state *st)
{
	if (st->backend.live == NULL)
		return DONE;
	state_backend_begin(&st->backend, 1);
	return state_store(st);
}

static int undo(struct state *st, int code)
{
	if (st->backend.live == NULL)
		return code;
	state_backend_begin(&st->backend, 0);
	(void)state_store(st);
	return code;
}

/* A provisional answer that fails changes nothing; the same one is then
 * final. */
static int take(struct state *st, const struct sdesp_section *section,
	struct sdesp_why *why)
{
	int status = sdesp_session_accept(
		&st->session, section, 0, st->clock_ms, why);

	return status == SDESP_OK ? sdesp_session_accept(&st->session, section,
					    1, st->clock_ms, why)
				  : status;
}

int exchange_accept(struct state *st, const struct body *answer)
{
	struct option_number index = {0, 1};
	struct sdesp_section section;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status, code;

	if (!is_open(st))
		return refuse("%s: no offer is open; an answer is accepted "
			      "once",
			st->path);
	if (state_backend_begun(&st->backend))
		return refuse("%s: a program died while it accepted an answer "
			      "to this offer; make another one",
			st->path);
	index.value = st->settings.local.index;
	code = body_section(&section, answer, &index);
	if (code == DONE)
		code = begin(st);
	if (code != DONE)
		return code;
	status = take(st, &section, &why);
	if (status != SDESP_OK)
		return undo(st, refuse_status(answer->file, section.line,
					status, &why));
	code = state_tick(st);
	return code == DONE ? state_store(st) : code;
}

static int run(const struct options *o)
{
	static struct state st;
	static struct body answer;
	int code = body_read(&answer, o->arg[0]);

	st.fd = -1;
	if (code != DONE)
		return code;
	code = exchange_ask(o, CONTROL_ACCEPT, &answer);
	if (code >= 0)
		return code;
	code = state_open(&st, o->state);
	if (code == DONE)
		code = exchange_accept(&st, &answer);
	return state_close(&st, code);
}

const struct command cmd_accept = {
	"accept",
	"--state FILE ANSWER",
	"read the answer: the session is ready",
	"ANSWER is a file, or - for standard input. It must fit the offer that FILE\n"
	"holds; a wrong one is refused as file:line:column and changes nothing: the\n"
	"offer stays open. An answer is accepted once.\n\n"
	"If sdesp run has FILE, it goes over to the new keys, and its traffic goes on.",
	FOR_ACCEPT,
	1,
	1,
	run,
};
