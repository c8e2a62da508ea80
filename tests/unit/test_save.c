/* A session as octets and back. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/support/dice.h"

static struct end a, b;
static uint8_t blob[4096];
static size_t len;

static int setup(void **state)
{
	(void)state;
	end_init(&a, "192.0.2.10", 4500, 1);
	end_init(&b, "198.51.100.20", 4501, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)sdesp_session_close(&a.session);
	(void)sdesp_session_close(&b.session);
	return a.backend.misuse != NULL || b.backend.misuse != NULL ||
	       !fake_backend_empty(&a.backend) ||
	       !fake_backend_empty(&b.backend);
}

static int load(struct end *e, const uint8_t *p, size_t n)
{
	return sdesp_session_load(
		&e->session, &e->policy, &e->backend.base, &e->port.port, p, n);
}

/* Save, forget, load; and what is saved then is the same. */
static void restart(struct end *e)
{
	static uint8_t again[sizeof blob];
	size_t n = sizeof again;

	len = sizeof blob;
	assert_int_equal(sdesp_session_save(&e->session, blob, &len), SDESP_OK);
	memset(&e->session, 0xa5, sizeof e->session);
	assert_int_equal(load(e, blob, len), SDESP_OK);
	assert_int_equal(sdesp_session_save(&e->session, again, &n), SDESP_OK);
	assert_int_equal(n, len);
	assert_memory_equal(again, blob, len);
}

/* Both ends restart between any two messages. */
static void test_restarts(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		restart(&a);
		assert_int_equal(end_offer(&a, 0), SDESP_OK);
		restart(&a);
		restart(&b);
		assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
		restart(&b);
		assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
		restart(&a);
		assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
		restart(&a);
		assert_int_equal(sdesp_session_confirm(&b.session, 0), 0);
		restart(&b);
		(void)sdesp_session_tick(&b.session, 2000);
		assert_true(agreed(&a, &b));
		restart(&b);
		assert_true(end_saw(&b,
			round == 0 ? SDESP_EV_ESTABLISHED : SDESP_EV_REKEYED));
		assert_int_equal(end_refresh(&b, 0), SDESP_OK);
		restart(&b);
		assert_int_equal(end_answer(&a, &b, 0), SDESP_OK);
		assert_int_equal(end_accept(&b, &a, 1, 0), SDESP_OK);
	}
}

static void test_space(void **state)
{
	size_t need = 0;

	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(
		sdesp_session_save(&a.session, blob, &need), SDESP_ERR_SPACE);
	for (size_t cap = 0; cap < need; cap += 101) {
		len = cap;
		assert_int_equal(sdesp_session_save(&a.session, blob, &len),
			SDESP_ERR_SPACE);
		assert_int_equal(len, need);
		assert_true(cap == 0 || blob[0] == 0);
	}
	len = need;
	assert_int_equal(sdesp_session_save(&a.session, blob, &len), SDESP_OK);
	assert_int_equal(sdesp_session_close(&b.session), SDESP_OK);
	assert_int_equal(
		sdesp_session_save(&b.session, blob, &len), SDESP_ERR_STATE);
}

static void test_damaged(void **state)
{
	static uint8_t bad[sizeof blob];

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	len = sizeof blob;
	assert_int_equal(sdesp_session_save(&a.session, blob, &len), SDESP_OK);
	memcpy(bad, blob, len);
	for (size_t n = 0; n < len; n += 13) {
		assert_int_equal(load(&a, bad, n), SDESP_ERR_SYNTAX);
		assert_int_equal(a.session.state, SDESP_CLOSED);
	}
	assert_int_equal(load(&a, bad, len + 1), SDESP_ERR_SYNTAX);
	for (size_t i = 0; i < len; i++) {
		bad[i] ^= 0x10;
		assert_int_equal(load(&a, bad, len), SDESP_ERR_SYNTAX);
		bad[i] ^= 0x10;
	}
	assert_int_equal(load(&a, bad, len), SDESP_OK);
}

/* Octets of ill will, with a right hash: never out of range. */
static void test_malicious(void **state)
{
	const struct sdesp_kex_class *kex = &sdesp_bearssl_kex;
	static uint8_t bad[sizeof blob];
	struct dice dice = {7};
	unsigned loaded = 0;
	struct end e;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	len = sizeof blob;
	assert_int_equal(sdesp_session_save(&a.session, blob, &len), SDESP_OK);
	for (int i = 0; i < 20000; i++) {
		struct sdesp_hash h;

		memcpy(bad, blob, len);
		for (size_t n = dice_below(&dice, 3); n < 3; n++)
			bad[dice_below(&dice, len - 32)] =
				(uint8_t)dice_next(&dice);
		kex->hash_init(&h);
		kex->hash_update(&h, bad, len - 32);
		kex->hash_final(&h, bad + len - 32);
		end_init(&e, "192.0.2.10", 4500, 1);
		if (load(&e, bad, len) != SDESP_OK)
			continue;
		loaded++;
		(void)end_accept(&e, &b, 1, 0);
		(void)end_refresh(&e, 0);
		(void)end_offer(&e, 0);
		(void)end_answer(&e, &b, 0);
		(void)end_info(&e);
		(void)end_saw(&e, 0);
		(void)sdesp_session_tick(&e.session, 100000000);
		(void)sdesp_session_close(&e.session);
	}
	assert_in_range(loaded, 100, 19000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restarts),
		TEST(test_space),
		TEST(test_damaged),
		TEST(test_malicious),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
