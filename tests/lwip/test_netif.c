/*
 * What a netif lets through, and for whom. SPEC 8.5.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "tests/lwip/served.h"

enum { TCP = 6, UDP = 17, ICMP = 1 };

static struct net net;
static struct stream one, two;

static unsigned count(const struct tcp_pcb *pcb)
{
	unsigned n = 0;

	for (; pcb != NULL; pcb = pcb->next)
		n++;
	return n;
}

/* --- sessions apart ------------------------------------------------------- */

/* Two callers behind one address, with a session each to the same host. */
static void two_callers(struct net_session **sa, struct net_session **sb)
{
	struct net_host *a, *b, *l;

	net_init(&net);
	a = net_host(&net, "127.0.0.1", 4500);
	b = net_host(&net, "127.0.0.1", 4501);
	l = net_host(&net, "127.0.0.1", 4502);
	*sa = net_join(&net, a, l, SDESP_AES_128_GCM_16);
	*sb = net_join(&net, b, l, SDESP_AES_128_GCM_16);
}

/* Both ask for the same port: each hears its own server. */
static void test_two_callers_one_address(void **state)
{
	struct net_session *sa, *sb;
	struct stream server_a, server_b;
	struct tcp_pcb *pa, *pb;
	int i;

	(void)state;
	two_callers(&sa, &sb);
	/* The same port inside, too: told apart by the session alone. */
	sb->end[0].lwip.next_port = sa->end[0].lwip.next_port;
	pa = served_port(sa, &server_a);
	pb = served_port(sb, &server_b);
	stream_init(&server_a, 11, 1, 100000);
	stream_init(&server_b, 12, 2, 100000);
	stream_init(&one, 1, 11, 50000);
	stream_init(&two, 2, 12, 50000);
	assert_int_equal(
		stream_connect(&one, &sa->end[0].lwip, SERVED_PORT), SDESP_OK);
	assert_int_equal(
		stream_connect(&two, &sb->end[0].lwip, SERVED_PORT), SDESP_OK);
	assert_int_equal(one.pcb->local_port, two.pcb->local_port);
	for (i = 0; i < 10000 &&
		    !(stream_close(&one) & stream_close(&two) &
			    stream_close(&server_a) & stream_close(&server_b));
		i++)
		net_step(&net);
	assert_int_equal(one.read + two.read, 200000);
	assert_int_equal(server_a.read + server_b.read, 100000);
	assert_int_equal(one.wrong + two.wrong, 0);
	assert_int_equal(server_a.wrong + server_b.wrong, 0);
	tcp_close(pa);
	tcp_close(pb);
	net_close(sa, 0);
	net_close(sa, 1);
	served_close(sb);
}

/* What one session exposes is closed to another. */
static void test_other_sessions_port(void **state)
{
	struct net_session *sa, *sb;
	struct tcp_pcb *listener;

	(void)state;
	two_callers(&sa, &sb);
	stream_init(&one, 1, 2, 10);
	listener = served_port(sa, &one);
	stream_init(&two, 2, 1, 10);
	assert_int_equal(
		stream_connect(&two, &sb->end[0].lwip, SERVED_PORT), SDESP_OK);
	net_wait(&net, 100);
	assert_null(two.pcb);
	assert_int_equal(two.err, ERR_RST);
	assert_false(one.connected);
	tcp_close(listener);
	net_close(sa, 0);
	net_close(sa, 1);
	served_close(sb);
}

static void test_another_flows_packet(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct sdesp_lwip *lwip = &s->end[1].lwip;
	uint8_t octets[64] = {0};
	struct sdesp_pkt pkt = {.data = octets, .len = 20, .next_header = TCP};
	struct sdesp_udp_meta meta = {
		.kind = SDESP_UDP_ESP, .flow = lwip->id + 1};

	(void)state;
	assert_int_equal(sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_GONE);
	meta.flow = 0;
	assert_int_equal(sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_GONE);
	meta.flow = lwip->id;
	meta.kind = SDESP_UDP_MARKED;
	assert_int_equal(sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_GONE);
	meta.kind = SDESP_UDP_ESP;
	pkt.next_header = ICMP;
	assert_int_equal(
		sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_UNSUPPORTED);
	pkt.next_header = TCP;
	pkt.len = 19;
	assert_int_equal(sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_SHORT);
	pkt.len = 65535;
	assert_int_equal(sdesp_lwip_input(lwip, &pkt, &meta), SDESP_ERR_SPACE);
	assert_int_equal(lwip->dropped, 6);
	assert_int_equal(lwip->received, 0);
	served_close(s);
}

/* --- refusals ------------------------------------------------------------- */

static void test_refused_port(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");

	(void)state;
	stream_init(&one, 1, 2, 10);
	assert_int_equal(
		stream_connect(&one, &s->end[0].lwip, SERVED_PORT), SDESP_OK);
	net_wait(&net, 100);
	assert_null(one.pcb);
	assert_int_equal(one.err, ERR_RST);
	assert_false(one.connected);
	served_close(s);
}

static void test_port_taken(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = served_port(s, &one), *other = NULL;

	(void)state;
	assert_int_equal(
		sdesp_lwip_listen(&s->end[1].lwip, SERVED_PORT, &other),
		SDESP_ERR_EXISTS);
	assert_null(other);
	tcp_close(listener);
	served_close(s);
}

