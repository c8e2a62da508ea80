/*
 * What the TUN backend does not take, and what it mends.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/be.h"
#include "tests/support/tun_pair.h"
#include "tests/unit/tun_fixture.h"

/* --- inbound -------------------------------------------------------------- */

/* A payload that the peer seals, whatever it is: its status here. */
static int forge(int to, unsigned next_header, const void *data, size_t len,
	unsigned tos)
{
	static struct sdesp_esp_tx tx;
	static uint64_t seq = 1000;
	static uint8_t octets[SDESP_TUN_HEAD + 2048 + SDESP_TUN_TAIL];
	struct sdesp_pkt pkt = {.data = octets + SDESP_TUN_HEAD,
		.len = len,
		.head = SDESP_TUN_HEAD,
		.tail = SDESP_TUN_TAIL,
		.next_header = (uint8_t)next_header};

	memcpy(pkt.data, data, len);
	assert_int_equal(sdesp_esp_tx_init(&tx, ends[to].tun.config.crypto,
				 &ends[to].in, seq++),
		0);
	assert_int_equal(sdesp_esp_seal(&tx, &pkt, 1), 1);
	memset(&tun_meta[0], 0, sizeof tun_meta[0]);
	tun_meta[0].from = ends[to].flow.remote;
	tun_meta[0].udp = ends[to].flow.udp;
	tun_meta[0].tos = (uint8_t)tos;
	tun_meta[0].ttl = 9;
	pkt.head = SDESP_TUN_HEAD;
	tun_pkts[0] = pkt;
	sdesp_tun_input(&ends[to].tun, tun_pkts, tun_meta, 1, 0);
	return tun_pkts[0].status;
}

static int all_zero(const struct sdesp_pkt *pkt)
{
	for (size_t i = 0; i < pkt->len; i++) {
		if (pkt->data[i] != 0)
			return 0;
	}
	return 1;
}

static void test_spoofed(void **state)
{
	static const char *const bad[][2] = {
		{"10.2.0.1", "10.0.0.1"}, /* another peer's */
		{"10.0.0.9", "10.0.0.1"}, /* our own */
		{"10.1.0.1", "10.0.1.1"}, /* not for us */
		{"fd02::1", "fd00::1"},
		{"fd01::1", "fd02::1"},
	};

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct sdesp_pkt p = tun_udp(1, bad[i][0], bad[i][1], 80);

		assert_int_equal(forge(0, p.data[0] >> 4 == 4 ? 4 : 41, p.data,
					 p.len, 0),
			SDESP_ERR_SELECTOR);
		assert_true(all_zero(&tun_pkts[0]));
	}
	assert_int_equal(ends[0].tun.counters.selector_in, 5);
	assert_int_equal(ends[0].tun.counters.opened, 0);
}

/* SPEC 8.5: a later fragment needs ports that are any, either way. */
static void test_fragments(void **state)
{
	struct sdesp_flow flow = tun_flow(SDESP_TUNNEL, 1, 4);
	struct sdesp_pkt pkt;

	(void)state;
	for (int any = 0; any < 2; any++) {
		flow.nts = 1;
		flow.ts[0].protocol = 17;
		flow.ts[0].local.hi = any ? 65535 : 7;
		tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);
		sdesp_put16(pkt.data + 6, 1);
		assert_int_equal(tun_say(&ends[0], &pkt, 0),
			any ? SDESP_OK : SDESP_ERR_BLOCKED);
		pkt = tun_udp(0, "10.1.0.1", "10.0.0.1", 80);
		sdesp_put16(pkt.data + 6, 1);
		assert_int_equal(forge(0, 4, pkt.data, pkt.len, 0),
			any ? SDESP_OK : SDESP_ERR_SELECTOR);
	}
}

static void test_malformed(void **state)
{
	struct sdesp_pkt p = tun_udp(1, "10.1.0.1", "10.0.0.1", 80);

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	assert_int_equal(forge(0, 41, p.data, p.len, 0), SDESP_ERR_PADDING);
	assert_int_equal(forge(0, 17, p.data, p.len, 0), SDESP_ERR_PADDING);
	assert_int_equal(forge(0, 4, p.data, 79, 0), SDESP_ERR_PADDING);
	assert_int_equal(forge(0, 4, p.data, 0, 0), SDESP_ERR_PADDING);
	assert_int_equal(forge(0, 59, p.data, 0, 0), SDESP_ERR_DUMMY);
	assert_int_equal(ends[0].tun.counters.malformed, 4);
	assert_int_equal(ends[0].tun.counters.dummies, 1);

	/* TFC padding (RFC 4303 2.7) is cut off. */
	memset(p.data + p.len, 7, 20);
	assert_int_equal(forge(0, 4, p.data, p.len + 20, 0), SDESP_OK);
	assert_int_equal(tun_pkts[0].len, 80);
	assert_memory_equal(tun_pkts[0].data, p.data, 80);

	start(SDESP_TRANSPORT, 1, 4);
	assert_int_equal(
		forge(0, 6, "0123456789abcdefghi", 19, 0), SDESP_ERR_PADDING);
	assert_int_equal(
		forge(0, 17, "\0\1\0\2\0\x0b\0\0xy", 10, 0), SDESP_ERR_PADDING);
	assert_int_equal(
		forge(0, 17, "\0\1\0\2\0\x0a\0\0xyzz", 12, 0), SDESP_OK);
	assert_int_equal(tun_pkts[0].len, 30);
}

