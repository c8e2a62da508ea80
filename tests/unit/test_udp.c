/*
 * Packets through two UDP backends. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/pair.h"
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

/* --- both ways, every suite ---------------------------------------------- */

static void check_batch(int from, uint16_t local, uint16_t remote)
{
	struct udp_end *a = &ends[from], *b = &ends[1 - from];
	uint64_t sealed = a->udp.counters.sealed;
	uint64_t opened = b->udp.counters.opened;
	struct sdesp_pkt pkts[32];
	uint8_t data[32 * 40];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31);
	for (size_t i = 0; i < 32; i++)
		pkts[i] = udp_payload(i, data, i * 40);
	assert_int_equal(
		sdesp_udp_send(&a->udp, a->id, local, remote, pkts, 32, 0), 32);
	assert_int_equal(a->wire.n, 32);
	assert_true(sdesp_addr_equal(&a->wire.item[7].to, &b->flow.local));
	assert_int_equal(udp_receive(b, &a->wire, source(from), 0), 32);
	for (size_t i = 0; i < 32; i++) {
		assert_int_equal(udp_pkts[i].status, SDESP_OK);
		assert_int_equal(udp_pkts[i].next_header, 17);
		assert_int_equal(udp_pkts[i].len, i * 40);
		assert_memory_equal(udp_pkts[i].data, data, i * 40);
		assert_int_equal(udp_meta[i].kind, SDESP_UDP_ESP);
		assert_int_equal(udp_meta[i].spi, b->in.spi);
		assert_int_equal(udp_meta[i].flow, b->id);
		assert_int_equal(udp_meta[i].local_port, remote);
		assert_int_equal(udp_meta[i].remote_port, local);
	}
	assert_int_equal(a->udp.counters.sealed, sealed + 32);
	assert_int_equal(b->udp.counters.opened, opened + 32);
}

static void test_suites(void **state)
{
	struct sdesp_flow flow = udp_flow();

	(void)state;
	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++) {
		for (int esn = 0; esn < 2; esn++) {
			udp_pair_init(ends, &flow, suite, esn);
			check_batch(0, 40000, 1);
			check_batch(1, 65535, 40010);
			check_batch(0, 40005, 0);
		}
	}
}

/* Without encryption the inner header can be seen: RFC 768 over the outer
 * addresses, which sums up to FFFF. */
static void test_inner_header(void **state)
{
	const uint8_t *p;
	uint32_t sum = 0xc000 + 0x0201 + 0xc633 + 0x6402 + 17 + 8 + 5;

	(void)state;
	start(SDESP_NULL_HMAC_SHA2_256_128);
	assert_int_equal(udp_say(&ends[0], 40001, 514, "hello", 5), SDESP_OK);
	p = ends[0].wire.item[0].octets + 8;
	assert_memory_equal(p, "\x9c\x41\x02\x02\x00\x0d", 6);
	assert_memory_equal(p + 8, "hello", 5);
	for (int i = 0; i < 12; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum += (uint32_t)'o' << 8;
	assert_int_equal((sum >> 16) + (sum & 0xffff), 0xffff);
}

/* A wrong inner checksum never drops a packet whose ICV is right. */
static void test_wrong_checksum(void **state)
{
	uint8_t inner[] = {0x9c, 0x41, 1, 2, 0, 10, 0xde, 0xad, 'h', 'i'};
	struct sdesp_pkt pkt = udp_payload(0, inner, sizeof inner);

	(void)state;
	start(SDESP_AES_128_GCM_16);
	pkt.next_header = 17;
	assert_int_equal(
		sdesp_udp_output(&ends[0].udp, ends[0].id, &pkt, 1, 0), 1);
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, source(0), 0), 1);
	assert_int_equal(udp_pkts[0].len, 2);
	assert_memory_equal(udp_pkts[0].data, "hi", 2);
}

/* --- other payloads ------------------------------------------------------ */

/* All that the mode can carry, so that only the payload matters. */
static void start_any(unsigned mode)
{
	struct sdesp_flow flow = udp_flow();

	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[0].local.lo = 0;
	flow.ts[0].local.hi = 65535;
	if (mode == SDESP_TUNNEL)
		pair_tunnel(&flow);
	udp_pair_init(ends, &flow, SDESP_AES_256_GCM_16, 1);
}

