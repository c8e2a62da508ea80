/*
 * Two ends of the TUN backend in two network namespaces, with a session
 * between them whose messages go through a pipe. SPDX-License-Identifier: MIT
 *
 *	tun_pair NS-A NS-B LINK MODE ENCAP FAMILY SUITE REKEY-MS
 *
 * LINK is the interface of both, with addresses 10.99.0.1 and .2, fd99::1 and
 * ::2; MODE transport or tunnel (10.10.1.0/24, fd10:1::/64 in A; 10.10.2.0/24,
 * fd10:2::/64 in B); ENCAP udp or raw; FAMILY 4 or 6, the outer one. Prints
 * "pids A B", the SPI that each end receives by ("spi A SPI"), then "ready" when
 * both devices, sdesp0, are up and SAs are there, and a line of counters for
 * each end when its standard input ends. Fails if an SA is left then, or a
 * rekey has failed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdesp.h"
#include "sdesp_tun_io.h"

#define SAS 64
#define FLOWS 16

struct end {
	struct sdesp_tun_io io;
	struct sdesp_tun tun;
	struct sdesp_session session;
	struct sdesp_policy policy;
	struct sdesp_local local;
	int pipe; /* messages: a letter and a text */
	int offers;
	unsigned rekeys, rekey_ms;
	uint64_t rekey_at;
};

static struct sdesp_tun_buf bufs[SDESP_TUN_BATCH];
static struct sdesp_bearssl crypto;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void need(int status, const char *what)
{
	if (status >= 0)
		return;
	fprintf(stderr, "tun_pair: %s: %s\n", what, sdesp_status_name(status));
	if (status == SDESP_ERR_BACKEND)
		perror("tun_pair");
	exit(1);
}

static int random_octets(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -1;
}

static const struct sdesp_port port = {random_octets, NULL, &sdesp_bearssl_kex};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct sdesp_addr address(const char *text)
{
	struct sdesp_addr addr;

	need(sdesp_addr_parse(&addr, text, strlen(text)), text);
	return addr;
}

static struct sdesp_ts_side prefix(const char *ip, unsigned bits)
{
	struct sdesp_addr addr = address(ip);
	struct sdesp_ts_side side = {.kind = SDESP_TS_PREFIX,
		.family = addr.family,
		.prefix_len = (uint8_t)bits,
		.hi = 65535};

	memcpy(side.ip, addr.ip, sizeof side.ip);
	return side;
}

