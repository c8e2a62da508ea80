/* Reader, writer, base64, spans, statuses. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/ct.h"
#include "base/reader.h"
#include "base/span.h"
#include "base/text.h"
#include "tests/support/dice.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- writer --------------------------------------------------------- */

static void write_everything(struct sdesp_text *text)
{
	static const uint8_t octets[] = {0x00, 0x9f, 0xff};

	sdesp_text_string(text, "a=");
	sdesp_text_char(text, 'x');
	sdesp_text_span(text, sdesp_span_of(":y "));
	sdesp_text_decimal(text, 0);
	sdesp_text_decimal(text, UINT64_MAX);
	sdesp_text_hex(text, octets, sizeof octets);
	sdesp_text_base64(text, octets, 2);
	sdesp_text_newline(text);
}

static const char everything[] = "a=x:y 018446744073709551615009fffAJ8=\r\n";

static void test_text_writes(void **state)
{
	char buf[64];
	struct sdesp_text text;

	(void)state;
	sdesp_text_init(&text, buf, sizeof buf);
	write_everything(&text);
	assert_int_equal(text.status, SDESP_OK);
	assert_int_equal(text.len, strlen(everything));
	assert_memory_equal(buf, everything, text.len);
}

static void test_text_space_sticks(void **state)
{
	size_t full = strlen(everything);

	(void)state;
	for (size_t cap = 0; cap <= full; cap++) {
		char *buf = guard_end(everything, cap);
		struct sdesp_text text;

		memset(buf, '#', cap);
		sdesp_text_init(&text, buf, cap);
		write_everything(&text);
		assert_int_equal(
			text.status, cap < full ? SDESP_ERR_SPACE : SDESP_OK);
		assert_true(text.len <= cap);
		assert_memory_equal(buf, everything, text.len);
		for (size_t i = text.len; i < cap; i++)
			assert_int_equal(buf[i], '#');
		if (cap < full) {
			size_t len = text.len;

			sdesp_text_string(&text, "");
			sdesp_text_char(&text, 'z');
			assert_int_equal(text.len, len);
		}
	}
}

static void test_text_first_failure_stays(void **state)
{
	char buf[4];
	struct sdesp_text text;

	(void)state;
	sdesp_text_init(&text, buf, sizeof buf);
	sdesp_text_fail(&text, SDESP_ERR_ARG);
	sdesp_text_string(&text, "too long for it");
	assert_int_equal(text.status, SDESP_ERR_ARG);
	assert_int_equal(text.len, 0);
}

/* --- base64 --------------------------------------------------------- */

/* RFC 4648 section 10. */
static const char *const rfc4648[] = {
	"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

static void test_base64_rfc4648(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(rfc4648); n++) {
		char text[8];
		uint8_t octets[6];

		assert_int_equal(SDESP_BASE64_LEN(n), strlen(rfc4648[n]));
		sdesp_base64_encode(text, (const uint8_t *)"foobar", n);
		assert_memory_equal(text, rfc4648[n], strlen(rfc4648[n]));
		assert_int_equal(sdesp_base64_decode(
					 octets, n, sdesp_span_of(rfc4648[n])),
			1);
		assert_memory_equal(octets, "foobar", n);
	}
}

static void test_base64_round_trip(void **state)
{
	struct dice dice = {1};

	(void)state;
	for (size_t n = 0; n <= 100; n++) {
		uint8_t in[100], out[100];
		char text[136];
		struct sdesp_span span;

		dice_fill(&dice, in, n);
		sdesp_base64_encode(text, in, n);
		span.len = SDESP_BASE64_LEN(n);
		span.p = guard_end(text, span.len);
		assert_int_equal(sdesp_base64_decode(out, n, span), 1);
		assert_memory_equal(in, out, n);
	}
}

/* Every octet in every place: only the alphabet, and at the end only what
 * leaves unused bits zero, is read. */
