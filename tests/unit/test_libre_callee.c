/*
 * What a hostile, odd or old callee answers to an INVITE, and what it gets:
 * forks, repetitions, challenges, refusals. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/support/libre/scripted.h"

/* --- forks --------------------------------------------------------------- */

static void test_fork(void **state)
{
	const char *request;

	(void)state;
	request = alice_invites();
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	raw_reply_as(&other, request, "200 OK", raw_answer(&other, request));
	raw_wait(&raw, "BYE", 1000);
	raw_reply(&raw, raw_find(&raw, "BYE"), "200 OK", "", "");
	alice_is_up(end_info(&raw.end).spi_in);
	assert_int_equal(raw_for_tag("ACK", raw.tag), 1);
	assert_int_equal(raw_for_tag("BYE", raw.tag), 0);
	assert_int_equal(raw_for_tag("ACK", other.tag), 1);
	assert_int_equal(raw_for_tag("BYE", other.tag), 1);
	assert_int_equal(alice.backend.nkeys, 2);

	/* The loser did not hear the ACK. */
	raw_reply_as(&other, request, "200 OK", "");
	run_for(50);
	assert_int_equal(raw_for_tag("ACK", other.tag), 2);
	assert_int_equal(raw_for_tag("BYE", other.tag), 1);
	alice_hangs_up();
}

/* 183 of two branches: the first is used, the second wins in the end. */
static void test_fork_of_early_answers(void **state)
{
	const char *request, *second;
	struct sdesp_session_info info;

	(void)state;
	request = alice_invites();
	raw_reply(&raw, request, "183 Progress", "", raw_answer(&raw, request));
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 1000);
	second = raw_answer(&other, request);
	raw_reply_as(&other, request, "183 Progress", second);
	run_until_count(&alice.progress, 2, 1000);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.state, SDESP_EARLY);
	assert_int_equal(info.spi_out, end_info(&raw.end).spi_in);
	raw_reply_as(&other, request, "200 OK", raw_sdp(other.end.text));
	raw_wait(&raw, "ACK", 1000);
	alice_is_up(end_info(&other.end).spi_in);
	assert_int_equal(fake_backend_sas(&alice.backend), 2);
	alice_hangs_up();
}

static void test_late_branch_after_the_end(void **state)
{
	char request[RAW_TEXT];

	(void)state;
	snprintf(request, sizeof request, "%s", alice_establishes());
	alice_hangs_up();
	raw.n = 0;
	raw_reply_as(&other, request, "200 OK", raw_answer(&other, request));
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	assert_int_equal(raw_for_tag("BYE", other.tag), 1);
	raw_reply(&raw, raw_find(&raw, "BYE"), "200 OK", "", "");
}

/* --- repetitions --------------------------------------------------------- */

static void test_200_again(void **state)
{
	const char *request;

	(void)state;
	request = alice_invites();
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, request, "200 OK", "", raw_sdp(raw.end.text));
	raw_reply(&raw, request, "200 OK", "", raw_sdp(raw.end.text));
	run_for(50);
	assert_int_equal(raw_count(&raw, "ACK"), 3);
	assert_string_equal(raw.message[1], raw.message[3]);
	assert_int_equal(alice.backend.nkeys, 2);
	assert_int_equal(alice.events[SDESP_EV_ESTABLISHED], 1);
	alice_hangs_up();
}

static void test_cancel_crosses_200(void **state)
{
	const char *request;

	(void)state;
	request = alice_invites();
	raw_reply(&raw, request, "180 Ringing", "", "");
	run_until_count(&alice.progress, 1, 1000);
	sdesp_call_hangup(alice.call);
	raw_wait(&raw, "CANCEL", 1000);
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_HUNG_UP);
	assert_int_equal(alice.backend.nkeys, 0);
}

/* --- challenges and refusals --------------------------------------------- */

static int credentials(
	char **user, char **password, const char *realm, void *arg)
{
	(void)arg;
	assert_string_equal(realm, "there");
	return str_dup(user, "alice") | str_dup(password, "secret");
}

