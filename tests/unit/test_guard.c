/*
 * Selectors as routing rules: always at least what the selector covers.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ports/posix/guard.h"

static const struct sdesp_addr peer4 = {4, {192, 0, 2, 9}, 4500};
static const struct sdesp_addr peer6 = {6, {0x20, 1, 0xd, 0xb8}, 4500};

struct row {
	uint8_t mode, family;
	uint16_t protocol;
	uint16_t local[2], remote[2];
	uint8_t led_protocol;
	uint16_t led_local[2], led_remote[2];
};

static void test_ports(void **state)
{
	enum { ANY = SDESP_TS_ANY_PROTOCOL, ALL = 65535 };
	static const struct row rows[] = {
		{SDESP_TRANSPORT, 4, ANY, {0, ALL}, {0, ALL}, 0, {0}, {0}},
		{SDESP_TRANSPORT, 4, 17, {0, ALL}, {0, ALL}, 17, {0}, {0}},
		{SDESP_TRANSPORT, 4, 17, {0, ALL}, {7, 9}, 17, {0}, {7, 9}},
		{SDESP_TRANSPORT, 4, 6, {80, 80}, {0, ALL}, 6, {80, 80}, {0}},
		/* Rules know neither port 0 nor 65535. */
		{SDESP_TRANSPORT, 4, 17, {0, 9}, {0, 0}, 17, {1, 9}, {1, 1}},
		{SDESP_TRANSPORT, 4, 17, {9, ALL}, {ALL, ALL}, 17, {0}, {0}},
		/* TCP over IPv6 has no local port when it is routed. */
		{SDESP_TRANSPORT, 6, 6, {80, 80}, {7, 9}, 6, {0}, {7, 9}},
		{SDESP_TRANSPORT, 6, 17, {80, 80}, {7, 9}, 17, {80, 80},
			{7, 9}},
		/* No ports with any protocol, or one that has none. */
		{SDESP_TRANSPORT, 4, ANY, {80, 80}, {7, 9}, 0, {0}, {0}},
		{SDESP_TRANSPORT, 4, 1, {80, 80}, {7, 9}, 1, {0}, {0}},
		/* Fragments that a tunnel forwards have none either. */
		{SDESP_TUNNEL, 4, 17, {80, 80}, {7, 9}, 0, {0}, {0}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct sdesp_flow flow;
		struct guard_traffic t;

		memset(&flow, 0, sizeof flow);
		flow.mode = r->mode;
		flow.remote = r->family == 4 ? peer4 : peer6;
		flow.ts[0].protocol = r->protocol;
		flow.ts[0].remote.kind = SDESP_TS_PEER;
		flow.ts[0].local.lo = r->local[0];
		flow.ts[0].local.hi = r->local[1];
		flow.ts[0].remote.lo = r->remote[0];
		flow.ts[0].remote.hi = r->remote[1];
		guard_traffic(&t, &flow, &flow.ts[0]);
		assert_true(sdesp_addr_same_ip(&t.to, &flow.remote));
		assert_int_equal(t.bits, r->family == 4 ? 32 : 128);
		assert_int_equal(t.protocol, r->led_protocol);
		assert_int_equal(t.local_lo, r->led_local[0]);
		assert_int_equal(t.local_hi, r->led_local[1]);
		assert_int_equal(t.remote_lo, r->led_remote[0]);
		assert_int_equal(t.remote_hi, r->led_remote[1]);
		assert_true(guard_equal(&t, &t));
	}
}

static void test_prefix(void **state)
{
	struct sdesp_flow flow;
	struct guard_traffic t, other;

	(void)state;
	memset(&flow, 0, sizeof flow);
	flow.mode = SDESP_TUNNEL;
	flow.remote = peer4;
	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[0].remote.kind = SDESP_TS_PREFIX;
	flow.ts[0].remote.family = 6;
	flow.ts[0].remote.prefix_len = 64;
	memcpy(flow.ts[0].remote.ip, peer6.ip, sizeof peer6.ip);
	guard_traffic(&t, &flow, &flow.ts[0]);
	assert_true(sdesp_addr_same_ip(&t.to, &peer6));
	assert_int_equal(t.bits, 64);
	flow.ts[0].remote.prefix_len = 48;
	guard_traffic(&other, &flow, &flow.ts[0]);
	assert_false(guard_equal(&t, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
