/*
 * Sessions: what backends tell, and what sessions tell. SPEC 9.3.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/unit/session_fixture.h"

static void test_lifetimes(void **state)
{
	const struct fake_sa *sa;
	struct sdesp_session_info info;
	uint64_t due;

	(void)state;
	a.policy.hard.seconds = 1000;
	a.policy.hard.packets = 1000000;
	a.policy.hard.bytes = 5000;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_non_null(strstr(a.text, "|1000001"));
	assert_non_null(strstr(a.text, " -LTS=1000"));
	sa = fake_backend_find(&a.backend, end_info(&a).spi_out, 0);
	assert_int_equal(sa->sa.hard.packets, 1000000);
	assert_in_range(sa->sa.soft.packets, 800000, 950000);
	assert_in_range(sa->sa.soft.bytes, 4000, 4750);
	due = end_info(&a).rekey_ms;
	assert_in_range(due, 800000, 950000);

	/* The other end: the smaller of both, and later. */
	info = end_info(&b);
	assert_int_equal(info.rekey_ms, 970000);
	sa = fake_backend_find(&b.backend, info.spi_in, 1);
	assert_int_equal(sa->sa.hard.packets, UINT32_MAX);
	assert_int_equal(sa->sa.hard.seconds, 1000);
	(void)end_saw(&a, 0);
	assert_int_equal(sdesp_session_tick(&a.session, due - 1), due);
	assert_int_equal(end_event(&a), 0);
	assert_int_equal(sdesp_session_tick(&a.session, due), 1000000);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);
	assert_int_equal(end_event(&a), 0);

	/* Nobody rekeys: nothing is sent, then a rekey revives it. */
	info = end_info(&a);
	(void)sdesp_session_tick(&a.session, 1000000);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&a.backend), 0);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(fake_backend_sends(&a.backend, &info.flow), 0);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_int_equal(end_info(&a).spi_in, 0);
	assert_int_equal(end_refresh(&a, 1000000), SDESP_ERR_STATE);
	assert_int_equal(agree(&a, &b, 1000000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 1002000);
	assert_true(agreed(&a, &b));
}

static void test_backend_limits(void **state)
{
	struct fake_sa *in, *out;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	in = fake_backend_find(&a.backend, end_info(&a).spi_in, 1);
	out = fake_backend_find(&a.backend, end_info(&a).spi_out, 0);
	(void)end_saw(&a, 0);
	fake_backend_raise(&a.backend, out, SDESP_BACKEND_SOFT);
	fake_backend_raise(&a.backend, in, SDESP_BACKEND_SOFT);
	poll_one(&a, 10);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);
	assert_int_equal(end_event(&a), 0);
	fake_backend_raise(&a.backend, in, SDESP_BACKEND_HARD);
	poll_one(&a, 20);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&a.backend), 0);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
}

static void test_lost_events(void **state)
{
	struct fake_sa *sa;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)end_saw(&a, 0);
	sa = fake_backend_find(&a.backend, end_info(&a).spi_in, 1);
	sa->stats.state = SDESP_SA_DYING;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 10);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);

	/* The first packet of a rekey. */
	assert_int_equal(agree(&b, &a, 20), SDESP_OK);
	sa = fake_backend_find(&a.backend, end_info(&b).spi_out, 1);
	sa->stats.packets = 1;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 20);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_true(agreed(&a, &b));
	(void)end_saw(&a, 0);

	sa->stats.state = SDESP_SA_DEAD;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 30);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	sa = fake_backend_find(&b.backend, end_info(&b).spi_in, 1);
	(void)end_saw(&b, 0);
	fake_backend_vanish(&b.backend, sa);
	fake_backend_raise_lost(&b.backend);
	poll_one(&b, 30);
	assert_int_equal(end_event(&b), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&b.backend), 1); /* draining */
}

static void test_events_overflow(void **state)
{
	uint32_t spi;
	unsigned n = 0;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;
	for (unsigned i = 0; i < 2 * SDESP_MAX_EVENTS; i++) {
		struct sdesp_addr addr = elsewhere(40 + i, 7000);

		fake_backend_raise_moved(&b.backend,
			fake_backend_find(&b.backend, spi, 1), &addr, 1);
	}
	poll_one(&b, 0);
	assert_int_equal(end_event(&b), SDESP_EV_ESTABLISHED);
	while (end_event(&b) == SDESP_EV_PEER_ELSEWHERE)
		n++;
	assert_int_equal(n, SDESP_MAX_EVENTS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lifetimes),
		TEST(test_backend_limits),
		TEST(test_lost_events),
		TEST(test_events_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
