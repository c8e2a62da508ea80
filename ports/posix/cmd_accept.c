/*
 * sdesp accept: the offerer reads the answer. SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "ports/posix/body.h"
#include "ports/posix/report.h"

static int is_open(const struct state *st)
{
	struct sdesp_session_info info;

	sdesp_session_info(&st->session, &info);
	return info.state == SDESP_OFFERED ||
	       info.state == SDESP_REKEY_OFFERED ||
	       info.state == SDESP_REFRESH_OFFERED;
}

static int accept_answer(struct state *st, const struct body *answer)
{
	struct option_number index = {0, 1};
	struct sdesp_section section;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status, code;

	if (!is_open(st))
		return refuse("%s: no offer is open; an answer is accepted "
			      "once",
			st->path);
	index.value = st->settings.local.index;
	code = body_section(&section, answer, &index);
	if (code != DONE)
		return code;
	status = sdesp_session_accept(
		&st->session, &section, 1, st->clock_ms, &why);
	if (status != SDESP_OK)
		return refuse_status(answer->file, section.line, status, &why);
	code = state_tick(st);
	return code == DONE ? state_store(st) : code;
}

static int run(const struct options *o)
{
	static struct state st;
	static struct body answer;
	int code = body_read(&answer, o->arg[0]);

	st.fd = -1;
	if (code == DONE)
		code = state_open(&st, o->state);
	if (code == DONE)
		code = accept_answer(&st, &answer);
	return state_close(&st, code);
}

const struct command cmd_accept = {
	"accept",
	"--state FILE ANSWER",
	"read the answer: the session is ready",
	"ANSWER is a file, or - for standard input. It must fit the offer "
	"that FILE\nholds; a wrong one is refused as file:line:column and "
	"changes nothing: the\noffer stays open. An answer is accepted once.",
	FOR_ACCEPT,
	1,
	1,
	run,
};
