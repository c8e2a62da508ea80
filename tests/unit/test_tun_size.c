/*
 * Packets that are too large: MTU, path MTU, ICMP, MSS.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/be.h"
#include "base/sum.h"
#include "tests/unit/tun_fixture.h"

static const struct sdesp_suite *gcm(void)
{
	return sdesp_suite_by_id(SDESP_AES_128_GCM_16);
}

/* --- the function --------------------------------------------------------- */

static void test_mtu(void **state)
{
	static const struct {
		unsigned mode;
		int udp;
		unsigned family, suite;
		size_t link, mtu;
	} rows[] = {
		/* 1500 - 20 - 8 - 8 - 16 = 1448, a multiple of 4; less 2 */
		{SDESP_TUNNEL, 0, 4, SDESP_AES_128_GCM_16, 1500, 1446},
		{SDESP_TUNNEL, 1, 4, SDESP_AES_128_GCM_16, 1500, 1438},
		{SDESP_TUNNEL, 1, 6, SDESP_AES_128_GCM_16, 1500, 1418},
		{SDESP_TRANSPORT, 0, 4, SDESP_AES_128_GCM_16, 1500, 1466},
		{SDESP_TRANSPORT, 1, 6, SDESP_AES_128_GCM_16, 1500, 1458},
		/* 1500 - 20 - 8 - 16 - 16 = 1440, a multiple of 16; less 2 */
		{SDESP_TUNNEL, 0, 4, SDESP_AES_128_CBC_HMAC_SHA2_256_128, 1500,
			1438},
		{SDESP_TUNNEL, 0, 4, SDESP_NULL_HMAC_SHA2_256_128, 1500, 1454},
		{SDESP_TUNNEL, 0, 4, SDESP_AES_128_GCM_16, 55, 0},
		{SDESP_TUNNEL, 0, 4, SDESP_AES_128_GCM_16, 56, 2},
		{SDESP_TRANSPORT, 0, 4, SDESP_AES_128_GCM_16, 10, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sdesp_flow flow =
			tun_flow(rows[i].mode, rows[i].udp, rows[i].family);

		assert_int_equal(sdesp_tun_mtu(sdesp_suite_by_id(rows[i].suite),
					 &flow, rows[i].link),
			rows[i].mtu);
	}
}

/* It is what fits, and one octet more does not: for every suite and way. */
static void test_mtu_holds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8 * (SDESP_SUITE_END - 1); i++) {
		unsigned family = i & 1 ? 6 : 4, suite = i / 8 + 1;
		unsigned mode = i & 2 ? SDESP_TUNNEL : SDESP_TRANSPORT;
		struct sdesp_flow flow = tun_flow(mode, i & 4, family);
		size_t mtu =
			sdesp_tun_mtu(sdesp_suite_by_id(suite), &flow, 1500);
		struct tun_shape shape = {.src = "10.0.0.1",
			.dst = "10.1.0.1",
			.protocol = 17,
			.df = 1,
			.len = mtu};
		struct sdesp_pkt pkt;

		if (mode == SDESP_TRANSPORT) {
			shape.src = family == 4 ? "192.0.2.1" : "2001:db8::1";
			shape.dst =
				family == 4 ? "198.51.100.2" : "2001:db8::2";
		}
		tun_pair_init(ends, &flow, suite, 1);
		pkt = tun_packet(0, &shape);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_in_range(ends[0].wire.item[0].len, 1485, 1500);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 1);
		shape.len++;
		pkt = tun_packet(0, &shape);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
		assert_int_equal(ends[0].answers.n, 1);
	}
}

/* --- ICMP ----------------------------------------------------------------- */

static void test_icmp(void **state)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 17,
		.df = 1,
		.len = 1447};
	struct sdesp_pkt pkt;
	const uint8_t *p = ends[0].answers.item[0].octets;

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	pkt = tun_packet(0, &shape);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
	assert_int_equal(ends[0].answers.item[0].len, 576);
	assert_true(tun_sum_right(p, 576));
	assert_memory_equal(p + 12, "\x0a\1\0\1\x0a\0\0\1", 8);
	assert_memory_equal(p + 20, "\3\4", 2);
	assert_int_equal(sdesp_get32(p + 24), 1446);
	pkt = tun_packet(0, &shape);
	assert_memory_equal(p + 28, pkt.data, 548);
	assert_int_equal(ends[0].tun.counters.too_big, 1);
	assert_int_equal(ends[0].wire.n, 0);
}

