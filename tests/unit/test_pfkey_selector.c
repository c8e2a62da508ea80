/*
 * PF_KEY requests about policies, octet by octet against messages written by
 * hand from the headers that dialect.c names, and the selectors in them.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pfkey_message.h"

static struct sdesp_flow flow(unsigned mode)
{
	struct sdesp_flow f = {.mode = (uint8_t)mode,
		.nts = 1,
		.local = addr("192.0.2.1", 0),
		.remote = addr("198.51.100.7", 0)};

	f.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	f.ts[0].local.kind = SDESP_TS_SELF;
	f.ts[0].remote.kind = SDESP_TS_PEER;
	f.ts[0].local.hi = f.ts[0].remote.hi = UINT16_MAX;
	return f;
}

static void put_policy(struct pfkey_writer *w,
	const struct sdesp_pfkey_dialect *d, unsigned type,
	const struct sdesp_flow *f, int inbound, enum pfkey_rule rule)
{
	struct pfkey_selector sel;

	assert_int_equal(sdesp_pfkey_selector(&sel, f, 0), 1);
	assert_int_equal(sdesp_pfkey_selector(&sel, f, 1), 0);
	assert_int_equal(sdesp_pfkey_selector(&sel, f, 0), 1);
	sdesp_pfkey_begin(w, d, type, SEQ, PID);
	sdesp_pfkey_put_policy(w, &sel, inbound, rule, f, 0x3005, 0xd0a4177e);
}

static void test_freebsd_policy(void **state)
{
	struct sdesp_flow f = flow(SDESP_TUNNEL);
	struct sdesp_ts *ts = &f.ts[0];
	struct pfkey_writer w;

	(void)state;
	ts->protocol = 17;
	ts->local.kind = ts->remote.kind = SDESP_TS_PREFIX;
	ts->local.family = ts->remote.family = 4;
	ts->local.ip[0] = ts->remote.ip[0] = 10;
	ts->remote.ip[1] = 1;
	ts->local.prefix_len = 8;
	ts->remote.prefix_len = 16;
	ts->remote.lo = ts->remote.hi = 5000;
	put_policy(&w, &sdesp_pfkey_freebsd, KAME_SPDUPDATE, &f, 0,
		PFKEY_RULE_PROTECT);
	assert_message(&w,
		"02 0d 00 00 h000f h0000 w11223344 w55667788 "
		"h0003 h0005 1108 h0000 1002 0000 0a000000 0000000000000000 "
		"h0003 h0006 1110 h0000 1002 1388 0a010000 0000000000000000 "
		/* ipsec, out; esp/tunnel/192.0.2.1-198.51.100.7/unique:12293 */
		"h0007 h0012 h0002 02 00 w00000000 w00005df0 "
		"h0028 h0032 02 03 h3005 "
		"1002 0000 c0000201 0000000000000000 "
		"1002 0000 c6336407 0000000000000000");

	put_policy(
		&w, &sdesp_pfkey_freebsd, KAME_SPDADD, &f, 0, PFKEY_RULE_BLOCK);
	assert_message(&w,
		"02 0e 00 00 h000a h0000 w11223344 w55667788 "
		"h0003 h0005 1108 h0000 1002 0000 0a000000 0000000000000000 "
		"h0003 h0006 1110 h0000 1002 1388 0a010000 0000000000000000 "
		"h0002 h0012 h0000 02 00 w00000000 w00005df0");
}

static void test_linux_policy(void **state)
{
	struct sdesp_flow f = flow(SDESP_TRANSPORT);
	struct pfkey_writer w;

	(void)state;
	put_policy(
		&w, &sdesp_pfkey_linux, KAME_SPDADD, &f, 1, PFKEY_RULE_PROTECT);
	assert_message(&w,
		"02 0e 00 00 h000c h0000 w11223344 w55667788 "
		"h0003 h0005 ff20 h0000 h0002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 h0002 0000 c0000201 0000000000000000 "
		/* ipsec, in; esp/transport//require */
		"h0004 h0012 h0002 01 00 w00000000 w00005df0 "
		"h0010 h0032 01 02 h0000 w00000000 w00000000");
}

static void test_openbsd_flow(void **state)
{
	struct sdesp_flow f = flow(SDESP_TRANSPORT);
	struct pfkey_writer w;

	(void)state;
	f.ts[0].protocol = 17;
	f.ts[0].remote.lo = f.ts[0].remote.hi = 9000;
	put_policy(&w, &sdesp_pfkey_openbsd, OPENBSD_ADDFLOW, &f, 0,
		PFKEY_RULE_PROTECT);
	assert_message(&w,
		"02 0c 00 02 h0020 h0000 w11223344 w55667788 "
		"h0003 h0015 0000 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0011 0000 h0000 1002 0000 ffffffff 0000000000000000 "
		"h0003 h0016 0000 h0000 1002 2328 c6336407 0000000000000000 "
		"h0003 h0012 0000 h0000 1002 ffff ffffffff 0000000000000000 "
		"h0001 h0013 11 00 0000 "
		"h0001 h0014 06 02 0000 "
		"h0003 h0005 0000 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0006 0000 h0000 1002 0000 c6336407 0000000000000000 "
		"h0005 h000a h0002 h0000 q0000000000000000 "
		"73646573702d302d6430613431373765 00 00000000000000 "
		"h0005 h000b h0002 h0000 q0000000000000000 "
		"73646573702d302d6430613431373765 00 00000000000000");

	put_policy(&w, &sdesp_pfkey_openbsd, OPENBSD_DELFLOW, &f, 1,
		PFKEY_RULE_BLOCK);
	assert_message(&w,
		"02 0d 00 02 h0010 h0000 w11223344 w55667788 "
		"h0003 h0015 0000 h0000 1002 2328 c6336407 0000000000000000 "
		"h0003 h0011 0000 h0000 1002 ffff ffffffff 0000000000000000 "
		"h0003 h0016 0000 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0012 0000 h0000 1002 0000 ffffffff 0000000000000000 "
		"h0001 h0013 11 00 0000 "
		"h0001 h0014 05 01 0000");
}

