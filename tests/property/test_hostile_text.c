/*
 * Every reader of text, over every prefix of good texts and many damaged
 * ones, between pages that cannot be touched; and whatever is refused says
 * where and why. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/ct.h"
#include "sdesp_attr.h"
#include "tests/support/bodies.h"
#include "tests/support/dice.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const values[] = {
	"1 AES_256_GCM_16 x25519:" BODIES_KEY_A "|2^31 ESN PSK=lab-7",
	"42\tCHACHA20_POLY1305  inline:" BODIES_KEY_B "|77 WSH=64 -LTS=90",
	"spi=c3f1a2b4;port=40000;x-mtu=1400;x-flag",
	"17 self any peer 40000-40010",
	"any 2001:db8::/32 any 64:ff9b::192.0.2.0/120 any",
	"00112233445566778899aabbccddeeff",
};

/* A refusal names a place in the value and says what is wrong there. */
static void check_why(const struct sdesp_why *why, int status, size_t len)
{
	assert_int_equal(why->status, status);
	assert_true(status <= -20 && status > -60);
	assert_int_equal(why->line, 3);
	assert_true(why->column >= 5 && why->column <= 5 + len);
	assert_non_null(why->what);
}

static void read_value(const char *text, size_t len)
{
	struct sdesp_attr attr = {{"x", 1}, {text, len}, 3, 5};
	struct sdesp_attr_crypto line;
	struct sdesp_attr_esp esp;
	struct sdesp_ts ts;
	struct sdesp_addr addr;
	struct sdesp_why why;
	uint8_t confirm[16];
	int status = sdesp_attr_crypto_parse(&line, &attr, &why);

	if (status != SDESP_OK) {
		check_why(&why, status, len);
		assert_true(sdesp_ct_zero(line.key, sizeof line.key));
	} else {
		assert_non_null(sdesp_suite_by_id(line.suite));
		assert_true(line.tag > 0);
	}
	status = sdesp_attr_esp_parse(&esp, &attr, &why);
	if (status != SDESP_OK)
		check_why(&why, status, len);
	else
		assert_true(esp.spi >= SDESP_SPI_MIN);
	status = sdesp_attr_ts_parse(&ts, &attr, &why);
	if (status != SDESP_OK)
		check_why(&why, status, len);
	else
		assert_true(ts.local.lo <= ts.local.hi);
	status = sdesp_attr_confirm_parse(confirm, &attr, &why);
	if (status != SDESP_OK)
		check_why(&why, status, len);
	assert_true(sdesp_addr_parse(&addr, text, len) <= 0);
}

static void read_text(const char *body, size_t len)
{
	struct sdesp_sdp sdp;
	struct sdesp_section section;
	struct sdesp_desc desc;
	struct sdesp_text text;
	struct sdesp_why why;
	static char form[GUARD_MAX];
	int found, status;

	sdesp_sdp_init(&sdp, body, len);
	while ((found = sdesp_sdp_next(&sdp, &section, &why)) != 0) {
		if (found < 0) {
			assert_int_equal(found, SDESP_ERR_SYNTAX);
			assert_true(why.line > 0 && why.column > 0);
			continue;
		}
		memset(&why, 0, sizeof why);
		status = sdesp_desc_read(&desc, &section, &why);
		assert_int_equal(why.status, status);
		if (status != SDESP_OK) {
			assert_true(why.line >= section.line);
			assert_true(why.column > 0);
			assert_non_null(why.what);
			assert_true(sdesp_ct_zero(&desc, sizeof desc));
		}
		sdesp_text_init(&text, form, sizeof form);
		sdesp_canon_print(&text, &section);
		assert_int_equal(text.status, SDESP_OK);
	}
}

static void read_both(const char *text, size_t len,
	void (*read)(const char *text, size_t len))
{
	read(guard_end(text, len), len);
	read(guard_start(text, len), len);
}

static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		for (size_t len = 0; len <= strlen(values[i]); len++)
			read_both(values[i], len, read_value);
	}
	for (size_t i = 0; i < COUNT(sdp_bodies); i++) {
		for (size_t len = 0; len <= strlen(sdp_bodies[i].text); len++)
			read_both(sdp_bodies[i].text, len, read_text);
	}
}

static void test_damaged(void **state)
{
	struct dice dice = {7};
	char buf[8192];

	(void)state;
	for (int n = 0; n < 100000; n++) {
		const char *value = values[(size_t)n % COUNT(values)];
		size_t len = strlen(value);

		memcpy(buf, value, len);
		dice_mutate(&dice, buf, &len);
		read_both(buf, len, read_value);
	}
	for (int n = 0; n < 20000; n++) {
		const char *body =
			sdp_bodies[(size_t)n % COUNT(sdp_bodies)].text;
		size_t len = strlen(body);

		assert_true(len + 4 <= sizeof buf);
		memcpy(buf, body, len);
		dice_mutate(&dice, buf, &len);
		read_both(buf, len, read_text);
	}
}

/* No text at all but octets: nothing of it is ours. */
static void test_noise(void **state)
{
	struct dice dice = {8};
	char buf[512];

	(void)state;
	for (int n = 0; n < 20000; n++) {
		size_t len = dice_below(&dice, sizeof buf + 1);

		dice_fill(&dice, buf, len);
		read_both(buf, len, read_value);
		read_both(buf, len, read_text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
