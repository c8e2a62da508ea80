/*
 * What is asked of a command that runs. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ports/posix/control_wire.h"

#define TEXT(text) text, sizeof(text) - 1

static const char *read_it(
	struct control_request *r, const char *octets, size_t len)
{
	memset(r, 0xee, sizeof *r);
	return control_read(r, octets, len);
}

static void refused(const char *octets, size_t len)
{
	struct control_request r, before;

	assert_non_null(read_it(&r, octets, len));
	memset(&before, 0xee, sizeof before);
	assert_memory_equal(&r, &before, sizeof r);
}

static void reads(void **state)
{
	struct control_request r;

	(void)state;
	assert_null(read_it(&r, TEXT("status\0\0\0\0\0")));
	assert_int_equal(r.verb, CONTROL_STATUS);
	assert_null(r.local);
	assert_null(r.direction);
	assert_int_equal(r.len, 0);
	assert_null(read_it(&r, TEXT("refresh\0h:1\0inactive\0\0\0")));
	assert_int_equal(r.verb, CONTROL_REFRESH);
	assert_string_equal(r.local, "h:1");
	assert_string_equal(r.direction, "inactive");
	assert_null(read_it(&r, TEXT("accept\0\0\0n.sdp\0v=0\n\0\0")));
	assert_int_equal(r.verb, CONTROL_ACCEPT);
	assert_string_equal(r.name, "n.sdp");
	assert_int_equal(r.len, 5);
	assert_memory_equal(r.body, "v=0\n\0", 5);
}

static void refuses(void **state)
{
	(void)state;
	refused(TEXT(""));
	refused(TEXT("\0\0\0\0"));
	refused(TEXT("status"));
	refused(TEXT("statu\0\0\0\0\0"));
	refused(TEXT("STATUS\0\0\0\0\0"));
	refused(TEXT("status\0\0\0"));
	refused(TEXT("status\0\0\0\0"));
	refused(TEXT("status\0x\0\0\0\0"));
	refused(TEXT("status\0\0\0\0x\0"));
	refused(TEXT("rekey\0\0\0\0v=0\0"));
	refused(TEXT("accept\0x\0\0\0v=0\0"));
	refused(TEXT("accept\0\0x\0\0v=0\0"));
	refused(TEXT("GET / HTTP/1.1\r\n\r\n"));
}

/* The longest of everything is read, one octet more is not. */
static void bounds(void **state)
{
	static char octets[CONTROL_REQUEST_MAX], big[CONTROL_BODY_MAX + 1];
	char text[CONTROL_TEXT_MAX + 2], name[CONTROL_NAME_MAX + 2];
	struct control_request r = {
		CONTROL_ANSWER, text, text, name, big, CONTROL_BODY_MAX};
	struct control_request got;
	size_t len;

	(void)state;
	memset(big, 'b', sizeof big);
	memset(text, 't', sizeof text);
	memset(name, 'n', sizeof name);
	text[CONTROL_TEXT_MAX] = name[CONTROL_NAME_MAX] = '\0';
	len = control_write(octets, &r);
	assert_true(len > 0 && len < sizeof octets);
	assert_null(read_it(&got, octets, len));
	assert_int_equal(got.len, CONTROL_BODY_MAX);
	assert_int_equal(strlen(got.name), CONTROL_NAME_MAX);
	octets[len] = '\0';
	refused(octets, len + 1);

	r.len++;
	assert_int_equal(control_write(octets, &r), 0);
	r.len = 0;
	text[CONTROL_TEXT_MAX] = 't';
	text[CONTROL_TEXT_MAX + 1] = '\0';
	assert_int_equal(control_write(octets, &r), 0);
	text[1] = '\0';
	name[CONTROL_NAME_MAX] = 'n';
	name[CONTROL_NAME_MAX + 1] = '\0';
	assert_int_equal(control_write(octets, &r), 0);

	memset(octets, 't', sizeof octets);
	memcpy(octets, "rekey", 6);
	refused(octets, sizeof octets);
	octets[6 + CONTROL_TEXT_MAX + 1] = '\0';
	memset(octets + 6 + CONTROL_TEXT_MAX + 2, 0, 3);
	refused(octets, 6 + CONTROL_TEXT_MAX + 5);
	octets[6 + CONTROL_TEXT_MAX] = '\0';
	assert_null(read_it(&got, octets, 6 + CONTROL_TEXT_MAX + 4));
}

/* Every prefix of a request, in memory of exactly its size. */
static void truncated(void **state)
{
	static const char whole[] = "answer\0h:1\0sendonly\0offer\0v=0\n";
	struct control_request r;
	size_t len;

	(void)state;
	for (len = 1; len <= sizeof whole; len++) {
		char *copy = malloc(len);
		const char *wrong;

		assert_non_null(copy);
		memcpy(copy, whole, len);
		wrong = read_it(&r, copy, len);
		assert_true((wrong == NULL) == (len == sizeof whole));
		free(copy);
	}
}

static void replies(void **state)
{
	struct control_reply r;

	(void)state;
	assert_int_equal(control_read_reply(&r, TEXT("0\0v=0\n\0")), 0);
	assert_int_equal(r.code, 0);
	assert_string_equal(r.messages, "");
	assert_string_equal(r.output, "v=0\n");
	assert_int_equal(control_read_reply(&r, TEXT("3no\n\0\0")), 0);
	assert_int_equal(r.code, 3);
	assert_string_equal(r.messages, "no\n");
	assert_string_equal(r.output, "");
	assert_int_equal(control_read_reply(&r, TEXT("")), -1);
	assert_int_equal(control_read_reply(&r, TEXT("0\0")), -1);
	assert_int_equal(control_read_reply(&r, TEXT("4\0\0")), -1);
	assert_int_equal(control_read_reply(&r, TEXT("0\0v=0")), -1);
	assert_int_equal(control_read_reply(&r, TEXT("0\0a\0b\0")), -1);
	assert_int_equal(control_read_reply(&r, TEXT("0abcd")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds),
		cmocka_unit_test(truncated),
		cmocka_unit_test(replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
