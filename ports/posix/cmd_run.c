/*
 * sdesp run: UDP ports through an SA pair, in the foreground.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/run_carry.h"
#include "ports/posix/run_path.h"

struct runner {
	struct run_path path;
	struct run_carry carry;
	struct sdesp_loop loop;
	int code; /* of the home: DONE while it moves packets */
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

static int forward(struct runner *r, uint64_t end)
{
	while (r->code == DONE && !stopped && sdesp_posix_now_ms() < end) {
		uint64_t until = sdesp_posix_now_ms() + 1000, next;

		r->code = run_path_tick(&r->path, &next);
		until = next < until ? next : until;
		if (r->code == DONE &&
			sdesp_loop_wait(&r->loop, until < end ? until : end) <
				0 &&
			errno != EINTR)
			r->code = system_error("poll: %s", strerror(errno));
	}
	return r->code;
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
	if (o->seconds.given)
		end = sdesp_posix_now_ms() + o->seconds.value * 1000;
	if (code == DONE) {
		note("running; end with SIGINT or SIGTERM");
		code = forward(r, end);
		report(r);
	}
	run_carry_close(&r->carry);
	return run_path_close(&r->path, code);
}

static int run(const struct options *o)
{
	static struct state st;
	static struct runner runner;
	int code;

	catch_signals();
	st.fd = -1;
	code = state_open(&st, o->state);
	if (code == DONE)
		code = run_pair(&runner, &st, o);
	return state_close(&st, code);
}

const struct command cmd_run = {
	"run",
	"--state FILE [-L [ADDR:]LPORT:RPORT]... [--expose PORT]...",
	"carry UDP ports through the session, in the foreground",
	"Any UDP program can use the session at once. What is sent to "
	"127.0.0.1:LPORT\ngoes through ESP to the peer's port RPORT, if the "
	"peer exposes it; answers come\nback the same way. Ports on both "
	"sides must be within the selectors.\n\n"
	"example, with a service at UDP port 5000 of host b:\n"
	"  b$ sdesp run --state b --expose 5000\n"
	"  a$ sdesp run --state a -L 6000:5000\n"
	"  a$ client 127.0.0.1 6000\n\n"
	"Sequence numbers are reserved in FILE before they are used. If run "
	"is killed,\nits replay window is lost and inbound packets are refused "
	"until a rekey.\nSDESP_KEYLOGFILE=FILE writes the keys for "
	"Wireshark.",
	FOR_RUN,
	0,
	0,
	run,
};
