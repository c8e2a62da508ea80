/*
 * Packets through the TUN backend: both ways in every suite, what its outer
 * headers say, with the UDP backend at the other end.
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

static const char *host(const struct sdesp_flow *flow, unsigned family, int end)
{
	static const char *const inner4[] = {"10.0.0.7", "10.1.2.3"};
	static const char *const inner6[] = {"fd00::7", "fd01::3"};
	static const char *const outer4[] = {"192.0.2.1", "198.51.100.2"};
	static const char *const outer6[] = {"2001:db8::1", "2001:db8::2"};

	if (flow->mode == SDESP_TUNNEL)
		return family == 4 ? inner4[end] : inner6[end];
	return family == 4 ? outer4[end] : outer6[end];
}

/* --- both ways ------------------------------------------------------------ */

static size_t make_batch(struct sdesp_pkt pkts[32], unsigned family, int from)
{
	static const uint8_t protocols[][3] = {{17, 6, 1}, {17, 6, 58}};
	const struct sdesp_flow *flow = &ends[0].flow;

	for (size_t i = 0; i < 32; i++) {
		struct tun_shape shape = {.src = host(flow, family, from),
			.dst = host(flow, family, 1 - from),
			.protocol = protocols[family == 6][i % 3],
			.df = i % 2 == 0,
			.len = (family == 4 ? 44u : 64u) + i * 40};

		pkts[i] = tun_packet(i, &shape);
	}
	return 32;
}

/* What arrives is what left: in transport mode but for what the way may
 * change, as the header is not ESP's. */
static void check_same(const struct sdesp_pkt *pkt, const uint8_t *sent,
	size_t len, unsigned mode)
{
	size_t header = sent[0] >> 4 == 4 ? 20 : 40;

	assert_int_equal(pkt->status, SDESP_OK);
	assert_int_equal(pkt->len, len);
	if (mode == SDESP_TUNNEL) {
		assert_memory_equal(pkt->data, sent, len);
		return;
	}
	assert_memory_equal(pkt->data + header, sent + header, len - header);
	assert_memory_equal(pkt->data + (header == 20 ? 12 : 8),
		sent + (header == 20 ? 12 : 8), header == 20 ? 8 : 32);
	assert_int_equal(pkt->data[header == 20 ? 8 : 7], 61);
	assert_true(tun_sum_right(pkt->data, pkt->len));
}

static void check_batch(unsigned family, int from)
{
	static uint8_t sent[32][TUN_OCTETS];
	struct sdesp_pkt pkts[32];
	size_t n = make_batch(pkts, family, from), len[32];

	for (size_t i = 0; i < n; i++) {
		len[i] = pkts[i].len;
		memcpy(sent[i], pkts[i].data, len[i]);
	}
	assert_int_equal(sdesp_tun_output(&ends[from].tun, pkts, n, 0), n);
	assert_int_equal(ends[from].wire.n, n);
	assert_int_equal(tun_carry(&ends[from], &ends[1 - from], 0), n);
	for (size_t i = 0; i < n; i++)
		check_same(&tun_pkts[i], sent[i], len[i], ends[0].flow.mode);
}

static void check_flow(unsigned mode, int udp, unsigned outer)
{
	struct sdesp_flow flow = tun_flow(mode, udp, outer);

	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++) {
		for (int esn = 0; esn < 2; esn++) {
			tun_pair_init(ends, &flow, suite, esn);
			if (mode == SDESP_TUNNEL || outer == 4) {
				check_batch(4, 0);
				check_batch(4, 1);
			}
			if (mode == SDESP_TUNNEL || outer == 6) {
				check_batch(6, 1);
				check_batch(6, 0);
			}
		}
	}
}

static void test_all_suites(void **state)
{
	(void)state;
	for (int udp = 0; udp < 2; udp++) {
		check_flow(SDESP_TUNNEL, udp, 4);
		check_flow(SDESP_TUNNEL, udp, 6);
		check_flow(SDESP_TRANSPORT, udp, 4);
		check_flow(SDESP_TRANSPORT, udp, 6);
	}
}