/* Only what the selectors allow is tried, from a port that they allow. */
static void test_selectors(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct sdesp_lwip *lwip = &s->end[0].lwip;
	struct tcp_pcb *pcb[3];

	(void)state;
	lwip->flow.nts = 1;
	lwip->flow.ts[0].protocol = TCP;
	lwip->flow.ts[0].local.lo = 40000;
	lwip->flow.ts[0].local.hi = 40001;
	lwip->flow.ts[0].remote.lo = lwip->flow.ts[0].remote.hi = SERVED_PORT;
	assert_int_equal(
		sdesp_lwip_connect(lwip, SERVED_PORT + 1, NULL, NULL, pcb),
		SDESP_ERR_SELECTOR);
	assert_int_equal(
		sdesp_lwip_connect(lwip, SERVED_PORT, NULL, NULL, &pcb[0]),
		SDESP_OK);
	assert_int_equal(
		sdesp_lwip_connect(lwip, SERVED_PORT, NULL, NULL, &pcb[1]),
		SDESP_OK);
	assert_int_equal(
		pcb[0]->local_port + (unsigned)pcb[1]->local_port, 80001);
	assert_int_equal(
		sdesp_lwip_connect(lwip, SERVED_PORT, NULL, NULL, &pcb[2]),
		SDESP_ERR_SPACE);
	lwip->flow.ts[0].protocol = UDP;
	assert_int_equal(
		sdesp_lwip_connect(lwip, SERVED_PORT, NULL, NULL, &pcb[2]),
		SDESP_ERR_SELECTOR);
	served_close(s);
}

/* A peer that opens connections and goes no further gets so many. */
static void test_connection_limit(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = served_port(s, &one);
	uint8_t syn[20];
	uint16_t port;

	(void)state;
	stream_init(&one, 1, 2, 10);
	for (port = 1000; port < 1000 + 3 * SDESP_LWIP_CONNECTIONS; port++) {
		served_syn(syn, port, SERVED_PORT);
		assert_int_equal(
			net_raw(&s->end[0], TCP, syn, sizeof syn), SDESP_OK);
		/* Its SYN-ACK is not heard. */
		net.n = 1;
		net_step(&net);
		net.n = 0;
	}
	assert_int_equal(count(tcp_active_pcbs), SDESP_LWIP_CONNECTIONS);
	assert_int_equal(s->end[1].lwip.dropped, 2 * SDESP_LWIP_CONNECTIONS);

	/* In time lwIP gives them up, and there is room again. */
	net_wait(&net, 60000);
	net.n = 0;
	assert_int_equal(count(tcp_active_pcbs), 0);
	stream_init(&two, 2, 1, 10);
	assert_int_equal(
		stream_connect(&two, &s->end[0].lwip, SERVED_PORT), SDESP_OK);
	net_wait(&net, 1000);
	assert_true(two.connected && one.connected);
	tcp_close(listener);
	served_close(s);
}

/* One after the other there may be any number: the oldest in TIME-WAIT makes
 * room. */
static void test_time_wait_makes_room(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = served_port(s, &one);
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * SDESP_LWIP_CONNECTIONS; i++) {
		stream_init(&one, 1, 2, 10);
		stream_init(&two, 2, 1, 10);
		assert_int_equal(
			stream_connect(&two, &s->end[0].lwip, SERVED_PORT),
			SDESP_OK);
		while (!(stream_close(&one) & stream_close(&two)))
			net_step(&net);
		net_wait(&net, 10);
		assert_int_equal(one.read + two.read, 20);
	}
	assert_true(count(tcp_tw_pcbs) >= SDESP_LWIP_CONNECTIONS);
	assert_true(count(tcp_tw_pcbs) <= 2 * SDESP_LWIP_CONNECTIONS);
	tcp_close(listener);
	served_close(s);
}

static void test_open_refusals(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct sdesp_lwip *old = &s->end[0].lwip;
	struct sdesp_lwip_config config = {.udp = old->udp,
		.flow = old->flow,
		.suite = SDESP_AES_128_GCM_16,
		.mtu = 1500,
		.now_ms = old->now_ms};
	static struct sdesp_lwip l;
	struct sdesp_flow other = old->flow;
	unsigned mtu = old->netif.mtu;

	(void)state;
	config.suite = SDESP_SUITE_END;
	assert_int_equal(sdesp_lwip_open(&l, &config), SDESP_ERR_ARG);
	config.suite = SDESP_AES_128_GCM_16;
	config.mtu = 28;
	assert_int_equal(sdesp_lwip_open(&l, &config), SDESP_ERR_ARG);
	config.mtu = 1500;
	config.flow.mode = SDESP_TUNNEL;
	assert_int_equal(sdesp_lwip_open(&l, &config), SDESP_ERR_ARG);
	other.remote.port++;
	config.flow = other;
	assert_int_equal(sdesp_lwip_open(&l, &config), SDESP_ERR_GONE);
	assert_int_equal(sdesp_lwip_move(old, &other,
				 SDESP_AES_128_CBC_HMAC_SHA2_256_128, 1400),
		SDESP_ERR_GONE);
	assert_int_equal(old->netif.mtu, mtu);
	assert_int_equal(old->flow.remote.port, other.remote.port - 1);
	served_close(s);
	assert_null(netif_list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_callers_one_address),
		cmocka_unit_test(test_other_sessions_port),
		cmocka_unit_test(test_another_flows_packet),
		cmocka_unit_test(test_refused_port),
		cmocka_unit_test(test_port_taken),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_connection_limit),
		cmocka_unit_test(test_time_wait_makes_room),
		cmocka_unit_test(test_open_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
