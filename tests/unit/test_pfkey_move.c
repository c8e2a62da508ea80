/*
 * An SA whose peer is elsewhere now, as far as a kernel can follow.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "backends/pfkey/dialect.h"
#include "sdesp_sa_pair.h"
#include "tests/unit/pfkey_fixture.h"

/* The peer has another port, or another address as well; then it is back. */
static struct sdesp_flow elsewhere(int far)
{
	struct sdesp_flow f = flow();

	f.remote.port = 40001;
	if (far)
		f.remote.ip[3] = 99;
	return f;
}

static void add_both(const struct sdesp_flow *f)
{
	struct sdesp_sa in = keys(0x2000), out = keys(0x3000);

	assert_int_equal(class->sa_add(&pf.base, f, &in, 1), SDESP_OK);
	assert_int_equal(class->sa_add(&pf.base, f, &out, 0), SDESP_OK);
}

static int move(
	const struct sdesp_flow *to, const struct sdesp_flow *from, int inbound)
{
	return class->sa_move(
		&pf.base, to, from, inbound ? 0x2000 : 0x3000, inbound);
}

static int has(const struct sdesp_flow *f, int inbound)
{
	struct sdesp_sa_stats stats;

	return class->sa_query(&pf.base, f, inbound ? 0x2000 : 0x3000, inbound,
		       &stats) == SDESP_OK;
}

static void test_there_and_back(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	for (size_t i = 0; i < 2 * DIALECTS; i++) {
		const struct sdesp_pfkey_dialect *d = dialects[i / 2];
		struct sdesp_flow to = elsewhere(i % 2);
		uint32_t before;

		if (d->move == MOVE_NOT)
			continue;
		start(d);
		add_both(&f);
		before = fake_pfkey_sum(&kernel);
		for (int inbound = 0; inbound < 2; inbound++) {
			assert_int_equal(move(&to, &f, inbound), SDESP_OK);
			assert_int_not_equal(fake_pfkey_sum(&kernel), before);
			assert_true(has(&to, inbound));
			assert_int_equal(fake_pfkey_sas(&kernel), 2);
			assert_int_equal(move(&f, &to, inbound), SDESP_OK);
			assert_int_equal(fake_pfkey_sum(&kernel), before);
			assert_true(has(&f, inbound));
		}
		assert_false(keys_left());
	}
}

