/*
 * sdesp run: traffic through an SA pair, in the foreground.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/run_carry.h"
#include "ports/posix/run_child.h"
#include "ports/posix/run_control.h"
#include "ports/posix/run_path.h"

#define PATIENCE_MS 2000 /* from asking a program to end to ending it */

struct runner {
	struct run_path path;
	struct run_carry carry;
	struct run_child child;
	struct run_control control;
	struct sdesp_loop loop;
	int code; /* of the path: DONE while it moves packets */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void from_home(void *ctx, int fd)
{
	struct runner *r = ctx;

	(void)fd;
	if (r->code == DONE)
		r->code = home_serve(r->path.home, sdesp_posix_now_ms());
}

static int watch_home(struct runner *r)
{
	int fds[HOME_FDS];
	unsigned i, n = home_fds(r->path.home, fds);

	for (i = 0; i < n; i++) {
		if (sdesp_loop_add(&r->loop, fds[i], from_home, r) != SDESP_OK)
			return system_error("too many sockets");
	}
	return DONE;
}

/* One round: what is due, then what comes, until a second has passed. */
static void turn(struct runner *r, uint64_t end)
{
	uint64_t until = sdesp_posix_now_ms() + 1000, next;

	r->code = run_path_tick(&r->path, &next);
	if (r->code != DONE)
		return;
	until = next < until ? next : until;
	until = end < until ? end : until;
	if (sdesp_loop_wait(&r->loop, until) < 0 && errno != EINTR)
		r->code = system_error("poll: %s", strerror(errno));
	if (r->code == DONE)
		r->code = r->control.code;
}

static int forward(struct runner *r, uint64_t end)
{
	while (r->code == DONE && !stopped && sdesp_posix_now_ms() < end)
		turn(r, end);
	return r->code;
}

/*
 * The same with a program: its end is ours. It is asked to end while the path
 * still works for it, unless that is what has died.
 */
static int accompany(struct runner *r, uint64_t end)
{
	uint64_t patience = UINT64_MAX;

	while (r->code == DONE && run_path_works(&r->path) &&
		!run_child_ended(&r->child) &&
		sdesp_posix_now_ms() < patience) {
		uint64_t now = sdesp_posix_now_ms();

		if (patience == UINT64_MAX && (stopped || now >= end)) {
			run_child_ask(&r->child);
			patience = now + PATIENCE_MS;
		}
		turn(r, patience < now + 100 ? patience : now + 100);
	}
	if (run_child_ended(&r->child))
		return r->code != DONE ? r->code : run_child_code(&r->child);
	run_child_end(&r->child);
	if (patience != UINT64_MAX && r->code == DONE)
		return run_child_code(&r->child);
	return r->code != DONE ? r->code
			       : refuse("the path has died: the program was "
					"ended");
}

static void report(const struct runner *r)
{
	struct home_counters c;

	run_path_count(&r->path, &c);
	note("sent %llu packets, received %llu; refused: %llu replays, %llu "
	     "forgeries, %llu others",
		(unsigned long long)c.sent, (unsigned long long)c.received,
		(unsigned long long)c.replays, (unsigned long long)c.forged,
		(unsigned long long)c.others);
}

static int run_pair(struct runner *r, struct state *st, const struct options *o)
{
	uint64_t end = UINT64_MAX;
	int code = run_path_open(
		&r->path, st, o->backend, run_carry_deliver, &r->carry);

	if (code != DONE)
		return run_path_close(&r->path, code);
	sdesp_loop_init(&r->loop);
	code = watch_home(r);
	if (code == DONE && home_udp(r->path.home) != NULL)
		code = run_carry_open(&r->carry, &st->session,
			home_udp(r->path.home), &r->loop, o);
	if (code == DONE)
		run_control_open(&r->control, &r->path, &r->loop);
	if (o->seconds.given)
		end = sdesp_posix_now_ms() + o->seconds.value * 1000;
	if (code == DONE && o->exec != NULL)
		code = run_child_start(&r->child, o->exec);
	if (code == DONE) {
		note("running%s%s; end with SIGINT or SIGTERM",
			r->path.home->device != NULL ? ", device " : "",
			r->path.home->device != NULL ? r->path.home->device
						     : "");
		code = o->exec != NULL ? accompany(r, end) : forward(r, end);
		report(r);
	}
	run_control_close(&r->control);
	run_carry_close(&r->carry);
	return run_path_close(&r->path, code);
}

/* Other homes carry every program's packets by themselves. */
static int check_options(const struct options *o)
{
	if (o->backend == NULL || strcmp(o->backend, "udp") == 0 ||
		(o->forward.n == 0 && o->expose.n == 0))
		return DONE;
	return usage_error("-L and --expose are for --backend udp; with "
			   "--backend %s programs use the peer's own address",
		o->backend);
}

static int run(const struct options *o)
{
	static struct state st;
	static struct runner runner;
	int code = check_options(o);

	if (code != DONE)
		return code;
	catch_signals();
	code = state_open(&st, o->state);
	if (code == DONE)
		code = run_pair(&runner, &st, o);
	return state_close(&st, code);
}

const struct command cmd_run = {
	"run",
	"--state FILE [--backend NAME] [options] [--exec PROGRAM ...]",
	"protect traffic with the session, in the foreground",
	"With --backend tun or xfrm, as root, everything that programs of this host send\n"
	"to the peer (in a tunnel: to its networks) goes through ESP or nowhere, as far\n"
	"as the selectors say. If run is killed it stays so.\n\n"
	"With --backend udp nothing needs privilege and any UDP program can use the\n"
	"session at once. What is sent to 127.0.0.1:LPORT goes through ESP to the peer's\n"
	"port RPORT, if the peer exposes it; answers come back the same way. Ports on\n"
	"both sides must be within the selectors.\n\n"
	"example, with a service at UDP port 5000 of host b:\n"
	"  b$ sdesp run --state b --expose 5000\n"
	"  a$ sdesp run --state a -L 6000:5000\n"
	"  a$ client 127.0.0.1 6000\n"
	"example, with every program between two hosts:\n"
	"  b# sdesp run --state b --backend tun\n"
	"  a# sdesp run --state a --backend xfrm --exec ssh b\n\n"
	"Sequence numbers are reserved in FILE before they are used. If run is killed,\n"
	"its replay window is lost and inbound packets are refused until a rekey.\n"
	"sdesp status shows how it goes; sdesp offer --rekey, answer and accept change\n"
	"the keys meanwhile. SDESP_KEYLOGFILE=FILE writes the keys for Wireshark.",
	FOR_RUN,
	0,
	0,
	run,
};
