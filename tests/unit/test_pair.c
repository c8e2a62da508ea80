/* A pair of SAs over a backend that fails at any call.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "sdesp_sa_pair.h"
#include "tests/support/fake_backend.h"

static struct fake_backend fake;
static struct sdesp_sa_pair pair, newer;
static struct sdesp_sa in, out;

static struct sdesp_backend *be(void)
{
	return &fake.base;
}

static void fill(struct sdesp_sa_pair *p, uint32_t spi)
{
	memset(p, 0, sizeof *p);
	p->flow.local = (struct sdesp_addr){4, {192, 0, 2, 1}, 4500};
	p->flow.remote = (struct sdesp_addr){4, {198, 51, 100, 2}, 4500};
	p->flow.mode = SDESP_TRANSPORT;
	p->flow.udp = 1;
	p->flow.nts = 1;
	p->flow.ts[0].protocol = 17;
	memset(&in, 0, sizeof in);
	in.spi = spi;
	in.suite = SDESP_AES_128_GCM_16;
	in.window = 64;
	memset(in.keymat, (int)(spi & 0xff), sizeof in.keymat);
	out = in;
	out.spi = spi + 1;
	memset(out.keymat, (int)(spi & 0xff) + 1, sizeof out.keymat);
}

static int setup(void **state)
{
	(void)state;
	fake_backend_init(&fake);
	fill(&pair, 0xc0000010);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (fake.misuse != NULL)
		print_error("misuse: %s\n", fake.misuse);
	return fake.misuse != NULL || !fake_backend_empty(&fake) ? -1 : 0;
}

static void fill_sa(
	const struct sdesp_sa_source *source, struct sdesp_sa *sa, int inbound)
{
	(void)source;
	*sa = inbound ? in : out;
}

static int install(struct sdesp_sa_pair *p, const struct sdesp_sa_pair *other)
{
	static const struct sdesp_sa_source source = {fill_sa};
	static const struct sdesp_sa wiped;
	struct sdesp_sa sa;
	int status = sdesp_sa_pair_install(p, other, be(), &sa, &source);

	if (status != SDESP_ERR_BACKEND || p->parts != SDESP_PAIR_LARVAL)
		assert_memory_equal(sa.keymat, wiped.keymat, sizeof sa.keymat);
	return status;
}

static void test_order(void **state)
{
	(void)state;
	assert_int_equal(sdesp_sa_pair_reserve(&pair, be(), in.spi), SDESP_OK);
	assert_int_equal(pair.parts, SDESP_PAIR_LARVAL);
	assert_int_equal(install(&pair, NULL), SDESP_OK);
	assert_int_equal(
		pair.parts, SDESP_PAIR_IN | SDESP_PAIR_OUT | SDESP_PAIR_POLICY);
	assert_int_equal(fake_backend_sends(&fake, &pair.flow), 0);
	assert_int_equal(sdesp_sa_pair_send(&pair, be()), SDESP_OK);
	assert_int_equal(fake_backend_sends(&fake, &pair.flow), out.spi);
	assert_int_equal(sdesp_sa_pair_block(&pair.flow, be()), SDESP_OK);
	assert_int_equal(fake_backend_sends(&fake, &pair.flow), 0);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
	assert_int_equal(pair.parts, 0);
}

/* Reserve, block, inbound, outbound: whichever fails, all is undone. */
static void test_install_fails(void **state)
{
	(void)state;
	fake_backend_fail(&fake, 1, 0);
	assert_int_equal(
		sdesp_sa_pair_reserve(&pair, be(), in.spi), SDESP_ERR_BACKEND);
	assert_int_equal(pair.parts, 0);
	for (unsigned nth = 1; nth <= 3; nth++) {
		if ((pair.parts & SDESP_PAIR_LARVAL) == 0)
			assert_int_equal(
				sdesp_sa_pair_reserve(&pair, be(), in.spi),
				SDESP_OK);
		fake_backend_fail(&fake, nth, 0);
		assert_int_equal(install(&pair, NULL), SDESP_ERR_BACKEND);
		assert_int_equal(pair.parts, nth == 3 ? 0 : SDESP_PAIR_LARVAL);
		assert_int_equal(fake_backend_sas(&fake), nth == 3 ? 0 : 1);
		assert_int_equal(fake_backend_policies(&fake), 0);
	}

	/* Undoing fails as well. */
	fake_backend_fail(&fake, 3, 9);
	assert_int_equal(install(&pair, NULL), SDESP_ERR_BACKEND);
	assert_true(fake_backend_empty(&fake));
}

/* A block that was there is not taken away by a failure. */
static void test_blocked_before(void **state)
{
	(void)state;
	assert_int_equal(sdesp_sa_pair_block(&pair.flow, be()), SDESP_OK);
	pair.parts = SDESP_PAIR_POLICY;
	fake_backend_fail(&fake, 2, 0);
	assert_int_equal(install(&pair, NULL), SDESP_ERR_BACKEND);
	assert_int_equal(pair.parts, SDESP_PAIR_POLICY);
	assert_int_equal(fake_backend_policies(&fake), 1);
	assert_int_equal(fake_backend_sas(&fake), 0);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
}

