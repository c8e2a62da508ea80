/*
 * TCP through lwIP and ESP: 5 MB each way at once, with and without loss,
 * with a rekey in the middle, and what is left in memory afterwards.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lwip/priv/tcp_priv.h"
#include "tests/lwip/stream.h"

enum { PORT = 8080, MB5 = 5000000 };

static struct net net;
static struct net_session *session;
static struct stream caller, server;

/* Two hosts and a session between them; a server at PORT of the second. */
static struct tcp_pcb *set_up(const char *a, const char *b, unsigned suite)
{
	struct tcp_pcb *listener;
	struct net_host *caller_host;

	net_init(&net);
	caller_host = net_host(&net, a, 4500);
	session = net_join(&net, caller_host, net_host(&net, b, 4501), suite);
	assert_int_equal(
		sdesp_lwip_listen(&session->end[1].lwip, PORT, &listener),
		SDESP_OK);
	tcp_arg(listener, &server);
	tcp_accept(listener, stream_accept);
	return listener;
}

static void begin(size_t up, size_t down)
{
	stream_init(&caller, 1, 2, up);
	stream_init(&server, 2, 1, down);
	assert_int_equal(
		stream_connect(&caller, &session->end[0].lwip, PORT), SDESP_OK);
}

/* Until both ends have said and heard all. */
static void run(void)
{
	uint64_t limit = net_now_ms + 3600 * 1000;

	while (!(stream_close(&caller) & stream_close(&server))) {
		assert_true(net_now_ms < limit);
		net_step(&net);
	}
	net_wait(&net, 5000);
}

static void all_arrived(size_t up, size_t down)
{
	assert_int_equal(caller.err, ERR_OK);
	assert_int_equal(server.err, ERR_OK);
	assert_int_equal(server.read, up);
	assert_int_equal(caller.read, down);
	assert_int_equal(caller.wrong + server.wrong, 0);
	assert_true(caller.ended && server.ended);
}

/* As if nothing had ever been: no PCB, no block of memory. */
static void all_released(struct tcp_pcb *listener, long before)
{
	if (listener != NULL)
		tcp_close(listener);
	net_close(session, 0);
	net_close(session, 1);
	assert_null(tcp_active_pcbs);
	assert_null(tcp_tw_pcbs);
	assert_null(tcp_bound_pcbs);
	assert_null(tcp_listen_pcbs.pcbs);
	net_wait(&net, 1000); /* TCP's timer stops */
	assert_int_equal(net_blocks, before);
}

static void clean_with_rekey(const char *a, const char *b)
{
	long before = (net_init(&net), net_blocks);
	struct tcp_pcb *listener = set_up(a, b, SDESP_AES_128_GCM_16);
	const struct sdesp_udp_counters *at0 = &net.host[0].udp.counters;
	const struct sdesp_udp_counters *at1 = &net.host[1].udp.counters;

	begin(MB5, MB5);
	while (server.read < MB5 / 2)
		net_step(&net);
	net_rekey(&net, session, SDESP_CHACHA20_POLY1305);
	run();
	net_settled(session);
	all_arrived(MB5, MB5);

	/* Not one packet was lost or refused, the rekey included. */
	assert_int_equal(at0->sealed, at1->opened);
	assert_int_equal(at1->sealed, at0->opened);
	assert_int_equal(at0->unknown_spi + at1->unknown_spi, 0);
	assert_int_equal(at0->unsent + at1->unsent, 0);
	assert_int_equal(session->end[0].lwip.unsent, 0);
	assert_int_equal(session->end[1].lwip.unsent, 0);
	assert_int_equal(session->end[0].lwip.dropped, 0);
	assert_int_equal(session->end[1].lwip.dropped, 0);
	all_released(listener, before);
}

static void test_clean_rekey(void **state)
{
	(void)state;
	clean_with_rekey("192.0.2.1", "198.51.100.2");
}

static void test_clean_rekey_ipv6(void **state)
{
	(void)state;
	clean_with_rekey("2001:db8::1", "2001:db8:ffff:1234:5678::2");
}

static void test_lossy_rekey(void **state)
{
	long before = (net_init(&net), net_blocks);
	struct tcp_pcb *listener =
		set_up("192.0.2.1", "198.51.100.2", SDESP_AES_256_GCM_16_IIV);

	(void)state;
	net.lost = 20;
	net.doubled = 20;
	net.swapped = 50;
	begin(MB5, MB5);
	while (server.read < MB5 / 2)
		net_step(&net);
	net_rekey(&net, session, SDESP_AES_256_GCM_16_IIV);
	run();
	net_settled(session);
	all_arrived(MB5, MB5);
	assert_true(net.host[0].udp.counters.replays > 0); /* doubled */
	assert_true(net.host[0].udp.counters.sealed >
		    net.host[1].udp.counters.opened); /* lost */
	net.lost = 0;
	all_released(listener, before);
}

/* The caller says all and ends; the server goes on for long, and is heard. */
static void test_half_close(void **state)
{
	long before = (net_init(&net), net_blocks);
	struct tcp_pcb *listener =
		set_up("192.0.2.1", "198.51.100.2", SDESP_AES_128_GCM_16);

	(void)state;
	begin(10, 1000000);
	while (!server.ended)
		net_step(&net);
	assert_int_equal(server.read, 10);
	assert_true(caller.read < 1000000);
	run();
	all_arrived(10, 1000000);
	all_released(listener, before);
}

/* The session is closed at one end, which can still say so. */
static void test_close_in_transfer(void **state)
{
	long before = (net_init(&net), net_blocks);
	struct tcp_pcb *listener =
		set_up("192.0.2.1", "198.51.100.2", SDESP_AES_128_GCM_16);

	(void)state;
	begin(MB5, MB5);
	while (server.read < 1000000)
		net_step(&net);
	net_close(session, 0);
	assert_null(caller.pcb);
	assert_int_equal(caller.err, ERR_ABRT);
	assert_non_null(server.pcb);
	net_wait(&net, 1000);
	assert_null(server.pcb); /* an RST in ESP came */
	assert_int_equal(server.err, ERR_RST);

	tcp_close(listener);
	net_close(session, 1);
	assert_null(tcp_active_pcbs);
	assert_null(tcp_tw_pcbs);
	net_wait(&net, 1000);
	assert_int_equal(net_blocks, before);
}

/* On hold nothing leaves, and then it goes on. */
static void test_hold(void **state)
{
	struct tcp_pcb *listener =
		set_up("192.0.2.1", "198.51.100.2", SDESP_AES_128_GCM_16);
	struct sdesp_backend *be = &net.host[0].udp.base;
	uint64_t sealed;

	(void)state;
	begin(MB5, 1000);
	while (server.read < 1000000)
		net_step(&net);
	assert_int_equal(be->vtable->policy_set(
				 be, &session->end[0].flow, SDESP_BLOCK, 0),
		SDESP_OK);
	sealed = net.host[0].udp.counters.sealed;
	net_wait(&net, 10000);
	assert_int_equal(net.host[0].udp.counters.sealed, sealed);
	assert_true(session->end[0].lwip.unsent > 0);
	assert_int_equal(be->vtable->policy_set(be, &session->end[0].flow,
				 SDESP_PROTECT, session->end[0].out.spi),
		SDESP_OK);
	run();
	all_arrived(MB5, 1000);
	tcp_close(listener);
	net_close(session, 0);
	net_close(session, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_rekey),
		cmocka_unit_test(test_clean_rekey_ipv6),
		cmocka_unit_test(test_lossy_rekey),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_close_in_transfer),
		cmocka_unit_test(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
