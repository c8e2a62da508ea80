/*
 * Selectors of the kernel against those of a flow: they let through the same.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#include "backends/xfrm/selector.h"
#include "base/bits.h"

static struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

static struct sdesp_flow flow_of(unsigned lo, unsigned hi)
{
	struct sdesp_flow flow;

	memset(&flow, 0, sizeof flow);
	flow.local = addr("192.0.2.1", 0);
	flow.remote = addr("198.51.100.2", 0);
	flow.mode = SDESP_TRANSPORT;
	flow.nts = 1;
	flow.ts[0].protocol = 17;
	flow.ts[0].local.kind = SDESP_TS_SELF;
	flow.ts[0].local.lo = (uint16_t)lo;
	flow.ts[0].local.hi = (uint16_t)hi;
	flow.ts[0].remote.kind = SDESP_TS_PEER;
	flow.ts[0].remote.hi = 65535;
	return flow;
}

/* What the kernel does: net/xfrm, xfrm4_selector_match(). */
static int matches(const struct xfrm_selector *sel, unsigned proto,
	const struct sdesp_addr *src, const struct sdesp_addr *dst)
{
	unsigned sport = sdesp_xfrm_be16(src->port) ^ sel->sport;
	unsigned dport = sdesp_xfrm_be16(dst->port) ^ sel->dport;

	return sel->family == sdesp_xfrm_family(src->family) &&
	       sdesp_bits_equal((const uint8_t *)&sel->saddr, src->ip,
		       sel->prefixlen_s) &&
	       sdesp_bits_equal((const uint8_t *)&sel->daddr, dst->ip,
		       sel->prefixlen_d) &&
	       (sport & sel->sport_mask) == 0 &&
	       (dport & sel->dport_mask) == 0 &&
	       (sel->proto == 0 || sel->proto == proto);
}

static void check_range(unsigned lo, unsigned hi, unsigned blocks)
{
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS], hull;
	struct sdesp_flow flow = flow_of(lo, hi);
	unsigned n = sdesp_xfrm_selectors(sel, &flow);

	assert_int_equal(n, blocks);
	sdesp_xfrm_selector_hull(&hull, sel, n);
	for (unsigned port = 0; port < 65536; port++) {
		struct sdesp_addr src = addr("192.0.2.1", port);
		struct sdesp_addr dst = addr("198.51.100.2", 7);
		unsigned found = 0;

		for (unsigned i = 0; i < n; i++)
			found += (unsigned)matches(&sel[i], 17, &src, &dst);
		if (found != (port >= lo && port <= hi))
			fail_msg("%u-%u: port %u, %u times", lo, hi, port,
				found);
		if (found && !matches(&hull, 17, &src, &dst))
			fail_msg("%u-%u: port %u not within", lo, hi, port);
	}
}

static void test_ranges(void **state)
{
	(void)state;
	check_range(0, 65535, 1);
	check_range(40000, 40000, 1);
	check_range(40000, 40001, 1);
	check_range(40001, 40002, 2);
	check_range(40000, 40010, 3);
	check_range(0, 0, 1);
	check_range(65535, 65535, 1);
	check_range(1, 65534, 30);
	check_range(1, 65535, 16);
}

static void test_refused(void **state)
{
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS];
	struct sdesp_flow flow = flow_of(1, 65534);

	(void)state;
	flow.ts[0].remote = flow.ts[0].local;
	flow.ts[0].remote.kind = SDESP_TS_PEER;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 0);
	flow = flow_of(0, 65535);
	flow.ts[0].protocol = 0;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 0);
	flow.nts = 0;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 0);
}

/* Lines that say the same are one selector. */
static void test_repeated(void **state)
{
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS];
	struct sdesp_flow flow = flow_of(5, 5);

	(void)state;
	flow.nts = 3;
	flow.ts[1] = flow.ts[0];
	flow.ts[1].local.kind = SDESP_TS_ANY;
	flow.ts[2] = flow.ts[0];
	flow.ts[2].protocol = 6;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 2);
}

static void prefix(struct sdesp_ts_side *side, const char *text, unsigned bits)
{
	struct sdesp_addr a = addr(text, 0);

	side->kind = SDESP_TS_PREFIX;
	side->family = a.family;
	side->prefix_len = (uint8_t)bits;
	memcpy(side->ip, a.ip, sizeof side->ip);
}

static void test_hull(void **state)
{
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS], hull;
	struct sdesp_flow flow = flow_of(40000, 40000);
	struct sdesp_addr src = addr("10.1.3.9", 40000);
	struct sdesp_addr dst = addr("10.9.0.1", 1);

	(void)state;
	flow.nts = 2;
	prefix(&flow.ts[0].local, "10.1.2.0", 24);
	prefix(&flow.ts[0].remote, "10.9.0.0", 16);
	flow.ts[1] = flow.ts[0];
	prefix(&flow.ts[1].local, "10.1.3.0", 25);
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 2);
	sdesp_xfrm_selector_hull(&hull, sel, 2);
	assert_int_equal(hull.prefixlen_s, 23);
	assert_int_equal(hull.prefixlen_d, 16);
	assert_true(matches(&hull, 17, &src, &dst));
	assert_false(matches(&hull, 6, &src, &dst));
	src.ip[2] = 4;
	assert_false(matches(&hull, 17, &src, &dst));

	/* Swapped, it is that of the other direction. */
	src.ip[2] = 3;
	sdesp_xfrm_selector_swap(&hull);
	assert_true(matches(&hull, 17, &dst, &src));
	assert_false(matches(&hull, 17, &src, &dst));

	/* Two protocols, two families. */
	flow.ts[1].protocol = 6;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 2);
	sdesp_xfrm_selector_hull(&hull, sel, 2);
	assert_int_equal(hull.proto, 0);
	assert_int_equal(hull.sport_mask, 0);
	prefix(&flow.ts[1].local, "2001:db8::", 32);
	prefix(&flow.ts[1].remote, "2001:db9::", 32);
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 2);
	assert_int_equal(sel[1].family, AF_INET6);
	sdesp_xfrm_selector_hull(&hull, sel, 2);
	assert_int_equal(hull.family, AF_UNSPEC);
}

/* Neighbours find each other, whatever a flow of IPv6 covers. */
static void test_neighbours(void **state)
{
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS];
	struct sdesp_flow flow = flow_of(0, 65535);

	(void)state;
	flow.local = addr("2001:db8::1", 0);
	flow.remote = addr("2001:db8::2", 0);
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 1);
	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 3);
	flow.ts[0].protocol = 58;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 3);
	assert_false(sdesp_xfrm_is_neighbours(&sel[0]));
	for (unsigned i = 1; i < 3; i++) {
		struct xfrm_selector in = sel[i];

		assert_true(sdesp_xfrm_is_neighbours(&sel[i]));
		assert_int_equal(sel[i].sport, sdesp_xfrm_be16(134 + i));
		assert_int_equal(sel[i].prefixlen_d, 128);
		sdesp_xfrm_selector_swap(&in);
		assert_int_equal(in.sport, sel[i].sport);
		assert_memory_equal(&in.saddr, &sel[i].daddr, 16);
	}
	flow.mode = SDESP_TUNNEL;
	assert_int_equal(sdesp_xfrm_selectors(sel, &flow), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_hull),
		cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
