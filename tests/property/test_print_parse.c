/* What is printed is read back as it was, for many random values.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_attr.h"
#include "tests/support/dice.h"

/* The attribute behind "a=name:", without its CRLF. */
static struct sdesp_attr printed(const struct sdesp_text *text)
{
	struct sdesp_attr attr;
	const char *colon = memchr(text->buf, ':', text->len);

	assert_int_equal(text->status, SDESP_OK);
	assert_non_null(colon);
	assert_memory_equal(text->buf + text->len - 2, "\r\n", 2);
	memset(&attr, 0, sizeof attr);
	attr.value.p = colon + 1;
	attr.value.len = text->len - 2 - (size_t)(colon + 1 - text->buf);
	return attr;
}

static void test_crypto_round_trip(void **state)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz-.0123456789_!~"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct dice dice = {4};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct sdesp_attr_crypto in, out;
		struct sdesp_text text;
		struct sdesp_attr attr;
		char buf[300];

		memset(&in, 0, sizeof in);
		in.tag = (uint32_t)(1 + dice_below(&dice, 999999999));
		in.suite =
			(uint8_t)(1 + dice_below(&dice, SDESP_SUITE_END - 1));
		in.method = (uint8_t)(1 + dice_below(&dice, 2));
		in.esn = (uint8_t)dice_below(&dice, 2);
		dice_fill(&dice, in.key, sizeof in.key);
		in.life = dice_next(&dice) >> (dice_below(&dice, 41) + 23);
		if (dice_below(&dice, 3) == 0)
			in.life = (uint64_t)1 << dice_below(&dice, 41);
		if (in.life > (in.esn ? (uint64_t)1 << 40 : 4294967296u))
			in.life = 0;
		if (dice_below(&dice, 2) == 0) {
			in.psk.p = names + dice_below(&dice, 3);
			in.psk.len = 1 + dice_below(&dice, 64);
		}
		in.window = (uint32_t)dice_below(&dice, 1000000000);
		in.seconds = (uint32_t)dice_below(&dice, 3);
		sdesp_text_init(&text, buf, sizeof buf);
		sdesp_attr_crypto_print(&text, &in);
		attr = printed(&text);
		assert_int_equal(sdesp_attr_crypto_parse(&out, &attr, NULL), 0);
		assert_true(sdesp_span_is(in.psk, "") ==
			    sdesp_span_is(out.psk, ""));
		assert_int_equal(in.psk.len, out.psk.len);
		if (in.psk.len > 0)
			assert_memory_equal(in.psk.p, out.psk.p, in.psk.len);
		out.psk = in.psk;
		assert_memory_equal(&in, &out, sizeof in);
	}
}

static void random_side(
	struct dice *dice, struct sdesp_ts_side *side, int remote, int family)
{
	unsigned bits;

	side->hi = UINT16_MAX;
	switch (dice_below(dice, 3)) {
	case 0:
		side->kind = remote ? SDESP_TS_PEER : SDESP_TS_SELF;
		return;
	case 1:
		side->kind = SDESP_TS_ANY;
		return;
	default:
		break;
	}
	side->kind = SDESP_TS_PREFIX;
	side->family = (uint8_t)family;
	bits = (unsigned)dice_below(dice, family == 4 ? 33 : 129);
	side->prefix_len = (uint8_t)bits;
	for (unsigned i = 0; i < bits; i++)
		side->ip[i / 8] |=
			(uint8_t)(dice_below(dice, 2) << (7 - i % 8));
}

static void test_ts_round_trip(void **state)
{
	static const uint8_t with_ports[] = {6, 17, 33, 132, 136};
	struct dice dice = {5};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct sdesp_ts in, out;
		struct sdesp_text text;
		struct sdesp_attr attr;
		char buf[300];
		int family = dice_below(&dice, 2) ? 4 : 6;

		memset(&in, 0, sizeof in);
		random_side(&dice, &in.local, 0, family);
		random_side(&dice, &in.remote, 1, family);
		in.protocol = (uint16_t)dice_below(&dice, 257);
		if (dice_below(&dice, 2) == 0) {
			in.protocol = with_ports[dice_below(&dice, 5)];
			in.local.hi = (uint16_t)dice_next(&dice);
			in.local.lo = (uint16_t)dice_below(
				&dice, (size_t)in.local.hi + 1);
			in.remote.lo = in.remote.hi =
				(uint16_t)dice_next(&dice);
		}
		sdesp_text_init(&text, buf, sizeof buf);
		sdesp_attr_ts_print(&text, &in);
		attr = printed(&text);
		memset(&out, 0, sizeof out);
		assert_int_equal(sdesp_attr_ts_parse(&out, &attr, NULL), 0);
		assert_memory_equal(&in, &out, sizeof in);
	}
}

static void test_esp_round_trip(void **state)
{
	struct dice dice = {6};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct sdesp_attr_esp in = {0, 0}, out;
		struct sdesp_text text;
		struct sdesp_attr attr;
		char buf[64];

		in.spi = 256 + (uint32_t)dice_below(&dice, 0xffffff00);
		in.port = (uint16_t)dice_next(&dice);
		sdesp_text_init(&text, buf, sizeof buf);
		sdesp_attr_esp_print(&text, &in);
		attr = printed(&text);
		assert_int_equal(sdesp_attr_esp_parse(&out, &attr, NULL), 0);
		assert_int_equal(in.spi, out.spi);
		assert_int_equal(in.port, out.port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crypto_round_trip),
		cmocka_unit_test(test_ts_round_trip),
		cmocka_unit_test(test_esp_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