static void test_base64_strict(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char good[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	uint8_t octets[32];
	char text[45];

	(void)state;
	for (size_t at = 0; at < 44; at++) {
		for (int c = 0; c < 256; c++) {
			const char *in = c ? strchr(alphabet, c) : NULL;
			int right = in != NULL;
			struct sdesp_span span = {text, 44};

			if (at == 42 && in != NULL)
				right = (in - alphabet) % 4 == 0;
			if (at == 43)
				right = c == '=';
			memcpy(text, good, sizeof text);
			text[at] = (char)c;
			memset(octets, 0xaa, sizeof octets);
			assert_int_equal(
				sdesp_base64_decode(octets, 32, span), right);
			if (!right)
				assert_true(sdesp_ct_zero(octets, 32));
		}
	}
	for (size_t len = 0; len < 44; len++) {
		struct sdesp_span span = {good, len};

		assert_int_equal(sdesp_base64_decode(octets, 32, span), 0);
	}
	assert_int_equal(
		sdesp_base64_decode(octets, 1, sdesp_span_of("Zh==")), 0);
	assert_int_equal(
		sdesp_base64_decode(octets, 1, sdesp_span_of("Zg=A")), 0);
	assert_int_equal(
		sdesp_base64_decode(octets, 2, sdesp_span_of("Zm8A")), 0);
}

/* --- spans ---------------------------------------------------------- */

static void test_span_compare(void **state)
{
	struct sdesp_span absent = {NULL, 0};

	(void)state;
	assert_true(sdesp_span_is(sdesp_span_of("esp"), "esp"));
	assert_false(sdesp_span_is(sdesp_span_of("esp"), "ESP"));
	assert_false(sdesp_span_is(sdesp_span_of("esp"), "es"));
	assert_false(sdesp_span_is(sdesp_span_of("es"), "esp"));
	assert_false(sdesp_span_is(sdesp_span_of(""), "esp"));
	assert_true(sdesp_span_is(sdesp_span_of(""), ""));
	assert_false(sdesp_span_is(absent, ""));
	assert_true(sdesp_span_begins(sdesp_span_of("m=a"), "m="));
	assert_false(sdesp_span_begins(sdesp_span_of("m"), "m="));
	assert_true(sdesp_span_equal(absent, sdesp_span_of("")));
}

static void test_span_cut_and_trim(void **state)
{
	struct sdesp_span rest = sdesp_span_of("a;;b"), part;

	(void)state;
	part = sdesp_span_cut(&rest, ';');
	assert_true(sdesp_span_is(part, "a"));
	part = sdesp_span_cut(&rest, ';');
	assert_true(sdesp_span_is(part, ""));
	part = sdesp_span_cut(&rest, ';');
	assert_true(sdesp_span_is(part, "b"));
	assert_null(rest.p);
	rest = sdesp_span_of("a;");
	sdesp_span_cut(&rest, ';');
	assert_non_null(rest.p);
	assert_int_equal(rest.len, 0);

	assert_true(sdesp_span_is(
		sdesp_span_trim(sdesp_span_of(" \t a b\t ")), "a b"));
	assert_int_equal(sdesp_span_trim(sdesp_span_of(" \t")).len, 0);
}

static void test_span_numbers(void **state)
{
	static const struct {
		const char *text;
		int digits, number; /* what each of the two answers */
		uint64_t value;
	} cases[] = {
		{"0", 1, 1, 0},
		{"65535", 1, 1, 65535},
		{"65536", 1, 0, 65536},
		{"007", 1, 0, 7},
		{"00", 1, 0, 0},
		{"18446744073709551615", 1, 0, UINT64_MAX},
		{"18446744073709551616", 1, 0, UINT64_MAX},
		{"99999999999999999999999999", 1, 0, UINT64_MAX},
		{"", 0, 0, 0},
		{"-1", 0, 0, 0},
		{"+1", 0, 0, 0},
		{"1 ", 0, 0, 0},
		{"1a", 0, 0, 0},
		{"\xb2", 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sdesp_span span = sdesp_span_of(cases[i].text);
		uint64_t v = 0;

		assert_int_equal(sdesp_span_decimal(&v, span), cases[i].digits);
		if (cases[i].digits)
			assert_true(v == cases[i].value);
		assert_int_equal(
			sdesp_span_number(&v, span, 65535), cases[i].number);
	}
}

static void test_span_hex(void **state)
{
	uint8_t octets[2] = {1, 2};

	(void)state;
	assert_true(sdesp_span_hex(octets, 2, sdesp_span_of("09aF")));
	assert_int_equal(octets[0] << 8 | octets[1], 0x09af);
	assert_false(sdesp_span_hex(octets, 2, sdesp_span_of("09a")));
	assert_false(sdesp_span_hex(octets, 2, sdesp_span_of("09aFb")));
	for (int c = 1; c < 256; c++) {
		char text[] = {'0', (char)c, '0', '0', 0};
		int right = strchr("0123456789abcdefABCDEF", c) != NULL;

		octets[0] = 0x77;
		assert_int_equal(
			sdesp_span_hex(octets, 2, sdesp_span_of(text)), right);
		if (!right)
			assert_int_equal(octets[0], 0x77);
	}
}

/* RFC 8866 section 9: token-char. */
static void test_span_token(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = {'x', (char)c};
		struct sdesp_span span = {text, 2};
		int right = c == 0x21 || (c >= 0x23 && c <= 0x27) ||
			    c == 0x2a || c == 0x2b || c == 0x2d || c == 0x2e ||
			    (c >= 0x30 && c <= 0x39) ||
			    (c >= 0x41 && c <= 0x5a) ||
			    (c >= 0x5e && c <= 0x7e);

		assert_int_equal(sdesp_span_token(span), right);
	}
	assert_false(sdesp_span_token(sdesp_span_of("")));
}

/* --- reader --------------------------------------------------------- */

static void test_reader_words(void **state)
{
	struct sdesp_reader r;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};

	(void)state;
	sdesp_reader_init(&r, sdesp_span_of(" a\t bc "), 7, 20);
	assert_true(sdesp_span_is(sdesp_reader_word(&r), "a"));
	assert_true(sdesp_span_is(sdesp_reader_word(&r), "bc"));
	sdesp_reader_end(&r);
	assert_int_equal(sdesp_reader_word(&r).len, 0);
	assert_int_equal(sdesp_reader_status(&r, &why), SDESP_OK);
	assert_int_equal(why.line, 0);
}

