/*
 * What a netif lets through, for whom, and what it looks like outside.
 * SPEC 8.5, 8.8. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"
#include "tests/lwip/stream.h"

enum { PORT = 8080, TCP = 6, UDP = 17, ICMP = 1 };

static struct net net;
static struct stream one, two;

static struct net_session *pair(const char *a, const char *b)
{
	struct net_host *caller;

	net_init(&net);
	caller = net_host(&net, a, 4500);
	return net_join(
		&net, caller, net_host(&net, b, 4501), SDESP_AES_128_GCM_16);
}

static struct tcp_pcb *serve(struct net_session *s, struct stream *stream)
{
	struct tcp_pcb *listener = NULL;

	assert_int_equal(
		sdesp_lwip_listen(&s->end[1].lwip, PORT, &listener), SDESP_OK);
	tcp_arg(listener, stream);
	tcp_accept(listener, stream_accept);
	return listener;
}

static void close_both(struct net_session *s)
{
	net_close(s, 0);
	net_close(s, 1);
	assert_null(tcp_active_pcbs);
	assert_null(tcp_tw_pcbs);
	assert_null(tcp_bound_pcbs);
}

/* A SYN from a port, its checksum wrong. */
static void put_syn(uint8_t segment[20], uint16_t from, uint16_t to)
{
	memset(segment, 0, 20);
	segment[0] = (uint8_t)(from >> 8);
	segment[1] = (uint8_t)from;
	segment[2] = (uint8_t)(to >> 8);
	segment[3] = (uint8_t)to;
	segment[12] = 0x50;
	segment[13] = 0x02;
	segment[14] = 0x10;
	segment[16] = 0xde;
	segment[17] = 0xad;
}

static unsigned count(const struct tcp_pcb *pcb)
{
	unsigned n = 0;

	for (; pcb != NULL; pcb = pcb->next)
		n++;
	return n;
}

/* --- sessions apart ------------------------------------------------------- */

/* Two callers behind one address, each with a session of its own to the same
 * port: each hears its own server. */
static void test_two_callers_one_address(void **state)
{
	struct net_host *a, *b, *l;
	struct net_session *sa, *sb;
	struct stream server_a, server_b;
	struct tcp_pcb *pa, *pb;
	int i;

	(void)state;
	net_init(&net);
	a = net_host(&net, "127.0.0.1", 4500);
	b = net_host(&net, "127.0.0.1", 4501);
	l = net_host(&net, "127.0.0.1", 4502);
	sa = net_join(&net, a, l, SDESP_AES_128_GCM_16);
	sb = net_join(&net, b, l, SDESP_AES_128_GCM_16);
	/* The same port inside, too: told apart by the session alone. */
	sb->end[0].lwip.next_port = sa->end[0].lwip.next_port;
	pa = serve(sa, &server_a);
	pb = serve(sb, &server_b);
	stream_init(&server_a, 11, 1, 100000);
	stream_init(&server_b, 12, 2, 100000);
	stream_init(&one, 1, 11, 50000);
	stream_init(&two, 2, 12, 50000);
	assert_int_equal(
		stream_connect(&one, &sa->end[0].lwip, PORT), SDESP_OK);
	assert_int_equal(
		stream_connect(&two, &sb->end[0].lwip, PORT), SDESP_OK);
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
	close_both(sb);
}

/* What one session exposes is closed to another. */
static void test_other_sessions_port(void **state)
{
	struct net_host *a, *b, *l;
	struct net_session *sa, *sb;
	struct tcp_pcb *listener;

	(void)state;
	net_init(&net);
	a = net_host(&net, "127.0.0.1", 4500);
	b = net_host(&net, "127.0.0.1", 4501);
	l = net_host(&net, "127.0.0.1", 4502);
	sa = net_join(&net, a, l, SDESP_AES_128_GCM_16);
	sb = net_join(&net, b, l, SDESP_AES_128_GCM_16);
	stream_init(&one, 1, 2, 10);
	listener = serve(sa, &one);
	stream_init(&two, 2, 1, 10);
	assert_int_equal(
		stream_connect(&two, &sb->end[0].lwip, PORT), SDESP_OK);
	net_wait(&net, 100);
	assert_null(two.pcb);
	assert_int_equal(two.err, ERR_RST);
	assert_false(one.connected);
	tcp_close(listener);
	net_close(sa, 0);
	net_close(sa, 1);
	close_both(sb);
}

