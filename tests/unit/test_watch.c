/* core/sa/watch.c: silence of an address. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_watch.h"

static const struct sdesp_addr there = {4, {192, 0, 2, 1}, 4500};
static const struct sdesp_addr elsewhere = {4, {192, 0, 2, 9}, 4500};

/* The quiet_ms of the MOVED event that a packet from elsewhere raises. */
static uint32_t quiet_of(struct sdesp_watch *w, uint64_t now_ms)
{
	struct sdesp_backend_event ev;

	sdesp_watch_heard(w, &there, 1, &elsewhere, now_ms);
	do {
		assert_int_equal(sdesp_watch_take(w, &ev), 1);
	} while (ev.type != SDESP_BACKEND_MOVED);
	return ev.quiet_ms;
}

static void test_never_heard(void **state)
{
	struct sdesp_watch w;

	(void)state;
	memset(&w, 0, sizeof w);
	assert_int_equal(quiet_of(&w, 5000), UINT32_MAX);
}

static void test_silence(void **state)
{
	struct sdesp_watch w;

	(void)state;
	memset(&w, 0, sizeof w);
	sdesp_watch_heard(&w, &there, 1, &there, 1000);
	assert_int_equal(quiet_of(&w, 3500), 2500);
}

/* A rekey's SA: the address spoke on the one before. */
static void test_heir(void **state)
{
	struct sdesp_watch w;

	(void)state;
	memset(&w, 0, sizeof w);
	w.heir = 1;
	assert_int_equal(quiet_of(&w, 5000), 0);
	assert_int_equal(quiet_of(&w, 7500), 2500);
	sdesp_watch_heard(&w, &there, 1, &there, 8000);
	assert_int_equal(quiet_of(&w, 8001), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_heard),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_heir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
