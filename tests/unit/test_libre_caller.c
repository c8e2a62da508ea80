/*
 * What a hostile, odd or old caller sends besides bodies, and what it gets.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/libre/scripted.h"

/* --- repetitions --------------------------------------------------------- */

static void test_lost_ack(void **state)
{
	char tag[256];
	const char *first;
	unsigned sent;

	(void)state;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_offer());
	run_until_count(&raw.n, 4, 8000); /* 100; 200 at 0, 0.5, 1.5 s */
	assert_int_equal(raw_count(&raw, "SIP/2.0 200"), 3);
	first = raw_find(&raw, "SIP/2.0 200");
	for (unsigned i = 0; i < raw.n; i++) {
		if (strncmp(raw.message[i], "SIP/2.0 200", 11) == 0)
			assert_string_equal(raw.message[i], first);
	}
	assert_int_equal(bob.events[SDESP_EV_ESTABLISHED], 0);
	raw_to_tag(tag, first);
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	sent = raw.n;
	run_for(2500); /* the next would be at 3.5 s */
	assert_int_equal(raw.n, sent);
	assert_int_equal(bob.events[SDESP_EV_ESTABLISHED], 1);
	assert_int_equal(bob.backend.nkeys, 2); /* installed once */
	raw_bye(2, tag);
}

static void test_invite_again(void **state)
{
	char tag[256];
	char *text = NULL;
	const char *body = raw_offer();

	(void)state;
	raw.peer = bob.addr;
	assert_int_equal(re_sdprintf(&text,
				 "INVITE sip:bob@%J SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP %J;branch=z9hG4bKx\r\n"
				 "From: <sip:raw@example.com>;tag=%s\r\n"
				 "To: <sip:bob@example.com>\r\nCall-ID: raw-%s"
				 "\r\nCSeq: 1 INVITE\r\nContact: <sip:raw@%J>"
				 "\r\nContent-Type: application/sdp\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 &bob.addr, &raw.addr, raw.tag, raw.tag,
				 &raw.addr, strlen(body), body),
		0);
	raw_say(&raw, text);
	raw_say(&raw, text);
	raw_say(&raw, text);
	mem_deref(text);
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	run_for(100);
	assert_int_equal(bob.incoming, 1);
	assert_int_equal(bob.backend.nkeys, 2);
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	raw_bye(2, tag);
}

/* --- messages ------------------------------------------------------------ */

static void test_demands(void **state)
{
	char text[256];

	(void)state;
	raw_header(text,
		bob_refuses("SIP/2.0 420", "Require: timer, 100rel\r\n", SDP,
			raw_offer()),
		"Unsupported");
	assert_string_equal(text, "100rel");
}

static void test_outside_of_calls(void **state)
{
	char text[256];

	(void)state;
	raw_request(&raw, &bob, "OPTIONS", 1, "", "", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 200", 1000), "Allow");
	assert_non_null(strstr(text, "UPDATE"));
	raw_request(&raw, &bob, "BYE", 2, "nobody", "", "", "");
	raw_request(&raw, &bob, "INVITE", 3, "nobody", "", SDP, raw_offer());
	raw_request(&raw, &bob, "UPDATE", 4, "nobody", "", "", "");
	run_for(50);
	assert_int_equal(raw_count(&raw, "SIP/2.0 481"), 3);
	assert_int_equal(bob.incoming, 0);
}

static void test_asserted(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	bob_refuses("SIP/2.0 403",
		"P-Asserted-Identity: \"Al\" <sip:al@example.com>, "
		"<tel:+15550100>\r\n",
		"application/x-garbage", "nobody looks at this");
	assert_string_equal(bob.asserted, "sip:al@example.com");
	assert_string_equal(bob.from, "sip:raw@example.com");
}

/* A hop before the last one was in the clear: its proxy says so. */
static void test_clear_hop(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	bob_refuses("SIP/2.0 403",
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKy\r\n", "", "");
	assert_int_equal(bob.secured, 0);
}

static void test_all_hops_tls(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	bob_refuses("SIP/2.0 403",
		"Via: SIP/2.0/TLS a.example;branch=z9hG4bKy\r\n", "", "");
	assert_int_equal(bob.secured, 1);
}

static void test_cancel(void **state)
{
	(void)state;
	bob.says = PARTY_RINGS;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_offer());
	raw_wait(&raw, "SIP/2.0 180", 1000);
	/* Its transaction is named by the branch: here by one of our own. */
	raw_request(&raw, &bob, "CANCEL", 1, "", "", "", "");
	raw_wait(&raw, "SIP/2.0 481", 1000);
	assert_int_equal(bob.closed, 0);
	sdesp_call_hangup(bob.call);
	raw_wait(&raw, "SIP/2.0 480", 1000);
	raw_request(&raw, &bob, "ACK", 1, "x", "", "", "");
	run_until_count(&bob.closed, 1, 1000);
}

static void test_bye_before_answer(void **state)
{
	char tag[256];

	(void)state;
	bob.says = PARTY_RINGS;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_offer());
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 180", 1000));
	raw_request(
		&raw, &bob, "UPDATE", 2, tag, "", SDP, raw_sdp(raw.end.text));
	raw_wait(&raw, "SIP/2.0 500", 1000);
	raw_bye(3, tag);
	raw_wait(&raw, "SIP/2.0 487", 1000);
	assert_int_equal(bob.backend.calls, 0);
}