static void test_another_flows_packet(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
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
	close_both(s);
}

/* --- refusals ------------------------------------------------------------- */

static void test_refused_port(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");

	(void)state;
	stream_init(&one, 1, 2, 10);
	assert_int_equal(stream_connect(&one, &s->end[0].lwip, PORT), SDESP_OK);
	net_wait(&net, 100);
	assert_null(one.pcb);
	assert_int_equal(one.err, ERR_RST);
	assert_false(one.connected);
	close_both(s);
}

static void test_port_taken(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = serve(s, &one), *other = NULL;

	(void)state;
	assert_int_equal(sdesp_lwip_listen(&s->end[1].lwip, PORT, &other),
		SDESP_ERR_EXISTS);
	assert_null(other);
	tcp_close(listener);
	close_both(s);
}

/* Only what the selectors allow is tried, from a port that they allow. */
static void test_selectors(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct sdesp_lwip *lwip = &s->end[0].lwip;
	struct tcp_pcb *pcb[3];

	(void)state;
	lwip->flow.nts = 1;
	lwip->flow.ts[0].protocol = TCP;
	lwip->flow.ts[0].local.lo = 40000;
	lwip->flow.ts[0].local.hi = 40001;
	lwip->flow.ts[0].remote.lo = lwip->flow.ts[0].remote.hi = PORT;
	assert_int_equal(sdesp_lwip_connect(lwip, PORT + 1, NULL, NULL, pcb),
		SDESP_ERR_SELECTOR);
	assert_int_equal(
		sdesp_lwip_connect(lwip, PORT, NULL, NULL, &pcb[0]), SDESP_OK);
	assert_int_equal(
		sdesp_lwip_connect(lwip, PORT, NULL, NULL, &pcb[1]), SDESP_OK);
	assert_int_equal(
		pcb[0]->local_port + (unsigned)pcb[1]->local_port, 80001);
	assert_int_equal(sdesp_lwip_connect(lwip, PORT, NULL, NULL, &pcb[2]),
		SDESP_ERR_SPACE);
	lwip->flow.ts[0].protocol = UDP;
	assert_int_equal(sdesp_lwip_connect(lwip, PORT, NULL, NULL, &pcb[2]),
		SDESP_ERR_SELECTOR);
	close_both(s);
}

/* A peer that opens connections and goes no further gets so many. */
static void test_connection_limit(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = serve(s, &one);
	uint8_t syn[20];
	uint16_t port;

	(void)state;
	stream_init(&one, 1, 2, 10);
	for (port = 1000; port < 1000 + 3 * SDESP_LWIP_CONNECTIONS; port++) {
		put_syn(syn, port, PORT);
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
	assert_int_equal(stream_connect(&two, &s->end[0].lwip, PORT), SDESP_OK);
	net_wait(&net, 1000);
	assert_true(two.connected && one.connected);
	tcp_close(listener);
	close_both(s);
}

/* One after the other there may be any number: the oldest in TIME-WAIT makes
 * room. */
static void test_time_wait_makes_room(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = serve(s, &one);
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * SDESP_LWIP_CONNECTIONS; i++) {
		stream_init(&one, 1, 2, 10);
		stream_init(&two, 2, 1, 10);
		assert_int_equal(
			stream_connect(&two, &s->end[0].lwip, PORT), SDESP_OK);
		while (!(stream_close(&one) & stream_close(&two)))
			net_step(&net);
		net_wait(&net, 10);
		assert_int_equal(one.read + two.read, 20);
	}
	assert_true(count(tcp_tw_pcbs) >= SDESP_LWIP_CONNECTIONS);
	assert_true(count(tcp_tw_pcbs) <= 2 * SDESP_LWIP_CONNECTIONS);
	tcp_close(listener);
	close_both(s);
}

static void test_open_refusals(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
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
	close_both(s);
	assert_null(netif_list);
}

/* --- what it looks like outside ------------------------------------------- */

/* RFC 9293 3.1: over the outer addresses, as a kernel at the other end checks
 * it. 0: right. */