static int pass(unsigned next_header, const void *data, size_t len)
{
	struct sdesp_pkt pkt = udp_payload(0, data, len);

	pkt.next_header = (uint8_t)next_header;
	sdesp_udp_output(&ends[0].udp, ends[0].id, &pkt, 1, 0);
	if (pkt.status != SDESP_OK)
		return pkt.status;
	udp_receive(&ends[1], &ends[0].wire, source(0), 0);
	return udp_pkts[0].status;
}

static void test_next_headers(void **state)
{
	static const uint8_t tcp[20] = {0x12, 0x34, 0x56, 0x78};

	(void)state;
	start_any(SDESP_TRANSPORT);
	assert_int_equal(pass(6, tcp, sizeof tcp), SDESP_OK);
	assert_int_equal(udp_pkts[0].next_header, 6);
	assert_int_equal(udp_pkts[0].len, sizeof tcp);
	assert_memory_equal(udp_pkts[0].data, tcp, sizeof tcp);
	assert_int_equal(udp_meta[0].remote_port, 0x1234);
	assert_int_equal(udp_meta[0].local_port, 0x5678);

	assert_int_equal(pass(1, "x", 1), SDESP_OK);
	assert_int_equal(udp_pkts[0].next_header, 1);
	assert_int_equal(udp_meta[0].remote_port, 0);

	/* No ports, no length. */
	assert_int_equal(pass(6, tcp, 3), SDESP_ERR_ARG);
	assert_int_equal(pass(17, tcp, 7), SDESP_ERR_ARG);
	assert_int_equal(pass(17, tcp, 20), SDESP_ERR_ARG);

	assert_int_equal(pass(59, NULL, 0), SDESP_ERR_DUMMY);
	assert_int_equal(ends[1].udp.counters.dummies, 1);
}

static const uint8_t ip4[] = {0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,
	0, 1, 10, 1, 0, 9, 0x9c, 0x40, 0x13, 0x88, 0, 10, 0, 0, 'h', 'i'};
static const uint8_t ip6[] = {0x60, 0, 0, 0, 0, 10, 17, 64, 0xfd, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 9, 0x9c, 0x40, 0x13, 0x88, 0, 10, 0, 0, 'h', 'i'};

static void check_tunnel(const uint8_t *packet, size_t len, unsigned next)
{
	uint8_t longer[64] = {0};

	memcpy(longer, packet, len);
	assert_int_equal(pass(0, packet, len), SDESP_OK);
	assert_int_equal(udp_pkts[0].next_header, next);
	assert_int_equal(udp_pkts[0].len, len);
	assert_memory_equal(udp_pkts[0].data, packet, len);
	assert_int_equal(udp_meta[0].remote_port, 40000);
	assert_int_equal(udp_meta[0].local_port, 5000);

	/* Traffic-flow padding is not sent. */
	assert_int_equal(pass(0, longer, len + 9), SDESP_ERR_ARG);
	assert_int_equal(pass(0, packet, len - 1), SDESP_ERR_ARG);
	assert_int_equal(pass(0, packet, 0), SDESP_ERR_ARG);
}

static void test_tunnel(void **state)
{
	struct sdesp_pkt pkt = udp_payload(0, "x", 1);
	uint8_t outside[sizeof ip4];

	(void)state;
	start_any(SDESP_TUNNEL);
	check_tunnel(ip4, sizeof ip4, 4);
	check_tunnel(ip6, sizeof ip6, 41);
	memcpy(outside, ip4, sizeof ip4);
	outside[14] = 1; /* 10.0.1.1 is not ours */
	assert_int_equal(pass(0, outside, sizeof outside), SDESP_ERR_SELECTOR);
	pkt = udp_payload(0, "x", 1);
	assert_int_equal(
		sdesp_udp_send(&ends[0].udp, ends[0].id, 1, 2, &pkt, 1, 0), 0);
	assert_int_equal(pkt.status, SDESP_ERR_ARG);
}

