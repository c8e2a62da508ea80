/* a=esp-crypto: what is read, what is refused, where and why.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/ct.h"
#include "sdesp_attr.h"
#include "tests/support/bodies.h"
#include "tests/support/refusal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY BODIES_KEY_A
#define GCM "1 AES_128_GCM_16 "

static void test_crypto_reads(void **state)
{
	struct sdesp_attr_crypto line;
	struct sdesp_attr attr = value_of(
		" 42\tCHACHA20_POLY1305_IIV  x25519:" KEY "|2^40 -X=1 -LTS=60 "
		"PSK=lab-7 ESN WSH=128 -X=2 ");

	(void)state;
	assert_int_equal(sdesp_attr_crypto_parse(&line, &attr, NULL), 0);
	assert_int_equal(line.tag, 42);
	assert_int_equal(line.suite, SDESP_CHACHA20_POLY1305_IIV);
	assert_int_equal(line.method, SDESP_X25519);
	assert_int_equal(line.esn, 1);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(line.key[i], i);
	assert_true(line.life == (uint64_t)1 << 40);
	assert_true(sdesp_span_is(line.psk, "lab-7"));
	assert_int_equal(line.window, 128);
	assert_int_equal(line.seconds, 60);

	attr = value_of(GCM "inline:" KEY " WSH=064 -LTS=99999999999");
	assert_int_equal(sdesp_attr_crypto_parse(&line, &attr, NULL), 0);
	assert_int_equal(line.window, 64);
	assert_true(line.seconds == UINT32_MAX);
}

/* Lifetimes as published stacks write them. */
static void test_crypto_lives(void **state)
{
	static const struct {
		const char *value;
		uint64_t life;
	} cases[] = {
		{GCM "inline:" KEY, 0},
		{GCM "inline:" KEY "|1", 1},
		{GCM "inline:" KEY "|2^0", 1},
		{GCM "inline:" KEY "|007", 7},
		{GCM "inline:" KEY "|2^031", 2147483648u},
		{GCM "inline:" KEY "|2^31", 2147483648u},
		{GCM "inline:" KEY "|1048576", 1048576},
		{GCM "inline:" KEY "|2^32", 4294967296u},
		{GCM "inline:" KEY "|4294967296", 4294967296u},
		{GCM "inline:" KEY "|4294967297 ESN", 4294967297u},
		{GCM "inline:" KEY "|2^40 ESN", 1099511627776u},
		{GCM "inline:" KEY "|1099511627776 ESN", 1099511627776u},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sdesp_attr_crypto line;
		struct sdesp_attr attr = value_of(cases[i].value);

		assert_int_equal(
			sdesp_attr_crypto_parse(&line, &attr, NULL), 0);
		assert_true(line.life == cases[i].life);
	}
}

#define TAG "the tag is not a number from 1 to 999999999"
#define NOT_KEY "the key is not 32 octets of base64"
#define MKI "this is an MKI, which ESP does not have"
#define LIFE "the life is not a number of packets"
#define MUCH "the life is more than sequence numbers can count"
#define TWICE "this parameter stands twice"
#define NUMBER "the parameter's value is not a number"

/* The whole section goes: there is no tag to name the line by. */
static const struct refusal bad_tags[] = {
	{"", SDESP_ERR_SYNTAX, 1, TAG},
	{"0 AES_128_GCM_16", SDESP_ERR_SYNTAX, 1, TAG},
	{"01 AES_128_GCM_16", SDESP_ERR_SYNTAX, 1, TAG},
	{" -1 AES_128_GCM_16", SDESP_ERR_SYNTAX, 2, TAG},
	{"1000000000 AES_128_GCM_16", SDESP_ERR_SYNTAX, 1, TAG},
	{"AES_128_GCM_16", SDESP_ERR_SYNTAX, 1, TAG},
	{GCM "inline:" KEY "\x01", SDESP_ERR_SYNTAX, 69, STRANGER},
	{GCM "inline:" KEY " \xc3\xa9", SDESP_ERR_SYNTAX, 70, STRANGER},
	{GCM "inline:" KEY "\r", SDESP_ERR_SYNTAX, 69, STRANGER},
	{"\x7f" GCM, SDESP_ERR_SYNTAX, 1, STRANGER},
};