/* RFC 6040 figure 4, by inner and outer field: 4 = dropped. */
static void test_congestion(void **state)
{
	static const uint8_t expected[4][4] = {
		{0, 0, 0, 4}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	for (unsigned i = 0; i < 32; i++) {
		unsigned in = i / 4 % 4, out = i % 4, v6 = i / 16;
		struct tun_shape shape = {.src = v6 ? "fd01::1" : "10.1.0.1",
			.dst = v6 ? "fd00::1" : "10.0.0.1",
			.protocol = 17,
			.tos = (uint8_t)(0xa8 | in),
			.len = 80};
		struct sdesp_pkt p = tun_packet(1, &shape);
		int status = forge(0, v6 ? 41 : 4, p.data, p.len, 0x54 | out);
		const uint8_t *got = tun_pkts[0].data;

		if (expected[in][out] == 4) {
			assert_int_equal(status, SDESP_ERR_BLOCKED);
			assert_true(all_zero(&tun_pkts[0]));
			continue;
		}
		assert_int_equal(status, SDESP_OK);
		assert_int_equal(v6 ? sdesp_get16(got) >> 4 & 255 : got[1],
			0xa8 | expected[in][out]);
		assert_true(tun_sum_right(got, 80));
	}
	assert_int_equal(ends[0].tun.counters.congested, 2);
}

/* SPEC 8.8: NAT has changed the addresses; the sum is made to fit them. */
static void test_sum_repaired(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		int v6 = i > 1;
		struct tun_shape shape = {
			.src = v6 ? "2001:db8::99" : "10.9.9.9",
			.dst = v6 ? "2001:db8::1" : "192.0.2.1",
			.protocol = i % 2 ? 6 : 17,
			.len = 101};
		struct sdesp_pkt p = tun_packet(1, &shape);
		size_t header = v6 ? 40 : 20;

		(void)state;
		start(SDESP_TRANSPORT, 1, v6 ? 6 : 4);
		assert_int_equal(forge(0, shape.protocol, p.data + header,
					 p.len - header, 0),
			SDESP_OK);
		assert_int_equal(tun_pkts[0].len, 101);
		assert_true(tun_sum_right(tun_pkts[0].data, 101));
	}
	/* UDP over IPv4 without a sum stays so. */
	start(SDESP_TRANSPORT, 1, 4);
	assert_int_equal(forge(0, 17, "\0\1\0\2\0\x0a\0\0xy", 10, 0), SDESP_OK);
	assert_int_equal(sdesp_get16(tun_pkts[0].data + 26), 0);
	/* Nobody changes addresses under raw ESP: a wrong sum stays wrong. */
	start(SDESP_TRANSPORT, 0, 4);
	assert_int_equal(forge(0, 17, "\0\1\0\2\0\x0a\0\1xy", 10, 0), SDESP_OK);
	assert_int_equal(sdesp_get16(tun_pkts[0].data + 26), 1);
}

static int receive(const void *data, size_t len, int udp)
{
	static uint8_t octets[SDESP_TUN_HEAD + 256 + SDESP_TUN_TAIL];
	struct sdesp_tun_meta meta = {
		.from = ends[0].flow.remote, .udp = udp != 0};
	struct sdesp_pkt pkt = {.data = octets + SDESP_TUN_HEAD,
		.len = len,
		.head = SDESP_TUN_HEAD,
		.tail = SDESP_TUN_TAIL};

	memcpy(pkt.data, data, len);
	assert_int_equal(sdesp_tun_input(&ends[0].tun, &pkt, &meta, 1, 0), 0);
	return pkt.status;
}

