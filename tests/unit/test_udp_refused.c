/*
 * What the UDP backend must not send and must not accept. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/dice.h"
#include "tests/support/udp_pair.h"

static struct udp_end ends[2];

static const struct sdesp_addr *source(int end)
{
	return &ends[end].flow.local;
}

static void start(unsigned suite)
{
	struct sdesp_flow flow = udp_flow();

	udp_pair_init(ends, &flow, suite, 0);
}

/* --- fail closed --------------------------------------------------------- */

static void test_blocked(void **state)
{
	struct sdesp_backend *be = &ends[0].udp.base;
	const struct sdesp_flow *flow = &ends[0].flow;
	uint32_t stale;

	(void)state;
	start(SDESP_AES_128_GCM_16);
	stale = ends[0].id;
	assert_int_equal(
		be->vtable->policy_set(be, flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(
		udp_say(&ends[0], 40000, 1, "x", 1), SDESP_ERR_BLOCKED);
	assert_int_equal(
		be->vtable->policy_set(be, flow, SDESP_PROTECT, 0xc0000002),
		SDESP_OK);
	assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	ends[0].wire.n = 0;

	/* The SA goes while the policy stays. */
	assert_int_equal(
		be->vtable->sa_delete(be, flow, 0xc0000002, 0), SDESP_OK);
	assert_int_equal(
		udp_say(&ends[0], 40000, 1, "x", 1), SDESP_ERR_BLOCKED);
	assert_int_equal(
		be->vtable->policy_set(be, flow, SDESP_PROTECT, 0xc0000002),
		SDESP_ERR_GONE);

	/* An id does not outlive its policy, nor serve the next one. */
	assert_int_equal(be->vtable->policy_delete(be, flow), SDESP_OK);
	assert_int_equal(sdesp_udp_flow(&ends[0].udp, flow), 0);
	assert_int_equal(
		be->vtable->sa_add(be, flow, &ends[0].out, 0), SDESP_OK);
	assert_int_equal(
		be->vtable->policy_set(be, flow, SDESP_PROTECT, 0xc0000002),
		SDESP_OK);
	assert_int_equal(
		udp_say(&ends[0], 40000, 1, "x", 1), SDESP_ERR_BLOCKED);
	ends[0].id = sdesp_udp_flow(&ends[0].udp, flow);
	assert_int_not_equal(ends[0].id, stale);
	assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	ends[0].id = 0;
	assert_int_equal(
		udp_say(&ends[0], 40000, 1, "x", 1), SDESP_ERR_BLOCKED);
	assert_int_equal(ends[0].udp.counters.blocked, 4);
	assert_int_equal(ends[0].wire.n, 1);
}

static void test_no_room(void **state)
{
	struct sdesp_pkt pkts[3];

	(void)state;
	start(SDESP_AES_128_GCM_16);
	for (size_t i = 0; i < 3; i++)
		pkts[i] = udp_payload(i, "abc", 3);
	pkts[0].head = SDESP_UDP_HEAD - 1;
	pkts[2].tail = SDESP_PKT_TAIL - 1;
	assert_int_equal(
		sdesp_udp_send(&ends[0].udp, ends[0].id, 40000, 1, pkts, 3, 0),
		1);
	assert_int_equal(pkts[0].status, SDESP_ERR_SPACE);
	assert_int_equal(pkts[2].status, SDESP_ERR_SPACE);
	assert_int_equal(ends[0].udp.counters.unfit, 2);
	assert_int_equal(ends[0].wire.n, 1);
}

/* What the wire does not take is counted; the number is used. */
static void test_unsent(void **state)
{
	(void)state;
	start(SDESP_AES_128_GCM_16);
	ends[0].wire.broken = 1;
	assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	assert_int_equal(ends[0].udp.counters.unsent, 1);
	ends[0].wire.broken = 0;
	assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	assert_int_equal(ends[0].wire.item[0].octets[7], 2);
}

/* --- classify ------------------------------------------------------------ */

static unsigned kind_by_rfc(unsigned first, size_t len, int zeros)
{
	if (len == 0)
		return SDESP_UDP_UNKNOWN;
	if (len == 1 && first == 255)
		return SDESP_UDP_KEEPALIVE;
	if (len >= 4 && first == 0 && zeros)
		return SDESP_UDP_MARKED;
	if (first < 4)
		return SDESP_UDP_STUN;
	if (first > 15 && first < 20)
		return SDESP_UDP_ZRTP;
	if (first > 19 && first < 64)
		return SDESP_UDP_DTLS;
	if (first > 63 && first < 80)
		return SDESP_UDP_TURN;
	if (first > 127 && first < 192)
		return SDESP_UDP_RTP;
	return first > 191 ? SDESP_UDP_ESP : SDESP_UDP_UNKNOWN;
}

static void test_classify(void **state)
{
	static const uint8_t live[8] = {0x80, 0, 1, 2};
	struct sdesp_flow flow = udp_flow();
	const struct sdesp_backend_class *class;
	struct sdesp_backend *be;

	(void)state;
	start(SDESP_AES_128_GCM_16);
	be = &ends[1].udp.base;
	class = be->vtable;
	for (unsigned first = 0; first < 256; first++) {
		for (size_t len = 0; len <= 8; len++) {
			for (int zeros = 0; zeros < 2; zeros++) {
				uint8_t data[8];
				unsigned kind = kind_by_rfc(first, len, zeros);

				memset(data, zeros ? 0 : 0x55, sizeof data);
				data[0] = (uint8_t)first;
				assert_int_equal(
					sdesp_udp_classify(
						&ends[1].udp, data, len),
					kind);
				assert_int_equal(
					sdesp_udp_classify(NULL, data, len),
					kind);
			}
		}
	}

	/* A live SPI is ESP wherever it lies. */
	assert_int_equal(class->spi_reserve(be, &flow, 0x80000102), SDESP_OK);
	assert_int_equal(
		sdesp_udp_classify(&ends[1].udp, live, 4), SDESP_UDP_ESP);
	assert_int_equal(
		sdesp_udp_classify(&ends[1].udp, live, 3), SDESP_UDP_RTP);
	assert_int_equal(class->spi_release(be, &flow, 0x80000102), SDESP_OK);
	assert_int_equal(
		sdesp_udp_classify(&ends[1].udp, live, 4), SDESP_UDP_RTP);
}

/* --- what is not for us -------------------------------------------------- */

static void test_replay(void **state)
{
	static struct udp_wire copy;

	(void)state;
	start(SDESP_AES_128_CBC_HMAC_SHA2_256_128);
	assert_int_equal(udp_say(&ends[0], 40000, 1, "x", 1), SDESP_OK);
	copy = ends[0].wire;
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, source(0), 0), 1);
	assert_int_equal(udp_receive(&ends[1], &copy, source(0), 0), 0);
	assert_int_equal(udp_pkts[0].status, SDESP_ERR_REPLAY);
	assert_int_equal(ends[1].udp.counters.replays, 1);
}

