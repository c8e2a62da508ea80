/*
 * Packets that are too large: cut before they are sealed, or after.
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

/* --- fragments ------------------------------------------------------------ */

/* Put fragments together, of n items that take() names; the length. They may
 * stand in any order. */
static size_t join4(
	uint8_t *whole, size_t n, const uint8_t *(*item)(size_t i, size_t *len))
{
	size_t end = 0, header = 0, got = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len, at;
		const uint8_t *p = item(i, &len);
		unsigned field = sdesp_get16(p + 6);

		assert_int_equal(sdesp_get16(p + 2), len);
		assert_false(field & 0x4000);
		header = (size_t)(p[0] & 15) * 4;
		assert_int_equal(sdesp_sum_fold(sdesp_sum(0, p, header)), 0);
		at = (size_t)(field & 0x1fff) * 8;
		if (at == 0)
			memcpy(whole, p, header);
		memcpy(whole + header + at, p + header, len - header);
		got += len - header;
		if ((field & 0x2000) == 0)
			end = at + len - header;
		else
			assert_int_equal((len - header) % 8, 0);
	}
	assert_int_equal(got, end);
	return header + end;
}

static const uint8_t *received(size_t i, size_t *len)
{
	assert_int_equal(tun_pkts[i].status, SDESP_OK);
	*len = tun_pkts[i].len;
	return tun_pkts[i].data;
}

static const uint8_t *on_wire(size_t i, size_t *len)
{
	*len = ends[0].wire.item[i].len;
	assert_in_range(*len, 1, 1500);
	return ends[0].wire.item[i].octets;
}

/* RFC 4301 8: IPv4 without DF is cut before it is sealed. */
static void test_cut_before(void **state)
{
	uint8_t whole[TUN_OCTETS];

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 4000);
		struct sdesp_pkt same =
			tun_udp(1, "10.0.0.1", "10.1.0.1", 4000);
		size_t len;

		start(SDESP_TUNNEL, 1, family);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(ends[0].wire.n, 3);
		for (size_t i = 0; i < 3; i++)
			on_wire(i, &len);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 3);
		assert_int_equal(join4(whole, 3, received), 4000);
		assert_memory_equal(whole + 20, same.data + 20, 3980);
		assert_memory_equal(whole + 4, same.data + 4, 2);
		assert_int_equal(ends[0].tun.counters.pieces, 3);
	}
}

/* A fragment is cut further, and keeps its place. */
static void test_cut_fragment(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 2020);

	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 2020);
		sdesp_put16(pkt.data + 6, (uint16_t)(100 | more << 13));
		start(SDESP_TUNNEL, 1, 4);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 2);
		assert_int_equal(
			sdesp_get16(tun_pkts[0].data + 6), 100 | 0x2000);
		assert_int_equal(sdesp_get16(tun_pkts[1].data + 6),
			(100 + (tun_pkts[0].len - 20) / 8) | more << 13);
		assert_int_equal(tun_pkts[0].len + tun_pkts[1].len, 2020 + 20);
	}
}

/* RFC 791 3.1: some options are in the first piece only. */
static void test_cut_options(void **state)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 17,
		.len = 2000,
		.room = 12};
	struct sdesp_pkt pkt = tun_packet(0, &shape);
	static const uint8_t options[12] = {
		1, 0x88, 4, 0xaa, 0xbb, 7, 3, 4, 0x94, 2, 0, 9};

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	memcpy(pkt.data + 20, options, sizeof options);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 2);
	assert_memory_equal(tun_pkts[0].data + 20, options, sizeof options);
	assert_memory_equal(tun_pkts[1].data + 20,
		"\1\x88\4\xaa\xbb\1\1\1\x94\2\0\x09", 12);
}

/* Selectors with ports would not take later pieces: the outer packet is cut.
 * So it is in transport mode (RFC 4303 3.3.4). */
static void test_cut_after(void **state)
{
	static uint8_t whole[TUN_OCTETS];

	(void)state;
	for (unsigned mode = SDESP_TRANSPORT; mode <= SDESP_TUNNEL; mode++) {
		int tunnel = mode == SDESP_TUNNEL;
		struct sdesp_flow flow = tun_flow(mode, 1, 4);
		struct tun_shape shape = {
			.src = tunnel ? "10.0.0.1" : "192.0.2.1",
			.dst = tunnel ? "10.1.0.1" : "198.51.100.2",
			.protocol = 17,
			.len = 3500};
		struct sdesp_pkt pkt, same = tun_packet(1, &shape);
		size_t len;

		flow.nts = 1;
		flow.ts[0].protocol = 17;
		flow.ts[0].local.lo = flow.ts[0].local.hi = 1000;
		tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
		pkt = tun_packet(0, &shape);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(ends[0].wire.n, 3);
		len = join4(whole, 3, on_wire);
		memset(tun_meta, 0, sizeof tun_meta[0]);
		tun_meta[0].from = ends[1].flow.remote;
		tun_meta[0].udp = 1;
		tun_pkts[0] = tun_udp(2, "10.0.0.1", "10.1.0.1", 100);
		memcpy(tun_pkts[0].data, whole + 28, len - 28);
		tun_pkts[0].len = len - 28;
		assert_int_equal(
			sdesp_tun_input(&ends[1].tun, tun_pkts, tun_meta, 1, 0),
			1);
		assert_int_equal(tun_pkts[0].len, 3500);
		assert_memory_equal(
			tun_pkts[0].data + 20, same.data + 20, 3480);
	}
}