/* Without a priority it is the inbound policy's request id that marks it. */
static void test_netbsd_policy(void **state)
{
	struct sdesp_flow f = flow(SDESP_TRANSPORT);
	struct pfkey_writer w;

	(void)state;
	put_policy(&w, &sdesp_pfkey_netbsd, KAME_SPDADD, &f, 1,
		PFKEY_RULE_PROTECT);
	assert_message(&w,
		"02 0e 00 00 h000b h0000 w11223344 w55667788 "
		"h0003 h0005 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		/* ipsec, in; esp/transport//unique:12288 */
		"h0003 h0012 h0002 01 00 w00000000 w00000000 "
		"h0008 h0032 01 03 h3000");
}

/* RTP and RTCP on both sides: four pairs of ports, each once. */
static void test_selectors_spread(void **state)
{
	struct sdesp_flow f = flow(SDESP_TRANSPORT);
	struct pfkey_selector sel;

	(void)state;
	f.nts = 2;
	f.ts[1] = f.ts[0];
	f.ts[0].protocol = 17;
	f.ts[0].local.lo = 4000;
	f.ts[0].local.hi = 4001;
	f.ts[0].remote.lo = 5000;
	f.ts[0].remote.hi = 5001;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sdesp_pfkey_selector(&sel, &f, i), 1);
		assert_int_equal(sel.protocol, 17);
		assert_int_equal(sel.local.port, 4000 + i / 2);
		assert_int_equal(sel.remote.port, 5000 + i % 2);
	}
	assert_int_equal(sdesp_pfkey_selector(&sel, &f, 4), 1);
	assert_int_equal(sel.protocol, 0);
	assert_int_equal(sel.local.port, 0);
	assert_int_equal(sdesp_pfkey_selector(&sel, &f, 5), 0);
}

static void test_selectors_unfit(void **state)
{
	static const struct {
		uint16_t protocol, lo, hi;
		int status;
	} cases[] = {
		{17, 1, 16, 1},
		{17, 1, 17, SDESP_ERR_UNSUPPORTED},
		{17, 0, 0, SDESP_ERR_UNSUPPORTED}, /* 0 is all */
		{17, 0, 65534, SDESP_ERR_UNSUPPORTED},
		{6, 65535, 65535, 1},
		{132, 7, 7, SDESP_ERR_UNSUPPORTED},
		{SDESP_TS_ANY_PROTOCOL, 7, 7, SDESP_ERR_UNSUPPORTED},
		{132, 0, 65535, 1},
	};
	struct pfkey_selector sel;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sdesp_flow f = flow(SDESP_TRANSPORT);

		f.ts[0].protocol = cases[i].protocol;
		f.ts[0].remote.lo = cases[i].lo;
		f.ts[0].remote.hi = cases[i].hi;
		assert_int_equal(
			sdesp_pfkey_selector(&sel, &f, 0), cases[i].status);
	}
}

/* What only half fits is not begun. */
static void test_selectors_too_many(void **state)
{
	struct sdesp_flow f = flow(SDESP_TRANSPORT);
	struct pfkey_selector sel;

	(void)state;
	f.nts = 2;
	f.ts[0].protocol = 17;
	f.ts[0].local.lo = f.ts[0].remote.lo = 4000;
	f.ts[0].local.hi = f.ts[0].remote.hi = 4003;
	assert_int_equal(
		sdesp_pfkey_selector(&sel, &f, 0), SDESP_ERR_UNSUPPORTED);
	f.nts = 1;
	assert_int_equal(sdesp_pfkey_selector(&sel, &f, 15), 1);
	assert_int_equal(sdesp_pfkey_selector(&sel, &f, 16), 0);

	f = flow(SDESP_TUNNEL);
	f.ts[0].local.kind = f.ts[0].remote.kind = SDESP_TS_PREFIX;
	f.ts[0].local.family = 4;
	f.ts[0].remote.family = 6;
	assert_int_equal(
		sdesp_pfkey_selector(&sel, &f, 0), SDESP_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freebsd_policy),
		cmocka_unit_test(test_linux_policy),
		cmocka_unit_test(test_openbsd_flow),
		cmocka_unit_test(test_netbsd_policy),
		cmocka_unit_test(test_selectors_spread),
		cmocka_unit_test(test_selectors_unfit),
		cmocka_unit_test(test_selectors_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
