/* The suite table and packet sizes. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_sa.h"

/* SPEC 13.3. */
static void test_table(void **state)
{
	static const struct {
		const char *name;
		unsigned keymat, iv, icv, align, strength;
		uint64_t failures;
	} rows[] = {
		{"AES_128_GCM_16", 20, 8, 16, 4, SDESP_STRENGTH_128,
			(uint64_t)1 << 36},
		{"AES_256_GCM_16", 36, 8, 16, 4, SDESP_STRENGTH_256,
			(uint64_t)1 << 36},
		{"CHACHA20_POLY1305", 36, 8, 16, 4, SDESP_STRENGTH_256,
			(uint64_t)1 << 36},
		{"AES_128_GCM_16_IIV", 20, 0, 16, 4, SDESP_STRENGTH_128,
			(uint64_t)1 << 36},
		{"AES_256_GCM_16_IIV", 36, 0, 16, 4, SDESP_STRENGTH_256,
			(uint64_t)1 << 36},
		{"CHACHA20_POLY1305_IIV", 36, 0, 16, 4, SDESP_STRENGTH_256,
			(uint64_t)1 << 36},
		{"AES_128_CCM_8", 19, 8, 8, 4, SDESP_STRENGTH_SHORT_ICV,
			(uint64_t)1 << 20},
		{"AES_128_CBC_HMAC_SHA2_256_128", 64, 16, 16, 16,
			SDESP_STRENGTH_128, (uint64_t)1 << 36},
		{"AES_256_CBC_HMAC_SHA2_256_128", 80, 16, 16, 16,
			SDESP_STRENGTH_256, (uint64_t)1 << 36},
		{"NULL_HMAC_SHA2_256_128", 32, 0, 16, 4, SDESP_STRENGTH_NULL,
			(uint64_t)1 << 36},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct sdesp_suite *s = sdesp_suite_by_id(i + 1);

		assert_non_null(s);
		assert_int_equal(s->id, i + 1);
		assert_string_equal(s->name, rows[i].name);
		assert_int_equal(s->keymat_len, rows[i].keymat);
		assert_int_equal(s->keymat_len,
			s->key_len + s->salt_len + s->auth_len + s->kiv_len);
		assert_in_range(s->keymat_len, 1, SDESP_KEYMAT_MAX);
		assert_int_equal(s->iv_len, rows[i].iv);
		assert_int_equal(s->icv_len, rows[i].icv);
		assert_int_equal(s->align, rows[i].align);
		assert_int_equal(s->strength, rows[i].strength);
		assert_true(s->max_icv_failures == rows[i].failures);
		assert_ptr_equal(
			sdesp_suite_by_name(s->name, strlen(s->name)), s);
	}
	assert_int_equal(sizeof rows / sizeof rows[0], SDESP_SUITE_END - 1);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_null(sdesp_suite_by_id(SDESP_SUITE_NONE));
	assert_null(sdesp_suite_by_id(SDESP_SUITE_END));
	assert_null(sdesp_suite_by_id((unsigned)-1));
	assert_null(sdesp_suite_by_name("AES_128_GCM_16", 13));
	assert_null(sdesp_suite_by_name("AES_128_GCM_16x", 15));
	assert_null(sdesp_suite_by_name("aes_128_gcm_16", 14));
	assert_null(sdesp_suite_by_name("", 0));
	assert_ptr_equal(sdesp_suite_by_name("AES_128_GCM_16_IIV", 14),
		sdesp_suite_by_id(SDESP_AES_128_GCM_16));
}

/* Overhead against SPEC 8.1 in plain words, payload as its inverse. */
static void test_sizes(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		const struct sdesp_suite *s = sdesp_suite_by_id(id);

		for (size_t len = 0; len < 200; len++) {
			size_t n = len + 2;

			while (n % s->align != 0)
				n++;
			assert_int_equal(sdesp_suite_overhead(s, len),
				8 + s->iv_len + n - len + s->icv_len);
		}
		for (size_t mtu = 0; mtu < 1600; mtu++) {
			size_t len = sdesp_suite_payload(s, mtu);

			if (len > 0)
				assert_in_range(
					len + sdesp_suite_overhead(s, len), 1,
					mtu);
			assert_true(len + 1 + sdesp_suite_overhead(s, len + 1) >
				    mtu);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