static void test_challenge(void **state)
{
	char text[256], body[RAW_TEXT];
	const char *request;

	(void)state;
	party_close(&alice);
	party_init(&alice, SIP_TRANSP_UDP);
	alice.config.auth = credentials;
	party_open(&alice);
	request = alice_invites();
	snprintf(body, sizeof body, "%s", raw_body(request));
	raw_reply(&raw, request, "407 Proxy Authentication Required",
		"Proxy-Authenticate: Digest realm=\"there\", nonce=\"n1\"\r\n",
		"");
	raw_wait(&raw, "ACK", 1000);
	raw.n = 0;
	request = raw_wait(&raw, "INVITE", 1000);
	raw_header(text, request, "Proxy-Authorization");
	assert_non_null(strstr(text, "username=\"alice\", realm=\"there\""));
	assert_string_equal(raw_body(request), body); /* SPEC 10.1 */
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	alice_is_up(end_info(&raw.end).spi_in);

	/* BYE, too, is asked for credentials: a new nonce. */
	raw.n = 0;
	sdesp_call_hangup(alice.call);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "407 Again",
		"Proxy-Authenticate: Digest realm=\"there\", nonce=\"n2\", "
		"stale=true\r\n",
		"");
	raw.n = 0;
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
}

static void refused(const char *status, const char *headers)
{
	raw_reply(&raw, alice_invites(), status, headers, "");
	run_until_count(&alice.closed, 1, 1000);
	raw_wait(&raw, "ACK", 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_REFUSED);
	assert_true(fake_backend_empty(&alice.backend));
}

static void test_moved(void **state)
{
	(void)state;
	refused("302 Moved", "Contact: <sip:elsewhere@192.0.2.1>, <sip:x>\r\n");
	assert_int_equal(alice.end.scode, 302);
	/* The reply's own Contact comes first. */
	assert_non_null(strstr(alice.contact, "sip:raw@"));
}

static void test_warned(void **state)
{
	(void)state;
	refused("488 Not Here", "Warning: 399 other \"no ESP\"\r\n");
	assert_string_equal(alice.text, "Not Here (399 other \"no ESP\")");
}

static void test_challenge_without_credentials(void **state)
{
	(void)state;
	refused("401 Unauthorized",
		"WWW-Authenticate: Digest realm=\"there\", nonce=\"n1\"\r\n");
	assert_int_equal(alice.end.scode, 401);
}

/* --- bad answers --------------------------------------------------------- */

static void bad_answer(const char *headers, const char *body, int status)
{
	raw_reply(&raw, alice_invites(), "200 OK", headers, body);
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_NO_AGREEMENT);
	assert_int_equal(alice.end.status, status);
	assert_int_equal(alice.backend.nkeys, 0);
}

static void test_200_without_answer(void **state)
{
	(void)state;
	bad_answer("", "", SDESP_ERR_MISSING);
}

static void test_200_with_another_call(void **state)
{
	(void)state;
	bad_answer(
		"", raw_sdp("m=audio 5004 RTP/AVP 0\r\n"), SDESP_ERR_MISMATCH);
}

static void test_200_that_declines(void **state)
{
	(void)state;
	bad_answer("", raw_sdp("m=application 0 UDP/ESP transport\r\n"),
		SDESP_ERR_REJECTED);
}

static void test_wrong_confirmation(void **state)
{
	const char *request;
	char *at, body[RAW_TEXT];

	(void)state;
	request = alice_invites();
	snprintf(body, sizeof body, "%s", raw_answer(&raw, request));
	at = strstr(body, "a=esp-confirm:");
	assert_non_null(at);
	at += strlen("a=esp-confirm:");
	*at = *at == '0' ? '1' : '0'; /* hexadecimal, of either case */
	raw_reply(&raw, request, "200 OK", "", body);
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.status, SDESP_ERR_CONFIRM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, alice_start, alice_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fork),
		TEST(test_fork_of_early_answers),
		TEST(test_late_branch_after_the_end),
		TEST(test_200_again),
		TEST(test_cancel_crosses_200),
		TEST(test_challenge),
		TEST(test_moved),
		TEST(test_warned),
		TEST(test_challenge_without_credentials),
		TEST(test_200_without_answer),
		TEST(test_200_with_another_call),
		TEST(test_200_that_declines),
		TEST(test_wrong_confirmation),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
