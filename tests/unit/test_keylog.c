/*
 * Lines for Wireshark, as tshark 4.0 was seen to take them.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_keylog.h"
#include "tests/support/udp_pair.h"

#define KEY16 "000102030405060708090a0b0c0d0e0f"
#define KEY32 KEY16 "101112131415161718191a1b1c1d1e1f"

static const struct {
	unsigned suite;
	int inbound;
	const char *line;
} lines[] = {
	{SDESP_AES_128_GCM_16, 1,
		"\"IPv4\",\"*\",\"*\",\"0xc0000001\","
		"\"AES-GCM with 16 octet ICV [RFC4106]\","
		"\"0x" KEY16 "10111213\",\"NULL\",\"\"\n"},
	{SDESP_AES_256_GCM_16, 0,
		"\"IPv4\",\"*\",\"198.51.100.2\",\"0xc0000001\","
		"\"AES-GCM with 16 octet ICV [RFC4106]\","
		"\"0x" KEY32 "20212223\",\"NULL\",\"\"\n"},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, 1,
		"\"IPv4\",\"*\",\"*\",\"0xc0000001\",\"AES-CBC [RFC3602]\","
		"\"0x" KEY16 "\",\"HMAC-SHA-256-128 [RFC4868]\","
		"\"0x101112131415161718191a1b1c1d1e1f"
		"202122232425262728292a2b2c2d2e2f\"\n"},
	{SDESP_NULL_HMAC_SHA2_256_128, 1,
		"\"IPv4\",\"*\",\"*\",\"0xc0000001\",\"NULL\",\"\","
		"\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\"\n"},
	{SDESP_AES_128_CCM_8, 1,
		"# AES_128_CCM_8 spi 0xc0000001 keys 0x" KEY16 "101112\n"},
	{SDESP_CHACHA20_POLY1305_IIV, 0,
		"# CHACHA20_POLY1305_IIV spi 0xc0000001 keys 0x" KEY32
		"20212223\n"},
};

static struct sdesp_sa counting_sa(unsigned suite)
{
	struct sdesp_sa sa = udp_sa(suite, 0xc0000001);

	for (size_t i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)i;
	return sa;
}

static void test_lines(void **state)
{
	struct sdesp_flow flow = udp_flow();
	char buf[SDESP_KEYLOG_LINE];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct sdesp_sa sa = counting_sa(lines[i].suite);
		size_t len = sizeof buf;

		assert_int_equal(sdesp_keylog_line(buf, &len, &flow, &sa,
					 lines[i].inbound),
			SDESP_OK);
		assert_string_equal(buf, lines[i].line);
		assert_int_equal(len, strlen(lines[i].line));
	}
}

/* The longest address and the most keys fit. */
static void test_longest(void **state)
{
	struct sdesp_flow flow = udp_flow();
	char buf[SDESP_KEYLOG_LINE];

	(void)state;
	flow.remote =
		udp_addr("2001:1db8:2000:3000:4000:5000:6000:7000", 65535);
	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++) {
		struct sdesp_sa sa = counting_sa(suite);
		size_t len = sizeof buf;

		assert_int_equal(
			sdesp_keylog_line(buf, &len, &flow, &sa, 0), SDESP_OK);
		assert_true(len + 8 < sizeof buf);
		assert_int_equal(buf[len - 1], '\n');
		assert_true(buf[0] == '#' || strncmp(buf, "\"IPv6\"", 6) == 0);
	}
}

/* Too small is said, and no piece of a key stays behind. */
static void test_refused(void **state)
{
	static const char zeros[SDESP_KEYLOG_LINE];
	struct sdesp_flow flow = udp_flow();
	struct sdesp_sa sa = counting_sa(lines[0].suite);
	char buf[SDESP_KEYLOG_LINE] = "";
	size_t need = strlen(lines[0].line) + 1, len;

	(void)state;
	for (size_t cap = 0; cap < need; cap++) {
		len = cap;
		assert_int_equal(sdesp_keylog_line(buf, &len, &flow, &sa, 1),
			SDESP_ERR_SPACE);
		assert_memory_equal(buf, zeros, sizeof buf);
	}
	len = need;
	assert_int_equal(sdesp_keylog_line(buf, &len, &flow, &sa, 1), SDESP_OK);
	sa.suite = SDESP_SUITE_END;
	len = sizeof buf;
	assert_int_equal(
		sdesp_keylog_line(buf, &len, &flow, &sa, 1), SDESP_ERR_ARG);
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