static void test_not_esp(void **state)
{
	static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	static const uint8_t rtp[12] = {0x80};

	(void)state;
	start(SDESP_AES_128_GCM_16);
	assert_int_equal(
		udp_receive_one(&ends[1], "\0\0\0\0INVITE", 10, source(0), 0),
		SDESP_OK);
	assert_int_equal(udp_meta[0].kind, SDESP_UDP_MARKED);
	assert_int_equal(udp_meta[0].flow, 0);
	assert_int_equal(udp_pkts[0].len, 6);
	assert_memory_equal(udp_pkts[0].data, "INVITE", 6);

	assert_int_equal(udp_receive_one(&ends[1], stun, 20, source(0), 0),
		SDESP_ERR_BLOCKED);
	assert_int_equal(udp_meta[0].kind, SDESP_UDP_STUN);
	assert_int_equal(udp_receive_one(&ends[1], rtp, 12, source(0), 0),
		SDESP_ERR_BLOCKED);
	ends[1].udp.config.pass |= SDESP_UDP_KIND_BIT(SDESP_UDP_STUN);
	assert_int_equal(
		udp_receive_one(&ends[1], stun, 20, source(0), 0), SDESP_OK);
	assert_int_equal(udp_pkts[0].len, 20);

	assert_int_equal(
		udp_receive_one(&ends[1], "P", 1, source(0), 0), SDESP_ERR_SPI);
	assert_int_equal(
		udp_receive_one(&ends[1], "", 0, source(0), 0), SDESP_ERR_SPI);
	assert_int_equal(udp_receive_one(&ends[1], "\xff", 1, source(0), 0),
		SDESP_ERR_SHORT);
	assert_int_equal(udp_meta[0].kind, SDESP_UDP_KEEPALIVE);
	assert_int_equal(udp_receive_one(&ends[1], "\xff\xff", 2, source(0), 0),
		SDESP_ERR_SHORT);
	assert_int_equal(
		udp_receive_one(&ends[1], "\xc0\0\0\2\0\0\0", 7, source(0), 0),
		SDESP_ERR_SHORT);
	assert_int_equal(udp_receive_one(&ends[1], "\xc0\0\0\2\0\0\0\1", 8,
				 source(0), 0),
		SDESP_ERR_SHORT);
	assert_int_equal(udp_receive_one(&ends[1], "\xc0\0\0\3\0\0\0\1", 8,
				 source(0), 0),
		SDESP_ERR_SPI);
	assert_int_equal(ends[1].udp.counters.passed, 2);
	assert_int_equal(ends[1].udp.counters.foreign, 4);
	assert_int_equal(ends[1].udp.counters.keepalives, 1);
	assert_int_equal(ends[1].udp.counters.runts, 3);
	assert_int_equal(ends[1].udp.counters.unknown_spi, 1);
}

/* No change of a packet, and nothing random, is ever accepted. */
static void test_hostile(void **state)
{
	struct dice dice = {2007};
	static uint8_t packet[WIRE_OCTETS], bad[WIRE_OCTETS];
	size_t len;

	(void)state;
	start(SDESP_AES_128_GCM_16);
	assert_int_equal(udp_say(&ends[0], 40000, 1, "hello", 5), SDESP_OK);
	len = ends[0].wire.item[0].len;
	memcpy(packet, ends[0].wire.item[0].octets, len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		memcpy(bad, packet, len);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(
			udp_receive_one(&ends[1], bad, len, source(0), 0),
			SDESP_OK);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_not_equal(
			udp_receive_one(&ends[1], packet, cut, source(0), 0),
			SDESP_OK);
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = dice_below(&dice, 200);

		dice_fill(&dice, bad, n);
		if (i % 2 == 0 && n >= 4)
			memcpy(bad, packet, i % 4 == 0 ? 4 : 3);
		if (n >= 4 && memcmp(bad, "\0\0\0\0", 4) == 0)
			continue;
		assert_int_not_equal(
			udp_receive_one(&ends[1], bad, n, source(0), 0),
			SDESP_OK);
	}
	assert_int_equal(ends[1].udp.counters.opened, 0);
	assert_int_equal(
		udp_receive_one(&ends[1], packet, len, source(0), 0), SDESP_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_not_esp),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
