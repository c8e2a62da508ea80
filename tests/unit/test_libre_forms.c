/*
 * Forms of SIP that are rare but good (RFC 3261 7.3.3, 12.1.1, 20.10), and
 * what only looks like one of them. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/libre/raw.h"

static struct party bob;
static struct raw raw;

static int start(void **state)
{
	(void)state;
	party_init(&bob, SIP_TRANSP_UDP);
	party_open(&bob);
	raw_open(&raw, 1);
	raw.peer = bob.addr;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	run_for(20); /* what is closing */
	raw_close(&raw);
	party_close(&bob);
	return 0;
}

/* INVITE with a caller and a Contact, as they stand in the headers, and more
 * of those. */
static void invite(const char *from, const char *contact, const char *headers)
{
	const char *body;
	char *text = NULL;

	assert_int_equal(end_offer(&raw.end, 0), SDESP_OK);
	body = raw_sdp(raw.end.text);
	assert_int_equal(
		re_sdprintf(&text,
			"INVITE sip:bob@%J SIP/2.0\r\n"
			"v: SIP/2.0/UDP %J;branch=z9hG4bKforms;rport\r\n"
			"Max-Forwards: 70\r\nf: %s;tag=%s\r\n"
			"t:\r\n <sip:bob@example.com>\r\ni: raw-%s\r\n"
			"CSeq: 1\r\n\tINVITE\r\nm: %s\r\n%s"
			"c: application/\r\n sdp\r\nl: %zu\r\n\r\n%s",
			&bob.addr, &raw.addr, from, raw.tag, raw.tag, contact,
			headers, strlen(body), body),
		0);
	raw_say(&raw, text);
	mem_deref(text);
}

/* 200 has come: ACK. The tag of the answerer. */
static void established(char tag[256])
{
	const char *ok = raw_wait(&raw, "SIP/2.0 200", 1000);
	char to[256];

	/* The reply has the names of the request. */
	raw_header(to, ok, "t");
	assert_non_null(strstr(to, ";tag="));
	strcpy(tag, strstr(to, ";tag=") + strlen(";tag="));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
}

static void bye(unsigned cseq, const char *tag)
{
	raw_request(&raw, &bob, "BYE", cseq, tag, "", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_BYE);
}

static void test_compact_and_folded(void **state)
{
	char tag[256];

	(void)state;
	invite("\r\n \"A, B\" <sip:raw@example.com>", "<sip:raw@127.0.0.1:9>",
		"");
	established(tag);
	assert_string_equal(bob.from, "sip:raw@example.com");
	bye(2, tag);
}

static void test_without_brackets(void **state)
{
	char tag[256];

	(void)state;
	invite("sip:raw@example.com", "sip:raw@127.0.0.1:9", "");
	established(tag);
	assert_string_equal(bob.from, "sip:raw@example.com");
	bye(2, tag);
}

/* A proxy that stays in the path hears what goes to the caller. */
static void test_record_route(void **state)
{
	char route[64], tag[256], text[256];
	const char *request;

	(void)state;
	(void)re_snprintf(route, sizeof route, "Record-Route: <sip:%J;lr>\r\n",
		&raw.addr);
	invite("<sip:raw@example.com>", "<sip:raw@127.0.0.1:9>", route);
	established(tag);
	assert_int_equal(sdesp_call_rekey(bob.call), SDESP_OK);
	request = raw_wait(&raw, "INVITE sip:raw@127.0.0.1:9 ", 1000);
	raw_header(text, request, "Route");
	assert_non_null(strstr(text, ";lr>"));
	raw_reply(&raw, request, "488 Not Now", "", "");
	bye(2, tag);
}