/* SPEC 8.5: a later fragment of a tunnel needs ports that are any. */
static void test_tunnel_fragments(void **state)
{
	struct sdesp_backend *be = &ends[1].udp.base;
	struct sdesp_flow narrow;
	uint8_t later[sizeof ip4];

	(void)state;
	memcpy(later, ip4, sizeof later);
	later[7] = 1;
	start_any(SDESP_TUNNEL);
	assert_int_equal(pass(0, later, sizeof later), SDESP_OK);
	assert_int_equal(udp_meta[0].local_port, 0);

	narrow = ends[1].flow;
	narrow.ts[0].protocol = 17;
	narrow.ts[0].remote.hi = 7;
	assert_int_equal(
		be->vtable->sa_delete(be, &ends[1].flow, ends[1].in.spi, 1),
		SDESP_OK);
	assert_int_equal(
		be->vtable->sa_add(be, &narrow, &ends[1].in, 1), SDESP_OK);
	assert_int_equal(pass(0, later, sizeof later), SDESP_ERR_SELECTOR);
	assert_int_equal(ends[1].udp.counters.selector_in, 1);

	narrow = udp_flow_back(&narrow);
	udp_pair_init(ends, &narrow, SDESP_AES_256_GCM_16, 1);
	assert_int_equal(pass(0, later, sizeof later), SDESP_ERR_SELECTOR);
	assert_int_equal(ends[0].udp.counters.selector_out, 1);
}

/* --- selectors ----------------------------------------------------------- */

static int all_zero(const uint8_t *p, size_t len)
{
	while (len > 0 && p[len - 1] == 0)
		len--;
	return len == 0;
}

static void test_selector_out(void **state)
{
	struct sdesp_pkt pkt = udp_payload(0, "secret", 6), before = pkt;

	(void)state;
	start(SDESP_AES_128_GCM_16);
	assert_int_equal(
		sdesp_udp_send(&ends[0].udp, ends[0].id, 40011, 1, &pkt, 1, 0),
		0);
	assert_int_equal(pkt.status, SDESP_ERR_SELECTOR);
	assert_ptr_equal(pkt.data, before.data);
	assert_int_equal(pkt.len, 6);
	assert_int_equal(pkt.head, before.head);
	assert_memory_equal(pkt.data, "secret", 6);
	assert_int_equal(pass(1, "x", 1), SDESP_ERR_SELECTOR);
	assert_int_equal(ends[0].udp.counters.selector_out, 2);
	assert_int_equal(ends[0].wire.n, 0);
}

/* One of a batch that may not leave holds up none of the others. */
static void test_selector_in_batch(void **state)
{
	static const uint8_t inner[3][9] = {
		{0x9c, 0x40, 0, 1, 0, 9, 0, 0, 'a'},
		{0x9c, 0x3f, 0, 1, 0, 9, 0, 0, 'b'},
		{0x9c, 0x40, 0, 1, 0, 9, 0, 0, 'c'},
	};
	struct sdesp_pkt pkts[3];

	(void)state;
	start(SDESP_AES_128_GCM_16);
	for (size_t i = 0; i < 3; i++) {
		pkts[i] = udp_payload(i, inner[i], sizeof inner[i]);
		pkts[i].next_header = 17;
	}
	assert_int_equal(
		sdesp_udp_output(&ends[0].udp, ends[0].id, pkts, 3, 0), 2);
	assert_int_equal(pkts[1].status, SDESP_ERR_SELECTOR);
	assert_memory_equal(pkts[1].data, inner[1], sizeof inner[1]);
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, source(0), 0), 2);
	assert_int_equal(udp_pkts[1].data[0], 'c');
}

