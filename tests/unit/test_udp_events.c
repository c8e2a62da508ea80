/*
 * What the UDP backend tells its sessions, and what time brings.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/udp_pair.h"

#define PLAIN SDESP_AES_128_GCM_16
#define SPI_0 0xc0000001U /* towards end 0 */
#define SPI_1 0xc0000002U

static struct udp_end ends[2];
static const struct sdesp_backend_class *class;
static struct sdesp_backend *be; /* of end 1 */

static void start(void)
{
	struct sdesp_flow flow = udp_flow();

	udp_pair_init(ends, &flow, PLAIN, 0);
	be = &ends[1].udp.base;
	class = be->vtable;
}

/* --- events -------------------------------------------------------------- */

static struct sdesp_backend_event next_event(void)
{
	struct sdesp_backend_event ev = {.type = 255};

	assert_int_equal(class->poll(be, &ev), 1);
	return ev;
}

static void no_event(void)
{
	struct sdesp_backend_event ev;

	assert_int_equal(class->poll(be, &ev), 0);
}

static void test_used(void **state)
{
	struct sdesp_backend_event ev;

	(void)state;
	start();
	no_event();
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	ev = next_event();
	assert_int_equal(ev.type, SDESP_BACKEND_USED);
	assert_int_equal(ev.inbound, 1);
	assert_int_equal(ev.spi, SPI_1);
	assert_true(sdesp_addr_equal(&ev.local, &ends[1].flow.local));
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	no_event();
}

static void check_moved(const struct sdesp_addr *from, uint32_t quiet_ms)
{
	struct sdesp_backend_event ev = next_event();

	assert_int_equal(ev.type, SDESP_BACKEND_MOVED);
	assert_int_equal(ev.spi, SPI_1);
	assert_true(sdesp_addr_equal(&ev.addr, from));
	assert_int_equal(ev.quiet_ms, quiet_ms);
	no_event();
}

static void test_moved(void **state)
{
	const struct sdesp_addr *here = &ends[0].flow.local;
	struct sdesp_addr there = udp_addr("203.0.113.7", 1024);
	static struct udp_wire late;
	struct sdesp_flow flow, old;
	uint32_t id;

	(void)state;
	start();
	assert_int_equal(udp_hear(ends, &there, 100), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	check_moved(&there, UINT32_MAX);
	assert_int_equal(udp_hear(ends, here, 1000), SDESP_OK);
	no_event();

	/* One that was overtaken proves nothing; a forged one neither. */
	assert_int_equal(udp_say(&ends[0], 40000, 1, "late", 4), SDESP_OK);
	late = ends[0].wire;
	ends[0].wire.n = 0;
	assert_int_equal(udp_hear(ends, here, 2000), SDESP_OK);
	assert_int_equal(udp_receive(&ends[1], &late, &there, 6000), 1);
	no_event();
	assert_int_equal(udp_say(&ends[0], 40000, 1, "bad", 3), SDESP_OK);
	ends[0].wire.item[0].octets[20] ^= 1;
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, &there, 6000), 0);
	no_event();

	/* The newest counts, and the old address heard meanwhile. */
	assert_int_equal(udp_hear(ends, &there, 6500), SDESP_OK);
	assert_int_equal(udp_hear(ends, &there, 7000), SDESP_OK);
	check_moved(&there, 5000);
	assert_int_equal(udp_hear(ends, &there, 7500), SDESP_OK);
	assert_int_equal(udp_hear(ends, here, 7600), SDESP_OK);
	check_moved(&there, 0);

	/* Followed: replies go there, and the flow keeps its id. */
	assert_int_equal(udp_hear(ends, &there, 8000), SDESP_OK);
	old = flow = ends[1].flow;
	flow.remote = there;
	id = ends[1].id;
	assert_int_equal(class->sa_move(be, &flow, &old, SPI_1, 1), SDESP_OK);
	assert_int_equal(class->sa_move(be, &flow, &old, SPI_0, 0), SDESP_OK);
	no_event();
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_PROTECT, SPI_0), SDESP_OK);
	assert_int_equal(class->policy_delete(be, &old), SDESP_ERR_GONE);
	assert_int_equal(sdesp_udp_flow(&ends[1].udp, &flow), id);
	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	assert_true(sdesp_addr_equal(&ends[1].wire.item[0].to, &there));
	assert_int_equal(udp_hear(ends, here, 8300), SDESP_OK);
	check_moved(here, 300);
	assert_int_equal(udp_hear(ends, &there, 9000), SDESP_OK);
	no_event();
	assert_int_equal(udp_hear(ends, here, 9500), SDESP_OK);
	check_moved(here, 500);
}

