/*
 * Inner packets and their selectors. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_inner.h"
#include "tests/support/dice.h"
#include "tests/support/guard.h"
#include "tests/support/udp_pair.h"

static struct sdesp_inner inner;

/* Where one octet too far is fatal. */
static int packet(const uint8_t *data, size_t len)
{
	return sdesp_inner_packet(
		&inner, (const uint8_t *)guard_end(data, len), len);
}

static int payload(unsigned next_header, const void *data, size_t len)
{
	struct sdesp_flow flow = udp_flow();

	return sdesp_inner_payload(&inner, &flow, 1, next_header,
		(const uint8_t *)guard_end(data, len), len);
}

/* Every shorter piece of a good packet is refused. */
static void check_pieces(const uint8_t *data, size_t len)
{
	for (size_t n = 0; n < len; n++)
		assert_int_equal(packet(data, n), SDESP_ERR_PADDING);
	assert_int_equal(packet(data, len), SDESP_OK);
}

/* --- IPv4 ---------------------------------------------------------------- */

static void test_ip4(void **state)
{
	uint8_t p[28] = {0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 2,
		3, 10, 4, 5, 6, 0x12, 0x34, 0xab, 0xcd, 0, 8, 0, 0};

	(void)state;
	check_pieces(p, sizeof p);
	assert_int_equal(inner.protocol, 17);
	assert_int_equal(inner.len, 28);
	assert_int_equal(inner.src.family, 4);
	assert_memory_equal(inner.src.ip, p + 12, 4);
	assert_memory_equal(inner.dst.ip, p + 16, 4);
	assert_int_equal(inner.src.port, 0x1234);
	assert_int_equal(inner.dst.port, 0xabcd);

	p[3] = 27; /* the rest is padding */
	assert_int_equal(packet(p, sizeof p), SDESP_OK);
	assert_int_equal(inner.len, 27);
	p[3] = 23; /* no room for ports */
	assert_int_equal(packet(p, sizeof p), SDESP_ERR_PADDING);
	p[9] = 1; /* none needed */
	assert_int_equal(packet(p, sizeof p), SDESP_OK);
	assert_int_equal(inner.src.port, 0);
	p[3] = 19;
	assert_int_equal(packet(p, sizeof p), SDESP_ERR_PADDING);
	p[3] = 28;
	p[0] = 0x44;
	assert_int_equal(packet(p, sizeof p), SDESP_ERR_PADDING);
	p[0] = 0x48;
	assert_int_equal(packet(p, sizeof p), SDESP_ERR_PADDING);
	p[0] = 0x55;
	assert_int_equal(packet(p, sizeof p), SDESP_ERR_PADDING);
}

static void test_ip4_options(void **state)
{
	uint8_t p[32] = {0x47, 0, 0, 32, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 2, 3,
		10, 4, 5, 6, 1, 1, 1, 1, 1, 1, 1, 1, 0, 80, 1, 187};

	(void)state;
	check_pieces(p, sizeof p);
	assert_int_equal(inner.src.port, 80);
	assert_int_equal(inner.dst.port, 443);
}

static void test_ip4_fragments(void **state)
{
	uint8_t p[28] = {0x45, 0, 0, 28, 0, 0, 0x20, 0, 64, 17, 0, 0, 10, 1, 2,
		3, 10, 4, 5, 6, 0x12, 0x34, 0xab, 0xcd, 0, 8, 0, 0};

	(void)state;
	assert_int_equal(packet(p, sizeof p), SDESP_OK);
	assert_int_equal(inner.src.port, 0x1234);
	assert_int_equal(inner.later, 0);
	p[7] = 1;
	assert_int_equal(packet(p, sizeof p), SDESP_OK);
	assert_int_equal(inner.later, 1);
	assert_int_equal(inner.protocol, 17);
	assert_int_equal(inner.src.port, 0);
	assert_int_equal(inner.dst.port, 0);
}

/* --- IPv6 ---------------------------------------------------------------- */

static size_t make_ip6(
	uint8_t *p, unsigned next, const uint8_t *rest, size_t len)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	p[4] = (uint8_t)(len >> 8);
	p[5] = (uint8_t)len;
	p[6] = (uint8_t)next;
	p[8] = p[24] = 0xfd;
	p[23] = 1;
	p[39] = 2;
	memcpy(p + 40, rest, len);
	return 40 + len;
}

