/* A party whose calls carry packets. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/libre/carrier.h"

#include <string.h>

#define MOST_MS 1000 /* between two ticks */

static void on_tick(void *arg)
{
	struct carrier *c = arg;
	uint64_t now = sdesp_posix_now_ms();
	uint64_t next = sdesp_udp_tick(&c->udp, now);

	next = next > now ? next - now : 0;
	tmr_start(&c->tick, next < MOST_MS ? next : MOST_MS, on_tick, c);
}

static void poll_backend(struct carrier *c)
{
	if (c->party.ua != NULL &&
		sdesp_libre_poll(c->party.ua, &c->udp.base) == SDESP_OK)
		tmr_start(&c->tick, 0, on_tick, c);
}

static void touched(void *arg)
{
	struct carrier *c = arg; /* its first member, as it was told */

	c->party.touched++;
	poll_backend(c);
}

static void on_readable(int flags, void *arg)
{
	static struct sdesp_udp_buf bufs[SDESP_UDP_BATCH];
	struct sdesp_pkt pkts[SDESP_UDP_BATCH];
	struct sdesp_udp_meta meta[SDESP_UDP_BATCH];
	struct carrier *c = arg;
	size_t n;

	(void)flags;
	n = sdesp_udp_socket_receive(
		&c->socket, bufs, pkts, meta, SDESP_UDP_BATCH);
	c->heard += (unsigned)sdesp_udp_input(
		&c->udp, pkts, meta, n, sdesp_posix_now_ms());
	poll_backend(c);
}

void carrier_init(struct carrier *c, enum sip_transp tp)
{
	struct sdesp_udp_config config = {.send = sdesp_udp_socket_send};

	party_init(&c->party, tp);
	sdesp_bearssl_init(&c->crypto);
	config.crypto = &c->crypto.vtable;
	config.send_ctx = &c->socket;
	assert_int_equal(sdesp_udp_init(&c->udp, &config), SDESP_OK);
	tmr_init(&c->tick);
	c->heard = 0;
	c->party.setup.backend = &c->udp.base;
	c->party.setup.local.addr.port = 0;
	c->party.config.touched = touched;
}

void carrier_open(struct carrier *c)
{
	assert_int_equal(
		sdesp_udp_socket_open(&c->socket, &c->party.setup.local.addr),
		SDESP_OK);
	assert_int_equal(fd_listen(c->socket.fd, FD_READ, on_readable, c), 0);
	party_open(&c->party);
}

static void shut(struct carrier *c)
{
	tmr_cancel(&c->tick);
	fd_close(c->socket.fd);
	sdesp_udp_socket_close(&c->socket);
	sdesp_udp_close(&c->udp);
}

void carrier_close(struct carrier *c)
{
	party_close(&c->party);
	shut(c);
}

void carrier_vanish(struct carrier *c)
{
	party_vanish(&c->party);
	assert_int_equal(carrier_holds(c), 0);
	shut(c);
}

size_t carrier_say(struct carrier *c)
{
	static struct sdesp_udp_buf buf;
	struct sdesp_pkt pkt = {.data = buf.octets + SDESP_UDP_HEAD,
		.len = 5,
		.head = SDESP_UDP_HEAD,
		.tail = sizeof buf.octets - SDESP_UDP_HEAD - 5};
	struct sdesp_session_info info;

	sdesp_call_info(c->party.call, &info);
	memcpy(pkt.data, "hello", 5);
	return sdesp_udp_send(&c->udp, sdesp_udp_flow(&c->udp, &info.flow),
		40000, 40001, &pkt, 1, sdesp_posix_now_ms());
}

unsigned carrier_holds(const struct carrier *c)
{
	unsigned i, n = 0;

	for (i = 0; i < SDESP_UDP_SAS; i++)
		n += c->udp.sas[i].watch.state != SDESP_SA_NONE;
	for (i = 0; i < SDESP_UDP_FLOWS; i++)
		n += c->udp.policies[i].used;
	return n;
}