/* What the old SA heard counts for the new one of a rekey. */
static void test_moved_after_rekey(void **state)
{
	struct sdesp_addr there = udp_addr("203.0.113.7", 1024);
	struct sdesp_sa sa = udp_sa(PLAIN, 0xc4000000);
	struct sdesp_backend_event ev;
	struct sdesp_backend *be0;

	(void)state;
	start();
	be0 = &ends[0].udp.base;
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 1000), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	assert_int_equal(class->sa_add(be, &ends[1].flow, &sa, 1), SDESP_OK);
	assert_int_equal(class->sa_add(be0, &ends[0].flow, &sa, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(be0, &ends[0].flow, SDESP_PROTECT, sa.spi),
		SDESP_OK);
	assert_int_equal(udp_hear(ends, &there, 1700), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	ev = next_event();
	assert_int_equal(ev.type, SDESP_BACKEND_MOVED);
	assert_int_equal(ev.spi, sa.spi);
	assert_int_equal(ev.quiet_ms, 700);

	/* Also when the old one has gone. */
	assert_int_equal(
		class->sa_delete(be, &ends[1].flow, SPI_1, 1), SDESP_OK);
	assert_int_equal(udp_hear(ends, &there, 1800), SDESP_OK);
	assert_int_equal(next_event().quiet_ms, 800);
}

/* A move as a session makes it: block, move both, forget the old flow, let
 * it send again. The id of the flow stays good all along. */
static void move_blocked(struct sdesp_flow *old, uint16_t port)
{
	struct sdesp_flow to = *old;

	to.remote.port = port;
	assert_int_equal(class->policy_set(be, &to, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(class->sa_move(be, &to, old, SPI_1, 1), SDESP_OK);
	assert_int_equal(class->sa_move(be, &to, old, SPI_0, 0), SDESP_OK);
	assert_int_equal(
		udp_say(&ends[1], 1, 40000, "x", 1), SDESP_ERR_BLOCKED);
	assert_int_equal(class->policy_delete(be, old), SDESP_OK);
	assert_int_equal(
		udp_say(&ends[1], 1, 40000, "x", 1), SDESP_ERR_BLOCKED);
	assert_int_equal(sdesp_udp_flow(&ends[1].udp, &to), ends[1].id);
	*old = to;
}

static void test_moved_by_session(void **state)
{
	struct sdesp_flow flow;

	(void)state;
	start();
	flow = ends[1].flow;
	move_blocked(&flow, 2000);
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_PROTECT, SPI_0), SDESP_OK);
	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	assert_int_equal(ends[1].wire.item[0].to.port, 2000);

	/* While on hold. */
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	move_blocked(&flow, 2001);
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_PROTECT, SPI_0), SDESP_OK);
	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	assert_int_equal(ends[1].wire.item[1].to.port, 2001);
}

static void test_limits(void **state)
{
	struct sdesp_sa in = udp_sa(PLAIN, 0xc3000000), out = in;
	struct sdesp_backend_event ev;
	struct sdesp_backend *be0;
	struct sdesp_sa_stats stats;

	(void)state;
	start();
	be0 = &ends[0].udp.base;
	in.soft.packets = 2;
	in.hard.packets = 4;
	assert_int_equal(class->sa_add(be, &ends[1].flow, &in, 1), SDESP_OK);
	assert_int_equal(class->sa_add(be0, &ends[0].flow, &out, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(be0, &ends[0].flow, SDESP_PROTECT, out.spi),
		SDESP_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
			udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	ev = next_event();
	assert_int_equal(ev.type, SDESP_BACKEND_SOFT);
	assert_int_equal(ev.spi, in.spi);
	no_event();
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 0), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_HARD);
	assert_int_equal(
		udp_hear(ends, &ends[0].flow.local, 0), SDESP_ERR_EXPIRED);
	assert_int_equal(
		udp_hear(ends, &ends[0].flow.local, 0), SDESP_ERR_EXPIRED);
	no_event();
	assert_int_equal(ends[1].udp.counters.expired, 2);
	assert_int_equal(class->sa_query(be, &ends[1].flow, in.spi, 1, &stats),
		SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_DEAD);
	assert_int_equal(stats.packets, 4);
}

