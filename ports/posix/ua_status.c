/*
 * What sdesp status is told of the calls. SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "ports/posix/control.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/status.h"
#include "ports/posix/ua.h"

struct ua_status {
	struct ua *ua;
	struct control control;
};

static void write_calls(struct ua *ua, FILE *out, int json)
{
	struct home *home = ua_path_home(ua);
	struct status list[UA_CALLS];
	unsigned i, n = 0;

	for (i = 0; i < UA_CALLS; i++) {
		const struct ua_call *c = &ua->call[i];
		struct status *s = &list[n];
		struct sdesp_session_info info;

		if (c->call == NULL)
			continue;
		memset(s, 0, sizeof *s);
		s->name = sdesp_call_peer(c->call);
		s->backend = home_name(home);
		s->device = home->device;
		sdesp_call_info(c->call, &info);
		status_take_info(s, &info, home->backend, sdesp_posix_now_ms());
		n++;
	}
	status_print(out, list, n, json);
}

static int handle(void *ctx, const struct control_request *request, FILE *out)
{
	struct ua_status *s = ctx;

	if (request->verb != CONTROL_STATUS && request->verb != CONTROL_JSON)
		return refuse("sdesp ua rekeys its calls by itself");
	write_calls(s->ua, out, request->verb == CONTROL_JSON);
	return DONE;
}

static void on_asked(int flags, void *arg)
{
	struct ua_status *s = arg;

	(void)flags;
	control_serve(&s->control);
}

static int watch(void *ctx, int fd, int on)
{
	if (on)
		return fd_listen(fd, FD_READ, on_asked, ctx) == 0 ? 0 : -1;
	fd_close(fd);
	return 0;
}

int ua_status_open(struct ua *ua)
{
	struct ua_status *s = calloc(1, sizeof *s);
	struct control_host host = {handle, watch, s};
	int code;

	if (s == NULL)
		return system_error("no memory");
	s->ua = ua;
	code = control_open(&s->control, ua->config.o->status_socket, &host);
	if (code == DONE)
		ua->status = s;
	else
		free(s);
	return code;
}

void ua_status_close(struct ua *ua)
{
	if (ua->status == NULL)
		return;
	control_close(&ua->status->control);
	free(ua->status);
	ua->status = NULL;
}
