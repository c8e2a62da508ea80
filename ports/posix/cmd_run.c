/*
 * sdesp run: UDP ports through an SA pair, in the foreground.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/run_path.h"
#include "ports/posix/run_ports.h"

#define BATCH SDESP_UDP_BATCH
#define ROUNDS 16 /* batches between two looks at the clock */

struct runner {
	struct run_path path;
	struct run_ports ports;
	struct sdesp_loop loop;
	size_t largest; /* payload that fits the peer's buffers */
	unsigned long lost;
	struct sdesp_udp_buf bufs[BATCH];
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

/* Applications' datagrams on their way into ESP. */
static void from_application(void *ctx, int fd)
{
	struct runner *r = ctx;
	uint32_t flow = run_path_flow(&r->path);
	uint64_t now = sdesp_posix_now_ms();
	uint16_t local_port, remote_port;
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		struct sdesp_pkt pkt;

		memset(&pkt, 0, sizeof pkt);
		pkt.data = r->bufs[0].octets + SDESP_UDP_HEAD;
		pkt.head = SDESP_UDP_HEAD;
		pkt.tail = SDESP_PKT_TAIL;
		if (!run_ports_receive(&r->ports, fd, pkt.data, r->largest + 1,
			    &pkt.len, &local_port, &remote_port))
			return;
		if (sdesp_udp_send(&r->path.udp, flow, local_port, remote_port,
			    &pkt, 1, now) != 1)
			r->lost++;
	}
}

/* Datagrams of the peer on their way out of ESP. */
static void from_peer(void *ctx, int fd)
{
	struct runner *r = ctx;
	struct sdesp_pkt pkts[BATCH];
	struct sdesp_udp_meta meta[BATCH];
	unsigned round;

	(void)fd;
	for (round = 0; round < ROUNDS; round++) {
		size_t i, n = sdesp_udp_socket_receive(
				  &r->path.socket, r->bufs, pkts, meta, BATCH);

		if (n == 0)
			return;
		sdesp_udp_input(
			&r->path.udp, pkts, meta, n, sdesp_posix_now_ms());
		for (i = 0; i < n; i++) {
			if (pkts[i].status == SDESP_OK &&
				meta[i].kind == SDESP_UDP_ESP &&
				pkts[i].next_header == 17)
				run_ports_deliver(&r->ports, pkts[i].data,
					pkts[i].len, meta[i].local_port,
					meta[i].remote_port);
		}
	}
}

static int forward(struct runner *r, uint64_t end)
{
	int code = DONE;

	while (code == DONE && !stopped && sdesp_posix_now_ms() < end) {
		uint64_t until = sdesp_posix_now_ms() + 1000;

		code = run_path_tick(&r->path);
		if (code == DONE &&
			sdesp_loop_wait(&r->loop, until < end ? until : end) <
				0 &&
			errno != EINTR)
			code = system_error("poll: %s", strerror(errno));
	}
	return code;
}

static void report(const struct runner *r)
{
	const struct sdesp_udp_counters *c = &r->path.udp.counters;

	note("sent %llu packets, received %llu; refused: %llu replays, %llu "
	     "forgeries, %llu others",
		(unsigned long long)c->sealed, (unsigned long long)c->opened,
		(unsigned long long)c->replays, (unsigned long long)c->forged,
		(unsigned long long)(c->unknown_spi + c->foreign + c->runts +
				     c->malformed + c->selector_in));
	if (r->lost + r->ports.undeliverable > 0)
		note("%lu datagrams had nowhere to go",
			r->lost + r->ports.undeliverable);
}

static int run_pair(struct runner *r, struct state *st, const struct options *o)
{
	const struct sdesp_suite *suite;
	struct sdesp_session_info info;
	uint64_t end = UINT64_MAX;
	int code = run_path_open(&r->path, st);

	if (code != DONE)
		return run_path_close(&r->path, code);
	sdesp_session_info(&st->session, &info);
	suite = sdesp_suite_by_id(info.suite);
	r->largest = sdesp_suite_payload(suite, SDESP_UDP_DATAGRAM) - 8;
	sdesp_loop_init(&r->loop);
	r->ports.loop = &r->loop;
	r->ports.readable = from_application;
	r->ports.ctx = r;
	r->ports.selectors = &info.flow;
	code = run_ports_open(&r->ports, o);
	if (code == DONE && sdesp_loop_add(&r->loop, r->path.socket.fd,
				    from_peer, r) != SDESP_OK)
		code = system_error("too many sockets");
	if (o->seconds.given)
		end = sdesp_posix_now_ms() + o->seconds.value * 1000;
	if (code == DONE) {
		note("running; end with SIGINT or SIGTERM");
		code = forward(r, end);
		report(r);
	}
	run_ports_close(&r->ports);
	return run_path_close(&r->path, code);
}

static int run(const struct options *o)
{
	static struct state st;
	static struct runner runner;
	int code;

	catch_signals();
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
