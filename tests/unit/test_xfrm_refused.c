/*
 * The XFRM backend over a fake kernel: whatever fails leaves nothing half
 * made. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "sdesp_sa_pair.h"
#include "tests/support/fake_kernel.h"
#include "tests/unit/xfrm_fixture.h"

/* After 30 s the larval SA is gone; somebody else may have its SPI. */
static void test_larval_vanished(void **state)
{
	struct sdesp_sa_pair pair;
	struct kernel_sa *sa;

	(void)state;
	start();
	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	fake_kernel_sa(&kernel, SPI_IN)->used = 0;
	assert_int_equal(install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(fake_kernel_mature(&kernel), 2);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be), SDESP_OK);

	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	sa = fake_kernel_sa(&kernel, SPI_IN);
	sa->info.reqid = FOREIGN;
	sa->keyed = 1;
	assert_int_equal(
		install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_ERR_EXISTS);
	(void)sdesp_sa_pair_delete(&pair, be);
	assert_int_equal(fake_kernel_sas(&kernel), 1);
	assert_int_equal(sa->info.reqid, FOREIGN);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_sas(&kernel), 1);
}

static void test_refused(void **state)
{
	struct sdesp_flow flow = flow_of();
	struct sdesp_sa sa = sa_of(SPI_OUT);

	(void)state;
	start();
	assert_int_equal(class->policy_set(be, &flow, SDESP_PROTECT, SPI_OUT),
		SDESP_ERR_GONE);
	sa.suite = SDESP_AES_128_GCM_16_IIV;
	assert_int_equal(
		class->sa_add(be, &flow, &sa, 0), SDESP_ERR_UNSUPPORTED);
	flow.mode = 0;
	assert_int_equal(
		class->sa_add(be, &flow, &sa, 0), SDESP_ERR_UNSUPPORTED);
	flow = flow_of();
	flow.remote.family = 6;
	assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	flow = flow_of();
	flow.ts[0].protocol = 0;
	assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	sa = sa_of(SPI_OUT);
	flow = flow_of();
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_OK);
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_ERR_EXISTS);
	sdesp_xfrm_close(&x);
}

static void test_tables_full(void **state)
{
	struct sdesp_flow flow = flow_of();
	unsigned n;

	(void)state;
	start();
	for (n = 0; n < SDESP_XFRM_FLOWS; n++) {
		flow.ts[0].local.lo = flow.ts[0].local.hi = (uint16_t)n;
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	}
	flow.ts[0].local.lo = flow.ts[0].local.hi = 1000;
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_ERR_SPACE);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
}

/* --- failures ------------------------------------------------------------- */

/* The kernel's outbound policy is always there while the flow is ours. */
static void shut(void)
{
	assert_non_null(fake_kernel_policy(&kernel, XFRM_POLICY_OUT));
}

/* A pair, a rekey, a move: up to the first failure, as a session would. */
static int live(struct sdesp_sa_pair pair[2])
{
	struct sdesp_addr local = addr("192.0.2.1", 4500);
	struct sdesp_addr far = addr("198.51.100.9", 4501);
	int status = reserve(&pair[0], SPI_IN);

	memset(&pair[1], 0, sizeof pair[1]);
	if (status == SDESP_OK)
		status = install(&pair[0], NULL, SPI_IN, SPI_OUT);
	if (status == SDESP_OK) {
		shut();
		status = sdesp_sa_pair_send(&pair[0], be);
	}
	if (status == SDESP_OK)
		status = reserve(&pair[1], SPI_IN + 16);
	if (status == SDESP_OK)
		status = install(&pair[1], &pair[0], SPI_IN + 16, SPI_OUT + 16);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_send(&pair[1], be);
	if ((pair[0].parts & SDESP_PAIR_POLICY) != 0)
		shut();
	if (status == SDESP_OK)
		status = sdesp_sa_pair_retire(&pair[0], &pair[1], be);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_move(&pair[1], be, &local, &far);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_send(&pair[1], be);
	if ((pair[1].parts & SDESP_PAIR_POLICY) != 0)
		shut();
	return status;
}

