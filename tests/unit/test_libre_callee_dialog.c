/*
 * What a hostile, odd or old callee does once the call is up, and one that
 * says nothing at all. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/libre/scripted.h"

/* --- within the dialog --------------------------------------------------- */

/* A rekey that the peer answers with nonsense: ACK, then a refresh for the
 * old pair; the peer takes that. */
static void test_rekey_answered_badly(void **state)
{
	uint32_t spi;
	const char *refresh;

	(void)state;
	alice_establishes();
	spi = end_info(&raw.end).spi_in;
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "200 OK", "",
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"));
	raw.n = 0;
	raw_wait(&raw, "ACK", 1000);
	refresh = raw_wait(&raw, "INVITE", 1000);
	raw_reply(&raw, refresh, "200 OK", "", raw_answer(&raw, refresh));
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	alice_is_up(spi);
	alice_hangs_up();
}

/* The same, but the peer refuses the refresh too: there is nothing left to
 * agree on. */
static void test_rekey_and_refresh_refused(void **state)
{
	(void)state;
	alice_establishes();
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "200 OK", "",
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"));
	raw.n = 0;
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "488 No", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_NO_AGREEMENT);
}

/* 488 to a rekey: the old pair works on, and the rekey is tried again. */
static void test_rekey_refused(void **state)
{
	uint32_t spi;

	(void)state;
	alice_establishes();
	spi = end_info(&raw.end).spi_in;
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "488 No", "", "");
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	alice_is_up(spi);
	raw.n = 0;
	raw_wait(&raw, "INVITE", 5000);
	raw_reply(&raw, raw_find(&raw, "INVITE"), "488 No", "", "");
	alice_hangs_up();
}

static void test_bye_during_rekey(void **state)
{
	const char *rekey;
	char from[256], to[256];
	char *text = NULL;

	(void)state;
	alice_establishes();
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	rekey = raw_wait(&raw, "INVITE", 1000);
	raw_header(from, rekey, "From");
	raw_header(to, rekey, "To");
	assert_int_equal(re_sdprintf(&text,
				 "BYE sip:party@%J SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP %J;branch=z9hG4bKbye\r\n"
				 "From: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
				 "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
				 &alice.addr, &raw.addr, to, from,
				 sdesp_call_id(alice.call)),
		0);
	raw_say(&raw, text);
	mem_deref(text);
	raw_wait(&raw, "SIP/2.0 200", 1000);
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_BYE);
	assert_true(fake_backend_empty(&alice.backend));
	/* Even now its 200 would be acknowledged. */
	raw_reply(&raw, rekey, "200 OK", "", raw_sdp(raw.end.text));
	raw_wait(&raw, "ACK", 1000);
}

/* 481 to a re-INVITE: the peer has lost the call. */
static void test_dialog_lost(void **state)
{
	(void)state;
	alice_establishes();
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "481 None", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "481 None", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_TIMEOUT);
}

/* A refresh that meets 500 with Retry-After waits so long. */
static void test_retry_after(void **state)
{
	struct sdesp_session_info info;

	(void)state;
	alice_establishes();
	raw.n = 0;
	assert_int_equal(sdesp_call_hold(alice.call, 1), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "500 Later",
		"Retry-After: 1 (busy)\r\n", "");
	raw_wait(&raw, "ACK", 1000);
	raw.n = 0;
	run_for(800);
	assert_int_equal(raw_count(&raw, "INVITE"), 0);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 2000), "488 No", "", "");
	run_for(50);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.held, 0);
	alice_hangs_up();
}

/* Allow named UPDATE, but it was not so. */
static void test_update_refused(void **state)
{
	const char *request;

	(void)state;
	party_close(&alice);
	party_init(&alice, SIP_TRANSP_UDP);
	alice.config.update = 1;
	party_open(&alice);
	alice_establishes();
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	raw.n = 0;
	assert_int_equal(sdesp_call_hold(alice.call, 1), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "UPDATE", 1000), "405 No", "", "");
	request = raw_wait(&raw, "INVITE", 1000);
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	alice_hangs_up();
}

/* A peer that knows neither timers nor UPDATE is asked by re-INVITE whether
 * it is there. */
static void test_timer_of_one_side(void **state)
{
	char text[256];
	const char *request;

	(void)state;
	party_close(&alice);
	party_init(&alice, SIP_TRANSP_UDP);
	alice.config.session_expires = 2;
	alice.config.min_se = 1;
	party_open(&alice);
	request = alice_invites();
	raw_header(text, request, "Session-Expires");
	assert_string_equal(text, "2");
	raw_reply(&raw, request, "200 OK", "", raw_answer(&raw, request));
	alice_is_up(end_info(&raw.end).spi_in);
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	for (int i = 0; i < 2; i++) {
		raw.n = 0;
		request = raw_wait(&raw, "INVITE", 3000);
		raw_reply(
			&raw, request, "200 OK", "", raw_answer(&raw, request));
		raw_wait(&raw, "ACK", 1000);
	}
	assert_int_equal(alice.backend.nkeys, 2); /* refreshed, not rekeyed */
	alice_hangs_up();
}

/* --- silence ------------------------------------------------------------- */

/* Nobody answers an INVITE, nobody a BYE, nobody acknowledges a 200: 64 * T1
 * each, at once. */
static void test_silence(void **state)
{
	static struct party carol, dave;
	static struct raw mute;
	char uri[64];

	(void)state;
	party_init(&carol, SIP_TRANSP_UDP);
	party_open(&carol);
	party_init(&dave, SIP_TRANSP_UDP);
	party_open(&dave);
	raw_open(&mute, 3);
	alice_establishes();
	sdesp_call_hangup(alice.call);
	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J", &other.addr);
	assert_int_equal(party_call_uri(&carol, uri), SDESP_OK);
	assert_int_equal(end_offer(&mute.end, 0), SDESP_OK);
	raw_request(&mute, &dave, "INVITE", 1, "", "", "application/sdp",
		raw_sdp(mute.end.text));
	raw_wait(&mute, "SIP/2.0 200", 1000);
	assert_int_equal(fake_backend_sas(&dave.backend), 2);

	run_until_count(&carol.closed, 1, 40000);
	run_until_count(&alice.closed, 1, 4000);
	assert_int_equal(carol.end.why, SDESP_CALL_TIMEOUT);
	assert_int_equal(carol.end.scode, 408);
	assert_int_equal(alice.end.why, SDESP_CALL_HUNG_UP);
	raw_reply(&mute, raw_wait(&mute, "BYE", 4000), "481 None", "", "");
	run_until_count(&dave.closed, 1, 1000);
	assert_int_equal(dave.end.why, SDESP_CALL_TIMEOUT);
	assert_int_equal(dave.events[SDESP_EV_ESTABLISHED], 0);
	raw_close(&mute);
	party_close(&carol);
	party_close(&dave);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, alice_start, alice_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rekey_answered_badly),
		TEST(test_rekey_and_refresh_refused),
		TEST(test_rekey_refused),
		TEST(test_bye_during_rekey),
		TEST(test_dialog_lost),
		TEST(test_retry_after),
		TEST(test_update_refused),
		TEST(test_timer_of_one_side),
		TEST(test_silence),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
