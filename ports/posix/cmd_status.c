/*
 * sdesp status: how a session is. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/control.h"
#include "ports/posix/exchange.h"
#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/state.h"
#include "ports/posix/status.h"

/* Nobody runs it: what the file knows. */
static int from_file(const char *path, int json)
{
	static struct state st;
	struct status status;
	int code;

	st.fd = -1;
	code = state_open(&st, path);
	if (code == DONE) {
		memset(&status, 0, sizeof status);
		status.name = path;
		status_take(
			&status, &st.session, &st.backend.base, st.clock_ms);
		status_print(stdout, &status, 1, json);
	}
	return state_close(&st, code);
}

static int run(const struct options *o)
{
	enum control_verb verb = o->json ? CONTROL_JSON : CONTROL_STATUS;
	struct control_request request;
	int code;

	if ((o->state == NULL) == (o->status_socket == NULL))
		return usage_error("status: name one of --state and "
				   "--status-socket");
	if (o->status_socket == NULL) {
		code = exchange_ask(o, verb, NULL);
		return code >= 0 ? code : from_file(o->state, o->json);
	}
	memset(&request, 0, sizeof request);
	request.verb = verb;
	code = control_ask(o->status_socket, &request);
	return code >= 0 ? code
			 : system_error("%s: nobody answers there",
				   o->status_socket);
}

const struct command cmd_status = {
	"status",
	"--state FILE | --status-socket PATH [--json]",
	"show a session while it runs: SAs, counters, next rekey",
	"Asks the sdesp run that has FILE, at the socket FILE.sock; if none has, FILE\n"
	"itself says how the session was left. Shows state, peer, suite, age, time to\n"
	"the next rekey and to expiry, and for each SA its SPI and counters. No keys.",
	FOR_STATUS,
	0,
	0,
	run,
};