/* IPv6 of 1280 octets must get through, whatever the path takes. */
static void test_cut_after6(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "fd00::1", "fd01::1", 1280);
	struct sdesp_pkt same = tun_udp(1, "fd00::1", "fd01::1", 1280);
	uint8_t whole[TUN_OCTETS];
	size_t at = 0;

	(void)state;
	start(SDESP_TUNNEL, 0, 6);
	sdesp_tun_pmtu(&ends[0].tun, &ends[0].flow.remote, 1280, 0);
	assert_int_equal(tun_say(&ends[0], &pkt, 1), SDESP_OK);
	assert_int_equal(ends[0].wire.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const uint8_t *p = ends[0].wire.item[i].octets;
		size_t len = ends[0].wire.item[i].len;

		assert_in_range(len, 49, 1280);
		assert_int_equal(sdesp_get16(p + 4) + 40, len);
		assert_int_equal(p[6], 44);
		assert_int_equal(p[40], 50);
		assert_int_equal(sdesp_get16(p + 42), at | (i == 0));
		assert_int_equal(sdesp_get32(p + 44), 1);
		memcpy(whole + at, p + 48, len - 48);
		at += len - 48;
	}
	memset(tun_meta, 0, sizeof tun_meta[0]);
	tun_meta[0].from = ends[1].flow.remote;
	tun_pkts[0] = tun_udp(2, "10.0.0.1", "10.1.0.1", 100);
	memcpy(tun_pkts[0].data, whole, at);
	tun_pkts[0].len = at;
	assert_int_equal(
		sdesp_tun_input(&ends[1].tun, tun_pkts, tun_meta, 1, 0), 1);
	assert_int_equal(tun_pkts[0].len, 1280);
	assert_memory_equal(tun_pkts[0].data, same.data, 1280);
}

/* Transport mode takes whole datagrams only (RFC 4303 3.3.4). */
static void test_transport_fragment(void **state)
{
	struct sdesp_pkt pkt = tun_udp(0, "192.0.2.1", "198.51.100.2", 100);

	(void)state;
	start(SDESP_TRANSPORT, 0, 4);
	sdesp_put16(pkt.data + 6, 0x2000);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_UNSUPPORTED);
	start(SDESP_TRANSPORT, 0, 6);
	pkt = tun_udp(0, "2001:db8::1", "2001:db8::2", 100);
	pkt.data[6] = 44;
	memcpy(pkt.data + 40, "\x11\0\0\1\0\0\0\1", 8);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(ends[0].wire.n, 0);
}

/* Fragments inside a tunnel: without ports they pass, with ports not. */
static void test_inner_fragments(void **state)
{
	struct sdesp_flow flow = tun_flow(SDESP_TUNNEL, 1, 4);
	struct sdesp_pkt pkt;

	(void)state;
	for (int ports = 0; ports < 2; ports++) {
		if (ports) {
			flow.nts = 1;
			flow.ts[0].protocol = 17;
			flow.ts[0].remote.lo = flow.ts[0].remote.hi = 2000;
		}
		tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 100);
		sdesp_put16(pkt.data + 6, 0x2000);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 100);
		sdesp_put16(pkt.data + 6, 3);
		assert_int_equal(tun_say(&ends[0], &pkt, 0),
			ports ? SDESP_ERR_BLOCKED : SDESP_OK);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 2 - ports);
	}
}

/* More than any IP packet holds, with what sealing adds. */
static void test_too_long(void **state)
{
	static uint8_t octets[SDESP_TUN_HEAD + 65535 + SDESP_TUN_TAIL];
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 100);

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	memcpy(octets + SDESP_TUN_HEAD, pkt.data, 100);
	pkt.data = octets + SDESP_TUN_HEAD;
	pkt.len = 65535;
	sdesp_put16(pkt.data + 2, 65535);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_ERR_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_before),
		cmocka_unit_test(test_cut_fragment),
		cmocka_unit_test(test_cut_options),
		cmocka_unit_test(test_cut_after),
		cmocka_unit_test(test_cut_after6),
		cmocka_unit_test(test_transport_fragment),
		cmocka_unit_test(test_inner_fragments),
		cmocka_unit_test(test_too_long),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