static void test_within_dialog(void **state)
{
	char tag[256], text[256];

	(void)state;
	bob_establishes(tag);
	raw_request(&raw, &bob, "INFO", 2, tag, "", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 405", 1000), "Allow");
	assert_non_null(strstr(text, "INVITE"));
	raw_request(&raw, &bob, "UPDATE", 0, tag, "", "", "");
	raw_wait(&raw, "SIP/2.0 500", 1000);
	raw_request(&raw, &bob, "UPDATE", 5, tag, "", "text/plain", "x");
	raw_wait(&raw, "SIP/2.0 415", 1000);
	raw_request(&raw, &bob, "UPDATE", 6, tag,
		"Supported: timer\r\nSession-Expires: 30\r\n", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 422", 1000), "Min-SE");
	assert_string_equal(text, "90");
	raw_request(&raw, &bob, "INVITE", 7, tag, "", SDP,
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"));
	raw_wait(&raw, "SIP/2.0 488", 1000);
	raw_request(&raw, &bob, "ACK", 7, tag, "", "", "");
	assert_int_equal(fake_backend_sas(&bob.backend), 2);
	raw_bye(8, tag);
}

/* Port 0 in a re-offer ends the stream (SPEC 10.5), and so the call. */
static void test_stream_ended(void **state)
{
	char tag[256];

	(void)state;
	bob_establishes(tag);
	raw.n = 0;
	raw_request(&raw, &bob, "INVITE", 2, tag, "", SDP,
		raw_sdp("m=application 0 UDP/ESP transport\r\n"));
	assert_non_null(strstr(raw_body(raw_wait(&raw, "SIP/2.0 200", 1000)),
		"m=application 0 UDP/ESP transport\r\n"));
	raw_request(&raw, &bob, "ACK", 2, tag, "", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.status, SDESP_ERR_REJECTED);
}

/* The answer to our offer in a 200 is missing in the ACK. */
static void test_offerless_without_answer(void **state)
{
	char tag[256];

	(void)state;
	raw_request(&raw, &bob, "INVITE", 1, "", "", "", "");
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_NO_AGREEMENT);
}

static void test_reinvite_without_offer(void **state)
{
	char tag[256];
	const char *theirs;

	(void)state;
	bob_establishes(tag);
	assert_int_equal(end_accept_text(&raw.end,
				 raw_body(raw_find(&raw, "SIP/2.0 200")), 1, 0),
		SDESP_OK);
	raw.n = 0;
	raw_request(&raw, &bob, "INVITE", 2, tag, "", "", "");
	theirs = raw_body(raw_wait(&raw, "SIP/2.0 200", 1000));
	assert_int_equal(end_answer_text(&raw.end, theirs, 0), SDESP_OK);
	raw_request(&raw, &bob, "ACK", 2, tag, "", SDP, raw_sdp(raw.end.text));
	run_until_count(&bob.events[SDESP_EV_REKEYED], 1, 1000);
	raw_bye(3, tag);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bob_start, bob_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lost_ack),
		TEST(test_invite_again),
		TEST(test_demands),
		TEST(test_outside_of_calls),
		TEST(test_asserted),
		TEST(test_clear_hop),
		TEST(test_all_hops_tls),
		TEST(test_cancel),
		TEST(test_bye_before_answer),
		TEST(test_within_dialog),
		TEST(test_stream_ended),
		TEST(test_offerless_without_answer),
		TEST(test_reinvite_without_offer),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
