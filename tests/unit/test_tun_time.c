/*
 * What time brings to the TUN backend, and what it tells: keepalives, first
 * signs, limits, events. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/be.h"
#include "tests/support/tun_pair.h"

static struct tun_end ends[2];
static struct sdesp_backend *be = &ends[0].tun.base;

static void start(int udp, unsigned family)
{
	struct sdesp_flow flow = tun_flow(SDESP_TUNNEL, udp, family);

	tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
}

static uint64_t tick(uint64_t now_ms)
{
	ends[0].wire.n = 0;
	return sdesp_tun_tick(&ends[0].tun, now_ms);
}

/* --- sent by itself ------------------------------------------------------- */

static void test_dummy(void **state)
{
	(void)state;
	for (int udp = 0; udp < 2; udp++) {
		start(udp, 4);
		assert_int_equal(tick(1000),
			udp ? 1000 + SDESP_TUN_KEEPALIVE_MS : UINT64_MAX);
		assert_int_equal(ends[0].wire.n, 1);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 0);
		assert_int_equal(tun_pkts[0].status, SDESP_ERR_DUMMY);
		tick(1001);
		assert_int_equal(ends[0].wire.n, 0);
	}
}

/* None when something else went first, or the flow may not send. */
static void test_no_dummy(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 60);

	(void)state;
	start(1, 4);
	assert_int_equal(tun_say(&ends[0], &pkt, 5), SDESP_OK);
	assert_int_equal(tick(6), 5 + SDESP_TUN_KEEPALIVE_MS);
	assert_int_equal(ends[0].wire.n, 0);

	start(1, 4);
	assert_int_equal(
		be->vtable->policy_set(be, &ends[0].flow, SDESP_BLOCK, 0), 0);
	assert_int_equal(tick(6), UINT64_MAX);
	assert_int_equal(ends[0].wire.n, 0);

	start(1, 4);
	assert_int_equal(
		be->vtable->sa_delete(be, &ends[0].flow, 0xc0000002, 0), 0);
	tick(6);
	assert_int_equal(ends[0].wire.n, 0);
}

static void test_keepalive(void **state)
{
	struct sdesp_pkt pkt;
	const uint8_t *p = ends[0].wire.item[0].octets;
	uint64_t at = 1000;

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		size_t header = family == 4 ? 20 : 40;

		start(1, family);
		tick(at);
		at += SDESP_TUN_KEEPALIVE_MS;
		tick(at - 1);
		assert_int_equal(ends[0].wire.n, 0);
		assert_int_equal(tick(at), at + SDESP_TUN_KEEPALIVE_MS);
		assert_int_equal(ends[0].wire.n, 1);
		assert_int_equal(ends[0].wire.item[0].len, header + 9);
		assert_int_equal(sdesp_get16(p + header), 4500);
		assert_int_equal(p[header + 8], 0xff);
		tun_carry(&ends[0], &ends[1], 0);
		assert_int_equal(ends[1].tun.counters.keepalives, 1);

		/* Traffic puts it off; being on hold does not. */
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 60);
		assert_int_equal(tun_say(&ends[0], &pkt, at + 15000), SDESP_OK);
		tick(at + SDESP_TUN_KEEPALIVE_MS);
		assert_int_equal(ends[0].wire.n, 0);
		assert_int_equal(be->vtable->policy_set(
					 be, &ends[0].flow, SDESP_BLOCK, 0),
			0);
		tick(at + 15000 + SDESP_TUN_KEEPALIVE_MS);
		assert_int_equal(ends[0].wire.n, 1);
	}
	assert_int_equal(be->vtable->policy_delete(be, &ends[0].flow), 0);
	assert_int_equal(tick(at * 9), UINT64_MAX);
	assert_int_equal(ends[0].wire.n, 0);
}

/* --- limits --------------------------------------------------------------- */

static void expect_event(unsigned type, uint32_t spi, int inbound)
{
	struct sdesp_backend_event ev;

	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.type, type);
	assert_int_equal(ev.spi, spi);
	assert_int_equal(ev.inbound, inbound);
	assert_true(sdesp_addr_equal(&ev.local, &ends[0].flow.local));
}

