/*
 * What a dead process left, and who comes after it: nothing is opened in
 * between. SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdesp_sa_pair.h"
#include "tests/support/fake_kernel.h"
#include "tests/unit/xfrm_fixture.h"

/* Of a flow: two selectors, three directions. */
#define POLICIES 6

#define RANGE 4096

/* A process with flow_of() that dies; kernel.opened counts from then on. */
static void die(void)
{
	struct sdesp_sa_pair pair;

	start();
	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	assert_int_equal(install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_send(&pair, be), SDESP_OK);
	kernel.claimed = 0;
	kernel.opened = 0;
}

static void all_of(uint32_t reqid)
{
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		const struct kernel_policy *p = &kernel.policies[i];

		if (p->used)
			assert_int_equal(p->tmpl.reqid / RANGE, reqid / RANGE);
	}
}

/* The SAs go at once, the policies are taken over by the same flow. */
static void test_taken_over(void **state)
{
	struct sdesp_flow flow = flow_of();
	struct sdesp_sa sa = sa_of(SPI_OUT + 1);

	(void)state;
	for (unsigned other = 0; other < 2; other++) {
		die();
		kernel.claimed = other;
		fake_kernel_begin(&kernel, &x);
		assert_int_equal(x.reqid, SDESP_XFRM_REQID + other * RANGE);
		assert_int_equal(fake_kernel_sas(&kernel), other == 0 ? 0 : 2);
		if (other != 0)
			kernel.claimed &= ~1U;
		assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
		all_of(x.reqid);
		assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_OK);
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_PROTECT, sa.spi),
			SDESP_OK);
		assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
		assert_int_equal(kernel.opened, 0);
		sdesp_xfrm_close(&x);
		assert_int_equal(fake_kernel_policies(&kernel), 0);
		assert_int_equal(fake_kernel_sas(&kernel), 0);
		assert_int_equal(kernel.claimed, 0);
	}
}

/* What a process has that lives is its own. */
static void test_of_the_living(void **state)
{
	struct sdesp_flow flow = flow_of();

	(void)state;
	die();
	kernel.claimed = 1;
	fake_kernel_begin(&kernel, &x);
	assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	all_of(SDESP_XFRM_REQID);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
	assert_int_equal(kernel.opened, 0);
}

/* Another program has one of the policies, or the kernel fails: what was taken
 * over stays closed, and is taken over the next time. */
static void test_refused(void **state)
{
	struct sdesp_flow flow = flow_of();

	(void)state;
	for (unsigned i = 0; i < POLICIES; i++) {
		struct kernel_policy *p = &kernel.policies[i];
		uint32_t reqid;

		die();
		reqid = p->tmpl.reqid;
		p->tmpl.reqid = FOREIGN;
		fake_kernel_begin(&kernel, &x);
		assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
			SDESP_ERR_UNSUPPORTED);
		assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
		assert_int_equal(kernel.opened, 0);
		p->tmpl.reqid = reqid;
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
		assert_int_equal(kernel.opened, 0);
		sdesp_xfrm_close(&x);
		assert_int_equal(fake_kernel_policies(&kernel), 0);
	}
	for (unsigned i = 1; i <= POLICIES * 3; i++) {
		die();
		fake_kernel_begin(&kernel, &x);
		fake_kernel_fail(&kernel, i, 0);
		assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
			i % 3 == 2 ? SDESP_ERR_UNSUPPORTED : SDESP_ERR_BACKEND);
		assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
		assert_int_equal(kernel.opened, 0);
		fake_kernel_fail(&kernel, 0, 0);
		sdesp_xfrm_close(&x);
	}
}

/* Who cannot go on leaves it closed; who has something else, too. */
static void test_left(void **state)
{
	struct sdesp_flow flow = flow_of(), other = flow_to("203.0.113.9", 1);
	struct sdesp_sa sa = sa_of(SPI_OUT + 1);
	uint32_t left;

	(void)state;
	die();
	fake_kernel_begin(&kernel, &x);
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_OK);
	sdesp_xfrm_leave(&x);
	assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
	assert_int_equal(fake_kernel_sas(&kernel), 0);
	assert_int_equal(kernel.opened, 0);
	assert_int_equal(kernel.claimed, 0);

	fake_kernel_begin(&kernel, &x);
	left = fake_kernel_policy(&kernel, XFRM_POLICY_IN)->tmpl.reqid;
	assert_int_equal(
		class->policy_set(be, &other, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 2 * POLICIES);
	for (unsigned i = POLICIES; i < 2 * POLICIES; i++)
		assert_int_not_equal(kernel.policies[i].tmpl.reqid, left);
	sdesp_xfrm_leave(&x);
	assert_int_equal(fake_kernel_policies(&kernel), POLICIES);
	assert_int_equal(kernel.opened, POLICIES);
	sdesp_xfrm_leave(&x);

	fake_kernel_begin(&kernel, &x);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_of_the_living),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
