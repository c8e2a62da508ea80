/*
 * The PF_KEY backend over a kernel that fails on the nth request, in every
 * way it can.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sdesp_sa_pair.h"
#include "tests/unit/pfkey_fixture.h"

/* Gives the pair its SPIs; both SAs have the same keys. */
struct source {
	struct sdesp_sa_source base;
	uint32_t spi;
};

static void fill(
	const struct sdesp_sa_source *base, struct sdesp_sa *sa, int inbound)
{
	const struct source *source = (const struct source *)base;

	*sa = keys(source->spi + (inbound ? 0 : 0x1000));
}

static int install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, uint32_t spi)
{
	struct source source = {.base.fill = fill, .spi = spi};
	struct sdesp_sa sa = keys(0);

	return sdesp_sa_pair_install(pair, other, &pf.base, &sa, &source.base);
}

/*
 * The whole life of two pairs, with one request of it failing: the first
 * failure ends it. Returns 1 when there was none.
 */
static int live(void)
{
	struct sdesp_sa_pair one = {.flow = flow()}, two = {.flow = flow()};
	struct sdesp_backend *be = &pf.base;
	int ok;

	memset(&one.flow.remote, 0, sizeof one.flow.remote);
	ok = sdesp_sa_pair_reserve(&one, be, 0x2000) == SDESP_OK;
	one.flow = flow();
	ok = ok && install(&one, NULL, 0x2000) == SDESP_OK &&
	     sdesp_sa_pair_send(&one, be) == SDESP_OK &&
	     sdesp_sa_pair_reserve(&two, be, 0x2001) == SDESP_OK &&
	     install(&two, &one, 0x2001) == SDESP_OK &&
	     sdesp_sa_pair_send(&two, be) == SDESP_OK &&
	     sdesp_sa_pair_retire(&one, &two, be) == SDESP_OK;
	assert_false(keys_left());
	(void)sdesp_sa_pair_delete(&one, be);
	(void)sdesp_sa_pair_delete(&two, be);
	assert_int_equal(fake_pfkey_sas(&kernel), 0);
	assert_int_equal(fake_pfkey_policies(&kernel), 0);
	return ok;
}

static void test_nothing_half_installed(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS; i++) {
		unsigned nth = 1, failures = 0;

		do {
			start(dialects[i % DIALECTS]);
			fake_pfkey_fail(&kernel,
				(enum fake_pfkey_fault)(i / DIALECTS), nth, 0);
			failures += !live();
		} while (kernel.calls >= kernel.fail_at && nth++ < 1000);
		assert_in_range(nth, 24, 999);
		assert_in_range(failures, 10, nth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_half_installed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
