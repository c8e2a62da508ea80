/*
 * The TUN backend's class: SAs, policies, moves, and every refusal.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/support/tun_pair.h"

static struct tun_end ends[2];
static struct sdesp_backend *be = &ends[0].tun.base;

static void start(unsigned mode)
{
	struct sdesp_flow flow = tun_flow(mode, 1, 4);

	tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
}

static int add(const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, spi);

	return be->vtable->sa_add(be, flow, &sa, inbound);
}

static int protect(const struct sdesp_flow *flow, uint32_t spi)
{
	return be->vtable->policy_set(be, flow, SDESP_PROTECT, spi);
}

/* SPI of the one packet that this sends; 0 when none left. */
static uint32_t sent_with(const char *src, const char *dst)
{
	struct sdesp_pkt pkt = tun_udp(0, src, dst, 60);

	ends[0].wire.n = 0;
	if (tun_say(&ends[0], &pkt, 0) != SDESP_OK)
		return 0;
	assert_true(tun_strip(
		0, ends[0].wire.item[0].octets, ends[0].wire.item[0].len));
	return sdesp_esp_spi(tun_pkts[0].data, tun_pkts[0].len);
}

static uint32_t usual(void)
{
	return sent_with("10.0.0.1", "10.1.0.1");
}

/* --- begin and end -------------------------------------------------------- */

static void test_init(void **state)
{
	static uint64_t memory[8192];
	struct sdesp_tun_config config, good;
	struct sdesp_tun tun;
	size_t size = sdesp_tun_memory(4, 2);

	(void)state;
	start(SDESP_TUNNEL);
	good = ends[0].tun.config;
	good.max_sas = 4;
	good.max_flows = 2;
	assert_in_range(size, 1, sizeof memory - 8);
	assert_int_equal(sdesp_tun_init(&tun, &good, memory, size), SDESP_OK);
	sdesp_tun_close(&tun);
	assert_int_equal(
		sdesp_tun_init(&tun, &good, memory, size - 1), SDESP_ERR_SPACE);
	assert_int_equal(
		sdesp_tun_init(&tun, &good, NULL, size), SDESP_ERR_SPACE);
	assert_int_equal(
		sdesp_tun_init(&tun, &good, (char *)memory + 4, size + 8),
		SDESP_ERR_SPACE);
	for (int i = 0; i < 9; i++) {
		config = good;
		config.crypto = i == 0 ? NULL : config.crypto;
		config.send = i == 1 ? NULL : config.send;
		config.answer = i == 2 ? NULL : config.answer;
		config.link_mtu = i == 3 ? 575 : i == 4 ? 65536 : 1500;
		config.max_sas = i == 5 ? 0 : i == 6 ? 1 + (1 << 24) : 4;
		config.max_flows = i == 7 ? 0 : i == 8 ? 1 + (1 << 24) : 2;
		assert_int_equal(sdesp_tun_init(&tun, &config, memory, size),
			SDESP_ERR_ARG);
	}
	assert_int_equal(sdesp_tun_memory(0, 1), 0);
	sdesp_tun_close(&tun); /* one that never was */
}

/* No key is left in the memory. */
static void test_close(void **state)
{
	size_t size = sdesp_tun_memory(16, 8), keys = 0;
	uint8_t *memory;

	(void)state;
	start(SDESP_TUNNEL);
	memory = ends[0].memory;
	sdesp_tun_close(&ends[0].tun);
	for (size_t i = 0; i + 4 <= size; i++)
		keys += memcmp(memory + i, ends[0].in.keymat + 16, 4) == 0;
	assert_int_equal(keys, 0);
	free(memory);
	ends[0].memory = NULL;
	tun_end_close(&ends[1]);
}

static void test_features(void **state)
{
	struct sdesp_features f;

	(void)state;
	start(SDESP_TUNNEL);
	be->vtable->features(be, &f);
	assert_int_equal(f.modes, SDESP_TRANSPORT | SDESP_TUNNEL);
	assert_true(f.udp && f.raw && f.esn && f.ipv4 && f.ipv6);
	assert_int_equal(f.max_window, SDESP_MAX_WINDOW);
	assert_true(f.suites & SDESP_SUITE_BIT(SDESP_CHACHA20_POLY1305));
	assert_string_equal(be->vtable->name, "tun");
	assert_int_equal(be->vtable->version, 1);
}

/* --- SAs ------------------------------------------------------------------ */