static void test_ip6(void **state)
{
	static const uint8_t udp[] = {0x12, 0x34, 0xab, 0xcd};
	uint8_t p[80];
	size_t len = make_ip6(p, 17, udp, sizeof udp);

	(void)state;
	check_pieces(p, len);
	assert_int_equal(inner.protocol, 17);
	assert_int_equal(inner.len, 44);
	assert_int_equal(inner.dst.family, 6);
	assert_memory_equal(inner.src.ip, p + 8, 16);
	assert_memory_equal(inner.dst.ip, p + 24, 16);
	assert_int_equal(inner.src.port, 0x1234);
	assert_int_equal(packet(p, len + 3), SDESP_OK);
	assert_int_equal(inner.len, 44);
	len = make_ip6(p, 59, udp, 0);
	assert_int_equal(packet(p, len), SDESP_OK);
	assert_int_equal(inner.protocol, 59);
}

static void test_ip6_extensions(void **state)
{
	/* Hop-by-hop, routing of 16 octets, first fragment, destination. */
	static const uint8_t rest[] = {43, 0, 0, 0, 0, 0, 0, 0, 44, 1, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 1, 0, 0, 0, 0, 132,
		0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 9};
	uint8_t p[128];
	size_t len = make_ip6(p, 0, rest, sizeof rest);

	(void)state;
	check_pieces(p, len);
	assert_int_equal(inner.protocol, 132);
	assert_int_equal(inner.src.port, 7);
	assert_int_equal(inner.dst.port, 9);
	assert_int_equal(inner.later, 0);

	p[40 + 24 + 3] = 9; /* a later fragment */
	assert_int_equal(packet(p, len), SDESP_OK);
	assert_int_equal(inner.protocol, 60);
	assert_int_equal(inner.src.port, 0);
	assert_int_equal(inner.later, 1);
	p[40 + 8 + 1] = 255; /* longer than the packet */
	assert_int_equal(packet(p, len), SDESP_ERR_PADDING);
}

static void test_ip6_too_many(void **state)
{
	uint8_t rest[9 * 8 + 4] = {0}, p[128];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 9; i++)
		rest[i * 8] = 60;
	rest[7 * 8] = 17;
	len = make_ip6(p, 60, rest, 8 * 8 + 4);
	assert_int_equal(packet(p, len), SDESP_OK);
	rest[7 * 8] = 60;
	rest[8 * 8] = 17;
	len = make_ip6(p, 60, rest, sizeof rest);
	assert_int_equal(packet(p, len), SDESP_ERR_PADDING);
}

static void test_random_packets(void **state)
{
	struct dice dice = {5};
	uint8_t p[200];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		size_t len = dice_below(&dice, sizeof p);

		dice_fill(&dice, p, len);
		if (len > 6) {
			p[0] = (uint8_t)(i % 2 ? 0x45 : 0x60);
			p[6] = i % 2 ? p[6] : (uint8_t) "\0+,<\21"[i % 5];
			p[2] = p[4] = 0;
		}
		if (packet(p, len) == SDESP_OK)
			assert_true(inner.len <= len);
	}
}

/* --- transport mode ------------------------------------------------------ */

static void test_payload(void **state)
{
	static const uint8_t udp[12] = {0, 5, 0, 7, 0, 12};
	uint8_t bad[12];

	(void)state;
	assert_int_equal(payload(17, udp, 12), SDESP_OK);
	assert_int_equal(inner.src.port, 5);
	assert_int_equal(inner.dst.port, 7);
	assert_int_equal(inner.len, 12);
	assert_true(sdesp_addr_same_ip(
		&inner.src, &(struct sdesp_addr){4, {198, 51, 100, 2}, 0}));
	for (size_t n = 0; n < 12; n++)
		assert_int_equal(payload(17, udp, n), SDESP_ERR_PADDING);
	memcpy(bad, udp, 12);
	bad[5] = 7;
	assert_int_equal(payload(17, bad, 12), SDESP_ERR_PADDING);
	bad[5] = 8;
	assert_int_equal(payload(17, bad, 12), SDESP_OK);
	assert_int_equal(inner.len, 8);
	bad[4] = 1;
	assert_int_equal(payload(17, bad, 12), SDESP_ERR_PADDING);
	assert_int_equal(payload(6, udp, 4), SDESP_OK);
	assert_int_equal(inner.dst.port, 7);
	assert_int_equal(payload(6, udp, 3), SDESP_ERR_PADDING);
	assert_int_equal(payload(47, NULL, 0), SDESP_OK);
}

