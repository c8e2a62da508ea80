/*
 * What sdesp status is told of the calls. SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/status.h"
#include "ports/posix/status_socket.h"
#include "ports/posix/ua.h"

struct ua_status {
	struct ua *ua;
	struct status_socket socket;
};

static void write_calls(void *ctx, FILE *out, int json)
{
	struct ua *ua = ctx;
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

static void on_asked(int flags, void *arg)
{
	struct ua_status *s = arg;

	(void)flags;
	status_socket_serve(&s->socket, write_calls, s->ua);
}

int ua_status_open(struct ua *ua)
{
	struct ua_status *s = calloc(1, sizeof *s);
	int code;

	if (s == NULL)
		return system_error("no memory");
	s->ua = ua;
	code = status_socket_open(&s->socket, ua->config.o->status_socket);
	if (code == DONE &&
		fd_listen(s->socket.fd, FD_READ, on_asked, s) != 0) {
		status_socket_close(&s->socket);
		code = system_error("too many descriptors");
	}
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
	fd_close(ua->status->socket.fd);
	status_socket_close(&ua->status->socket);
	free(ua->status);
	ua->status = NULL;
}