static void test_icmp6(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "fd00::1", "fd01::1", 1447);
	const uint8_t *p = ends[0].answers.item[0].octets;

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
	assert_int_equal(ends[0].answers.item[0].len, 1280);
	assert_true(tun_sum_right(p, 1280));
	assert_int_equal(p[8 + 1], 1);
	assert_int_equal(p[24 + 1], 0);
	assert_memory_equal(p + 40, "\2\0", 2);
	assert_int_equal(sdesp_get32(p + 44), 1446);

	/* Never less than IPv6 demands of every link. */
	sdesp_tun_pmtu(&ends[0].tun, &ends[0].flow.remote, 600, 0);
	pkt = tun_udp(0, "fd00::1", "fd01::1", 1281);
	ends[0].answers.n = 0;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
	assert_int_equal(sdesp_get32(p + 44), 1280);
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e). */
static void test_icmp_never(void **state)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 1,
		.df = 1,
		.len = 1450};
	struct sdesp_pkt pkt;

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	for (unsigned type = 0; type < 16; type++) {
		int error =
			(type >= 3 && type <= 5) || type == 11 || type == 12;

		ends[0].answers.n = 0;
		pkt = tun_packet(0, &shape);
		pkt.data[20] = (uint8_t)type;
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
		assert_int_equal(ends[0].answers.n, !error);
	}
	ends[0].answers.n = 0;
	shape.protocol = 17;
	pkt = tun_packet(0, &shape);
	sdesp_put16(pkt.data + 6, 0x4001); /* a later fragment */
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
	assert_int_equal(ends[0].answers.n, 0);

	shape = (struct tun_shape){.src = "fd00::1",
		.dst = "fd01::1",
		.protocol = 58,
		.len = 1450};
	for (unsigned type = 126; type < 130; type++) {
		ends[0].answers.n = 0;
		pkt = tun_packet(0, &shape);
		pkt.data[40] = (uint8_t)type;
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_LIMIT);
		assert_int_equal(ends[0].answers.n, type >= 128);
	}
}

/* --- path MTU ------------------------------------------------------------- */

static int fits(size_t len, uint64_t now_ms)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 17,
		.df = 1,
		.len = len};
	struct sdesp_pkt pkt = tun_packet(0, &shape);

	return tun_say(&ends[0], &pkt, now_ms) == SDESP_OK;
}

static void test_path_mtu(void **state)
{
	struct sdesp_addr other = udp_addr("198.51.100.3", 0);
	const struct sdesp_addr *remote = &ends[0].flow.remote;
	size_t at_576, at_1400;

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	at_576 = sdesp_tun_mtu(gcm(), &ends[0].flow, 576);
	at_1400 = sdesp_tun_mtu(gcm(), &ends[0].flow, 1400);
	sdesp_tun_pmtu(&ends[0].tun, &other, 1400, 5);
	sdesp_tun_pmtu(&ends[0].tun, remote, 1500, 5);
	sdesp_tun_pmtu(&ends[0].tun, remote, 9000, 5);
	assert_true(fits(1446, 5));

	sdesp_tun_pmtu(&ends[0].tun, remote, 1400, 5);
	assert_true(fits(at_1400, 6));
	assert_false(fits(at_1400 + 1, 6));
	sdesp_tun_pmtu(&ends[0].tun, remote, 1, 7); /* a lie: not that much */
	assert_true(fits(at_576, 8));
	assert_false(fits(at_576 + 1, 8));
	assert_false(fits(at_576 + 1, 7 + SDESP_TUN_PMTU_MS - 1));
	assert_true(fits(1446, 7 + SDESP_TUN_PMTU_MS));

	start(SDESP_TUNNEL, 0, 6);
	sdesp_tun_pmtu(&ends[0].tun, &ends[0].flow.remote, 100, 5);
	assert_true(fits(sdesp_tun_mtu(gcm(), &ends[0].flow, 1280), 6));
	assert_false(fits(sdesp_tun_mtu(gcm(), &ends[0].flow, 1280) + 1, 6));
}