/* More than a batch, of two flows that alternate, refused ones between. */
static void test_mixed(void **state)
{
	struct sdesp_backend *be;
	struct sdesp_flow other;
	struct sdesp_sa sa = udp_sa(SDESP_AES_128_GCM_16, 0xc0000009);
	struct sdesp_pkt pkts[60];
	size_t n = 0;

	(void)state;
	start(SDESP_TUNNEL, 1, 4);
	be = &ends[0].tun.base;
	other = ends[0].flow;
	other.nts = 1;
	other.ts[0].remote.ip[1] = 2;
	other.remote = udp_addr("203.0.113.9", 4500);
	assert_int_equal(be->vtable->sa_add(be, &other, &sa, 0), 0);
	assert_int_equal(
		be->vtable->policy_set(be, &other, SDESP_PROTECT, sa.spi), 0);
	for (size_t i = 0; i < 60; i++)
		pkts[i] = tun_udp(i, i % 5 == 4 ? "10.9.9.9" : "10.0.0.1",
			i % 2 ? "10.2.0.1" : "10.1.0.1", 60 + i);
	assert_int_equal(sdesp_tun_output(&ends[0].tun, pkts, 60, 0), 48);
	assert_int_equal(ends[0].wire.n, 48);
	for (size_t i = 0; i < 60; i++) {
		const uint8_t *p = ends[0].wire.item[n].octets;

		if (i % 5 == 4) {
			assert_int_equal(pkts[i].status, SDESP_ERR_BLOCKED);
			continue;
		}
		assert_int_equal(pkts[i].status, SDESP_OK);
		assert_memory_equal(p + 16,
			i % 2 ? "\xcb\x00\x71\x09" : "\xc6\x33\x64\x02", 4);
		assert_int_equal(
			sdesp_get32(p + 28), i % 2 ? 0xc0000009 : 0xc0000002);
		n++;
	}
	assert_int_equal(ends[0].tun.counters.sealed, 48);
	assert_int_equal(ends[0].tun.counters.blocked, 12);
}

/* --- outer headers -------------------------------------------------------- */

/* RFC 4301 5.1.2: TOS and DF copied, the rest made. */
static void test_tunnel_header(void **state)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 17,
		.tos = 0xb9,
		.df = 1,
		.len = 100};
	struct sdesp_pkt pkt;
	const uint8_t *p = ends[0].wire.item[0].octets;

	(void)state;
	start(SDESP_TUNNEL, 0, 4);
	pkt = tun_packet(0, &shape);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_memory_equal(p, "\x45\xb9", 2);
	assert_memory_equal(p + 4, "\0\0\x40\0\x40\x32", 6);
	assert_memory_equal(p + 12, "\xc0\0\2\1\xc6\x33\x64\2", 8);
	assert_int_equal(p[20], 0xc0);
	assert_int_equal(
		ends[0].wire.item[0].len, 20 + 8 + 8 + 100 + 2 + 2 + 16);

	/* Without DF it can be told from the next one. */
	ends[0].wire.n = 0;
	shape.df = 0;
	for (int i = 0; i < 2; i++) {
		pkt = tun_packet(0, &shape);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(
			sdesp_get16(ends[0].wire.item[i].octets + 6), 0);
	}
	assert_int_not_equal(sdesp_get16(p + 4), 0);
	assert_int_not_equal(sdesp_get16(p + 4),
		sdesp_get16(ends[0].wire.item[1].octets + 4));

	/* IPv6 inside is never cut on the way. */
	ends[0].wire.n = 0;
	shape = (struct tun_shape){.src = "fd00::1",
		.dst = "fd01::1",
		.protocol = 17,
		.tos = 0x2e,
		.len = 100};
	pkt = tun_packet(0, &shape);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_int_equal(p[1], 0x2e);
	assert_int_equal(sdesp_get16(p + 6), 0x4000);
}

static void test_tunnel_header6(void **state)
{
	struct tun_shape shape = {.src = "10.0.0.1",
		.dst = "10.1.0.1",
		.protocol = 17,
		.tos = 0xb9,
		.len = 100};
	struct sdesp_pkt pkt;
	const uint8_t *p = ends[0].wire.item[0].octets;

	(void)state;
	start(SDESP_TUNNEL, 1, 6);
	pkt = tun_packet(0, &shape);
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_int_equal(sdesp_get32(p), 0x6b900000);
	assert_int_equal(p[6], 17);
	assert_int_equal(p[7], 64);
	assert_int_equal(sdesp_get16(p + 40), 4500);
	assert_int_equal(sdesp_get16(p + 42), 4501);
	assert_true(tun_sum_right(p, ends[0].wire.item[0].len));
}

/* RFC 4303 3.1.1: the header stays, options and all. */
static void test_transport_header(void **state)
{
	struct tun_shape shape = {.src = "192.0.2.1",
		.dst = "198.51.100.2",
		.protocol = 17,
		.tos = 0x47,
		.df = 1,
		.len = 100,
		.room = 8};
	struct sdesp_pkt pkt;
	const uint8_t *p = ends[0].wire.item[0].octets;

	(void)state;
	for (int udp = 0; udp < 2; udp++) {
		start(SDESP_TRANSPORT, udp, 4);
		pkt = tun_packet(0, &shape);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_memory_equal(p, "\x47\x47", 2);
		assert_memory_equal(p + 4, "\x12\x34\x40\0\x3d", 5);
		assert_int_equal(p[9], udp ? 17 : 50);
		assert_memory_equal(
			p + 12, "\xc0\0\2\1\xc6\x33\x64\2\1\1\1\1\1\1\1\1", 16);
		assert_int_equal(sdesp_get32(p + 28 + 8 * udp), 0xc0000002);
		assert_int_equal(tun_carry(&ends[0], &ends[1], 0), 1);
		assert_int_equal(tun_pkts[0].len, 92);
		assert_int_equal(tun_pkts[0].data[1], 0x47);
		assert_true(tun_sum_right(tun_pkts[0].data, 92));
	}
}