static void test_retire(void **state)
{
	(void)state;
	for (int other_flow = 0; other_flow < 2; other_flow++) {
		setup(state);
		assert_int_equal(install(&pair, NULL), SDESP_OK);
		assert_int_equal(sdesp_sa_pair_send(&pair, be()), SDESP_OK);
		fill(&newer, 0xc0000020);
		if (other_flow)
			newer.flow.ts[0].protocol = 6;
		fake_backend_fail(&fake, other_flow ? 3 : 2, 0);
		assert_int_equal(install(&newer, &pair), SDESP_ERR_BACKEND);
		assert_int_equal(fake_backend_sas(&fake), 2);
		assert_int_equal(fake_backend_policies(&fake), 1);
		assert_int_equal(
			fake_backend_sends(&fake, &pair.flow), pair.spi_out);
		assert_int_equal(install(&newer, &pair), SDESP_OK);
		assert_int_equal(
			fake_backend_sends(&fake, &pair.flow), pair.spi_out);
		assert_int_equal(sdesp_sa_pair_send(&newer, be()), SDESP_OK);
		assert_int_equal(
			sdesp_sa_pair_retire(&pair, &newer, be()), SDESP_OK);
		assert_int_equal(pair.parts, SDESP_PAIR_IN);
		assert_int_equal(newer.parts,
			SDESP_PAIR_IN | SDESP_PAIR_OUT | SDESP_PAIR_POLICY);
		assert_int_equal(fake_backend_policies(&fake), 1);
		assert_int_equal(
			fake_backend_sends(&fake, &newer.flow), newer.spi_out);
		assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
		assert_int_equal(sdesp_sa_pair_delete(&newer, be()), SDESP_OK);
		assert_int_equal(teardown(state), 0);
	}
}

static void test_move(void **state)
{
	const struct sdesp_addr to = {4, {203, 0, 113, 3}, 9};
	struct sdesp_flow old;

	(void)state;
	assert_int_equal(install(&pair, NULL), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_send(&pair, be()), SDESP_OK);
	old = pair.flow;
	for (unsigned nth = 1; nth <= 3; nth++) {
		fake_backend_fail(&fake, nth, 0);
		assert_int_equal(
			sdesp_sa_pair_move(&pair, be(), &pair.flow.local, &to),
			SDESP_ERR_BACKEND);
		assert_true(sdesp_flow_equal(&pair.flow, &old));
		assert_int_equal(fake_backend_sas(&fake), 2);
		assert_int_equal(fake_backend_policies(&fake), 1);
		assert_int_equal(fake_backend_sends(&fake, &old), pair.spi_out);
	}
	assert_int_equal(
		sdesp_sa_pair_move(&pair, be(), &old.local, &to), SDESP_OK);
	assert_null(fake_backend_policy(&fake, &old));
	assert_non_null(fake_backend_policy(&fake, &pair.flow));
	assert_int_equal(fake_backend_sends(&fake, &pair.flow), 0);

	/* Neither there nor back: what hangs between is deleted. */
	fake_backend_fail(&fake, 3, 1);
	assert_int_equal(
		sdesp_sa_pair_move(&pair, be(), &old.local, &old.remote),
		SDESP_ERR_BACKEND);
	assert_int_equal(pair.parts, SDESP_PAIR_OUT | SDESP_PAIR_POLICY);
	assert_int_equal(fake_backend_sas(&fake), 1);
	assert_int_equal(sdesp_sa_pair_kill(&pair, be()), SDESP_OK);
	assert_int_equal(pair.parts, SDESP_PAIR_POLICY);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
}

/* A failing removal is reported, and removes. */
static void test_delete_fails(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth <= 3; nth++) {
		fill(&pair, 0xc0000010 + 16 * nth);
		assert_int_equal(install(&pair, NULL), SDESP_OK);
		fake_backend_fail(&fake, nth, 0);
		assert_int_equal(
			sdesp_sa_pair_delete(&pair, be()), SDESP_ERR_BACKEND);
		assert_true(fake_backend_empty(&fake));
	}
	fill(&pair, 0xc0000010);
	assert_int_equal(install(&pair, NULL), SDESP_OK);
	fake_backend_vanish(&fake, fake_backend_find(&fake, in.spi, 1));
	assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
}

/* A backend that needs no policies and cannot move. */
static void test_without(void **state)
{
	struct sdesp_backend_class class = *fake.base.vtable;
	const struct sdesp_addr to = {4, {203, 0, 113, 3}, 9};

	(void)state;
	class.policy_set = NULL;
	class.policy_delete = NULL;
	class.sa_move = NULL;
	fake.base.vtable = &class;
	assert_int_equal(install(&pair, NULL), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_send(&pair, be()), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_move(&pair, be(), &pair.flow.local, &to),
		SDESP_ERR_UNSUPPORTED);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be()), SDESP_OK);
	fake.misuse = NULL; /* it missed the policies */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_install_fails),
		TEST(test_blocked_before),
		TEST(test_retire),
		TEST(test_move),
		TEST(test_delete_fails),
		TEST(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
