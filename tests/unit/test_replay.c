/*
 * The window against a model too plain to be wrong: a table of which of the
 * last numbers were accepted. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_esp.h"
#include "tests/support/dice.h"

#define SPAN 8192 /* more than any window */

/* seen[n % SPAN] = n for every number accepted. Number 0 never is. */
struct model {
	uint64_t top, size;
	uint64_t seen[SPAN];
};

static int model_takes(const struct model *m, uint64_t seq)
{
	if (seq == 0)
		return 0;
	if (seq > m->top)
		return 1;
	return m->top - seq < m->size && m->seen[seq % SPAN] != seq;
}

static void model_mark(struct model *m, uint64_t seq)
{
	m->seen[seq % SPAN] = seq;
	if (seq > m->top)
		m->top = seq;
}

/* Look at a number, and accept it in most cases, in both. */
static void step(struct sdesp_replay *r, struct model *m, uint64_t seq,
	struct dice *dice)
{
	int status = sdesp_replay_check(r, seq);

	if (status != (model_takes(m, seq) ? SDESP_OK : SDESP_ERR_REPLAY))
		fail_msg("size %u, top %llx: number %llx", (unsigned)m->size,
			(unsigned long long)m->top, (unsigned long long)seq);
	if (status == SDESP_OK && dice_below(dice, 8) != 0) {
		sdesp_replay_commit(r, seq);
		model_mark(m, seq);
		assert_int_equal(sdesp_replay_check(r, seq), SDESP_ERR_REPLAY);
	}
	assert_true(r->top == m->top);
}

static uint64_t down(uint64_t seq, uint64_t n)
{
	return seq > n ? seq - n : 0;
}

/* A number near the window, seldom far away. A step past the end of all
 * numbers gives a small one, which is old. */
static uint64_t pick(const struct model *m, struct dice *dice)
{
	uint64_t far = (uint64_t)1 << dice_below(dice, 40);
	size_t size = (size_t)m->size;

	switch (dice_below(dice, 64)) {
	case 0:
		return m->top > UINT64_MAX / 2 ? m->top - far : m->top + far;
	case 1:
		return m->top + dice_below(dice, 2 * size);
	case 2:
		return dice_below(dice, 4);
	case 3:
	case 4:
	case 5:
	case 6:
		return down(m->top, size + 1 - dice_below(dice, 4));
	case 7:
	case 8:
	case 9:
	case 10:
		return m->top + 1 + dice_below(dice, 4);
	default:
		return down(m->top, dice_below(dice, size));
	}
}

static void walk(unsigned size, uint64_t start, unsigned steps, uint64_t seed)
{
	static struct model m;
	struct sdesp_replay r;
	struct dice dice = {seed};

	memset(&m, 0, sizeof m);
	m.size = size;
	assert_int_equal(sdesp_replay_init(&r, size), SDESP_OK);
	if (start != 0) {
		sdesp_replay_commit(&r, start);
		model_mark(&m, start);
	}
	for (unsigned i = 0; i < steps; i++)
		step(&r, &m, pick(&m, &dice), &dice);
}

static void test_random_walks(void **state)
{
	static const unsigned sizes[] = {
		32, 33, 63, 64, 65, 100, 127, 128, 1000, 1024, 4095, 4096};
	static const uint64_t starts[] = {0, 1, 5000,
		UINT64_C(0x100000000) - 3000, UINT64_C(0x7ffffffff000),
		UINT64_C(0x8000000000000000) - 2000, UINT64_MAX - 3000};
	uint64_t seed = 1;

	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (size_t t = 0; t < sizeof starts / sizeof starts[0]; t++)
			for (unsigned i = 0; i < 5; i++)
				walk(sizes[s], starts[t], 12000, seed++);
}

/* The last number of all is accepted once. */
static void test_end(void **state)
{
	struct sdesp_replay r;

	(void)state;
	assert_int_equal(sdesp_replay_init(&r, 64), SDESP_OK);
	sdesp_replay_commit(&r, UINT64_MAX - 1);
	assert_int_equal(sdesp_replay_check(&r, UINT64_MAX), SDESP_OK);
	sdesp_replay_commit(&r, UINT64_MAX);
	assert_int_equal(sdesp_replay_check(&r, UINT64_MAX), SDESP_ERR_REPLAY);
	assert_int_equal(
		sdesp_replay_check(&r, UINT64_MAX - 1), SDESP_ERR_REPLAY);
	assert_int_equal(sdesp_replay_check(&r, UINT64_MAX - 63), SDESP_OK);
	assert_int_equal(
		sdesp_replay_check(&r, UINT64_MAX - 64), SDESP_ERR_REPLAY);
}

/* wireguard-lwip accepted this: a 32-bit difference. */
static void test_old_by_2_to_32(void **state)
{
	struct sdesp_replay r;

	(void)state;
	assert_int_equal(sdesp_replay_init(&r, 64), SDESP_OK);
	sdesp_replay_commit(&r, UINT64_C(0x200000100));
	for (uint64_t back = 0; back < 200; back++)
		assert_int_equal(
			sdesp_replay_check(&r, UINT64_C(0x100000100) - back),
			SDESP_ERR_REPLAY);

	/* Marking what is out of the window changes nothing. */
	sdesp_replay_commit(&r, UINT64_C(0x1000000f8));
	assert_int_equal(
		sdesp_replay_check(&r, UINT64_C(0x2000000f8)), SDESP_OK);
}

static void test_sizes(void **state)
{
	struct sdesp_replay r;

	(void)state;
	assert_int_equal(sdesp_replay_init(&r, 31), SDESP_ERR_ARG);
	assert_int_equal(
		sdesp_replay_init(&r, SDESP_MAX_WINDOW + 1), SDESP_ERR_ARG);
	assert_int_equal(sdesp_replay_init(&r, 32), SDESP_OK);
	assert_int_equal(sdesp_replay_init(&r, SDESP_MAX_WINDOW), SDESP_OK);
}

/* RFC 4303 A2.2 as SPEC 8.4 writes it, in signed arithmetic. */
static uint64_t infer_plainly(uint64_t top, int64_t window, int64_t low)
{
	int64_t th = (int64_t)(top >> 32), tl = (int64_t)(top & 0xffffffff);
	int64_t high;

	if (tl >= window - 1)
		high = low >= tl - window + 1 ? th : th + 1;
	else
		high = low >= tl - window + 1 + (INT64_C(1) << 32) ? th - 1
								   : th;
	return high < 0 ? 0 : (uint64_t)high << 32 | (uint64_t)low;
}

static void test_infer(void **state)
{
	struct dice dice = {77};

	(void)state;
	for (unsigned i = 0; i < 2000000; i++) {
		unsigned window = 32 + (unsigned)dice_below(&dice, 4065);
		uint64_t top = dice_below(&dice, 4) << 32;
		uint32_t low = (uint32_t)dice_next(&dice);
		struct sdesp_replay r;

		top += dice_below(&dice, 2) ? (uint32_t)dice_next(&dice)
					    : dice_below(&dice, 8192) - 4096;
		top &= UINT64_C(0xffffffffff);
		if (dice_below(&dice, 2))
			low = (uint32_t)(top - window + dice_below(&dice, 5) -
					 2);
		assert_int_equal(sdesp_replay_init(&r, window), SDESP_OK);
		r.top = top;
		assert_true(sdesp_replay_infer(&r, low) ==
			    infer_plainly(top, window, low));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_walks),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_old_by_2_to_32),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_infer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