static void expect_none(void)
{
	struct sdesp_backend_event ev;

	assert_int_equal(be->vtable->poll(be, &ev), 0);
}

static void test_time_limits(void **state)
{
	struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, 0xc0000008);
	struct sdesp_flow *flow = &ends[0].flow;
	struct sdesp_sa_stats stats;

	(void)state;
	start(0, 4);
	sa.soft.seconds = 80;
	sa.hard.seconds = 100;
	assert_int_equal(be->vtable->sa_add(be, flow, &sa, 1), 0);
	sa.spi++;
	sa.soft.seconds = 0;
	sa.hard.seconds = 101;
	assert_int_equal(be->vtable->sa_add(be, flow, &sa, 0), 0);
	assert_int_equal(tick(5000), 85000);
	expect_none();
	assert_int_equal(tick(85000), 105000);
	expect_event(SDESP_BACKEND_SOFT, 0xc0000008, 1);
	expect_none();
	assert_int_equal(tick(105000), 106000);
	assert_int_equal(tick(106000), UINT64_MAX);
	expect_event(SDESP_BACKEND_HARD, 0xc0000008, 1);
	expect_event(SDESP_BACKEND_HARD, 0xc0000009, 0);
	expect_none();
	assert_int_equal(
		be->vtable->sa_query(be, flow, 0xc0000008, 1, &stats), 0);
	assert_int_equal(stats.state, SDESP_SA_DEAD);
	/* Dead both ways. */
	assert_int_equal(
		be->vtable->policy_set(be, flow, SDESP_PROTECT, 0xc0000009), 0);
	{
		struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 60);

		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_EXPIRED);
	}
	tick(106001);
	assert_int_equal(ends[0].wire.n, 0);
}

static void test_packet_limits(void **state)
{
	struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, 0xc0000009);
	struct sdesp_pkt pkt;

	(void)state;
	start(0, 4);
	sa.soft.packets = 2;
	sa.hard.packets = 3;
	assert_int_equal(be->vtable->sa_add(be, &ends[0].flow, &sa, 0), 0);
	assert_int_equal(be->vtable->policy_set(
				 be, &ends[0].flow, SDESP_PROTECT, 0xc0000009),
		0);
	for (int i = 0; i < 4; i++) {
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 60);
		assert_int_equal(tun_say(&ends[0], &pkt, 0),
			i < 3 ? SDESP_OK : SDESP_ERR_EXPIRED);
	}
	expect_event(SDESP_BACKEND_SOFT, 0xc0000009, 0);
	expect_event(SDESP_BACKEND_HARD, 0xc0000009, 0);
	expect_none();
}

/* --- events --------------------------------------------------------------- */

/* One packet to end 0, as from an address. */
static void hear(const struct sdesp_addr *from, uint64_t now_ms)
{
	struct sdesp_pkt pkt = tun_udp(0, "10.1.0.1", "10.0.0.1", 60);

	assert_int_equal(tun_say(&ends[1], &pkt, now_ms), SDESP_OK);
	assert_true(tun_strip(
		0, ends[1].wire.item[0].octets, ends[1].wire.item[0].len));
	ends[1].wire.n = 0;
	tun_meta[0].from = *from;
	assert_int_equal(
		sdesp_tun_input(&ends[0].tun, tun_pkts, tun_meta, 1, now_ms),
		1);
}

static void test_used_and_moved(void **state)
{
	struct sdesp_addr away = udp_addr("203.0.113.5", 777);
	struct sdesp_backend_event ev;
	struct sdesp_flow new;

	(void)state;
	start(1, 4);
	hear(&ends[0].flow.remote, 1000);
	expect_event(SDESP_BACKEND_USED, 0xc0000001, 1);
	hear(&ends[0].flow.remote, 2000);
	expect_none();
	hear(&away, 5000);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_MOVED);
	assert_true(sdesp_addr_equal(&ev.addr, &away));
	assert_int_equal(ev.quiet_ms, 3000);
	expect_none();

	/* Followed: what came from there is home now. */
	hear(&away, 6000);
	new = ends[0].flow;
	new.remote = away;
	assert_int_equal(
		be->vtable->sa_move(be, &new, &ends[0].flow, 0xc0000001, 1), 0);
	assert_int_equal(
		be->vtable->sa_move(be, &new, &ends[0].flow, 0xc0000002, 0), 0);
	expect_none();
	hear(&away, 7000);
	expect_none();
	hear(&ends[0].flow.remote, 7400);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.quiet_ms, 400);
}

