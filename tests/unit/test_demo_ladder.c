/*
 * What the demo's program on the path does to SIP messages.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ports/posix/demo_path.h"

#define INVITE(via, target, media)                                             \
	"INVITE sip:camera@127.0.0.1:" target " SIP/2.0\r\n"                   \
	"Via: SIP/2.0/UDP 127.0.0.1:" via ";branch=x\r\n"                      \
	"To: <sip:camera@127.0.0.1:" target ">\r\n"                            \
	"Content-Length: 52\r\n\r\n"                                           \
	"m=application " media " UDP/ESP transport\r\na=esp:spi=c3f1a2b4\r\n"

static void test_swap(void **state)
{
	struct demo_swap swap = {{40001, 40002}, {50001, 50002}, 33333, 0};
	static const char in[] = INVITE("40001", "40002", "44444");
	static const char wanted[] = INVITE("50001", "50002", "33333");
	char out[sizeof in];

	(void)state;
	assert_int_equal(demo_swap(out, sizeof out, in, sizeof in - 1, &swap),
		sizeof wanted - 1);
	assert_memory_equal(out, wanted, sizeof wanted - 1);
	assert_int_equal(swap.found, 44444);
	/* Others' ports stay; a message without SDP names no media. */
	assert_int_equal(
		demo_swap(out, sizeof out, "127.0.0.1:40003", 15, &swap), 15);
	assert_memory_equal(out, "127.0.0.1:40003", 15);
	assert_int_equal(swap.found, 0);
	/* No room; a port of another length would make Content-Length lie. */
	assert_int_equal(
		demo_swap(out, sizeof in - 2, in, sizeof in - 1, &swap), 0);
	swap.media = 4500;
	assert_int_equal(
		demo_swap(out, sizeof out, in, sizeof in - 1, &swap), 0);
}

static void message(
	struct demo_path_report *r, unsigned direction, const char *text)
{
	demo_ladder_message(r, direction, text, strlen(text), 7);
}

static void test_ladder(void **state)
{
	static const uint8_t packet[8] = {0xc3, 0xf1, 0xa2, 0xb4};
	struct demo_path_report r;
	unsigned i;

	(void)state;
	memset(&r, 0, sizeof r);
	message(&r, 0, INVITE("1", "2", "3"));
	message(&r, 1, "SIP/2.0 403 Forbidden\r\nTo: <x>;tag=1\r\n\r\n");
	message(&r, 0, "INVITE sip:x SIP/2.0\r\nTo: <x>;tag=1\r\n\r\n");
	message(&r, 1, "");
	for (i = 0; i < 3; i++)
		demo_ladder_packet(&r, i == 0, packet, sizeof packet, 9);
	assert_int_equal(r.nrows, 5);
	assert_string_equal(r.row[0].sip, "INVITE  a=esp:spi=c3f1a2b4");
	assert_string_equal(r.row[1].sip, "403 Forbidden");
	assert_int_equal(r.row[1].back, 1);
	assert_string_equal(r.row[2].sip, "re-INVITE");
	assert_int_equal(r.row[4].packets[0], 2);
	assert_int_equal(r.row[4].packets[1], 1);
	assert_int_equal(r.spi[0][0].spi, 0xc3f1a2b4);
	assert_int_equal(r.spi[0][0].packets, 2);
	for (i = 0; i < 2 * DEMO_ROWS; i++)
		message(&r, 0, "ACK x\r\n");
	assert_int_equal(r.nrows, DEMO_ROWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