static void test_larval(void **state)
{
	struct sdesp_flow *flow = &ends[0].flow;
	struct sdesp_sa_stats stats;

	(void)state;
	start(SDESP_TUNNEL);
	assert_int_equal(be->vtable->spi_reserve(be, flow, 255), SDESP_ERR_ARG);
	assert_int_equal(be->vtable->spi_reserve(be, flow, 0xc0000001),
		SDESP_ERR_EXISTS);
	assert_int_equal(be->vtable->spi_reserve(be, flow, 300), SDESP_OK);
	assert_int_equal(
		be->vtable->spi_reserve(be, flow, 300), SDESP_ERR_EXISTS);
	assert_int_equal(be->vtable->sa_query(be, flow, 300, 1, &stats), 0);
	assert_int_equal(stats.state, SDESP_SA_LARVAL);
	assert_int_equal(
		be->vtable->sa_delete(be, flow, 300, 1), SDESP_ERR_GONE);
	assert_int_equal(be->vtable->spi_release(be, flow, 300), SDESP_OK);
	assert_int_equal(
		be->vtable->spi_release(be, flow, 300), SDESP_ERR_GONE);
	assert_int_equal(
		be->vtable->spi_release(be, flow, 0xc0000001), SDESP_ERR_GONE);
	assert_int_equal(be->vtable->spi_reserve(be, flow, 300), SDESP_OK);
	assert_int_equal(add(flow, 300, 1), SDESP_OK);
	assert_int_equal(add(flow, 300, 1), SDESP_ERR_EXISTS);
	assert_int_equal(add(flow, 300, 0), SDESP_OK);
	assert_int_equal(add(flow, 300, 0), SDESP_ERR_EXISTS);
	assert_int_equal(be->vtable->sa_delete(be, flow, 300, 1), SDESP_OK);
	assert_int_equal(be->vtable->sa_delete(be, flow, 300, 0), SDESP_OK);
	assert_int_equal(
		be->vtable->sa_delete(be, flow, 300, 0), SDESP_ERR_GONE);
	assert_int_equal(
		be->vtable->sa_query(be, flow, 300, 0, &stats), SDESP_ERR_GONE);
}

static void test_unsupported(void **state)
{
	struct sdesp_flow flows[6];
	struct sdesp_sa sa = udp_sa(SDESP_SUITE_END, 400);

	(void)state;
	start(SDESP_TUNNEL);
	for (int i = 0; i < 6; i++)
		flows[i] = ends[0].flow;
	flows[0].mode = 3;
	flows[1].remote.family = 6;
	flows[2].local.family = flows[2].remote.family = 0;
	flows[3].nts = SDESP_MAX_TS + 1;
	flows[4].ts[1].local.kind = SDESP_TS_SELF;
	flows[5].ts[0].remote.family = 6;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(add(&flows[i], 400, 1), SDESP_ERR_UNSUPPORTED);
		assert_int_equal(
			be->vtable->policy_set(be, &flows[i], SDESP_BLOCK, 0),
			SDESP_ERR_UNSUPPORTED);
		assert_int_equal(be->vtable->sa_move(be, &flows[i],
					 &ends[0].flow, 0xc0000001, 1),
			SDESP_ERR_UNSUPPORTED);
	}
	/* An SA without keys takes no place. */
	for (int i = 0; i < 40; i++) {
		assert_int_equal(
			be->vtable->sa_add(be, &ends[0].flow, &sa, i & 1),
			SDESP_ERR_ARG);
	}
	assert_int_equal(add(&ends[0].flow, 400, 1), SDESP_OK);
}

static void test_full(void **state)
{
	struct sdesp_flow flow;
	unsigned n = 0;

	(void)state;
	start(SDESP_TUNNEL);
	flow = ends[0].flow;
	while (be->vtable->spi_reserve(be, &flow, 1000 + n) == SDESP_OK)
		n++;
	assert_int_equal(n, 14);
	assert_int_equal(
		be->vtable->spi_reserve(be, &flow, 2000), SDESP_ERR_SPACE);
	assert_int_equal(add(&flow, 2000, 0), SDESP_ERR_SPACE);
	assert_int_equal(add(&flow, 1003, 1), SDESP_OK); /* it has a place */
	assert_int_equal(be->vtable->spi_release(be, &flow, 1004), SDESP_OK);
	assert_int_equal(add(&flow, 2000, 0), SDESP_OK);

	for (n = 0; n < 7; n++) {
		flow.remote.port = (uint16_t)(n + 1);
		assert_int_equal(
			be->vtable->policy_set(be, &flow, SDESP_BLOCK, 0),
			SDESP_OK);
	}
	flow.remote.port = 99;
	assert_int_equal(be->vtable->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_SPACE);
	assert_int_equal(usual(), 0xc0000002);
}

/* --- policies ------------------------------------------------------------- */