static void test_limit_out(void **state)
{
	struct sdesp_sa out = udp_sa(PLAIN, 0xc3000000);
	struct sdesp_pkt pkt = udp_payload(1, "0123456789abcdef", 16);
	struct sdesp_pkt before = pkt;
	struct sdesp_backend_event ev;

	(void)state;
	start();
	out.soft.bytes = 10;
	out.hard.bytes = 30;
	assert_int_equal(class->sa_add(be, &ends[1].flow, &out, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(be, &ends[1].flow, SDESP_PROTECT, out.spi),
		SDESP_OK);
	assert_int_equal(udp_say(&ends[1], 1, 40000, "xy", 2), SDESP_OK);
	ev = next_event();
	assert_int_equal(ev.type, SDESP_BACKEND_SOFT);
	assert_int_equal(ev.inbound, 0);
	assert_int_equal(ev.spi, out.spi);
	assert_int_equal(sdesp_udp_send(&ends[1].udp, ends[1].id, 1, 40000,
				 &pkt, 1, 1000),
		0);
	assert_int_equal(pkt.status, SDESP_ERR_EXPIRED);
	assert_ptr_equal(pkt.data, before.data);
	assert_int_equal(pkt.len, before.len);
	assert_int_equal(pkt.head, before.head);
	assert_memory_equal(pkt.data, "0123456789abcdef", 16);
	assert_int_equal(next_event().type, SDESP_BACKEND_HARD);
	assert_int_equal(
		udp_say(&ends[1], 1, 40000, "x", 1), SDESP_ERR_EXPIRED);
	no_event();
	assert_int_equal(ends[1].wire.n, 1);
	assert_int_equal(ends[1].udp.counters.expired, 2);
}

/* --- time ---------------------------------------------------------------- */

static void test_time_limits(void **state)
{
	struct sdesp_sa in = udp_sa(PLAIN, 0xc3000000);
	struct sdesp_flow *flow = &ends[1].flow;

	(void)state;
	start();
	in.soft.seconds = 5;
	in.hard.seconds = 9;
	assert_int_equal(class->sa_delete(be, flow, SPI_1, 1), SDESP_OK);
	in.spi = SPI_1;
	memcpy(in.keymat, ends[1].in.keymat, sizeof in.keymat);
	assert_int_equal(class->policy_delete(be, flow), SDESP_OK);
	assert_int_equal(class->sa_add(be, flow, &in, 1), SDESP_OK);

	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 1000000), 1005000);
	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 1004999), 1005000);
	no_event();
	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 1005000), 1009000);
	assert_int_equal(next_event().type, SDESP_BACKEND_SOFT);
	assert_int_equal(
		udp_hear(ends, &ends[0].flow.local, 1006000), SDESP_OK);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	assert_true(sdesp_udp_tick(&ends[1].udp, 1009000) == UINT64_MAX);
	assert_int_equal(next_event().type, SDESP_BACKEND_HARD);
	assert_int_equal(udp_hear(ends, &ends[0].flow.local, 1009001),
		SDESP_ERR_EXPIRED);
	assert_true(sdesp_udp_tick(&ends[1].udp, 1020000) == UINT64_MAX);
	no_event();
}

/* A new SA shows itself once: by data, or else by a dummy. */
static void test_announce(void **state)
{
	(void)state;
	start();
	assert_int_equal(sdesp_udp_tick(&ends[0].udp, 500), 20500);
	assert_int_equal(ends[0].wire.n, 1);
	assert_int_equal(
		udp_receive(&ends[1], &ends[0].wire, &ends[0].flow.local, 0),
		0);
	assert_int_equal(udp_pkts[0].status, SDESP_ERR_DUMMY);
	assert_int_equal(next_event().type, SDESP_BACKEND_USED);
	sdesp_udp_tick(&ends[0].udp, 600);
	assert_int_equal(ends[0].wire.n, 0);

	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	sdesp_udp_tick(&ends[1].udp, 1600);
	assert_int_equal(ends[1].wire.n, 1);

	/* Once, also where it cannot leave. */
	start();
	ends[0].wire.broken = 1;
	sdesp_udp_tick(&ends[0].udp, 500);
	sdesp_udp_tick(&ends[0].udp, 600);
	assert_int_equal(ends[0].udp.counters.sealed, 1);
	assert_int_equal(ends[0].udp.counters.unsent, 1);
}

static void test_keepalive(void **state)
{
	(void)state;
	start();
	assert_int_equal(udp_say(&ends[1], 1, 40000, "x", 1), SDESP_OK);
	ends[1].wire.n = 0;
	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 20999), 21000);
	assert_int_equal(ends[1].wire.n, 0);
	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 21000), 41000);
	assert_int_equal(ends[1].wire.n, 1);
	assert_int_equal(ends[1].wire.item[0].len, 1);
	assert_int_equal(ends[1].wire.item[0].octets[0], 0xff);
	assert_true(sdesp_addr_equal(
		&ends[1].wire.item[0].to, &ends[1].flow.remote));

	/* No sign of life, no move. */
	be = &ends[0].udp.base;
	udp_receive(&ends[0], &ends[1].wire, &ends[0].flow.local, 21000);
	assert_int_equal(udp_meta[0].kind, SDESP_UDP_KEEPALIVE);
	assert_int_equal(ends[0].udp.counters.keepalives, 1);
	no_event();

	/* On hold it goes on; a flow that never sent has none. */
	be = &ends[1].udp.base;
	assert_int_equal(
		class->policy_set(be, &ends[1].flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(sdesp_udp_tick(&ends[1].udp, 41000), 61000);
	assert_int_equal(ends[1].wire.n, 1);
	assert_int_equal(ends[1].wire.item[0].len, 1);
	assert_int_equal(class->policy_delete(be, &ends[1].flow), SDESP_OK);
	assert_int_equal(
		class->policy_set(be, &ends[1].flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_true(sdesp_udp_tick(&ends[1].udp, 99000) == UINT64_MAX);
	assert_int_equal(ends[1].udp.counters.keepalives_sent, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_moved_after_rekey),
		cmocka_unit_test(test_moved_by_session),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limit_out),
		cmocka_unit_test(test_time_limits),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_keepalive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