/* Only the line goes. */
static const struct refusal void_lines[] = {
	{"1", SDESP_ERR_SYNTAX, 2, "the line ends before its suite"},
	{"1 ", SDESP_ERR_SYNTAX, 2, "the line ends before its suite"},
	{"999999999 AES_128_GCM", SDESP_ERR_NO_SUITE, 11,
		"this suite is not known"},
	{"1 aes_128_gcm_16 inline:" KEY, SDESP_ERR_NO_SUITE, 3,
		"this suite is not known"},
	{"1 AES_128_GCM_16", SDESP_ERR_SYNTAX, 17, "the line has no key"},
	{GCM ":" KEY, SDESP_ERR_SYNTAX, 18, "the line has no key"},
	{GCM "inline", SDESP_ERR_SYNTAX, 18, "there is no \":\" in the key"},
	{GCM KEY, SDESP_ERR_SYNTAX, 18, "there is no \":\" in the key"},
	{GCM "Inline:" KEY, SDESP_ERR_NO_SUITE, 18,
		"this key method is not known"},
	{GCM "x448:" KEY, SDESP_ERR_NO_SUITE, 18,
		"this key method is not known"},
	{GCM "inline:", SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline: " KEY, SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:AAECAwQFBgcICQoLDA0ODw==", SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:" KEY ";inline:" KEY, SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
		SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-=",
		SDESP_ERR_SYNTAX, 25, NOT_KEY},
	{GCM "inline:" KEY "|1:4", SDESP_ERR_SYNTAX, 70, MKI},
	{GCM "inline:" KEY "|:", SDESP_ERR_SYNTAX, 70, MKI},
	{GCM "inline:" KEY "|2^20|1:4", SDESP_ERR_SYNTAX, 75, MKI},
	{GCM "inline:" KEY "|1:4|2^20", SDESP_ERR_SYNTAX, 70, MKI},
	{GCM "inline:" KEY "|2^20|2^20", SDESP_ERR_SYNTAX, 75,
		"the life stands twice"},
	{GCM "inline:" KEY "|2^20|", SDESP_ERR_SYNTAX, 75,
		"the life stands twice"},
	{GCM "inline:" KEY "|", SDESP_ERR_SYNTAX, 70, LIFE},
	{GCM "inline:" KEY "|2^", SDESP_ERR_SYNTAX, 70, LIFE},
	{GCM "inline:" KEY "|3^2", SDESP_ERR_SYNTAX, 70, LIFE},
	{GCM "inline:" KEY "|-1", SDESP_ERR_SYNTAX, 70, LIFE},
	{GCM "inline:" KEY "|0", SDESP_ERR_VALUE, 70, "the life is 0 packets"},
	{GCM "inline:" KEY "|4294967297", SDESP_ERR_VALUE, 70, MUCH},
	{GCM "inline:" KEY "|2^33", SDESP_ERR_VALUE, 70, MUCH},
	{GCM "inline:" KEY "|2^41 ESN", SDESP_ERR_VALUE, 70, MUCH},
	{GCM "inline:" KEY "|2^64", SDESP_ERR_VALUE, 70, MUCH},
	{GCM "inline:" KEY "|2^18446744073709551616 ESN", SDESP_ERR_VALUE, 70,
		MUCH},
	{GCM "inline:" KEY "|99999999999999999999", SDESP_ERR_VALUE, 70, MUCH},
	{GCM "inline:" KEY " ESN ESN", SDESP_ERR_REPEATED, 74, TWICE},
	{GCM "inline:" KEY " PSK=a PSK=a", SDESP_ERR_REPEATED, 76, TWICE},
	{GCM "inline:" KEY " WSH=64 WSH=64", SDESP_ERR_REPEATED, 77, TWICE},
	{GCM "inline:" KEY " -LTS=0 -LTS=60", SDESP_ERR_REPEATED, 77, TWICE},
	{GCM "inline:" KEY " esn", SDESP_ERR_NO_SUITE, 70,
		"this parameter is not known"},
	{GCM "inline:" KEY " LTS=60", SDESP_ERR_NO_SUITE, 70,
		"this parameter is not known"},
	{GCM "inline:" KEY " UNENCRYPTED_SRTP", SDESP_ERR_NO_SUITE, 70,
		"this parameter is not known"},
	{GCM "inline:" KEY " =", SDESP_ERR_NO_SUITE, 70,
		"this parameter is not known"},
	{GCM "inline:" KEY " ESN=1", SDESP_ERR_SYNTAX, 73,
		"this parameter has no value"},
	{GCM "inline:" KEY " PSK", SDESP_ERR_SYNTAX, 73,
		"this parameter needs a value"},
	{GCM "inline:" KEY " PSK=", SDESP_ERR_SYNTAX, 74,
		"the name of the pre-shared key is not a token"},
	{GCM "inline:" KEY " PSK=a:b", SDESP_ERR_SYNTAX, 74,
		"the name of the pre-shared key is not a token"},
	{GCM "inline:" KEY " PSK="
	     "0123456789012345678901234567890123456789012345678901234567890123"
	     "4",
		SDESP_ERR_LIMIT, 138,
		"the name of the pre-shared key is too long"},
	{GCM "inline:" KEY " WSH", SDESP_ERR_SYNTAX, 73,
		"this parameter needs a value"},
	{GCM "inline:" KEY " WSH=", SDESP_ERR_SYNTAX, 74, NUMBER},
	{GCM "inline:" KEY " WSH=0x40", SDESP_ERR_SYNTAX, 74, NUMBER},
	{GCM "inline:" KEY " -LTS=-1", SDESP_ERR_SYNTAX, 75, NUMBER},
};