/* Fail the nth request, and more after it, for every n that there is. A
 * failure that passes leaves nothing; one that stays leaves nothing either
 * once the kernel is well again. */
static unsigned fail_all(unsigned more)
{
	struct sdesp_sa_pair pair[2];
	unsigned nth = 0, failures = 0, reached;

	do {
		start();
		fake_kernel_fail(&kernel, ++nth, more);
		failures += live(pair) != SDESP_OK;
		(void)sdesp_sa_pair_delete(&pair[1], be);
		(void)sdesp_sa_pair_delete(&pair[0], be);
		if (more == 0) {
			assert_int_equal(fake_kernel_sas(&kernel), 0);
			assert_int_equal(fake_kernel_policies(&kernel), 0);
		}
		reached = kernel.requests >= kernel.fail_at;
		kernel.fail_at = 0;
		sdesp_xfrm_close(&x);
		assert_int_equal(fake_kernel_sas(&kernel), 0);
		assert_int_equal(fake_kernel_policies(&kernel), 0);
		assert_int_equal(kernel.claimed, 0);
	} while (reached);
	return failures;
}

static void test_nth_fails(void **state)
{
	(void)state;
	assert_true(fail_all(0) > 20);
}

static void test_all_fail_from_nth(void **state)
{
	(void)state;
	assert_true(fail_all(10000) > 20);
}

/* A failed switch leaves the old SA in use, a failed install the old pair. */
static void test_switch_fails(void **state)
{
	struct sdesp_sa_pair old, new;

	(void)state;
	start();
	assert_int_equal(reserve(&old, SPI_IN), SDESP_OK);
	assert_int_equal(install(&old, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_send(&old, be), SDESP_OK);
	assert_int_equal(reserve(&new, SPI_IN + 16), SDESP_OK);
	assert_int_equal(
		install(&new, &old, SPI_IN + 16, SPI_OUT + 16), SDESP_OK);
	for (unsigned nth = 1; nth <= 2; nth++) {
		fake_kernel_fail(&kernel, nth, 0);
		assert_int_equal(
			sdesp_sa_pair_send(&new, be), SDESP_ERR_BACKEND);
		for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
			if (!kernel.policies[i].used ||
				kernel.policies[i].info.dir != XFRM_POLICY_OUT)
				continue;
			assert_int_equal(
				kernel.policies[i].tmpl.id.spi, be32(SPI_OUT));
			assert_int_equal(kernel.policies[i].info.action,
				XFRM_POLICY_ALLOW);
		}
	}
	assert_int_equal(sdesp_sa_pair_send(&new, be), SDESP_OK);
	sdesp_xfrm_close(&x);
}

/* Whatever the kernel answers, nothing hangs, and a failure is one. */
static void test_absurd_answers(void **state)
{
	static const enum kernel_mangle ways[] = {KERNEL_SILENT,
		KERNEL_ZERO_LENGTH, KERNEL_TOO_LONG, KERNEL_SHORT,
		KERNEL_OTHER_SEQ, KERNEL_NO_DATA};
	struct sdesp_flow flow = flow_of();

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct sdesp_xfrm_config config = {&fake_kernel_io, &kernel};

		start();
		kernel.mangle = ways[i];
		assert_int_equal(class->spi_reserve(be, &flow, SPI_IN),
			SDESP_ERR_BACKEND);
		assert_true(class->cause(be)[0] != '\0');
		kernel.mangle = KERNEL_WELL;
		sdesp_xfrm_close(&x);
		kernel.mangle = ways[i];
		if (ways[i] != KERNEL_NO_DATA)
			assert_int_equal(sdesp_xfrm_init(&x, &config),
				SDESP_ERR_BACKEND);
		kernel.mangle = KERNEL_WELL;
		kernel.claimed = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_larval_vanished),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tables_full),
		cmocka_unit_test(test_nth_fails),
		cmocka_unit_test(test_all_fail_from_nth),
		cmocka_unit_test(test_switch_fails),
		cmocka_unit_test(test_absurd_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