static void test_fits(void **state)
{
	static const uint8_t udp[8] = {0x9c, 0x40, 0, 7, 0, 8};
	struct sdesp_flow flow = udp_flow();

	(void)state;
	assert_int_equal(
		sdesp_inner_payload(&inner, &flow, 0, 17, udp, 8), SDESP_OK);
	assert_true(sdesp_inner_fits(&inner, &flow, 0));
	assert_false(sdesp_inner_fits(&inner, &flow, 1));
	assert_int_equal(
		sdesp_inner_payload(&inner, &flow, 1, 17, udp, 8), SDESP_OK);
	assert_false(sdesp_inner_fits(&inner, &flow, 1));
}

/* SPEC 8.5: a later fragment fits where ports are any, not where they begin
 * at 0. */
static void test_fits_fragment(void **state)
{
	uint8_t p[28] = {0x45, 0, 0, 28, 0, 0, 0, 1, 64, 17, 0, 0, 10, 0, 0, 1,
		10, 0, 0, 2};
	struct sdesp_flow flow = {.mode = SDESP_TUNNEL,
		.nts = 1,
		.ts = {{17, {SDESP_TS_PREFIX, 4, 8, {10}, 0, 65535},
			{SDESP_TS_PREFIX, 4, 8, {10}, 0, 65535}}}};

	(void)state;
	for (int inbound = 0; inbound < 2; inbound++) {
		flow.ts[0].remote.hi = 65535;
		assert_int_equal(packet(p, sizeof p), SDESP_OK);
		assert_true(sdesp_inner_fits(&inner, &flow, inbound));
		flow.ts[0].remote.hi = 7;
		assert_false(sdesp_inner_fits(&inner, &flow, inbound));
	}
	p[7] = 0; /* the first one has ports: 0 and 0 */
	assert_int_equal(packet(p, sizeof p), SDESP_OK);
	assert_true(sdesp_inner_fits(&inner, &flow, 1));
}

/* RFC 768, word by word. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static void check_checksum(
	const struct sdesp_flow *flow, const uint8_t *data, size_t len)
{
	size_t n = flow->local.family == 4 ? 4 : 16;
	uint8_t h[8];
	uint32_t sum;

	sdesp_inner_udp(h, flow, 40000, 7, data, len);
	assert_memory_equal(h, "\x9c\x40\0\7", 4);
	assert_int_equal(h[4] << 8 | h[5], len + 8);
	assert_true(h[6] != 0 || h[7] != 0);
	sum = add(17 + (uint32_t)len + 8, flow->local.ip, n);
	sum = add(sum, flow->remote.ip, n);
	sum = add(add(sum, h, 8), data, len);
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	assert_int_equal(sum, 0xffff);
}

static void test_checksum(void **state)
{
	struct sdesp_flow flow = udp_flow();
	struct dice dice = {6};
	uint8_t data[64], h[8];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		dice_fill(&dice, data, sizeof data);
		check_checksum(&flow, data, i % sizeof data);
	}
	flow.local = udp_addr("2001:db8::1:ffff", 1);
	flow.remote = udp_addr("2001:db8:ffff::2", 1);
	for (unsigned i = 0; i < 2000; i++) {
		dice_fill(&dice, data, sizeof data);
		check_checksum(&flow, data, i % sizeof data);
	}

	/* Where the sum comes out as 0 it is sent as FFFF. */
	memset(data, 0, 2);
	sdesp_inner_udp(h, &flow, 40000, 7, data, 2);
	memcpy(data, h + 6, 2);
	sdesp_inner_udp(h, &flow, 40000, 7, data, 2);
	assert_memory_equal(h + 6, "\xff\xff", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip4_options),
		cmocka_unit_test(test_ip4_fragments),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_ip6_extensions),
		cmocka_unit_test(test_ip6_too_many),
		cmocka_unit_test(test_random_packets),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_fits_fragment),
		cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