static void test_policy(void **state)
{
	struct sdesp_flow *flow = &ends[0].flow;

	(void)state;
	start(SDESP_TUNNEL);
	assert_int_equal(protect(flow, 0xc0000001), SDESP_ERR_GONE);
	assert_int_equal(usual(), 0xc0000002);

	/* The switch of a rekey, and the end of the old SA. */
	assert_int_equal(add(flow, 0xc0000003, 0), SDESP_OK);
	assert_int_equal(usual(), 0xc0000002);
	assert_int_equal(protect(flow, 0xc0000003), SDESP_OK);
	assert_int_equal(usual(), 0xc0000003);
	assert_int_equal(
		be->vtable->sa_delete(be, flow, 0xc0000002, 0), SDESP_OK);
	assert_int_equal(usual(), 0xc0000003);

	/* Without its SA the flow is blocked, also when the slot has another
	 * user. */
	assert_int_equal(
		be->vtable->sa_delete(be, flow, 0xc0000003, 0), SDESP_OK);
	assert_int_equal(usual(), 0);
	assert_int_equal(add(flow, 0xc0000004, 0), SDESP_OK);
	assert_int_equal(usual(), 0);
	assert_int_equal(protect(flow, 0xc0000004), SDESP_OK);
	assert_int_equal(usual(), 0xc0000004);
	assert_int_equal(be->vtable->policy_delete(be, flow), SDESP_OK);
	assert_int_equal(be->vtable->policy_delete(be, flow), SDESP_ERR_GONE);
	assert_int_equal(usual(), 0);
}

