/*
 * The life cycle under any order of events: three sessions, a signalling
 * channel that loses, repeats, reorders, damages and forks, time that jumps,
 * backends and random sources that fail (tests/support/world.h).
 * SPDX-License-Identifier: MIT
 *
 * Environment: SDESP_HISTORIES (how many), SDESP_SEED (the first).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "tests/support/world.h"

#define STEPS 60
#define HISTORIES 4000
#define SECONDS_AT_MOST 15

static void step(void)
{
	struct world_end *e = &world.end[world_below(WORLD_ENDS)];
	size_t what = world_below(40);

	if (what < 22)
		world_signal();
	else if (what < 26)
		world_offer(e, 0);
	else if (what < 28)
		world_offer(e, 1);
	else if (what < 32)
		world_pass_time();
	else if (what < 35)
		world_upset(e);
	else if (what < 36)
		fake_backend_fail(&e->backend, 1 + (unsigned)world_below(8),
			(unsigned)world_below(3));
	else if (what < 37)
		e->random_fails = 1 + (int)world_below(6);
	else if (what < 38)
		sdesp_session_fail(&e->session, world.now_ms);
	else if (what < 39)
		world_count(sdesp_session_confirm(&e->session, world.now_ms));
	else if (world_below(4) == 0) {
		world_close(e);
		world_begin_end(e->id);
	}
	world_hear(e);
	world_check();
}

static void end_world(void)
{
	for (unsigned i = 0; i < WORLD_ENDS; i++)
		world_close(&world.end[i]);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

static void test_random_histories(void **state)
{
	unsigned long n = setting("SDESP_HISTORIES", 0);
	unsigned long first = setting("SDESP_SEED", 1);
	time_t until = time(NULL) + SECONDS_AT_MOST;
	unsigned long i;

	(void)state;
	world.phase = "random history";
	for (i = 0; i < (n ? n : HISTORIES); i++) {
		if (!n && time(NULL) >= until)
			break;
		world_begin(first + i);
		for (unsigned s = 0; s < STEPS; s++)
			step();
		end_world();
	}
	print_message("%lu histories, %u agreements, %u rekeys, %u calls "
		      "refused\n",
		i, world.agreed, world.rekeyed, world.failed_calls);
	assert_true(world.agreed > i && world.rekeyed > 0 &&
		    world.failed_calls > 0);
}

static void settle_one(void)
{
	struct world_message m = world.queue[0];

	world.nqueue--;
	memmove(&world.queue[0], &world.queue[1],
		world.nqueue * sizeof world.queue[0]);
	world_deliver(&m);
	world_check();
}

/* Deliver all that is waiting, in order. */
static void settle(void)
{
	while (world.nqueue > 0)
		settle_one();
}

static void offer_to(struct world_end *e, int refresh)
{
	char buf[WORLD_TEXT];
	struct sdesp_text text;

	sdesp_text_init(&text, buf, sizeof buf);
	if ((refresh ? sdesp_session_refresh(
			       &e->session, &e->local, world.now_ms, &text)
		     : sdesp_session_offer(&e->session, &e->local, world.now_ms,
			       &text)) == SDESP_OK)
		world_post(WORLD_OFFER, e->id, 1 - e->id, &text);
	world_check();
	settle();
}

static void wait_ms(uint64_t ms)
{
	world.now_ms += ms;
	for (unsigned i = 0; i < 2; i++)
		(void)sdesp_session_tick(&world.end[i].session, world.now_ms);
	world_check();
	settle();
}

/* Call, rekeys from both sides, drain, a moved address, expiry, BYE. */
static void short_history(void)
{
	offer_to(&world.end[0], 0);
	offer_to(&world.end[0], 0);
	wait_ms(2500);
	wait_ms(61000);
	offer_to(&world.end[1], 0);
	wait_ms(2500);
	world.end[1].local.addr.port = 4600;
	offer_to(&world.end[1], 1);
	wait_ms(100000000);
	offer_to(&world.end[0], 0);
	wait_ms(2500);
	world_check();
	end_world();
}

static void test_every_backend_call_fails(void **state)
{
	unsigned n;

	(void)state;
	world.phase = "the n-th backend call fails";
	for (unsigned e = 0; e < 2; e++) {
		for (n = 1; n < 200; n++) {
			world_begin(n);
			fake_backend_fail(&world.end[e].backend, n, 0);
			short_history();
			if (!world_has_failed(&world.end[e]))
				break;
		}
		assert_in_range(n, 10, 199);
	}
}

static void test_every_draw_fails(void **state)
{
	unsigned n;

	(void)state;
	world.phase = "the n-th draw of random octets fails";
	for (unsigned e = 0; e < 2; e++) {
		for (n = 1; n < 100; n++) {
			world_begin(n);
			world.end[e].random_fails = (int)n;
			short_history();
			if (world.end[e].random_fails > 0)
				break;
		}
		assert_in_range(n, 3, 99);
	}
}

/* A 183 from one branch, a 200 from another, the first one's 200 late. */
static void fork_history(unsigned nth)
{
	struct world_message answer[2];
	char buf[WORLD_TEXT];
	struct sdesp_text text;

	sdesp_text_init(&text, buf, sizeof buf);
	WORLD_HOLDS(sdesp_session_offer(&world.end[0].session,
			    &world.end[0].local, world.now_ms, &text) == 0);
	for (unsigned i = 0; i < 2; i++) {
		world.nqueue = 0;
		world_post(WORLD_OFFER, 0, i + 1, &text);
		settle_one();
		answer[i] = world.queue[world.nqueue - 1];
		answer[i].kind = i == 0 ? WORLD_ANSWER : WORLD_FINAL;
	}
	world.nqueue = 0;
	world_deliver(&answer[0]);
	world_check();
	fake_backend_fail(&world.end[0].backend, nth, 0);
	world_deliver(&answer[1]);
	world_check();
	for (unsigned i = 0; i < 4; i++) {
		answer[0].kind = i % 2 ? WORLD_FINAL : WORLD_ANSWER;
		world_deliver(&answer[i / 2]);
		world_check();
	}
	end_world();
}

static void test_every_call_of_a_fork_fails(void **state)
{
	unsigned n;

	(void)state;
	world.phase = "the n-th backend call of a fork fails";
	for (n = 1; n < 100; n++) {
		world_begin(n);
		fork_history(n);
		if (!world.end[0].failed)
			break;
	}
	assert_in_range(n, 4, 99);
}

/* Nothing fails: the history does what it says. */
static void test_short_history(void **state)
{
	unsigned before;

	(void)state;
	world.phase = "nothing fails";
	world_begin(7);
	before = world.agreed;
	short_history();
	assert_true(world.agreed > before + 10);
	assert_int_equal(world.ninstalled, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_history),
		cmocka_unit_test(test_every_backend_call_fails),
		cmocka_unit_test(test_every_draw_fails),
		cmocka_unit_test(test_every_call_of_a_fork_fails),
		cmocka_unit_test(test_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