/* Allow names OPTIONS, in a call as outside. */
static void test_options_in_call(void **state)
{
	char tag[256], text[256];

	(void)state;
	invite("<sip:raw@example.com>", "<sip:raw@127.0.0.1:9>", "");
	established(tag);
	raw.n = 0;
	raw_request(&raw, &bob, "OPTIONS", 2, tag, "", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 200", 1000), "Accept");
	assert_non_null(strstr(text, "application/sdp"));
	bye(3, tag);
}

/* A body that the caller does not insist on is as none: we offer. */
static void test_optional_body(void **state)
{
	char tag[256];
	const char *ok;

	(void)state;
	raw_request(&raw, &bob, "INVITE", 1, "",
		"Content-Disposition: icon; handling=Optional\r\n",
		"application/x-garbage", "???");
	ok = raw_wait(&raw, "SIP/2.0 200", 1000);
	raw_to_tag(tag, ok);
	assert_int_equal(end_answer_text(&raw.end, raw_body(ok), 0), SDESP_OK);
	raw_request(&raw, &bob, "ACK", 1, tag, "", "application/sdp",
		raw_sdp(raw.end.text));
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	bye(2, tag);
}

/* Without a Contact there is nowhere to send an ACK. */
static void test_200_without_contact(void **state)
{
	char via[256], from[256], to[256], callid[256], cseq[256], uri[64];
	const char *request;
	char *text = NULL;

	(void)state;
	(void)re_snprintf(uri, sizeof uri, "sip:raw@%J", &raw.addr);
	assert_int_equal(party_call_uri(&bob, uri), SDESP_OK);
	request = raw_wait(&raw, "INVITE", 1000);
	assert_int_equal(re_sdprintf(&text,
				 "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\n"
				 "To: %s;tag=1\r\nCall-ID: %s\r\nCSeq: %s\r\n"
				 "Content-Length: 0\r\n\r\n",
				 raw_header(via, request, "Via"),
				 raw_header(from, request, "From"),
				 raw_header(to, request, "To"),
				 raw_header(callid, request, "Call-ID"),
				 raw_header(cseq, request, "CSeq")),
		0);
	raw_say(&raw, text);
	mem_deref(text);
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_NO_AGREEMENT);
	assert_non_null(strstr(bob.text, "no Contact"));
	assert_true(fake_backend_empty(&bob.backend));
}

/* What is shown to people has no line ends and steers no terminal. */
static void test_control_characters(void **state)
{
	static const char *const froms[] = {
		"<sip:eve\x1b[31m@example.com>",
		"<sip:eve@example.com\r\n established>",
		"<sip:eve@example.com\restablished>",
		"sip:eve@example.com\x7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
		invite(froms[i], "<sip:raw@127.0.0.1:9>", "");
		raw_wait(&raw, "SIP/2.0 400", 1000);
		assert_int_equal(bob.incoming, 0);
		stop(NULL);
		start(NULL);
	}
	invite("<sip:raw@example.com>", "<sip:raw@127.0.0.1:9>",
		"P-Asserted-Identity: <sip:eve@example.com\x1b[31m>\r\n");
	raw_wait(&raw, "SIP/2.0 400", 1000);
	assert_int_equal(bob.incoming, 0);
}

/* A display name is the caller's to choose: nothing in it is an identity. */
static void test_name_like_an_address(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	invite("\"<sip:al@example.com>\" <sip:eve@example.com>",
		"<sip:raw@127.0.0.1:9>",
		"P-Asserted-Identity: \"a, <sip:al@example.com>\" "
		"<sip:eve@example.com>\r\n");
	raw_wait(&raw, "SIP/2.0 403", 1000);
	run_until_count(&bob.closed, 1, 1000);
	assert_string_equal(bob.from, "sip:eve@example.com");
	assert_string_equal(bob.asserted, "sip:eve@example.com");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_compact_and_folded),
		TEST(test_without_brackets),
		TEST(test_record_route),
		TEST(test_options_in_call),
		TEST(test_optional_body),
		TEST(test_200_without_contact),
		TEST(test_control_characters),
		TEST(test_name_like_an_address),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