/* The narrower selector wins, and blocks if it has no SA. */
static void test_narrower(void **state)
{
	struct sdesp_flow host;

	(void)state;
	start(SDESP_TUNNEL);
	host = ends[0].flow;
	host.nts = 1;
	host.ts[0].remote.ip[3] = 1;
	host.ts[0].remote.prefix_len = 32;
	host.remote.port = 5000;
	assert_int_equal(add(&host, 0xc0000009, 0), SDESP_OK);
	assert_int_equal(
		be->vtable->policy_set(be, &host, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(usual(), 0);
	assert_int_equal(sent_with("10.0.0.1", "10.1.0.2"), 0xc0000002);
	assert_int_equal(protect(&host, 0xc0000009), SDESP_OK);
	assert_int_equal(usual(), 0xc0000009);
	assert_int_equal(be->vtable->policy_delete(be, &host), SDESP_OK);
	assert_int_equal(usual(), 0xc0000002);
}

/* Two flows with the same selectors: a rekey to another address. */
static void test_alike(void **state)
{
	struct sdesp_flow other;

	(void)state;
	start(SDESP_TUNNEL);
	other = ends[0].flow;
	other.remote = udp_addr("203.0.113.1", 4500);
	assert_int_equal(
		be->vtable->policy_set(be, &other, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(usual(), 0xc0000002); /* not yet */
	assert_int_equal(add(&other, 0xc0000009, 0), SDESP_OK);
	assert_int_equal(protect(&other, 0xc0000009), SDESP_OK);
	assert_int_equal(usual(), 0xc0000009);
	assert_int_equal(protect(&ends[0].flow, 0xc0000002), SDESP_OK);
	assert_int_equal(usual(), 0xc0000002);
	assert_int_equal(
		be->vtable->policy_delete(be, &ends[0].flow), SDESP_OK);
	assert_int_equal(usual(), 0xc0000009);
}

/* Transport: a prefix that is not the outer address matches nothing. */
static void test_transport_prefix(void **state)
{
	struct sdesp_flow flow = tun_flow(SDESP_TRANSPORT, 1, 4);

	(void)state;
	flow.ts[0].remote.kind = SDESP_TS_PREFIX;
	flow.ts[0].remote.family = 4;
	flow.ts[0].remote.prefix_len = 32;
	memcpy(flow.ts[0].remote.ip, "\xc6\x33\x64\x02", 4);
	tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
	assert_int_equal(sent_with("192.0.2.1", "198.51.100.2"), 0xc0000002);
	flow.ts[0].remote.ip[3] = 3;
	tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
	assert_int_equal(sent_with("192.0.2.1", "198.51.100.2"), 0);
	assert_int_equal(sent_with("192.0.2.1", "198.51.100.3"), 0);
	assert_int_equal(be->vtable->policy_delete(be, &flow), SDESP_OK);
}

/* --- moves ---------------------------------------------------------------- */

/* As sdesp_sa_pair_move() does: block the new flow, move, drop the old. */
static void test_move(void **state)
{
	struct sdesp_flow *old = &ends[0].flow, new;
	const uint8_t *p = ends[0].wire.item[0].octets;

	(void)state;
	for (unsigned mode = SDESP_TRANSPORT; mode <= SDESP_TUNNEL; mode++) {
		int tunnel = mode == SDESP_TUNNEL;
		const char *src = tunnel ? "10.0.0.1" : "192.0.2.1";

		start(mode);
		new = *old;
		new.remote = udp_addr("203.0.113.7", 7);
		assert_int_equal(
			be->vtable->policy_set(be, &new, SDESP_BLOCK, 0), 0);
		assert_int_equal(
			be->vtable->sa_move(be, &new, old, 0xc0000001, 1), 0);
		assert_int_equal(
			be->vtable->sa_move(be, &new, old, 0xc0000002, 0), 0);
		assert_int_equal(be->vtable->policy_delete(be, old), 0);
		assert_int_equal(
			sent_with(src, tunnel ? "10.1.0.1" : "203.0.113.7"), 0);
		assert_int_equal(protect(&new, 0xc0000002), 0);
		assert_int_equal(
			sent_with(src, tunnel ? "10.1.0.1" : "203.0.113.7"),
			0xc0000002);
		assert_memory_equal(p + 16, "\xcb\x00\x71\x07", 4);
		assert_int_equal(
			be->vtable->sa_move(be, &new, old, 0xc0000002, 0),
			SDESP_ERR_GONE);
		assert_int_equal(
			be->vtable->sa_delete(be, &new, 0xc0000002, 0), 0);
	}
}

/* A policy goes along with its SA when the new flow has none. */
static void test_move_policy(void **state)
{
	struct sdesp_flow new;

	(void)state;
	start(SDESP_TUNNEL);
	new = ends[0].flow;
	new.remote = udp_addr("203.0.113.7", 7);
	assert_int_equal(
		be->vtable->sa_move(be, &new, &ends[0].flow, 0xc0000002, 0), 0);
	assert_int_equal(usual(), 0xc0000002);
	assert_memory_equal(
		ends[0].wire.item[0].octets + 16, "\xcb\x00\x71\x07", 4);
	assert_int_equal(
		be->vtable->policy_delete(be, &ends[0].flow), SDESP_ERR_GONE);
	assert_int_equal(add(&ends[0].flow, 0xc0000002, 0), SDESP_OK);
	assert_int_equal(
		be->vtable->sa_move(be, &new, &ends[0].flow, 0xc0000002, 0),
		SDESP_ERR_EXISTS);
	assert_int_equal(be->vtable->policy_delete(be, &new), SDESP_OK);
	assert_int_equal(usual(), 0);
}

/* --- shapes --------------------------------------------------------------- */

static void test_rename_full(void **state)
{
	struct sdesp_flow flow = tun_flow(SDESP_TRANSPORT, 1, 4), six;
	struct tun_end *end = &ends[0];

	(void)state;
	start(SDESP_TRANSPORT);
	tun_end_close(end);
	tun_end_init(end, 8, SDESP_TUN_SHAPES + 4);
	assert_int_equal(add(&flow, 0xc0000002, 0), 0);
	assert_int_equal(protect(&flow, 0xc0000002), 0);
	/* All other shapes are taken: 33 prefixes of IPv4, more of IPv6. */
	for (unsigned i = 1; i < SDESP_TUN_SHAPES; i++) {
		struct sdesp_flow fill = tun_flow(SDESP_TUNNEL, 1, 4);
		struct sdesp_ts_side *side = &fill.ts[i > 32].remote;

		if (i > 32)
			fill.ts[0] = fill.ts[1];
		side = &fill.ts[0].remote;
		fill.nts = 1;
		memset(side->ip, 0, sizeof side->ip);
		side->prefix_len = (uint8_t)i;
		fill.remote.port = (uint16_t)i;
		assert_int_equal(
			be->vtable->policy_set(be, &fill, SDESP_BLOCK, 0), 0);
	}
	six = tun_flow(SDESP_TRANSPORT, 1, 6);
	assert_int_equal(be->vtable->policy_set(be, &six, SDESP_BLOCK, 0),
		SDESP_ERR_SPACE);
	/* The only user of a shape may exchange it. */
	assert_int_equal(
		be->vtable->sa_move(be, &six, &flow, 0xc0000002, 0), 0);
	assert_int_equal(sent_with("2001:db8::1", "2001:db8::2"), 0xc0000002);
	/* If it is not the only one, it must stay. */
	assert_int_equal(be->vtable->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_SPACE);
	six.remote = udp_addr("2001:db8::3", 1);
	assert_int_equal(
		be->vtable->policy_set(be, &six, SDESP_BLOCK, 0), SDESP_OK);
	six = tun_flow(SDESP_TRANSPORT, 1, 6);
	assert_int_equal(be->vtable->sa_move(be, &flow, &six, 0xc0000002, 0),
		SDESP_ERR_SPACE);
	assert_int_equal(sent_with("2001:db8::1", "2001:db8::2"), 0xc0000002);
	assert_int_equal(be->vtable->sa_delete(be, &six, 0xc0000002, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_larval),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_narrower),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_transport_prefix),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_move_policy),
		cmocka_unit_test(test_rename_full),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
