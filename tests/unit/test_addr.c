/* IP literals (RFC 4291, RFC 5952) and selector matching.
 * SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "sdesp_sa.h"
#include "tests/support/dice.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Text, and what it is printed as; NULL = refused. */
static const struct {
	const char *in, *out;
} literals[] = {
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"192.0.2.1", "192.0.2.1"},
	{"256.0.0.1", NULL},
	{"192.0.2", NULL},
	{"192.0.2.", NULL},
	{".192.0.2.1", NULL},
	{"192.0.2.1.", NULL},
	{"192.0.2.1.5", NULL},
	{"192.0..1", NULL},
	{"192.0.2.01", NULL},
	{"192.0.2.0x1", NULL},
	{" 192.0.2.1", NULL},
	{"192.0.2.1 ", NULL},
	{"1", NULL},
	{"", NULL},
	{"example.com", NULL},
	{"::", "::"},
	{"::1", "::1"},
	{"1::", "1::"},
	{"0:0:0:0:0:0:0:0", "::"},
	{"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
	{"2001:db8::0001", "2001:db8::1"},
	{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	{"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
	{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
	{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	{"::FFFF:c000:0201", "::ffff:192.0.2.1"},
	{"0:0:0:0:0:ffff:192.0.2.1", "::ffff:192.0.2.1"},
	{"::192.0.2.1", "::c000:201"},
	{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
	{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
	{"1:2:3:4:5::1.2.3.4", "1:2:3:4:5:0:102:304"},
	{"1:2:3:4:5:6:7:1.2.3.4", NULL},
	{"1:2:3:4:5:6::1.2.3.4", NULL},
	{"1:2:3:4:5:1.2.3.4", NULL},
	{"::1.2.3.4:5", NULL},
	{"::1.2.3", NULL},
	{"::1.2.3.04", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"1:2:3:4:5:6:7:8::", NULL},
	{"::1:2:3:4:5:6:7:8", NULL},
	{"1:2:3:4::5:6:7:8", NULL},
	{"1::2::3", NULL},
	{"1:::2", NULL},
	{":::", NULL},
	{":", NULL},
	{":1", NULL},
	{"1:", NULL},
	{":1:2:3:4:5:6:7:8", NULL},
	{"1:2:3:4:5:6:7:", NULL},
	{"1:2:3:4:5:6:7:8:", NULL},
	{"12345::", NULL},
	{"g::", NULL},
	{"fe80::1%eth0", NULL},
	{"[::1]", NULL},
	{"::1/128", NULL},
};

static void test_literals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(literals); i++) {
		size_t len = strlen(literals[i].in);
		const char *in = guard_end(literals[i].in, len);
		struct sdesp_addr addr, before;
		char text[SDESP_ADDR_TEXT];
		int status;

		memset(&addr, 0x5a, sizeof addr);
		before = addr;
		status = sdesp_addr_parse(&addr, in, len);
		if (literals[i].out == NULL) {
			assert_int_equal(status, SDESP_ERR_SYNTAX);
			assert_memory_equal(&addr, &before, sizeof addr);
			continue;
		}
		if (status != SDESP_OK)
			fail_msg("%s is refused", literals[i].in);
		assert_int_equal(addr.port, 0);
		assert_int_equal(
			sdesp_addr_print(text, &addr), strlen(literals[i].out));
		assert_string_equal(text, literals[i].out);
	}
}

static void test_print_none(void **state)
{
	struct sdesp_addr none;
	char text[SDESP_ADDR_TEXT];

	(void)state;
	memset(&none, 0, sizeof none);
	assert_int_equal(sdesp_addr_print(text, &none), 1);
	assert_string_equal(text, "-");
}

static void random_address(struct dice *dice, struct sdesp_addr *addr)
{
	memset(addr, 0, sizeof *addr);
	addr->family = dice_below(dice, 4) == 0 ? 4 : 6;
	dice_fill(dice, addr->ip, addr->family == 4 ? 4 : 16);

	/* Zero groups, so that "::" has work to do. */
	for (size_t i = 0; i < 16; i += 2) {
		if (dice_below(dice, 2) == 0)
			addr->ip[i] = addr->ip[i + 1] = 0;
	}
}

static void test_round_trip(void **state)
{
	struct dice dice = {2};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct sdesp_addr addr, again;
		char text[SDESP_ADDR_TEXT], theirs[64];
		size_t len;

		random_address(&dice, &addr);
		len = sdesp_addr_print(text, &addr);
		assert_int_equal(sdesp_addr_parse(&again, text, len), SDESP_OK);
		assert_true(sdesp_addr_equal(&addr, &again));

		/* The C library writes RFC 5952, but has dots also in
		 * addresses that begin with 96 zero bits. */
		inet_ntop(addr.family == 4 ? AF_INET : AF_INET6, addr.ip,
			theirs, sizeof theirs);
		if (addr.family == 4 || !strchr(theirs, '.'))
			assert_string_equal(text, theirs);
	}
}

/* Damaged literals are accepted and refused as by the C library. */
static void test_against_inet_pton(void **state)
{
	struct dice dice = {3};
	unsigned accepted = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct sdesp_addr addr;
		char text[SDESP_ADDR_TEXT + 8];
		uint8_t ip[16];
		size_t len = strlen(literals[(size_t)i % COUNT(literals)].in);
		int family;

		memcpy(text, literals[(size_t)i % COUNT(literals)].in, len);
		dice_mutate(&dice, text, &len);
		text[len] = '\0';
		if (strlen(text) != len)
			continue;
		family = inet_pton(AF_INET, text, ip) == 1    ? 4
			 : inet_pton(AF_INET6, text, ip) == 1 ? 6
							      : 0;
		memset(&addr, 0, sizeof addr);
		if (sdesp_addr_parse(&addr, text, len) == SDESP_OK)
			assert_memory_equal(
				addr.ip, ip, addr.family == 4 ? 4 : 16);
		if (addr.family != family)
			fail_msg("%s: family %d, not %d", text, addr.family,
				family);
		accepted += family != 0;
	}
	assert_true(accepted > 1000);
}

static struct sdesp_addr at(const char *ip, uint16_t port)
{
	struct sdesp_addr addr;

	assert_int_equal(sdesp_addr_parse(&addr, ip, strlen(ip)), SDESP_OK);
	addr.port = port;
	return addr;
}

static void test_compare(void **state)
{
	struct sdesp_addr a = at("192.0.2.1", 1), b = at("192.0.2.1", 2);
	struct sdesp_addr c = at("192.0.2.2", 1), d = at("c000:201::", 1);
	struct sdesp_addr e = at("::1", 9), f = at("::2", 9);

	(void)state;
	assert_true(sdesp_addr_same_ip(&a, &b));
	assert_false(sdesp_addr_equal(&a, &b));
	b.port = 1;
	assert_true(sdesp_addr_equal(&a, &b));
	assert_false(sdesp_addr_same_ip(&a, &c));
	assert_false(sdesp_addr_same_ip(&a, &d));
	assert_false(sdesp_addr_same_ip(&e, &f));
	assert_true(sdesp_addr_equal(&e, &e));

	/* What lies behind an IPv4 address does not count. */
	b.ip[9] = 1;
	assert_true(sdesp_addr_equal(&a, &b));
}

/* --- selectors ------------------------------------------------------ */

static int match(const struct sdesp_flow *flow, unsigned protocol,
	const char *local, uint16_t lport, const char *remote, uint16_t rport)
{
	struct sdesp_addr l = at(local, lport), r = at(remote, rport);

	return sdesp_flow_match(flow, protocol, &l, &r);
}

static struct sdesp_ts_side side(
	uint8_t kind, const char *ip, uint8_t bits, uint16_t lo, uint16_t hi)
{
	struct sdesp_ts_side s;

	memset(&s, 0, sizeof s);
	s.kind = kind;
	s.lo = lo;
	s.hi = hi;
	if (ip != NULL) {
		struct sdesp_addr addr = at(ip, 0);

		s.family = addr.family;
		s.prefix_len = bits;
		memcpy(s.ip, addr.ip, sizeof s.ip);
	}
	return s;
}

static void test_match_transport(void **state)
{
	struct sdesp_flow flow;

	(void)state;
	memset(&flow, 0, sizeof flow);
	flow.mode = SDESP_TRANSPORT;
	flow.local = at("192.0.2.1", 4500);
	flow.remote = at("198.51.100.2", 4500);
	assert_false(match(&flow, 17, "192.0.2.1", 1, "198.51.100.2", 2));

	flow.nts = 1;
	flow.ts[0].protocol = 17;
	flow.ts[0].local = side(SDESP_TS_SELF, NULL, 0, 0, 65535);
	flow.ts[0].remote = side(SDESP_TS_PEER, NULL, 0, 100, 110);
	assert_true(match(&flow, 17, "192.0.2.1", 1, "198.51.100.2", 100));
	assert_true(match(&flow, 17, "192.0.2.1", 0, "198.51.100.2", 110));
	assert_false(match(&flow, 17, "192.0.2.1", 1, "198.51.100.2", 99));
	assert_false(match(&flow, 17, "192.0.2.1", 1, "198.51.100.2", 111));
	assert_false(match(&flow, 17, "192.0.2.1", 1, "198.51.100.2", 0));
	assert_false(match(&flow, 6, "192.0.2.1", 1, "198.51.100.2", 100));
	assert_false(match(&flow, 17, "192.0.2.9", 1, "198.51.100.2", 100));
	assert_false(match(&flow, 17, "192.0.2.1", 1, "198.51.100.9", 100));
	assert_false(match(&flow, 17, "198.51.100.2", 1, "192.0.2.1", 100));
	assert_false(match(&flow, 17, "::1", 1, "198.51.100.2", 100));

	/* any is self and peer, and any protocol has its ports. */
	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[0].local = side(SDESP_TS_ANY, NULL, 0, 0, 65535);
	flow.ts[0].remote = side(SDESP_TS_ANY, NULL, 0, 0, 65535);
	assert_true(match(&flow, 1, "192.0.2.1", 0, "198.51.100.2", 0));
	assert_true(match(&flow, 6, "192.0.2.1", 9, "198.51.100.2", 9));
	assert_false(match(&flow, 1, "192.0.2.1", 0, "198.51.100.9", 0));
	assert_false(match(&flow, 1, "192.0.2.9", 0, "198.51.100.2", 0));
}

static void test_match_tunnel(void **state)
{
	struct sdesp_flow flow;

	(void)state;
	memset(&flow, 0, sizeof flow);
	flow.mode = SDESP_TUNNEL;
	flow.local = at("192.0.2.1", 0);
	flow.remote = at("198.51.100.2", 0);
	flow.nts = 2;
	flow.ts[0].protocol = 6;
	flow.ts[0].local = side(SDESP_TS_PREFIX, "10.1.0.0", 16, 0, 65535);
	flow.ts[0].remote = side(SDESP_TS_PREFIX, "10.2.128.0", 17, 443, 443);
	flow.ts[1].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[1].local = side(SDESP_TS_PREFIX, "2001:db8::", 35, 0, 65535);
	flow.ts[1].remote = side(SDESP_TS_PREFIX, "::", 0, 0, 65535);
	assert_true(match(&flow, 6, "10.1.255.255", 9, "10.2.128.1", 443));
	assert_true(match(&flow, 6, "10.1.0.0", 9, "10.2.255.1", 443));
	assert_false(match(&flow, 6, "10.1.0.0", 9, "10.2.127.1", 443));
	assert_false(match(&flow, 6, "10.0.255.255", 9, "10.2.128.1", 443));
	assert_false(match(&flow, 6, "10.1.0.0", 9, "10.2.255.1", 80));
	assert_false(match(&flow, 17, "10.1.0.0", 9, "10.2.255.1", 443));
	assert_true(match(&flow, 17, "2001:db8:1fff::1", 9, "::1", 9));
	assert_false(match(&flow, 17, "2001:db8:2000::1", 9, "::1", 9));
	assert_false(match(&flow, 17, "2001:db8::1", 9, "10.2.255.1", 9));

	/* Ports are looked at only where the protocol has them. */
	flow.ts[0].protocol = 50;
	assert_true(match(&flow, 50, "10.1.0.0", 0, "10.2.128.1", 0));
}

/* SPEC 8.5: nobody knows the ports of a later fragment, 0 is not one. */
static void test_match_fragment(void **state)
{
	static const uint16_t ranges[][2] = {
		{0, 7}, {0, 0}, {1, 65535}, {0, 65534}, {0, 65535}};
	struct sdesp_addr l = at("10.1.0.1", 0), r = at("10.2.0.1", 0);
	struct sdesp_flow flow;

	(void)state;
	memset(&flow, 0, sizeof flow);
	flow.mode = SDESP_TUNNEL;
	flow.nts = 1;
	flow.ts[0].protocol = 17;
	for (unsigned i = 0; i < 5; i++) {
		uint16_t lo = ranges[i][0], hi = ranges[i][1];

		flow.ts[0].local =
			side(SDESP_TS_PREFIX, "10.1.0.0", 16, lo, hi);
		flow.ts[0].remote =
			side(SDESP_TS_PREFIX, "10.2.0.0", 16, 0, 65535);
		assert_int_equal(
			sdesp_flow_match_fragment(&flow, 17, &l, &r), i == 4);
		assert_int_equal(sdesp_flow_match(&flow, 17, &l, &r), lo == 0);
		flow.ts[0].remote = flow.ts[0].local;
		flow.ts[0].remote.ip[1] = 2;
		flow.ts[0].local.lo = 0;
		flow.ts[0].local.hi = 65535;
		assert_int_equal(
			sdesp_flow_match_fragment(&flow, 17, &l, &r), i == 4);
	}
	assert_false(sdesp_flow_match_fragment(&flow, 6, &l, &r));
	assert_false(sdesp_flow_match_fragment(&flow, 17, &r, &l));
}

static void test_protocols_with_ports(void **state)
{
	(void)state;
	for (unsigned p = 0; p <= SDESP_TS_ANY_PROTOCOL; p++)
		assert_int_equal(sdesp_protocol_has_ports(p),
			p == 6 || p == 17 || p == 33 || p == 132 || p == 136);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_print_none),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_against_inet_pton),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_match_transport),
		cmocka_unit_test(test_match_tunnel),
		cmocka_unit_test(test_match_fragment),
		cmocka_unit_test(test_protocols_with_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