static void enter(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "/var/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

/* --- setting up ----------------------------------------------------------- */

static void grant(struct end *e, int b, int tunnel)
{
	struct sdesp_ts any = {SDESP_TS_ANY_PROTOCOL,
		{.kind = SDESP_TS_SELF, .hi = 65535},
		{.kind = SDESP_TS_PEER, .hi = 65535}};

	e->local.nmodes = 1;
	e->local.modes[0] = tunnel ? SDESP_TUNNEL : SDESP_TRANSPORT;
	e->local.nts = tunnel ? 2 : 1;
	e->local.ts[0] = e->local.ts[1] = any;
	if (!tunnel)
		return;
	e->local.ts[0].local = prefix(b ? "10.10.2.0" : "10.10.1.0", 24);
	e->local.ts[0].remote = prefix(b ? "10.10.1.0" : "10.10.2.0", 24);
	e->local.ts[1].local = prefix(b ? "fd10:2::" : "fd10:1::", 64);
	e->local.ts[1].remote = prefix(b ? "fd10:1::" : "fd10:2::", 64);
}

static void begin(struct end *e, int b, char **argv)
{
	static const char *const outer[2][2] = {
		{"10.99.0.1", "10.99.0.2"}, {"fd99::1", "fd99::2"}};
	int udp = strcmp(argv[5], "udp") == 0;
	struct sdesp_tun_config config = {.crypto = &crypto.vtable,
		.send = sdesp_tun_io_send,
		.answer = sdesp_tun_io_answer,
		.ctx = &e->io,
		.link_mtu = 1500,
		.max_sas = SAS,
		.max_flows = FLOWS};
	const struct sdesp_suite *suite =
		sdesp_suite_by_name(argv[7], strlen(argv[7]));
	size_t size = sdesp_tun_memory(SAS, FLOWS);

	enter(argv[1 + b]);
	need(sdesp_tun_io_open(&e->io, "sdesp0"), "device");
	e->local.addr = address(outer[atoi(argv[6]) == 6][b]);
	e->local.addr.port = udp ? 4500 : 9;
	need(sdesp_tun_io_listen(&e->io, &e->local.addr, udp, argv[3]),
		"sockets");
	random_octets(NULL, (uint8_t *)&config.seed, sizeof config.seed);
	need(sdesp_tun_init(&e->tun, &config, malloc(size), size), "backend");

	if (suite == NULL)
		die(argv[7]);
	sdesp_policy_init(&e->policy);
	e->policy.nproposals = 1;
	e->policy.proposals[0].suite = suite->id;
	e->policy.proposals[0].method = SDESP_X25519;
	e->policy.proposals[0].esn = 1;
	e->local.media = "application";
	e->local.proto = udp ? "UDP/ESP" : "ESP";
	grant(e, b, strcmp(argv[4], "tunnel") == 0);
	need(sdesp_session_init(&e->session, &e->policy, &e->tun.base, &port),
		"session");
	e->offers = !b;
	e->rekey_at = UINT64_MAX;
	e->rekey_ms = (unsigned)atoi(argv[8]);
}

/* --- messages ------------------------------------------------------------- */

static void say(const struct end *e, char type, const struct sdesp_text *text)
{
	char message[4096] = {type};
	size_t len = text != NULL ? text->len : 0;

	if (len > 0)
		memcpy(message + 1, text->buf, len);
	if (send(e->pipe, message, len + 1, 0) < 0)
		die("pipe");
}

static void offer(struct end *e)
{
	char text[4000];
	struct sdesp_text out;

	sdesp_text_init(&out, text, sizeof text);
	need(sdesp_session_offer(&e->session, &e->local, now(), &out), "offer");
	say(e, 'O', &out);
}

static void read_why(int status, const struct sdesp_why *why, const char *what)
{
	if (status < 0)
		fprintf(stderr, "tun_pair: %u:%u: %s\n", why->line, why->column,
			why->what != NULL ? why->what : "");
	need(status, what);
}

static void hear(struct end *e)
{
	char message[4096], text[4000];
	ssize_t len = recv(e->pipe, message, sizeof message, 0);
	struct sdesp_why why = {0};
	struct sdesp_section section;
	struct sdesp_text out;

	if (len <= 0)
		return;
	if (message[0] == 'C') {
		(void)(sdesp_session_confirm(&e->session, now()) == 0);
		return;
	}
	read_why(
		sdesp_sdp_find(&section, message + 1, (size_t)len - 1, 0, &why),
		&why, "section");
	if (message[0] == 'O') {
		sdesp_text_init(&out, text, sizeof text);
		read_why(sdesp_session_answer(&e->session, &section, &e->local,
				 now(), &out, &why),
			&why, "answer");
		say(e, 'A', &out);
		return;
	}
	read_why(sdesp_session_accept(&e->session, &section, 1, now(), &why),
		&why, "accept");
	say(e, 'C', NULL);
	e->rekey_at = e->rekey_ms != 0 ? now() + e->rekey_ms : UINT64_MAX;
}

/* --- running -------------------------------------------------------------- */

static int has_failed(struct end *e)
{
	struct sdesp_event ev;
	int failed = 0;

	while (sdesp_session_event(&e->session, &ev) == 1) {
		e->rekeys += ev.type == SDESP_EV_REKEYED;
		failed |= ev.type == SDESP_EV_FAILED ||
			  ev.type == SDESP_EV_REKEY_FAILED;
	}
	return failed;
}

/* Time, for all who want it; milliseconds until the next. */
static int pass_time(struct end *e)
{
	struct sdesp_session *sessions[] = {&e->session};
	uint64_t at = now(), next, due;

	need(sdesp_sessions_poll(&e->tun.base, sessions, 1, at), "events");
	next = sdesp_session_tick(&e->session, at);
	due = sdesp_tun_tick(&e->tun, at);
	next = due < next ? due : next;
	if (e->offers && e->rekey_at <= at) {
		e->rekey_at = UINT64_MAX;
		offer(e);
	}
	next = e->offers && e->rekey_at < next ? e->rekey_at : next;
	if (next <= at)
		return 0;
	return next - at < 1000 ? (int)(next - at) : 1000;
}

static int is_up(const struct end *e)
{
	struct sdesp_session_info info;

	sdesp_session_info(&e->session, &info);
	return info.state == SDESP_CONFIRMED;
}

static void up(struct end *e, int b)
{
	struct sdesp_session_info info;

	sdesp_session_info(&e->session, &info);
	need(sdesp_tun_io_up(
		     &e->io, sdesp_tun_mtu(sdesp_suite_by_id(info.suite),
				     &info.flow, 1500)),
		"up");
	printf("\nspi %c %08x\n", 'A' + b, (unsigned)info.spi_in);
	fflush(stdout);
}

static int finish(struct end *e, int b)
{
	const struct sdesp_tun_counters *c = &e->tun.counters;
	unsigned left = 0;

	need(sdesp_session_close(&e->session), "close");
	for (unsigned i = 0; i < SAS; i++)
		left += e->tun.sas[i].watch.state != SDESP_SA_NONE;
	printf("%c: %u rekeys, sealed %llu opened %llu dummies %llu, unsent "
	       "%llu replays "
	       "%llu forged %llu unknown %llu blocked %llu clamped %llu pieces "
	       "%llu too-big %llu, %u SAs left\n",
		'A' + b, e->rekeys, (unsigned long long)c->sealed,
		(unsigned long long)c->opened, (unsigned long long)c->dummies,
		(unsigned long long)c->unsent, (unsigned long long)c->replays,
		(unsigned long long)c->forged,
		(unsigned long long)c->unknown_spi,
		(unsigned long long)c->blocked, (unsigned long long)c->clamped,
		(unsigned long long)c->pieces, (unsigned long long)c->too_big,
		left);
	fflush(stdout);
	return left != 0;
}

static void serve(struct end *e, const struct pollfd *fds)
{
	need(sdesp_tun_io_serve(&e->io, &e->tun, bufs, fds, now()), "serve");
}

/* What is on the way arrives; at most 5 s of it. */
static void drain(struct end *e)
{
	struct pollfd fds[SDESP_TUN_FDS];

	for (uint64_t until = now() + 5000; now() < until;) {
		if (poll(fds, sdesp_tun_io_fds(&e->io, fds), 200) <= 0)
			break;
		serve(e, fds);
	}
}

/* Until stop is closed, or the other end is gone. */
static int run(struct end *e, int b, int stop, int ready)
{
	struct pollfd fds[SDESP_TUN_FDS + 2];
	int done = 0, told = 0, failed = 0;

	if (e->offers)
		offer(e);
	while (!done) {
		int wait = pass_time(e);
		nfds_t n = sdesp_tun_io_fds(&e->io, fds);

		failed |= has_failed(e);
		if (!told && is_up(e)) {
			told = 1;
			up(e, b);
			if (write(ready, "u", 1) != 1)
				die("ready");
		}
		fds[n].fd = e->pipe;
		fds[n].events = POLLIN;
		fds[n + 1].fd = stop;
		fds[n + 1].events = POLLIN;
		if (poll(fds, n + 2, wait) < 0)
			die("poll");
		if (fds[n].revents & POLLIN)
			hear(e);
		done = ((fds[n].revents | fds[n + 1].revents) & POLLHUP) != 0;
		serve(e, fds);
	}
	drain(e);
	return finish(e, b) | failed | !told;
}

int main(int argc, char **argv)
{
	static struct end end;
	int pipes[2], ready[2], stop[2], status = 1, b;
	char octets[2];
	pid_t pid;

	if (argc != 9) {
		fprintf(stderr, "usage: tun_pair NS-A NS-B LINK MODE ENCAP "
				"FAMILY SUITE REKEY-MS\n");
		return 2;
	}
	sdesp_bearssl_init(&crypto);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pipes) < 0 ||
		pipe(ready) < 0 || pipe(stop) < 0)
		die("pipe");
	for (b = 0; b < 2; b++) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid > 0) {
			printf("%s%d", b == 0 ? "pids " : " ", (int)pid);
			fflush(stdout);
			continue;
		}
		close(stop[1]);
		close(pipes[1 - b]);
		end.pipe = pipes[b];
		begin(&end, b, argv);
		return run(&end, b, stop[0], ready[1]);
	}
	close(ready[1]);
	close(pipes[0]);
	close(pipes[1]);
	for (size_t got = 0; got < 2; got++) {
		if (read(ready[0], octets, 1) != 1)
			return 1;
	}
	printf("\nready\n");
	fflush(stdout);
	while (read(0, octets, 1) > 0)
		;
	close(stop[1]);
	status = 0;
	for (int i = 0; i < 2; i++) {
		wait(&b);
		status |= b;
	}
	return status != 0;
}