/* The sender's own selectors are wider than what was agreed. */
static void test_selector_in(void **state)
{
	struct sdesp_flow narrow = udp_flow(), wide;
	struct sdesp_backend *be = &ends[1].udp.base;

	(void)state;
	start_any(SDESP_TRANSPORT);
	wide = ends[1].flow;
	narrow = udp_flow_back(&narrow);
	assert_int_equal(
		be->vtable->sa_delete(be, &wide, 0xc0000002, 1), SDESP_OK);
	assert_int_equal(
		be->vtable->sa_add(be, &narrow, &ends[1].in, 1), SDESP_OK);

	assert_int_equal(udp_say(&ends[0], 39999, 7, "secret", 6), SDESP_OK);
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, source(0), 0), 0);
	assert_int_equal(udp_pkts[0].status, SDESP_ERR_SELECTOR);
	assert_true(all_zero(udp_pkts[0].data, udp_pkts[0].len));
	assert_int_equal(ends[1].udp.counters.selector_in, 1);
	assert_int_equal(pass(1, "x", 1), SDESP_ERR_SELECTOR);
	assert_int_equal(udp_say(&ends[0], 40000, 7, "plain", 5), SDESP_OK);
	assert_int_equal(udp_receive(&ends[1], &ends[0].wire, source(0), 0), 1);
}

/* Authentic, but malformed inside: the sender takes it for something else. */
static void test_malformed_inside(void **state)
{
	struct sdesp_flow flow = udp_flow(), tunnel;
	uint8_t longer[sizeof ip4 + 9] = {0};
	struct sdesp_backend *be = &ends[1].udp.base;

	(void)state;
	pair_tunnel(&flow);
	tunnel = udp_flow_back(&flow);
	start_any(SDESP_TRANSPORT);
	flow = ends[1].flow;
	assert_int_equal(
		be->vtable->sa_delete(be, &flow, 0xc0000002, 1), SDESP_OK);
	assert_int_equal(
		be->vtable->sa_add(be, &tunnel, &ends[1].in, 1), SDESP_OK);

	memcpy(longer, ip4, sizeof ip4);
	assert_int_equal(pass(4, longer, sizeof longer), SDESP_OK);
	assert_int_equal(udp_pkts[0].len, sizeof ip4);
	assert_int_equal(pass(41, ip4, sizeof ip4), SDESP_ERR_PADDING);
	assert_int_equal(pass(4, ip6, sizeof ip6), SDESP_ERR_PADDING);
	assert_int_equal(pass(4, ip4, sizeof ip4 - 1), SDESP_ERR_PADDING);
	assert_true(all_zero(udp_pkts[0].data, udp_pkts[0].len));
	assert_int_equal(ends[1].udp.counters.malformed, 3);
}

/* --- batches ----------------------------------------------------------- */

/* Batches of several SAs and other things, in any order. */
static void test_mixed_batch(void **state)
{
	static struct udp_wire mix;
	struct sdesp_backend *be = &ends[1].udp.base;
	struct sdesp_sa other = udp_sa(SDESP_CHACHA20_POLY1305, 0xc0000009);
	struct sdesp_backend *be0 = &ends[0].udp.base;

	(void)state;
	start(SDESP_AES_128_GCM_16);
	assert_int_equal(
		be->vtable->sa_add(be, &ends[1].flow, &other, 1), SDESP_OK);
	assert_int_equal(
		be0->vtable->sa_add(be0, &ends[0].flow, &other, 0), SDESP_OK);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(be0->vtable->policy_set(be0, &ends[0].flow,
					 SDESP_PROTECT,
					 i / 3 % 2 ? 0xc0000009 : 0xc0000002),
			SDESP_OK);
		assert_int_equal(udp_say(&ends[0], 40000, (uint16_t)i, "m", 1),
			SDESP_OK);
	}
	mix = ends[0].wire;
	mix.item[4].octets[0] = 0x80;
	mix.item[7].octets[20] ^= 1;
	assert_int_equal(udp_receive(&ends[1], &mix, source(0), 0), 10);
	assert_int_equal(udp_pkts[4].status, SDESP_ERR_BLOCKED);
	assert_int_equal(udp_pkts[7].status, SDESP_ERR_AUTH);
	for (unsigned i = 0; i < 12; i++) {
		if (i != 4 && i != 7)
			assert_int_equal(udp_meta[i].local_port, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_inner_header),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_next_headers),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_tunnel_fragments),
		cmocka_unit_test(test_selector_out),
		cmocka_unit_test(test_selector_in_batch),
		cmocka_unit_test(test_selector_in),
		cmocka_unit_test(test_malformed_inside),
		cmocka_unit_test(test_mixed_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
