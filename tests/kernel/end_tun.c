/*
 * Ends whose ESP is ours behind a TUN device. SPDX-License-Identifier: MIT
 *
 * What is for the peer, or for the hosts behind it, is looked up in table 42:
 * it goes into the device, and nowhere when there is none. What the device
 * sends is bound to the cable, and passes.
 */
#define _GNU_SOURCE

#include "end_tun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdesp_posix.h"

#define SAS 64
#define FLOWS 16
#define LINK_MTU 1500

static struct sdesp_tun_buf bufs[SDESP_TUN_BATCH];

/* Commands to ip(8), which knows no comments and says what it dislikes. */
static int ip(const struct end *e, unsigned family, const char *lines)
{
	char command[80];
	FILE *p;

	snprintf(command, sizeof command, "ip -n sd%d -%u -batch -", e->ns,
		family);
	p = popen(command, "w");
	return p != NULL && fputs(lines, p) >= 0 && pclose(p) == 0;
}

static const char *const shut[2][2] = {
	{"rule add pref 100 oif v0 lookup main\n"
	 "rule add pref 200 lookup 42\n"
	 "route add blackhole 192.0.2.2 table 42 metric 9999\n"
	 "route add blackhole 10.2.0.0/16 table 42 metric 9999\n",
		"rule add pref 100 oif v0 lookup main\n"
		"rule add pref 200 lookup 42\n"
		"route add blackhole 2001:db8::2 table 42 metric 9999\n"
		"route add blackhole fd02::/16 table 42 metric 9999\n"},
	{"rule add pref 100 oif v1 lookup main\n"
	 "rule add pref 200 lookup 42\n"
	 "route add blackhole 192.0.2.1 table 42 metric 9999\n"
	 "route add blackhole 10.1.0.0/16 table 42 metric 9999\n",
		"rule add pref 100 oif v1 lookup main\n"
		"rule add pref 200 lookup 42\n"
		"route add blackhole 2001:db8::1 table 42 metric 9999\n"
		"route add blackhole fd01::/16 table 42 metric 9999\n"},
};

static const char open_again[] = "rule del pref 100\n"
				 "rule del pref 200\n"
				 "route flush table 42\n";

int end_tun_open(struct end *e)
{
	e->tun_io.device = -1;
	if (!ip(e, 4, shut[e->ns][0]) || !ip(e, 6, shut[e->ns][1]))
		return end_wrong(e, "routes", SDESP_ERR_BACKEND);
	return 1;
}

void end_tun_close(struct end *e)
{
	(void)ip(e, 4, open_again);
	(void)ip(e, 6, open_again);
}

static nfds_t fds(void *ctx, struct pollfd *pollfds)
{
	const struct end *e = ctx;

	return sdesp_tun_io_fds(&e->tun_io, pollfds);
}

static void serve(void *ctx, const struct pollfd *pollfds)
{
	struct end *e = ctx;
	int status = sdesp_tun_io_serve(
		&e->tun_io, &e->tun, bufs, pollfds, net_now_ms());

	if (status < 0) {
		(void)end_wrong(e, strerror(e->tun_io.last_errno), status);
		net_serve(e->ns, NULL);
	}
	(void)sdesp_tun_tick(&e->tun, net_now_ms());
}

/* One route into the device, of the family that the terms name. */
static int lead_in(struct end *e, const struct terms *terms)
{
	static const char *const tunnel[2][2] = {
		{"10.2.0.0/16 dev sdesp0 table 42 src 10.1.0.1",
			"fd02::/16 dev sdesp0 table 42 src fd01::1"},
		{"10.1.0.0/16 dev sdesp0 table 42 src 10.2.0.1",
			"fd01::/16 dev sdesp0 table 42 src fd02::1"}};
	static const char *const transport[2][2] = {
		{"192.0.2.2 dev sdesp0 table 42 src 192.0.2.1",
			"2001:db8::2 dev sdesp0 table 42 src 2001:db8::1"},
		{"192.0.2.1 dev sdesp0 table 42 src 192.0.2.2",
			"2001:db8::1 dev sdesp0 table 42 src 2001:db8::2"}};
	const char *const(*routes)[2] =
		terms->mode == SDESP_TUNNEL ? tunnel : transport;
	char line[100];

	snprintf(line, sizeof line, "route add %s\n",
		routes[e->ns][terms->family == 6]);
	return ip(e, terms->family, line);
}

static size_t device_mtu(const struct end *e, const struct terms *terms)
{
	struct sdesp_flow flow;

	memset(&flow, 0, sizeof flow);
	flow.local = e->local.addr;
	flow.remote = net_outer(!e->ns, terms->family);
	flow.mode = terms->mode;
	flow.udp = terms->udp;
	return sdesp_tun_mtu(sdesp_suite_by_id(terms->suite), &flow, LINK_MTU);
}

static int open_io(struct end *e, const struct terms *terms)
{
	int status;

	net_enter(e->ns);
	status = sdesp_tun_io_open(&e->tun_io, "sdesp0");
	if (status == SDESP_OK)
		status = sdesp_tun_io_listen(&e->tun_io, &e->local.addr,
			terms->udp, e->ns == 0 ? "v0" : "v1");
	if (status == SDESP_OK)
		status = sdesp_tun_io_up(&e->tun_io, device_mtu(e, terms));
	if (status != SDESP_OK)
		return end_wrong(e, strerror(errno), status);
	return lead_in(e, terms) ||
	       end_wrong(e, "route into the device", SDESP_ERR_BACKEND);
}

int end_tun_begin(struct end *e, const struct terms *terms)
{
	size_t size = sdesp_tun_memory(SAS, FLOWS);
	struct sdesp_tun_config config;
	int status;

	memset(&config, 0, sizeof config);
	config.crypto = &e->crypto.vtable;
	config.send = sdesp_tun_io_send;
	config.answer = sdesp_tun_io_answer;
	config.ctx = &e->tun_io;
	config.link_mtu = LINK_MTU;
	config.max_sas = SAS;
	config.max_flows = FLOWS;
	config.seed = net_now_ms();
	e->tun_memory = malloc(size);
	status = sdesp_tun_init(&e->tun, &config, e->tun_memory, size);
	if (status != SDESP_OK)
		return end_wrong(e, "tun", status);
	e->backend = &e->tun.base;
	if (!open_io(e, terms))
		return 0;
	e->server.fds = fds;
	e->server.serve = serve;
	e->server.ctx = e;
	net_serve(e->ns, &e->server);
	return 1;
}

static int nothing_lost(const struct end *e)
{
	const struct sdesp_tun_counters *c = &e->tun.counters;
	const struct sdesp_tun_io *io = &e->tun_io;

	return c->foreign + c->runts + c->unknown_spi + c->early + c->replays +
		       c->forged + c->malformed + c->selector_in +
		       c->congested + c->unsent + c->unfit + io->truncated +
		       io->full + io->unsent + io->undelivered ==
	       0;
}

int end_tun_finish(struct end *e)
{
	int ok = end_is_empty(e, SAS, FLOWS);

	net_serve(e->ns, NULL);
	sdesp_tun_io_close(&e->tun_io);
	e->lossless = nothing_lost(e);
	sdesp_tun_close(&e->tun);
	free(e->tun_memory);
	e->tun_memory = NULL;
	return ok;
}