static unsigned sum_tcp(
	const struct sdesp_flow *flow, const uint8_t *p, size_t len)
{
	size_t n = flow->local.family == 4 ? 4 : 16, i;
	uint64_t sum = TCP + len;

	for (i = 0; i < n; i += 2) {
		sum += (unsigned)flow->local.ip[i] << 8 | flow->local.ip[i + 1];
		sum += (unsigned)flow->remote.ip[i] << 8 |
		       flow->remote.ip[i + 1];
	}
	for (i = 0; i + 1 < len; i += 2)
		sum += (unsigned)p[i] << 8 | p[i + 1];
	if (len % 2 == 1)
		sum += (unsigned)p[i] << 8;
	while (sum >> 16 != 0)
		sum = (sum >> 16) + (sum & 0xffff);
	return (unsigned)sum ^ 0xffff;
}

/* Every segment that the caller sends, opened as the other end's backend
 * does, while a connection runs. */
static void checksums_of(const char *a, const char *b)
{
	struct net_session *s = pair(a, b);
	struct tcp_pcb *listener = serve(s, &one);
	unsigned seen = 0;
	size_t i;

	stream_init(&one, 1, 2, 1);
	stream_init(&two, 2, 1, 20001);
	assert_int_equal(stream_connect(&two, &s->end[0].lwip, PORT), SDESP_OK);
	while (!(stream_close(&one) & stream_close(&two))) {
		struct net_host copy = *s->end[1].host;

		for (i = 0; i < net.n; i++) {
			struct net_item item = net.item[i];
			struct sdesp_udp_meta meta = {.from = item.from};
			struct sdesp_pkt pkt = {
				.data = item.octets + SDESP_PKT_HEAD,
				.len = item.len,
				.head = SDESP_PKT_HEAD,
				.tail = sizeof item.octets - SDESP_PKT_HEAD -
					item.len};

			if (!sdesp_addr_equal(&item.to, &copy.addr))
				continue;
			assert_int_equal(sdesp_udp_input(&copy.udp, &pkt, &meta,
						 1, net_now_ms),
				1);
			assert_int_equal(pkt.next_header, TCP);
			assert_int_equal(
				sum_tcp(&s->end[0].flow, pkt.data, pkt.len), 0);
			seen++;
		}
		net_step(&net);
	}
	assert_true(seen > 15);
	assert_int_equal(one.read, 20001);
	tcp_close(listener);
	close_both(s);
}

static void test_checksum_outside(void **state)
{
	(void)state;
	checksums_of("192.0.2.1", "198.51.100.2");
	checksums_of("255.255.255.254", "0.0.0.1");
	checksums_of("2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe");
}

/* A NAT has broken it; the ICV is right. */
static void test_wrong_checksum_is_repaired(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = serve(s, &one);
	uint8_t syn[20];

	(void)state;
	put_syn(syn, 1000, PORT);
	assert_int_equal(net_raw(&s->end[0], TCP, syn, sizeof syn), SDESP_OK);
	net_step(&net);
	assert_int_equal(s->end[1].lwip.received, 1);
	assert_non_null(tcp_active_pcbs);
	assert_int_equal(tcp_active_pcbs->state, SYN_RCVD);
	tcp_close(listener);
	net.n = 0;
	close_both(s);
}

/* As large as the suite lets it be, and never larger. */
static void test_size(void **state)
{
	unsigned suite;

	(void)state;
	for (suite = SDESP_AES_128_GCM_16; suite < SDESP_SUITE_END; suite++) {
		const char *a = suite % 2 ? "192.0.2.1" : "2001:db8::1";
		const char *b = suite % 2 ? "198.51.100.2" : "2001:db8::2";
		size_t outer = suite % 2 ? 28 : 48;
		struct net_host *caller =
			(net_init(&net), net_host(&net, a, 4500));
		struct net_session *s =
			net_join(&net, caller, net_host(&net, b, 4501), suite);
		struct tcp_pcb *listener = serve(s, &one);

		stream_init(&one, 1, 2, 10);
		stream_init(&two, 2, 1, 100000);
		assert_int_equal(
			stream_connect(&two, &s->end[0].lwip, PORT), SDESP_OK);
		while (!(stream_close(&one) & stream_close(&two)))
			net_step(&net);
		assert_int_equal(one.read, 100000);
		assert_true(net.longest + outer <= NET_MTU);
		assert_true(
			net.longest + outer + sdesp_suite_by_id(suite)->align >
			NET_MTU);
		tcp_close(listener);
		close_both(s);
	}
}

