/*
 * Requests to sdesp run: what the commands do with a file is done to the
 * session that is alive. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ports/posix/exchange.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/run_control.h"
#include "ports/posix/status.h"

static void write_status(const struct run_path *path, FILE *out, int json)
{
	struct state *st = path->st;
	struct status s;

	memset(&s, 0, sizeof s);
	s.name = st->path;
	s.backend = home_name(path->home);
	s.device = path->home->device;
	status_take(&s, &st->session, &st->backend.base, st->clock_ms);
	status_print(out, &s, 1, json);
}

static int exchange(
	struct state *st, const struct control_request *request, FILE *out)
{
	static struct body body;
	struct options o;

	memset(&o, 0, sizeof o);
	o.local = request->local;
	o.direction = request->direction;
	o.refresh = request->verb == CONTROL_REFRESH;
	body.file = request->name;
	body.len = request->len;
	memcpy(body.text, request->body, request->len);
	if (request->verb == CONTROL_ANSWER)
		return exchange_answer(st, &o, &body, out);
	if (request->verb == CONTROL_ACCEPT)
		return exchange_accept(st, &body);
	if (request->verb == CONTROL_WITHDRAW)
		return exchange_withdraw(st);
	return exchange_offer(st, &o, out);
}

/* A command that fails leaves its file alone: likewise our settings. */
static int handle(void *ctx, const struct control_request *request, FILE *out)
{
	const struct run_control *r = ctx;
	struct state *st = r->path->st;
	struct settings kept = st->settings;
	int code = DONE;

	if (request->verb == CONTROL_STATUS || request->verb == CONTROL_JSON)
		write_status(r->path, out, request->verb == CONTROL_JSON);
	else
		code = exchange(st, request, out);
	if (code != DONE)
		st->settings = kept;
	explicit_bzero(&kept, sizeof kept);
	(void)settings_policy(&st->settings, NULL);
	return code;
}

/* Events until now are our own, not for the one who asks. */
static void from_socket(void *ctx, int fd)
{
	struct run_control *r = ctx;
	uint64_t next;

	(void)fd;
	r->code = run_path_tick(r->path, &next);
	if (r->code == DONE)
		control_serve(&r->control);
}

static int watch(void *ctx, int fd, int on)
{
	struct run_control *r = ctx;

	if (!on)
		sdesp_loop_remove(r->loop, fd);
	else if (sdesp_loop_add(r->loop, fd, from_socket, r) != SDESP_OK) {
		errno = EMFILE;
		return -1;
	}
	return 0;
}

void run_control_open(
	struct run_control *r, struct run_path *path, struct sdesp_loop *loop)
{
	struct control_host host = {handle, watch, r};
	char name[FILE_PATH];

	r->path = path;
	r->loop = loop;
	r->control.fd = -1;
	if ((size_t)snprintf(name, sizeof name, "%s" CONTROL_SUFFIX,
		    path->st->path) >= sizeof name ||
		control_open(&r->control, name, &host) != DONE)
		note("sdesp status, offer, answer and accept cannot ask this "
		     "program");
}

void run_control_close(struct run_control *r)
{
	if (r->path != NULL)
		control_close(&r->control);
}