/* NetBSD and, but for ports, Linux would begin again with number 1. */
static void test_unsupported(void **state)
{
	struct sdesp_flow f = flow(), to = elsewhere(1), ports = elsewhere(0);
	uint32_t before;

	(void)state;
	start(&sdesp_pfkey_netbsd);
	add_both(&f);
	before = kernel.calls;
	assert_int_equal(move(&to, &f, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(move(&ports, &f, 1), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(kernel.calls, before);

	start(&sdesp_pfkey_freebsd);
	add_both(&f);
	before = kernel.calls;
	to.udp = 0;
	assert_int_equal(move(&to, &f, 0), SDESP_ERR_UNSUPPORTED);
	to = f;
	to.local = addr("2001:db8::1", 4500);
	to.remote = addr("2001:db8::2", 4500);
	assert_int_equal(move(&to, &f, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(class->sa_move(&pf.base, &ports, &f, 0x2001, 1),
		SDESP_ERR_GONE);
	assert_int_equal(kernel.calls, before);
}

/* A kernel that passes over what it does not know has not moved anything. */
static void test_not_obeyed(void **state)
{
	struct sdesp_flow f = flow(), to = elsewhere(1);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		uint32_t before;

		if (dialects[i]->move == MOVE_NOT)
			continue;
		start(dialects[i]);
		add_both(&f);
		before = fake_pfkey_sum(&kernel);
		kernel.deaf_to_moves = 1;
		assert_int_not_equal(move(&to, &f, 1), SDESP_OK);
		assert_int_not_equal(move(&to, &f, 0), SDESP_OK);
		assert_true(has(&f, 0) && has(&f, 1));
		assert_int_equal(fake_pfkey_sum(&kernel), before);
	}
}

/* Whatever fails, the SA is where it was. */
static void test_fails(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS * 8; i++) {
		const struct sdesp_pfkey_dialect *d = dialects[i % DIALECTS];
		unsigned fault = (unsigned)(i / DIALECTS % FAKE_FAULTS);
		unsigned rest = (unsigned)(i / DIALECTS / FAKE_FAULTS);
		struct sdesp_flow to = elsewhere(rest & 1);
		int inbound = (rest & 2) != 0;
		uint32_t before;

		if (d->move == MOVE_NOT)
			continue;
		start(d);
		add_both(&f);
		before = fake_pfkey_sum(&kernel);
		fake_pfkey_fail(&kernel, (enum fake_pfkey_fault)fault,
			(rest & 4) != 0 ? 2 : 1, 0);
		if (move(&to, &f, inbound) == SDESP_OK)
			continue;
		fake_pfkey_fail(&kernel, FAKE_REFUSE, 0, 0);
		kernel.head = kernel.tail;
		assert_string_not_equal(pf.cause, "");
		assert_int_equal(fake_pfkey_sum(&kernel), before);
		assert_true(has(&f, inbound));
	}
}

/*
 * A pair with its policy: blocked while it moves, protected again after, by
 * the same policies where the selectors are the same, and nothing left over
 * at the end; with each request of it failing once.
 */
static void move_pair(struct sdesp_sa_pair *pair, const struct sdesp_flow *to)
{
	struct sdesp_backend *be = &pf.base;
	struct sdesp_flow from = pair->flow;
	int status = sdesp_sa_pair_move(pair, be, &to->local, &to->remote);

	if (status == SDESP_OK)
		assert_true(sdesp_flow_equal(&pair->flow, to));
	else
		assert_true(sdesp_flow_equal(&pair->flow, &from));
	if (status == SDESP_OK && kernel.fail_at == 0)
		assert_int_equal(
			class->policy_set(be, to, SDESP_PROTECT, pair->spi_out),
			SDESP_OK);
}

static void test_pair(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	for (size_t i = 0; i < 4 * DIALECTS; i++) {
		const struct sdesp_pfkey_dialect *d = dialects[i / 4];
		struct sdesp_flow to = elsewhere(i % 2);
		unsigned nth = 0;

		if (d->move == MOVE_NOT)
			continue;
		do {
			struct sdesp_sa_pair pair = {.spi_in = 0x2000,
				.spi_out = 0x3000,
				.parts = SDESP_PAIR_IN | SDESP_PAIR_OUT |
					 SDESP_PAIR_POLICY};

			start(d);
			if (i % 4 >= 2) { /* a tunnel, with its own ends */
				f.mode = SDESP_TUNNEL;
				f.nts = 1;
				f.ts[0].local.kind = f.ts[0].remote.kind =
					SDESP_TS_PREFIX;
				f.ts[0].local.family = f.ts[0].remote.family =
					4;
				f.ts[0].local.lo = 0;
				f.ts[0].local.hi = UINT16_MAX;
				to.mode = f.mode;
				to.nts = f.nts;
				to.ts[0] = f.ts[0];
				to.ts[1] = f.ts[1];
			} else {
				f = flow();
			}
			pair.flow = f;
			add_both(&f);
			assert_int_equal(class->policy_set(&pf.base, &f,
						 SDESP_PROTECT, 0x3000),
				SDESP_OK);
			fake_pfkey_fail(&kernel, FAKE_REFUSE, nth, 0);
			move_pair(&pair, &to);
			fake_pfkey_fail(&kernel, FAKE_REFUSE,
				kernel.calls >= kernel.fail_at ? 0 : 999, 0);
			(void)sdesp_sa_pair_delete(&pair, &pf.base);
			assert_int_equal(fake_pfkey_sas(&kernel), 0);
			assert_int_equal(fake_pfkey_policies(&kernel), 0);
		} while (kernel.fail_at == 0 && nth++ < 100);
		assert_in_range(nth, 4, 99);
	}
}

/* Who waits for the policies of another flow sends nothing by them. */
static void test_waits(void **state)
{
	struct sdesp_flow f = flow(), to = elsewhere(0);
	struct sdesp_sa out = keys(0x3001);
	uint32_t before;

	(void)state;
	start(&sdesp_pfkey_freebsd);
	add_both(&f);
	assert_int_equal(
		class->policy_set(&pf.base, &f, SDESP_PROTECT, 0x3000), 0);
	before = fake_pfkey_sum(&kernel);
	assert_int_equal(class->policy_set(&pf.base, &to, SDESP_BLOCK, 0), 0);
	assert_int_equal(fake_pfkey_sum(&kernel), before);
	assert_int_equal(class->sa_add(&pf.base, &to, &out, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(&pf.base, &to, SDESP_PROTECT, 0x3001),
		SDESP_ERR_BACKEND);
	assert_string_equal(class->cause(&pf.base),
		"PF_KEY policy: another flow has this selector");
	assert_int_equal(class->policy_delete(&pf.base, &f), SDESP_OK);
	assert_int_equal(fake_pfkey_policies(&kernel), 4);
	assert_int_equal(
		class->policy_set(&pf.base, &to, SDESP_PROTECT, 0x3001),
		SDESP_OK);
	assert_int_equal(class->policy_delete(&pf.base, &to), SDESP_OK);
	assert_int_equal(fake_pfkey_policies(&kernel), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_not_obeyed),
		cmocka_unit_test(test_fails),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
