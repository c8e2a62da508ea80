/*
 * What a netif's packets look like outside: checksums, sizes, addresses.
 * SPEC 8.8. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"
#include "tests/lwip/served.h"

enum { TCP = 6 };

static struct net net;
static struct stream one, two;

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

/* What is on its way from the caller, opened as the other end's backend does:
 * how many segments, all with the right checksum. */
static unsigned look_outside(const struct net_session *s)
{
	struct net_host copy = *s->end[1].host;
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < net.n; i++) {
		struct net_item item = net.item[i];
		struct sdesp_udp_meta meta = {.from = item.from};
		struct sdesp_pkt pkt = {.data = item.octets + SDESP_PKT_HEAD,
			.len = item.len,
			.head = SDESP_PKT_HEAD,
			.tail = sizeof item.octets - SDESP_PKT_HEAD - item.len};

		if (!sdesp_addr_equal(&item.to, &copy.addr))
			continue;
		assert_int_equal(
			sdesp_udp_input(&copy.udp, &pkt, &meta, 1, net_now_ms),
			1);
		assert_int_equal(pkt.next_header, TCP);
		assert_int_equal(
			sum_tcp(&s->end[0].flow, pkt.data, pkt.len), 0);
		seen++;
	}
	return seen;
}

static void checksums_of(const char *a, const char *b)
{
	struct net_session *s = served_pair(&net, a, b);
	struct tcp_pcb *listener = served_port(s, &one);
	unsigned seen = 0;

	stream_init(&one, 1, 2, 1);
	stream_init(&two, 2, 1, 20001);
	assert_int_equal(
		stream_connect(&two, &s->end[0].lwip, SERVED_PORT), SDESP_OK);
	while (!(stream_close(&one) & stream_close(&two))) {
		seen += look_outside(s);
		net_step(&net);
	}
	assert_true(seen > 15);
	assert_int_equal(one.read, 20001);
	tcp_close(listener);
	served_close(s);
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
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = served_port(s, &one);
	uint8_t syn[20];

	(void)state;
	served_syn(syn, 1000, SERVED_PORT);
	assert_int_equal(net_raw(&s->end[0], TCP, syn, sizeof syn), SDESP_OK);
	net_step(&net);
	assert_int_equal(s->end[1].lwip.received, 1);
	assert_non_null(tcp_active_pcbs);
	assert_int_equal(tcp_active_pcbs->state, SYN_RCVD);
	tcp_close(listener);
	net.n = 0;
	served_close(s);
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
		struct tcp_pcb *listener = served_port(s, &one);

		stream_init(&one, 1, 2, 10);
		stream_init(&two, 2, 1, 100000);
		assert_int_equal(
			stream_connect(&two, &s->end[0].lwip, SERVED_PORT),
			SDESP_OK);
		while (!(stream_close(&one) & stream_close(&two)))
			net_step(&net);
		assert_int_equal(one.read, 100000);
		assert_true(net.longest + outer <= NET_MTU);
		assert_true(
			net.longest + outer + sdesp_suite_by_id(suite)->align >
			NET_MTU);
		tcp_close(listener);
		served_close(s);
	}
}

/* The caller's address changes under an open connection (SPEC 10.6). */
static void test_move(void **state)
{
	struct net_session *s = served_pair(&net, "192.0.2.1", "198.51.100.2");
	struct tcp_pcb *listener = served_port(s, &one);
	struct sdesp_addr at = s->end[0].host->addr;
	unsigned seen = 0, i;

	(void)state;
	stream_init(&one, 1, 2, 300000);
	stream_init(&two, 2, 1, 300000);
	assert_int_equal(
		stream_connect(&two, &s->end[0].lwip, SERVED_PORT), SDESP_OK);
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
	net_step(&net); /* the last from the old address */
	while (!(stream_close(&one) & stream_close(&two))) {
		seen += look_outside(s);
		net_step(&net);
	}
	assert_true(seen > 100);
	assert_int_equal(one.read + two.read, 600000);
	assert_int_equal(one.wrong + two.wrong, 0);
	tcp_close(listener);
	served_close(s);
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
	if (pcb->local_port == SERVED_PORT)
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
	struct net_session *s = served_pair(&net, a, b);
	struct udp_pcb *client = udp_new(), *server = udp_new();
	struct heard at_client = {0}, at_server = {0};

	assert_int_equal(
		udp_bind(server, &s->end[1].lwip.netif.ip_addr, SERVED_PORT),
		ERR_OK);
	udp_bind_netif(server, &s->end[1].lwip.netif);
	udp_recv(server, hear, &at_server);
	assert_int_equal(
		udp_bind(client, &s->end[0].lwip.netif.ip_addr, 5000), ERR_OK);
	udp_bind_netif(client, &s->end[0].lwip.netif);
	udp_recv(client, hear, &at_client);

	assert_int_equal(say(client, &s->end[0], SERVED_PORT, 5), ERR_OK);
	net_wait(&net, 10);
	assert_int_equal(at_server.len, 5);
	assert_int_equal(at_server.port, 5000);
	assert_memory_equal(at_server.text, "xxxxx", 5);
	assert_int_equal(at_client.len, 5);
	assert_int_equal(at_client.port, SERVED_PORT);

	/* To a port where nobody is: no ICMP comes of it. */
	assert_int_equal(say(client, &s->end[0], SERVED_PORT + 1, 5), ERR_OK);
	net_wait(&net, 10);
	assert_int_equal(s->end[1].lwip.sent, 1);
	assert_int_equal(s->end[1].lwip.unsent, 1);

	/* None at all is a datagram too, and comes back. */
	assert_int_equal(say(client, &s->end[0], SERVED_PORT, 0), ERR_OK);
	net_wait(&net, 10);
	assert_int_equal(at_server.len + at_client.len, 0);
	assert_int_equal(s->end[0].lwip.received, 2);

	/* Larger than a packet: not cut into pieces. */
	say(client, &s->end[0], SERVED_PORT, 3000);
	net_wait(&net, 10);
	assert_int_equal(s->end[0].lwip.sent, 3);
	udp_remove(client);
	udp_remove(server);
	served_close(s);
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
		cmocka_unit_test(test_checksum_outside),
		cmocka_unit_test(test_wrong_checksum_is_repaired),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