/* IPv6: extension headers stay outside, flow label too. */
static void test_transport_header6(void **state)
{
	static const uint8_t options[] = {
		60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
	struct sdesp_pkt pkt = tun_udp(0, "2001:db8::1", "2001:db8::2", 100);
	const uint8_t *p = ends[0].wire.item[0].octets;

	(void)state;
	start(SDESP_TRANSPORT, 0, 6);
	memmove(pkt.data + 56, pkt.data + 40, 60);
	memcpy(pkt.data + 40, options, sizeof options);
	pkt.len += sizeof options;
	sdesp_put16(pkt.data + 4, 60 + sizeof options);
	pkt.data[6] = 0;
	assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
	assert_int_equal(sdesp_get32(p), 0x60054321);
	assert_int_equal(p[6], 0);
	assert_int_equal(p[7], 61);
	assert_memory_equal(p + 40, "\x3c\0\1\4\0\0\0\0\x32\0\1\4\0\0\0\0", 16);
	assert_int_equal(sdesp_get32(p + 56), 0xc0000002);
	assert_int_equal(sdesp_get16(p + 4) + 40, ends[0].wire.item[0].len);
}

/* --- with the UDP backend ------------------------------------------------- */

static struct udp_end phone;

static void pair_with_udp(unsigned mode)
{
	struct sdesp_backend *be;

	start(mode, 1, 4);
	udp_end_init(&phone);
	be = &phone.udp.base;
	phone.flow = ends[1].flow;
	assert_int_equal(
		be->vtable->sa_add(be, &phone.flow, &ends[1].in, 1), 0);
	assert_int_equal(
		be->vtable->sa_add(be, &phone.flow, &ends[1].out, 0), 0);
	assert_int_equal(be->vtable->policy_set(be, &phone.flow, SDESP_PROTECT,
				 ends[1].out.spi),
		0);
	phone.id = sdesp_udp_flow(&phone.udp, &phone.flow);
}

static void test_to_udp(void **state)
{
	static const char *const from[] = {"192.0.2.1", "10.0.0.1"};
	static const char *const to[] = {"198.51.100.2", "10.1.0.1"};

	(void)state;
	for (int tunnel = 0; tunnel < 2; tunnel++) {
		struct sdesp_pkt pkt = tun_udp(0, from[tunnel], to[tunnel], 90);
		struct sdesp_pkt same =
			tun_udp(1, from[tunnel], to[tunnel], 90);
		const uint8_t *p = ends[0].wire.item[0].octets;
		size_t cut = tunnel ? 0 : 28;

		pair_with_udp(tunnel ? SDESP_TUNNEL : SDESP_TRANSPORT);
		assert_int_equal(tun_say(&ends[0], &pkt, 0), SDESP_OK);
		assert_int_equal(udp_receive_one(&phone, p + 28,
					 ends[0].wire.item[0].len - 28,
					 &ends[0].flow.local, 0),
			SDESP_OK);
		assert_int_equal(udp_pkts[0].len, 90 - cut);
		assert_memory_equal(
			udp_pkts[0].data, same.data + cut, 90 - cut);
	}
}

static void test_from_udp(void **state)
{
	const uint8_t *p;

	(void)state;
	pair_with_udp(SDESP_TRANSPORT);
	assert_int_equal(udp_say(&phone, 53, 1053, "hello", 5), SDESP_OK);
	p = phone.wire.item[0].octets;
	memset(tun_meta, 0, sizeof tun_meta[0]);
	tun_meta[0].from = phone.flow.local;
	tun_meta[0].udp = 1;
	tun_meta[0].ttl = 60;
	tun_pkts[0] = tun_udp(0, "10.0.0.1", "10.1.0.1", 90);
	tun_pkts[0].len = phone.wire.item[0].len;
	memcpy(tun_pkts[0].data, p, tun_pkts[0].len);
	assert_int_equal(
		sdesp_tun_input(&ends[0].tun, tun_pkts, tun_meta, 1, 0), 1);
	assert_int_equal(tun_pkts[0].len, 33);
	assert_memory_equal(tun_pkts[0].data, "\x45\0\0\x21", 4);
	assert_memory_equal(tun_pkts[0].data + 12,
		"\xc6\x33\x64\2\xc0\0\2\1\0\x35\4\x1d\0\x0d", 14);
	assert_memory_equal(tun_pkts[0].data + 28, "hello", 5);
	assert_true(tun_sum_right(tun_pkts[0].data, 33));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_suites),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_tunnel_header),
		cmocka_unit_test(test_tunnel_header6),
		cmocka_unit_test(test_transport_header),
		cmocka_unit_test(test_transport_header6),
		cmocka_unit_test(test_to_udp),
		cmocka_unit_test(test_from_udp),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (ends[0].memory != NULL)
		tun_pair_close(ends);
	return failed;
}
