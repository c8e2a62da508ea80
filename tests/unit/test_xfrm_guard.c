/*
 * Policies without SAs, over a fake kernel. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_xfrm_guard.h"
#include "tests/support/fake_kernel.h"

#define OWNER 3
#define DEVICE 7
#define MARK 0x5de50002u

static struct fake_kernel kernel;
static struct sdesp_xfrm_guard guard;

static struct sdesp_flow flow_of(unsigned family)
{
	struct sdesp_flow flow;

	memset(&flow, 0, sizeof flow);
	flow.local.family = flow.remote.family = (uint8_t)family;
	flow.local.ip[0] = flow.remote.ip[0] = 10;
	flow.local.ip[3] = 1;
	flow.remote.ip[3] = 2;
	flow.mode = SDESP_TRANSPORT;
	flow.nts = 1;
	flow.ts[0].protocol = 17;
	flow.ts[0].local.hi = 65535;
	flow.ts[0].remote.lo = flow.ts[0].remote.hi = 7007;
	return flow;
}

static void start(uint32_t mark)
{
	struct sdesp_xfrm_config config = {&fake_kernel_io, &kernel};

	fake_kernel_init(&kernel);
	assert_int_equal(
		sdesp_xfrm_guard_init(&guard, &config, OWNER, DEVICE, mark),
		SDESP_OK);
}

static const struct kernel_policy *policy(
	unsigned family, unsigned dir, unsigned action)
{
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		const struct kernel_policy *p = &kernel.policies[i];

		if (p->used && p->info.dir == dir && p->info.action == action &&
			p->info.sel.family == family)
			return p;
	}
	return NULL;
}

enum { INET = 2, INET6 = 10 }; /* of Linux */

/* The device's policies come before the others, and name it where the kernel
 * can see it. */
static void test_policies(void **state)
{
	struct sdesp_flow flow = flow_of(4);
	const struct kernel_policy *in, *out, *allowed;

	(void)state;
	start(MARK);
	assert_int_equal(fake_kernel_policies(&kernel), 5);
	assert_null(policy(INET6, XFRM_POLICY_OUT, XFRM_POLICY_ALLOW));
	assert_int_equal(sdesp_xfrm_guard_shut(&guard, &flow, 9), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 8);

	out = policy(INET, XFRM_POLICY_OUT, XFRM_POLICY_BLOCK);
	in = policy(INET, XFRM_POLICY_IN, XFRM_POLICY_BLOCK);
	assert_non_null(policy(INET, XFRM_POLICY_FWD, XFRM_POLICY_BLOCK));
	assert_true(out != NULL && in != NULL);
	assert_int_equal(
		out->info.sel.user, SDESP_XFRM_GUARD + 256 * OWNER + 9);
	assert_memory_equal(&out->info.sel.saddr, &in->info.sel.daddr, 4);
	assert_int_equal(out->info.sel.dport, in->info.sel.sport);
	assert_int_equal(out->info.sel.ifindex, 0);

	allowed = policy(INET, XFRM_POLICY_OUT, XFRM_POLICY_ALLOW);
	assert_int_equal(allowed->info.sel.ifindex, DEVICE);
	assert_true(allowed->info.priority < out->info.priority);
	allowed = policy(INET6, XFRM_POLICY_IN, XFRM_POLICY_ALLOW);
	assert_int_equal(allowed->info.sel.ifindex, 0);
	assert_true(allowed->info.priority < in->info.priority);

	/* Twice is once; two places are two. */
	assert_int_equal(sdesp_xfrm_guard_shut(&guard, &flow, 9), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 8);
	assert_int_equal(sdesp_xfrm_guard_shut(&guard, &flow, 10), SDESP_OK);
	sdesp_xfrm_guard_let(&guard, &flow, 9);
	assert_int_equal(fake_kernel_policies(&kernel), 8);
	sdesp_xfrm_guard_let(&guard, &flow, 10);
	assert_int_equal(fake_kernel_policies(&kernel), 5);
}

/* What nothing marks cannot be told from what comes in the clear. */
static void test_no_mark(void **state)
{
	struct sdesp_flow flow = flow_of(4), other = flow_of(6);

	(void)state;
	start(0);
	assert_int_equal(sdesp_xfrm_guard_shut(&guard, &flow, 0), SDESP_OK);
	assert_int_equal(sdesp_xfrm_guard_shut(&guard, &other, 1), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 2);
	assert_non_null(policy(INET, XFRM_POLICY_OUT, XFRM_POLICY_BLOCK));
}

static void test_refused(void **state)
{
	struct sdesp_flow flow = flow_of(4);

	(void)state;
	start(MARK);
	for (unsigned i = 1; i <= 3; i++) {
		fake_kernel_fail(&kernel, i, 0);
		assert_int_equal(sdesp_xfrm_guard_shut(&guard, &flow, 0),
			SDESP_ERR_BACKEND);
		assert_non_null(strstr(
			sdesp_xfrm_guard_cause(&guard), "setting a policy"));
		assert_int_equal(fake_kernel_policies(&kernel), 5);
	}
	flow.ts[0].protocol = 0;
	assert_int_equal(
		sdesp_xfrm_guard_shut(&guard, &flow, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(fake_kernel_policies(&kernel), 5);
}

/* What one owner made goes, and nobody else's. */
static void test_remove(void **state)
{
	struct sdesp_flow flow = flow_of(4);
	struct xfrm_selector sel;

	(void)state;
	start(MARK);
	memset(&sel, 0, sizeof sel);
	sel.family = INET;
	fake_kernel_put_policy(&kernel, &sel, XFRM_POLICY_IN, 0x5de50001);
	sel.user = SDESP_XFRM_GUARD + 256 * (OWNER + 1);
	fake_kernel_put_policy(&kernel, &sel, XFRM_POLICY_IN, 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
			sdesp_xfrm_guard_shut(&guard, &flow, i), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 67);
	sdesp_xfrm_guard_remove(&guard, OWNER);
	assert_int_equal(fake_kernel_policies(&kernel), 2);
	sdesp_xfrm_guard_remove(&guard, OWNER + 1);
	assert_int_equal(fake_kernel_policies(&kernel), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_no_mark),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
