/*
 * Bodies that a hostile, odd or old caller sends, and what it gets.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/libre/scripted.h"

/* --- bodies -------------------------------------------------------------- */

static void test_multipart(void **state)
{
	char tag[256], *body = NULL;

	(void)state;
	assert_int_equal(re_sdprintf(&body,
				 "--x\r\nContent-Type: text/plain\r\n\r\nhello"
				 "\r\n--x\r\nContent-Type: application/sdp"
				 "\r\n\r\n%s\r\n--x--\r\n",
				 raw_offer()),
		0);
	raw_request(&raw, &bob, "INVITE", 1, "", "",
		"multipart/mixed;boundary=\"x\"", body);
	mem_deref(body);
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	raw_bye(2, tag);
}

static void test_other_sections(void **state)
{
	char tag[256], *body = NULL;
	const char *answer;

	(void)state;
	raw.end.local.index = 1;
	assert_int_equal(end_offer(&raw.end, 0), SDESP_OK);
	assert_int_equal(re_sdprintf(&body,
				 "m=audio 5004 RTP/AVP 0 8\r\n%s"
				 "m=video 5006 RTP/AVP 31\r\n",
				 raw.end.text),
		0);
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_sdp(body));
	mem_deref(body);
	answer = raw_body(raw_wait(&raw, "SIP/2.0 200", 1000));
	assert_non_null(strstr(answer,
		"t=0 0\r\nm=audio 0 RTP/AVP 0 8\r\nm=application 40000 "));
	assert_non_null(strstr(answer, "m=video 0 RTP/AVP 31\r\n"));
	raw_to_tag(tag, raw_find(&raw, "SIP/2.0 200"));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);

	/* Our own re-offer keeps all sections in their places. */
	assert_int_equal(sdesp_call_rekey(bob.call), SDESP_OK);
	answer = raw_body(raw_wait(&raw, "INVITE", 1000));
	assert_non_null(strstr(answer,
		"t=0 0\r\nm=audio 0 RTP/AVP 0 8\r\nm=application 40000 "));
	assert_non_null(strstr(answer, "m=video 0 RTP/AVP 31\r\n"));
	raw_reply(&raw, raw_find(&raw, "INVITE"), "488 No", "", "");
	raw_bye(2, tag);
}

static void test_unknown_type(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response =
		bob_refuses("SIP/2.0 415", "", "application/x-garbage", "???");
	assert_non_null(strstr(raw_header(text, response, "Accept"), SDP));
	assert_int_equal(bob.end.scode, 415);
}

static void test_coded_body(void **state)
{
	(void)state;
	bob_refuses("SIP/2.0 415", "Content-Encoding: gzip\r\n", SDP, "???");
}

static void test_no_type(void **state)
{
	(void)state;
	bob_refuses("SIP/2.0 400", "", "", "v=0\r\n");
}

static void test_broken_multipart(void **state)
{
	(void)state;
	bob_refuses("SIP/2.0 400", "", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n");
}

/* A datagram beyond what libre receives at a time is cut: its Content-Length
 * says more than has come. */
static void test_cut_body(void **state)
{
	char *body = malloc(12001);

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 12000);
	body[12000] = '\0';
	bob_refuses("SIP/2.0 400", "", SDP, body);
	free(body);
}

static void test_sdp_of_another_call(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response = bob_refuses("SIP/2.0 488", "", SDP,
		raw_sdp("m=audio 5004 RTP/AVP 0\r\na=sendrecv\r\n"));
	assert_non_null(strstr(raw_header(text, response, "Warning"),
		"304 sdesp \"no media section for ESP"));
	assert_int_equal(bob.end.status, SDESP_ERR_MISSING);
}

static void test_bad_section(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response = bob_refuses("SIP/2.0 488", "", SDP,
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"
			"a=esp-crypto:1 AES_128_GCM_16 x25519:short\r\n"
			"a=esp:spi=c0000001\r\n"));
	assert_non_null(
		strstr(raw_header(text, response, "Warning"), "307 sdesp \""));
	assert_non_null(strstr(text, "line 7"));
}

static void test_many_sections(void **state)
{
	char *body = malloc(8000);

	(void)state;
	assert_non_null(body);
	strcpy(body, "m=application 4500 UDP/ESP transport\r\n");
	while (strlen(body) < 3000)
		strcat(body, "m=audio 5004 RTP/AVP 0\r\n");
	bob_refuses("SIP/2.0 488", "", SDP, raw_sdp(body));
	free(body);
	assert_int_equal(bob.end.status, SDESP_ERR_LIMIT);
}

/* --- 64 KiB over TCP ----------------------------------------------------- */

static int dial(const struct sa *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	return fd;
}

/* A body of this size whose section comes last; the response's first line. */
static void send_large(size_t size, char *response, size_t cap)
{
	char *body = malloc(size + 1), *text = NULL;
	const char *section = raw_offer();
	ssize_t n;
	int fd;

	assert_non_null(body);
	memset(body, 'x', size);
	memcpy(body, "v=0\r\ni=", 7);
	memcpy(body + size - strlen(section) - 2, "\r\n", 2);
	strcpy(body + size - strlen(section), section);
	fd = dial(&bob.addr);
	assert_int_equal(re_sdprintf(&text,
				 "INVITE sip:bob@%J SIP/2.0\r\n"
				 "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKz"
				 "\r\nFrom: <sip:raw@example.com>;tag=1\r\n"
				 "To: <sip:bob@example.com>\r\nCall-ID: large"
				 "\r\nCSeq: 1 INVITE\r\n"
				 "Contact: <sip:raw@127.0.0.1:9;transport=tcp>"
				 "\r\nContent-Type: application/sdp\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 &bob.addr, strlen(body), body),
		0);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	mem_deref(text);
	free(body);
	run_for(300);
	n = recv(fd, response, cap - 1, MSG_DONTWAIT);
	response[n > 0 ? n : 0] = '\0';
	close(fd);
}

static void large(size_t size, const char *expected)
{
	char response[8192];

	party_close(&bob);
	party_init(&bob, SIP_TRANSP_TCP);
	party_open(&bob);
	send_large(size, response, sizeof response);
	if (*expected == '\0')
		assert_string_equal(response, "");
	else
		assert_non_null(strstr(response, expected));
	if (bob.call != NULL)
		sdesp_call_hangup(bob.call);
}

/* A body that libre's buffer of 64 KiB holds is read to its end. */
static void test_large_body(void **state)
{
	(void)state;
	large(64000, "SIP/2.0 200 OK");
	/* Nobody acknowledges it, and nothing listens where BYE would go. */
	bob.ua = mem_deref(bob.ua);
	assert_true(fake_backend_empty(&bob.backend));
	assert_int_equal(sdesp_libre_alloc(&bob.ua, &bob.config), SDESP_OK);
}

/* A larger one ends the connection. */
static void test_too_large_body(void **state)
{
	(void)state;
	large(200000, "");
	assert_int_equal(bob.incoming, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bob_start, bob_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_multipart),
		TEST(test_other_sections),
		TEST(test_unknown_type),
		TEST(test_coded_body),
		TEST(test_no_type),
		TEST(test_broken_multipart),
		TEST(test_cut_body),
		TEST(test_sdp_of_another_call),
		TEST(test_bad_section),
		TEST(test_many_sections),
		TEST(test_large_body),
		TEST(test_too_large_body),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