static void test_reader_failure_sticks(void **state)
{
	struct sdesp_reader r;
	struct sdesp_why why;
	struct sdesp_span word;

	(void)state;
	sdesp_reader_init(&r, sdesp_span_of("one two three"), 7, 20);
	sdesp_reader_word(&r);
	word = sdesp_reader_word(&r);
	sdesp_reader_fail(&r, word.p, SDESP_ERR_VALUE, "what", "expected");
	sdesp_reader_fail(&r, r.start, SDESP_ERR_LIMIT, "later", NULL);
	assert_int_equal(sdesp_reader_word(&r).len, 0);
	sdesp_reader_end(&r);
	assert_int_equal(sdesp_reader_status(&r, &why), SDESP_ERR_VALUE);
	assert_int_equal(why.status, SDESP_ERR_VALUE);
	assert_int_equal(why.line, 7);
	assert_int_equal(why.column, 24);
	assert_string_equal(why.what, "what");
	assert_string_equal(why.expected, "expected");
	assert_int_equal(sdesp_reader_status(&r, NULL), SDESP_ERR_VALUE);
}

static void test_reader_end(void **state)
{
	struct sdesp_reader r;
	struct sdesp_why why;
	struct sdesp_span absent = {NULL, 0};

	(void)state;
	sdesp_reader_init(&r, sdesp_span_of("one  two"), 1, 1);
	sdesp_reader_word(&r);
	sdesp_reader_end(&r);
	assert_int_equal(sdesp_reader_status(&r, &why), SDESP_ERR_SYNTAX);
	assert_int_equal(why.column, 6);

	sdesp_reader_init(&r, absent, 1, 1);
	assert_int_equal(sdesp_reader_word(&r).len, 0);
	sdesp_reader_end(&r);
	assert_int_equal(sdesp_reader_status(&r, NULL), SDESP_OK);
}

/* --- statuses ------------------------------------------------------- */

/* Every status of the header has its own name and sentence. */
static void test_status_names(void **state)
{
	FILE *header = fopen("core/include/sdesp_status.h", "r");
	char line[256], name[64];
	int status, named = 0;

	(void)state;
	assert_non_null(header);
	while (fgets(line, sizeof line, header) != NULL) {
		if (sscanf(line, " %63[A-Z_] = %d", name, &status) != 2)
			continue;
		assert_string_equal(sdesp_status_name(status), name);
		assert_true(strlen(sdesp_status_text(status)) > 5);
		for (int other = -128; other <= 0; other++) {
			if (other != status)
				assert_string_not_equal(
					sdesp_status_text(other),
					sdesp_status_text(status));
		}
		named++;
	}
	fclose(header);
	assert_true(named > 40);
	assert_string_equal(sdesp_status_name(1), "unknown");
	assert_string_equal(sdesp_status_text(-1000), "unknown status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_writes),
		cmocka_unit_test(test_text_space_sticks),
		cmocka_unit_test(test_text_first_failure_stays),
		cmocka_unit_test(test_base64_rfc4648),
		cmocka_unit_test(test_base64_round_trip),
		cmocka_unit_test(test_base64_strict),
		cmocka_unit_test(test_span_compare),
		cmocka_unit_test(test_span_cut_and_trim),
		cmocka_unit_test(test_span_numbers),
		cmocka_unit_test(test_span_hex),
		cmocka_unit_test(test_span_token),
		cmocka_unit_test(test_reader_words),
		cmocka_unit_test(test_reader_failure_sticks),
		cmocka_unit_test(test_reader_end),
		cmocka_unit_test(test_status_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
