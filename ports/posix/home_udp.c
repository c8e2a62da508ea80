/*
 * The home that needs no privilege: ESP in UDP, in this program. Its packets
 * are the program's own. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "ports/posix/home_class.h"
#include "ports/posix/report.h"
#include "sdesp_posix.h"
#include "sdesp_udp_socket.h"

#define BATCH SDESP_UDP_BATCH
#define ROUNDS 16 /* batches between two looks at the clock */

struct udp_home {
	struct home base;
	struct sdesp_bearssl crypto;
	struct sdesp_udp udp;
	struct sdesp_udp_socket socket;
	home_deliver *deliver;
	void *ctx;
	struct sdesp_udp_buf bufs[BATCH];
};

static struct udp_home *self(const struct home *home)
{
	return (struct udp_home *)(uintptr_t)home;
}

struct sdesp_udp *home_udp(struct home *home)
{
	return home->vtable == &home_udp_class ? &self(home)->udp : NULL;
}

static int open_udp(struct home *home, const struct home_config *config)
{
	struct udp_home *h = self(home);
	struct sdesp_udp_config own;
	char text[SDESP_POSIX_ADDR_TEXT];

	h->socket.fd = -1;
	if (!config->udp)
		return refuse("ESP as IP protocol 50 cannot be done by "
			      "--backend udp: as root, --backend tun or xfrm "
			      "can");
	sdesp_bearssl_init(&h->crypto);
	if (sdesp_udp_socket_open(&h->socket, &home->local) != SDESP_OK)
		return system_error("%s: %s",
			sdesp_posix_print_addr(text, &config->local),
			strerror(errno));
	memset(&own, 0, sizeof own);
	own.crypto = &h->crypto.vtable;
	own.send = sdesp_udp_socket_send;
	own.send_ctx = &h->socket;
	own.keylog = sdesp_posix_keylog;
	if (sdesp_udp_init(&h->udp, &own) != SDESP_OK)
		return system_error("the udp backend does not start");
	home->backend = &h->udp.base;
	h->deliver = config->deliver;
	h->ctx = config->ctx;
	return DONE;
}

static void close_udp(struct home *home)
{
	sdesp_udp_close(&self(home)->udp);
	sdesp_udp_socket_close(&self(home)->socket);
}

static unsigned fds(const struct home *home, int list[HOME_FDS])
{
	list[0] = self(home)->socket.fd;
	return 1;
}

static int serve(struct home *home, uint64_t now_ms)
{
	struct udp_home *h = self(home);
	struct sdesp_pkt pkts[BATCH];
	struct sdesp_udp_meta meta[BATCH];
	unsigned round;
	size_t i, n;

	for (round = 0; round < ROUNDS; round++) {
		n = sdesp_udp_socket_receive(
			&h->socket, h->bufs, pkts, meta, BATCH);
		if (n == 0)
			break;
		sdesp_udp_input(&h->udp, pkts, meta, n, now_ms);
		for (i = 0; i < n; i++) {
			if (pkts[i].status == SDESP_OK && h->deliver != NULL)
				h->deliver(h->ctx, &pkts[i], &meta[i]);
		}
	}
	return DONE;
}

static uint64_t tick(struct home *home, uint64_t now_ms)
{
	return sdesp_udp_tick(&self(home)->udp, now_ms);
}

static int resume_out(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	return sdesp_udp_resume_out(&self(home)->udp, flow, sa, seq);
}

static int resume_in(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, const struct sdesp_replay *window)
{
	(void)flow;
	return sdesp_udp_resume_in(&self(home)->udp, sa->spi, window);
}

static int window(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, struct sdesp_replay *window)
{
	(void)flow;
	return sdesp_udp_window(&self(home)->udp, sa->spi, window);
}

static void count(struct home *home, struct home_counters *c)
{
	const struct sdesp_udp_counters *own = &self(home)->udp.counters;

	c->sent = own->sealed;
	c->received = own->opened;
	c->replays = own->replays;
	c->forged = own->forged;
	c->others = own->unknown_spi + own->foreign + own->runts +
		    own->malformed + own->selector_in;
}

const struct home_class home_udp_class = {
	.name = "udp",
	.size = sizeof(struct udp_home),
	.open = open_udp,
	.close = close_udp,
	.fds = fds,
	.serve = serve,
	.tick = tick,
	.resume_out = resume_out,
	.resume_in = resume_in,
	.window = window,
	.count = count,
};
