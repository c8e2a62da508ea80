/*
 * The policies of the PF_KEY backend: which SA a flow goes through.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/pfkey_fixture.h"

/* Every outbound SA is one that a policy can name. */
static void test_switch(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa one = keys(0x3000), two = keys(0x3000 + 0x1000);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		uint32_t first, second;

		start(dialects[i]);
		assert_int_equal(class->sa_add(&pf.base, &f, &one, 0), 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &two, 0), 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		assert_int_equal(fake_pfkey_policies(&kernel), 4);
		first = fake_pfkey_sum(&kernel);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, two.spi),
			SDESP_OK);
		second = fake_pfkey_sum(&kernel);
		assert_int_not_equal(first, second);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		assert_int_equal(fake_pfkey_sum(&kernel), first);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, 0x9999),
			SDESP_ERR_GONE);
		assert_int_equal(fake_pfkey_sum(&kernel), first);
		assert_int_equal(class->policy_delete(&pf.base, &f), SDESP_OK);
		assert_int_equal(
			class->policy_delete(&pf.base, &f), SDESP_ERR_GONE);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
	}
}

/* A failing switch leaves every policy as it was. */
static void test_switch_fails(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa one = keys(0x3000), two = keys(0x4000);

	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS * 3; i++) {
		enum fake_pfkey_fault fault =
			(enum fake_pfkey_fault)(i / DIALECTS % FAKE_FAULTS);
		unsigned nth = (unsigned)(i / DIALECTS / FAKE_FAULTS) + 1;
		uint32_t before;
		int status;

		start(dialects[i % DIALECTS]);
		assert_int_equal(class->sa_add(&pf.base, &f, &one, 0), 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &two, 0), 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		before = fake_pfkey_sum(&kernel);
		fake_pfkey_fail(&kernel, fault, nth, 0);
		status =
			class->policy_set(&pf.base, &f, SDESP_PROTECT, two.spi);
		assert_int_equal(
			status, nth <= 2 ? SDESP_ERR_BACKEND : SDESP_OK);
		if (nth <= 2)
			assert_int_equal(fake_pfkey_sum(&kernel), before);
	}
}

/* A port that is in two lines has one policy. */
static void test_repeated_selectors(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	f.ts[1] = f.ts[0];
	f.ts[1].local.lo = 3999;
	f.ts[1].local.hi = 4001;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_BLOCK, 0), 0);
		assert_int_equal(fake_pfkey_policies(&kernel), 6);
		assert_int_equal(class->policy_delete(&pf.base, &f), 0);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
		fake_pfkey_fail(&kernel, FAKE_REFUSE, 6, 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_BLOCK, 0),
			SDESP_ERR_BACKEND);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
	}
}

/* Policies go by their selectors: what is one flow's cannot be another's,
 * least of all where a kernel would just replace it. */
static void test_same_selectors(void **state)
{
	struct sdesp_flow one = flow(), two;
	struct sdesp_sa sa = keys(0x3000);
	uint32_t before;

	(void)state;
	one.mode = SDESP_TUNNEL;
	for (unsigned i = 0; i < 2; i++) {
		one.ts[i].local.kind = one.ts[i].remote.kind = SDESP_TS_PREFIX;
		one.ts[i].local.family = one.ts[i].remote.family = 4;
	}
	two = one;
	two.remote.ip[3]++;
	two.ts[0] = one.ts[1];
	two.nts = 1;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->sa_add(&pf.base, &one, &sa, 0), 0);
		assert_int_equal(class->policy_set(
					 &pf.base, &one, SDESP_PROTECT, sa.spi),
			SDESP_OK);
		before = fake_pfkey_sum(&kernel);
		assert_int_equal(
			class->policy_set(&pf.base, &two, SDESP_BLOCK, 0),
			SDESP_ERR_BACKEND);
		assert_string_equal(class->cause(&pf.base),
			"PF_KEY policy: another flow has this selector");
		assert_int_equal(fake_pfkey_sum(&kernel), before);
		assert_int_equal(
			class->policy_delete(&pf.base, &two), SDESP_ERR_GONE);
		assert_int_equal(
			class->policy_delete(&pf.base, &one), SDESP_OK);
		assert_int_equal(
			class->policy_set(&pf.base, &two, SDESP_BLOCK, 0),
			SDESP_OK);
	}
}

static void test_bypass(void **state)
{
	struct sdesp_addr local = addr("192.0.2.1", 5060);
	struct sdesp_addr remote = addr("198.51.100.7", 5060);
	struct sdesp_addr six = addr("2001:db8::1", 5060);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->bypass(&pf.base, 17, &local, &six),
			SDESP_ERR_UNSUPPORTED);
		for (unsigned n = 1; n <= 2; n++) {
			fake_pfkey_fail(&kernel, FAKE_MUTE, n, 0);
			assert_int_equal(
				class->bypass(&pf.base, 17, &local, &remote),
				SDESP_ERR_BACKEND);
			assert_int_equal(fake_pfkey_policies(&kernel), 0);
		}
		for (unsigned n = 0; n < SDESP_PFKEY_BYPASSES; n++) {
			remote.port = (uint16_t)(5060 + n);
			assert_int_equal(
				class->bypass(&pf.base, 17, &local, &remote),
				SDESP_OK);
		}
		remote.port = 6000;
		assert_int_equal(class->bypass(&pf.base, 17, &local, &remote),
			SDESP_ERR_SPACE);
		assert_int_equal(
			fake_pfkey_policies(&kernel), 2 * SDESP_PFKEY_BYPASSES);
		sdesp_pfkey_close(&pf);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_switch_fails),
		cmocka_unit_test(test_repeated_selectors),
		cmocka_unit_test(test_same_selectors),
		cmocka_unit_test(test_bypass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