/* --- MSS ------------------------------------------------------------------ */

static unsigned mss_through(int from, unsigned family, uint16_t mss, int odd)
{
	static const char *const hosts[2][2] = {
		{"10.0.0.1", "10.1.0.1"}, {"fd00::1", "fd01::1"}};
	struct tun_shape shape = {.src = hosts[family == 6][from],
		.dst = hosts[family == 6][1 - from],
		.protocol = 6,
		.mss = mss,
		.len = (family == 4 ? 20 : 40) + 20 + 8};
	struct sdesp_pkt pkt = tun_packet(0, &shape);
	uint8_t *tcp = pkt.data + (family == 4 ? 20 : 40);
	size_t at = 22;

	if (odd) { /* a NOP before it, and the sum as it was */
		tcp[12] = 7 << 4;
		memset(tcp + 20, 1, 8);
		memcpy(tcp + 21, "\2\4", 2);
		sdesp_put16(tcp + 23, mss);
		sdesp_put16(tcp + 16, 0);
		while (!tun_sum_right(pkt.data, pkt.len))
			sdesp_put16(tcp + 16,
				(uint16_t)(sdesp_get16(tcp + 16) + 1));
		at = 23;
	}
	assert_true(tun_sum_right(pkt.data, pkt.len));
	assert_int_equal(tun_say(&ends[from], &pkt, 0), SDESP_OK);
	assert_int_equal(tun_carry(&ends[from], &ends[1 - from], 0), 1);
	assert_true(tun_sum_right(tun_pkts[0].data, tun_pkts[0].len));
	return sdesp_get16(tun_pkts[0].data + (family == 4 ? 20 : 40) + at);
}

static void test_mss(void **state)
{
	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	for (int odd = 0; odd < 2; odd++) {
		assert_int_equal(mss_through(0, 4, 1460, odd), 1438 - 40);
		assert_int_equal(mss_through(1, 4, 65535, odd), 1438 - 40);
		assert_int_equal(mss_through(0, 6, 1440, odd), 1438 - 60);
		assert_int_equal(mss_through(0, 4, 1398, odd), 1398);
		assert_int_equal(mss_through(0, 4, 536, odd), 536);
	}
	assert_int_equal(ends[0].tun.counters.clamped, 4);

	/* What comes in is made to fit as well: our path may be the narrower. */
	sdesp_tun_pmtu(&ends[1].tun, &ends[1].flow.remote, 1300, 0);
	assert_int_equal(mss_through(0, 4, 1460, 0),
		sdesp_tun_mtu(gcm(), &ends[1].flow, 1300) - 40);
}

/* Options that are cut off or endless are left alone. */
static void test_mss_broken(void **state)
{
	static const char options[][9] = {"\2\4\5", "\3\0\2\4\5\xb4\0\0",
		"\3\1\2\4\5\xb4\0\0", "\3\x9\2\4\5\xb4\0\0",
		"\0\1\2\4\5\xb4\0\0", "\1\1\1\1\1\1\1\2", "\2\3\5\2\4\5\1\1"};

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		struct tun_shape shape = {.src = "10.0.0.1",
			.dst = "10.1.0.1",
			.protocol = 6,
			.mss = 1,
			.len = 48};
		struct sdesp_pkt pkt = tun_packet(0, &shape);

		if (i == 0) { /* the header ends behind the packet */
			pkt.len = 44;
			sdesp_put16(pkt.data + 2, 44);
		}
		pkt.data[32] = 7 << 4;
		memcpy(pkt.data + 40, options[i], pkt.len - 40);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 1);
		assert_memory_equal(tun_pkts[0].data + 40, options[i],
			tun_pkts[0].len - 40);
	}
	assert_int_equal(ends[0].tun.counters.clamped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_mtu_holds),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_icmp6),
		cmocka_unit_test(test_icmp_never),
		cmocka_unit_test(test_path_mtu),
		cmocka_unit_test(test_mss),
		cmocka_unit_test(test_mss_broken),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