static void test_crypto_refuses(void **state)
{
	struct sdesp_attr_crypto line;
	struct sdesp_why why;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_tags); i++) {
		struct sdesp_attr attr = value_of(bad_tags[i].value);

		assert_why(&bad_tags[i],
			sdesp_attr_crypto_parse(&line, &attr, &why), &why);
		assert_int_equal(line.tag, 0);
	}
	for (size_t i = 0; i < COUNT(void_lines); i++) {
		struct sdesp_attr attr = value_of(void_lines[i].value);

		assert_why(&void_lines[i],
			sdesp_attr_crypto_parse(&line, &attr, &why), &why);
		assert_int_not_equal(line.tag, 0);
		assert_true(sdesp_ct_zero(line.key, sizeof line.key));
		assert_null(line.psk.p);
	}
}

/* 255 octets are read, inner white space included, 256 are not. */
static void test_longest_values(void **state)
{
	char value[257];
	struct sdesp_attr attr;
	struct sdesp_attr_crypto line;
	struct sdesp_why why;

	(void)state;
	for (size_t len = 255; len <= 256; len++) {
		int over = len > 255;

		memset(value, ' ', len);
		memcpy(value, GCM "inline:" KEY, strlen(GCM "inline:" KEY));
		memset(value + 100, 'y', len - 100);
		memcpy(value + 98, "-X", 2);
		value[len] = '\0';
		attr = value_of(value);
		assert_int_equal(sdesp_attr_crypto_parse(&line, &attr, &why),
			over ? SDESP_ERR_LIMIT : SDESP_OK);
		assert_int_equal(line.tag, over ? 0 : 1);
		if (over) {
			assert_int_equal(why.column, 10 + 255);
			assert_string_equal(why.what, "the value is too long");
			assert_string_equal(why.expected, "at most 255 octets");
		}
	}
}

/* White space around the value is no part of it, however long. */
static void test_space_around(void **state)
{
	char value[1001];
	struct sdesp_attr attr;
	struct sdesp_attr_crypto line;
	struct sdesp_why why;

	(void)state;
	memset(value, ' ', sizeof value - 1);
	memcpy(value + 300, GCM "inline:" KEY, strlen(GCM "inline:" KEY));
	value[sizeof value - 1] = '\0';
	attr = value_of(value);
	assert_int_equal(sdesp_attr_crypto_parse(&line, &attr, &why), SDESP_OK);
	assert_int_equal(line.tag, 1);
}

static void test_crypto_print(void **state)
{
	static const char want[] =
		"a=esp-crypto:3 AES_256_GCM_16 inline:" KEY
		"|2^31 ESN PSK=lab-7 WSH=64 -LTS=3600\r\n"
		"a=esp-crypto:3 AES_256_GCM_16 x25519:" KEY "|1000\r\n";
	struct sdesp_attr_crypto line;
	struct sdesp_text text;
	char buf[512];

	(void)state;
	memset(&line, 0, sizeof line);
	line.tag = 3;
	line.suite = SDESP_AES_256_GCM_16;
	line.method = SDESP_INLINE;
	line.esn = 1;
	for (unsigned i = 0; i < 32; i++)
		line.key[i] = (uint8_t)i;
	line.life = (uint64_t)1 << 31;
	line.psk = sdesp_span_of("lab-7");
	line.window = 64;
	line.seconds = 3600;
	sdesp_text_init(&text, buf, sizeof buf);
	sdesp_attr_crypto_print(&text, &line);
	line.method = SDESP_X25519;
	line.life = 1000;
	line.esn = 0;
	line.psk.p = NULL;
	line.window = line.seconds = 0;
	sdesp_attr_crypto_print(&text, &line);
	assert_int_equal(text.status, SDESP_OK);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(buf, want, text.len);

	line.suite = SDESP_SUITE_NONE;
	sdesp_attr_crypto_print(&text, &line);
	assert_int_equal(text.status, SDESP_ERR_ARG);
	sdesp_text_init(&text, buf, sizeof buf);
	line.suite = SDESP_AES_256_GCM_16;
	line.method = 3;
	sdesp_attr_crypto_print(&text, &line);
	assert_int_equal(text.status, SDESP_ERR_ARG);
	sdesp_text_init(&text, buf, 40);
	line.method = SDESP_INLINE;
	sdesp_attr_crypto_print(&text, &line);
	assert_int_equal(text.status, SDESP_ERR_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crypto_reads),
		cmocka_unit_test(test_crypto_lives),
		cmocka_unit_test(test_crypto_refuses),
		cmocka_unit_test(test_longest_values),
		cmocka_unit_test(test_space_around),
		cmocka_unit_test(test_crypto_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