static void test_strays(void **state)
{
	const struct sdesp_tun_counters *c = &ends[0].tun.counters;
	struct sdesp_backend *be = &ends[0].tun.base;
	uint8_t junk[64] = {0xc0, 0, 0, 7};

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	assert_int_equal(receive("\xff", 1, 1), SDESP_ERR_SHORT);
	assert_int_equal(c->keepalives, 1);
	assert_int_equal(receive("\xff", 1, 0), SDESP_ERR_SHORT);
	assert_int_equal(receive("", 0, 1), SDESP_ERR_SHORT);
	assert_int_equal(receive("\xc0\0\0\1\0\0\0", 7, 1), SDESP_ERR_SHORT);
	assert_int_equal(c->runts, 3);
	assert_int_equal(receive("\0\0\0\0ike.", 8, 1), SDESP_ERR_SPI);
	assert_int_equal(c->foreign, 1);
	assert_int_equal(receive(junk, sizeof junk, 1), SDESP_ERR_SPI);
	assert_int_equal(c->unknown_spi, 1);
	assert_int_equal(
		be->vtable->spi_reserve(be, &ends[0].flow, 0xc0000007), 0);
	assert_int_equal(receive(junk, sizeof junk, 1), SDESP_ERR_SPI);
	assert_int_equal(c->early, 1);
	junk[3] = 1; /* an SA with keys: in UDP it is looked at, else not */
	assert_int_equal(receive(junk, sizeof junk, 0), SDESP_ERR_SPI);
	assert_int_equal(c->unknown_spi, 2);
	junk[7] = 1;
	assert_int_equal(receive(junk, sizeof junk, 1), SDESP_ERR_AUTH);
	assert_int_equal(c->forged, 1);
}

static void test_replay(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	for (int i = 0; i < 2; i++) {
		ends[0].wire.n = 1;
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), i == 0);
	}
	assert_int_equal(tun_pkts[0].status, SDESP_ERR_REPLAY);
	assert_int_equal(ends[1].tun.counters.replays, 1);
}

/* --- refused -------------------------------------------------------------- */

static void test_refused(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);
	const struct sdesp_tun_counters *c = &ends[0].tun.counters;
	struct sdesp_backend *be = &ends[0].tun.base;

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	pkt.len = 79;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_ARG);
	pkt.len = 81;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_ARG);
	pkt.len = 0;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_ARG);
	pkt.len = 80;
	pkt.head--;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_SPACE);
	pkt.head++;
	pkt.tail--;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_SPACE);
	assert_int_equal(c->unfit, 5);

	/* Multicast and the like, as every device gives. */
	pkt = tun_udp(0, "fe80::1", "ff02::2", 80);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_BLOCKED);
	pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);
	assert_int_equal(
		be->vtable->policy_set(be, &ends[0].flow, SDESP_BLOCK, 0), 0);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_BLOCKED);
	assert_int_equal(be->vtable->policy_delete(be, &ends[0].flow), 0);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_BLOCKED);
	assert_int_equal(c->blocked, 3);
	assert_int_equal(ends[0].wire.n, 0);

	/* What send does not take is gone. */
	start(SDESP_TUNNEL, 1, 4);
	ends[0].wire.broken = 1;
	assert_int_equal(sdesp_tun_output(&ends[0].tun, &pkt, 1, 0), 0);
	assert_int_equal(pkt.status, SDESP_OK);
	assert_int_equal(c->unsent, 1);

	/* A packet from the network without room before it. */
	start(SDESP_TUNNEL, 1, 4);
	pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_true(tun_strip(
		0, ends[0].wire.item[0].octets, ends[0].wire.item[0].len));
	tun_pkts[0].head--;
	assert_int_equal(
		sdesp_tun_input(&ends[1].tun, tun_pkts, tun_meta, 1, 0), 0);
	assert_int_equal(tun_pkts[0].status, SDESP_ERR_SPACE);
}

static void test_limits(void **state)
{
	struct sdesp_backend *be = &ends[0].tun.base;
	struct sdesp_pkt pkts[5];

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	assert_int_equal(
		be->vtable->sa_delete(be, &ends[0].flow, ends[0].out.spi, 0),
		0);
	ends[0].out.hard.packets = 3;
	assert_int_equal(
		be->vtable->sa_add(be, &ends[0].flow, &ends[0].out, 0), 0);
	assert_int_equal(be->vtable->policy_set(be, &ends[0].flow,
				 SDESP_PROTECT, ends[0].out.spi),
		0);
	for (size_t i = 0; i < 5; i++)
		pkts[i] = tun_udp(i, "10.0.0.1", "10.1.0.1", 80);
	assert_int_equal(sdesp_tun_output(&ends[0].tun, pkts, 5, 0), 3);
	assert_int_equal(pkts[3].status, SDESP_ERR_EXPIRED);
	pkts[0] = tun_udp(0, "10.0.0.1", "10.1.0.1", 80);
	assert_int_equal(tun_say(&ends[0], &pkts[0], 0), SDESP_ERR_EXPIRED);
	assert_int_equal(ends[0].tun.counters.expired, 3);
	assert_int_equal(ends[0].wire.n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spoofed),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_congestion),
		cmocka_unit_test(test_sum_repaired),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
