/* core/sa/watch.c: what an SA has to tell. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_watch.h"

static const struct sdesp_addr there = {4, {192, 0, 2, 1}, 4500};
static const struct sdesp_addr elsewhere = {4, {192, 0, 2, 9}, 4500};

static struct sdesp_watch one, two;
static struct sdesp_silence silence;

static int reset(void **state)
{
	(void)state;
	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	memset(&silence, 0, sizeof silence);
	return 0;
}

static void hear(
	struct sdesp_watch *w, const struct sdesp_addr *from, uint64_t now_ms)
{
	sdesp_watch_heard(w, &silence, &there, 1, from, now_ms);
}

static uint32_t quiet_of(struct sdesp_watch *w, struct sdesp_silence *s,
	const struct sdesp_addr *remote)
{
	struct sdesp_backend_event ev;

	do {
		assert_int_equal(sdesp_watch_take(w, s, remote, &ev), 1);
	} while (ev.type != SDESP_BACKEND_MOVED);
	assert_true(sdesp_addr_equal(&ev.addr, &w->seen));
	return ev.quiet_ms;
}

/* The quiet_ms of the MOVED event that a packet from elsewhere raises. */
static uint32_t away(struct sdesp_watch *w, uint64_t now_ms)
{
	hear(w, &elsewhere, now_ms);
	return quiet_of(w, &silence, &there);
}

static void test_silence(void **state)
{
	(void)state;
	assert_int_equal(away(&one, 5000), UINT32_MAX);
	hear(&one, &there, 6000);
	assert_int_equal(away(&one, 8500), 2500);
	hear(&one, &elsewhere, 9000);
	hear(&one, &there, 9001); /* before anybody asked */
	assert_int_equal(quiet_of(&one, &silence, &there), 0);
}

/* A rekey has two SAs: what one hears counts for the other. */
static void test_shared(void **state)
{
	(void)state;
	hear(&one, &there, 1000);
	assert_int_equal(away(&two, 1700), 700);
	hear(&two, &there, 3000);
	hear(&one, &there, 2999); /* order of SAs, not of time */
	assert_int_equal(away(&one, 3100), 100);
}

/* What was heard at the new address before the move is heard of it. */
static void test_follow(void **state)
{
	struct sdesp_backend_event ev;

	(void)state;
	hear(&one, &there, 1000);
	hear(&one, &elsewhere, 4000);
	hear(&two, &there, 1100);
	sdesp_watch_follow(&one, &silence, &there, &elsewhere);
	sdesp_watch_follow(&two, &silence, &there, &elsewhere);
	assert_int_equal(one.events & 1 << SDESP_BACKEND_MOVED, 0);
	sdesp_watch_heard(&two, &silence, &elsewhere, 1, &there, 4300);
	assert_int_equal(quiet_of(&two, &silence, &elsewhere), 300);

	/* To where nobody was heard. */
	sdesp_watch_follow(&one, &silence, &elsewhere, &there);
	sdesp_watch_heard(&one, &silence, &there, 1, &elsewhere, 5000);
	assert_int_equal(quiet_of(&one, &silence, &there), UINT32_MAX);
	sdesp_watch_follow(&one, &silence, &there, &there);
	while (sdesp_watch_take(&one, &silence, &there, &ev) == 1)
		;
}

/* An SA that stayed behind neither keeps the new address alive nor moves. */
static void test_left_behind(void **state)
{
	(void)state;
	hear(&one, &elsewhere, 1000);
	sdesp_watch_follow(&one, &silence, &there, &elsewhere);
	hear(&two, &there, 3000);
	sdesp_watch_heard(&one, &silence, &elsewhere, 1, &there, 3500);
	assert_int_equal(quiet_of(&one, &silence, &elsewhere), 2500);
	assert_int_equal(away(&two, 9000), 0);
}

/* Of a flow without a policy nobody is said to be silent. */
static void test_no_policy(void **state)
{
	(void)state;
	sdesp_watch_heard(&one, NULL, &there, 1, &there, 1000);
	sdesp_watch_heard(&one, NULL, &there, 1, &elsewhere, 9000);
	assert_int_equal(quiet_of(&one, NULL, &there), 0);
}

static void test_old_number(void **state)
{
	struct sdesp_backend_event ev;

	(void)state;
	sdesp_watch_heard(&one, &silence, &there, 0, &elsewhere, 9000);
	assert_int_equal(sdesp_watch_take(&one, &silence, &there, &ev), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_USED);
	assert_int_equal(sdesp_watch_take(&one, &silence, &there, &ev), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_silence, reset),
		cmocka_unit_test_setup(test_shared, reset),
		cmocka_unit_test_setup(test_follow, reset),
		cmocka_unit_test_setup(test_left_behind, reset),
		cmocka_unit_test_setup(test_no_policy, reset),
		cmocka_unit_test_setup(test_old_number, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