/* The caller's address changes under an open connection (SPEC 10.6). */
static void test_move(void **state)
{
	struct net_session *s = pair("192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = serve(s, &one);
	struct sdesp_addr at = s->end[0].host->addr;
	unsigned i;

	(void)state;
	stream_init(&one, 1, 2, 300000);
	stream_init(&two, 2, 1, 300000);
	assert_int_equal(stream_connect(&two, &s->end[0].lwip, PORT), SDESP_OK);
	while (one.read < 100000)
		net_step(&net);
	at.ip[3] = 77;
	at.port = 9999;
	s->end[0].host->addr = at;
	for (i = 0; i < 2; i++) {
		struct net_end *end = &s->end[i];
		struct sdesp_backend *be = &end->host->udp.base;
		struct sdesp_flow old = end->flow;

		if (i == 0)
			end->flow.local = at;
		else
			end->flow.remote = at;
		assert_int_equal(be->vtable->sa_move(
					 be, &end->flow, &old, end->in.spi, 1),
			SDESP_OK);
		assert_int_equal(be->vtable->sa_move(
					 be, &end->flow, &old, end->out.spi, 0),
			SDESP_OK);
		assert_int_equal(sdesp_lwip_move(&end->lwip, &end->flow,
					 SDESP_AES_128_GCM_16, NET_MTU),
			SDESP_OK);
	}
	while (!(stream_close(&one) & stream_close(&two)))
		net_step(&net);
	assert_int_equal(one.read + two.read, 600000);
	assert_int_equal(one.wrong + two.wrong, 0);
	tcp_close(listener);
	close_both(s);
}

/* --- UDP ------------------------------------------------------------------ */

struct heard {
	size_t len;
	u16_t port;
	char text[64];
};

static void hear(void *arg, struct udp_pcb *pcb, struct pbuf *p,
	const ip_addr_t *from, u16_t port)
{
	struct heard *heard = arg;

	heard->len =
		pbuf_copy_partial(p, heard->text, (u16_t)sizeof heard->text, 0);
	heard->port = port;
	if (pcb->local_port == PORT)
		udp_sendto(pcb, p, from, port); /* and back */
	pbuf_free(p);
}

static err_t say(
	struct udp_pcb *pcb, const struct net_end *end, u16_t port, size_t len)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
	err_t err;

	assert_non_null(p);
	memset(p->payload, 'x', len);
	err = udp_sendto(pcb, p, &end->lwip.peer, port);
	pbuf_free(p);
	return err;
}

static void udp_goes_both_ways(const char *a, const char *b)
{
	struct net_session *s = pair(a, b);
	struct udp_pcb *client = udp_new(), *server = udp_new();
	struct heard at_client = {0}, at_server = {0};

	assert_int_equal(
		udp_bind(server, &s->end[1].lwip.netif.ip_addr, PORT), ERR_OK);
	udp_bind_netif(server, &s->end[1].lwip.netif);
	udp_recv(server, hear, &at_server);
	assert_int_equal(
		udp_bind(client, &s->end[0].lwip.netif.ip_addr, 5000), ERR_OK);
	udp_bind_netif(client, &s->end[0].lwip.netif);
	udp_recv(client, hear, &at_client);

	assert_int_equal(say(client, &s->end[0], PORT, 5), ERR_OK);
	net_wait(&net, 10);
	assert_int_equal(at_server.len, 5);
	assert_int_equal(at_server.port, 5000);
	assert_memory_equal(at_server.text, "xxxxx", 5);
	assert_int_equal(at_client.len, 5);
	assert_int_equal(at_client.port, PORT);

	/* To a port where nobody is: no ICMP comes of it. */
	assert_int_equal(say(client, &s->end[0], PORT + 1, 5), ERR_OK);
	net_wait(&net, 10);
	assert_int_equal(s->end[1].lwip.sent, 1);
	assert_int_equal(s->end[1].lwip.unsent, 1);

	/* Larger than a packet: not cut into pieces. */
	say(client, &s->end[0], PORT, 3000);
	net_wait(&net, 10);
	assert_int_equal(s->end[0].lwip.sent, 2);
	udp_remove(client);
	udp_remove(server);
	close_both(s);
}

static void test_udp(void **state)
{
	(void)state;
	udp_goes_both_ways("192.0.2.1", "198.51.100.2");
	udp_goes_both_ways("2001:db8::1", "2001:db8::2");
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
		cmocka_unit_test(test_checksum_outside),
		cmocka_unit_test(test_wrong_checksum_is_repaired),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