/* What the old SA heard counts for the new one of a rekey, also when the old
 * one has gone. */
static void test_moved_after_rekey(void **state)
{
	struct sdesp_addr away = udp_addr("203.0.113.5", 777);
	struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, 0xc4000000);
	struct sdesp_backend *peer = &ends[1].tun.base;
	struct sdesp_backend_event ev;

	(void)state;
	start(1, 4);
	hear(&ends[0].flow.remote, 1000);
	expect_event(SDESP_BACKEND_USED, 0xc0000001, 1);
	assert_int_equal(be->vtable->sa_add(be, &ends[0].flow, &sa, 1), 0);
	assert_int_equal(be->vtable->sa_add(peer, &ends[1].flow, &sa, 0), 0);
	assert_int_equal(be->vtable->policy_set(
				 peer, &ends[1].flow, SDESP_PROTECT, sa.spi),
		0);
	hear(&away, 1700);
	expect_event(SDESP_BACKEND_USED, sa.spi, 1);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_MOVED);
	assert_int_equal(ev.spi, sa.spi);
	assert_int_equal(ev.quiet_ms, 700);
	assert_int_equal(
		be->vtable->sa_delete(be, &ends[0].flow, 0xc0000001, 1), 0);
	hear(&away, 1800);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.quiet_ms, 800);

	/* A flow that is given its policy anew begins anew. */
	assert_int_equal(be->vtable->policy_delete(be, &ends[0].flow), 0);
	hear(&away, 1900);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.quiet_ms, 0);
	assert_int_equal(
		be->vtable->policy_set(be, &ends[0].flow, SDESP_BLOCK, 0), 0);
	hear(&away, 2000);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.quiet_ms, UINT32_MAX);
}

/* Raw ESP follows nobody. */
static void test_raw_stays(void **state)
{
	struct sdesp_addr away = udp_addr("203.0.113.5", 0);

	(void)state;
	start(0, 4);
	hear(&away, 1000);
	expect_event(SDESP_BACKEND_USED, 0xc0000001, 1);
	expect_none();
}

/* SAs go while they have events: the queue holds. */
static void test_queue(void **state)
{
	struct sdesp_flow *flow = &ends[0].flow;
	struct sdesp_backend_event ev;
	uint32_t gone;
	unsigned seen = 0;

	(void)state;
	start(0, 4);
	for (uint32_t i = 0; i < 10; i++) {
		struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, 0x1000 + i);

		sa.soft.seconds = 1;
		sa.hard.seconds = 2;
		assert_int_equal(be->vtable->sa_add(be, flow, &sa, 1), 0);
	}
	tick(0);
	tick(1000);
	tick(2000); /* two events each */
	assert_int_equal(be->vtable->sa_delete(be, flow, 0x1000, 1), 0);
	assert_int_equal(be->vtable->sa_delete(be, flow, 0x1005, 1), 0);
	assert_int_equal(be->vtable->sa_delete(be, flow, 0x1009, 1), 0);
	assert_int_equal(be->vtable->poll(be, &ev), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_SOFT);
	gone = ev.spi;
	assert_int_equal(be->vtable->sa_delete(be, flow, gone, 1), 0);
	while (be->vtable->poll(be, &ev) == 1) {
		assert_in_range(ev.spi, 0x1001, 0x1008);
		assert_int_not_equal(ev.spi, gone);
		assert_int_not_equal(ev.spi, 0x1005);
		seen++;
	}
	assert_int_equal(seen, 12);
	assert_int_equal(tick(3000), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dummy),
		cmocka_unit_test(test_no_dummy),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_time_limits),
		cmocka_unit_test(test_packet_limits),
		cmocka_unit_test(test_used_and_moved),
		cmocka_unit_test(test_moved_after_rekey),
		cmocka_unit_test(test_raw_stays),
		cmocka_unit_test(test_queue),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
