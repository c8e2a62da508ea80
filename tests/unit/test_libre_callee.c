/*
 * What a hostile, odd or old callee answers, and what it gets: forks,
 * repetitions, challenges, refusals. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/support/libre/raw.h"

static struct party alice;
static struct raw raw, other; /* other: a second branch; no socket is used */

static int start(void **state)
{
	(void)state;
	party_init(&alice, SIP_TRANSP_UDP);
	party_open(&alice);
	raw_open(&raw, 1);
	raw_open(&other, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	run_for(20);
	raw_close(&raw);
	raw_close(&other);
	party_close(&alice);
	return 0;
}

/* Call; the INVITE as it came. */
static const char *invite(void)
{
	char uri[64];

	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J", &raw.addr);
	assert_int_equal(party_call_uri(&alice, uri), SDESP_OK);
	return raw_wait(&raw, "INVITE", 1000);
}

/* The answer of this end to an INVITE. */
static const char *answer(struct raw *from, const char *request)
{
	assert_int_equal(
		end_answer_text(&from->end, raw_body(request), 0), SDESP_OK);
	return raw_sdp(from->end.text);
}

/* A response from another branch: the same socket, another tag. */
static void reply_as(struct raw *as, const char *request, const char *status,
	const char *body)
{
	char tag[sizeof raw.tag];

	memcpy(tag, raw.tag, sizeof tag);
	memcpy(raw.tag, as->tag, sizeof tag);
	raw_reply(&raw, request, status, "", body);
	memcpy(raw.tag, tag, sizeof tag);
}

static void established(uint32_t spi)
{
	struct sdesp_session_info info;

	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 1000);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.state, SDESP_CONFIRMED);
	assert_int_equal(info.spi_out, spi);
}

static const char *establish(void)
{
	const char *request = invite();

	raw_reply(&raw, request, "200 OK", "Allow: INVITE, UPDATE\r\n",
		answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	established(end_info(&raw.end).spi_in);
	return request;
}

/* The program hangs up, the peer agrees. */
static void hang_up(void)
{
	raw.n = 0;
	sdesp_call_hangup(alice.call);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_HUNG_UP);
}

/* How many requests came for this tag of ours. */
static unsigned for_tag(const char *method, const char *tag)
{
	char to[256], wanted[64];
	unsigned n = 0;

	snprintf(wanted, sizeof wanted, ";tag=%s", tag);
	for (unsigned i = 0; i < raw.n; i++) {
		raw_header(to, raw.message[i], "To");
		n += strncmp(raw.message[i], method, strlen(method)) == 0 &&
		     strstr(to, wanted) != NULL;
	}
	return n;
}

/* --- forks --------------------------------------------------------------- */

static void test_fork(void **state)
{
	const char *request;

	(void)state;
	request = invite();
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
	reply_as(&other, request, "200 OK", answer(&other, request));
	raw_wait(&raw, "BYE", 1000);
	raw_reply(&raw, raw_find(&raw, "BYE"), "200 OK", "", "");
	established(end_info(&raw.end).spi_in);
	assert_int_equal(for_tag("ACK", raw.tag), 1);
	assert_int_equal(for_tag("BYE", raw.tag), 0);
	assert_int_equal(for_tag("ACK", other.tag), 1);
	assert_int_equal(for_tag("BYE", other.tag), 1);
	assert_int_equal(alice.backend.nkeys, 2);

	/* The loser did not hear the ACK. */
	reply_as(&other, request, "200 OK", "");
	run_for(50);
	assert_int_equal(for_tag("ACK", other.tag), 2);
	assert_int_equal(for_tag("BYE", other.tag), 1);
	hang_up();
}

/* 183 of two branches: the first is used, the second wins in the end. */
static void test_fork_of_early_answers(void **state)
{
	const char *request, *second;
	struct sdesp_session_info info;

	(void)state;
	request = invite();
	raw_reply(&raw, request, "183 Progress", "", answer(&raw, request));
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 1000);
	second = answer(&other, request);
	reply_as(&other, request, "183 Progress", second);
	run_until_count(&alice.progress, 2, 1000);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.state, SDESP_EARLY);
	assert_int_equal(info.spi_out, end_info(&raw.end).spi_in);
	reply_as(&other, request, "200 OK", raw_sdp(other.end.text));
	raw_wait(&raw, "ACK", 1000);
	established(end_info(&other.end).spi_in);
	assert_int_equal(fake_backend_sas(&alice.backend), 2);
	hang_up();
}

static void test_late_branch_after_the_end(void **state)
{
	char request[RAW_TEXT];

	(void)state;
	snprintf(request, sizeof request, "%s", establish());
	hang_up();
	raw.n = 0;
	reply_as(&other, request, "200 OK", answer(&other, request));
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	assert_int_equal(for_tag("BYE", other.tag), 1);
	raw_reply(&raw, raw_find(&raw, "BYE"), "200 OK", "", "");
}

/* --- repetitions --------------------------------------------------------- */

static void test_200_again(void **state)
{
	const char *request;

	(void)state;
	request = invite();
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	raw_reply(&raw, request, "200 OK", "", raw_sdp(raw.end.text));
	raw_reply(&raw, request, "200 OK", "", raw_sdp(raw.end.text));
	run_for(50);
	assert_int_equal(raw_count(&raw, "ACK"), 3);
	assert_string_equal(raw.message[1], raw.message[3]);
	assert_int_equal(alice.backend.nkeys, 2);
	assert_int_equal(alice.events[SDESP_EV_ESTABLISHED], 1);
	hang_up();
}

static void test_cancel_crosses_200(void **state)
{
	const char *request;

	(void)state;
	request = invite();
	raw_reply(&raw, request, "180 Ringing", "", "");
	run_until_count(&alice.progress, 1, 1000);
	sdesp_call_hangup(alice.call);
	raw_wait(&raw, "CANCEL", 1000);
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
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
	request = invite();
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
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
	established(end_info(&raw.end).spi_in);

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
	raw_reply(&raw, invite(), status, headers, "");
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
	raw_reply(&raw, invite(), "200 OK", headers, body);
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
	request = invite();
	snprintf(body, sizeof body, "%s", answer(&raw, request));
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

/* --- within the dialog --------------------------------------------------- */

/* A rekey that the peer answers with nonsense: ACK, then a refresh for the
 * old pair; the peer takes that. */
static void test_rekey_answered_badly(void **state)
{
	uint32_t spi;
	const char *refresh;

	(void)state;
	establish();
	spi = end_info(&raw.end).spi_in;
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "200 OK", "",
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"));
	raw.n = 0;
	raw_wait(&raw, "ACK", 1000);
	refresh = raw_wait(&raw, "INVITE", 1000);
	raw_reply(&raw, refresh, "200 OK", "", answer(&raw, refresh));
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	established(spi);
	hang_up();
}

/* The same, but the peer refuses the refresh too: there is nothing left to
 * agree on. */
static void test_rekey_and_refresh_refused(void **state)
{
	(void)state;
	establish();
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
	establish();
	spi = end_info(&raw.end).spi_in;
	raw.n = 0;
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "INVITE", 1000), "488 No", "", "");
	raw_wait(&raw, "ACK", 1000);
	run_for(50);
	established(spi);
	raw.n = 0;
	raw_wait(&raw, "INVITE", 5000);
	raw_reply(&raw, raw_find(&raw, "INVITE"), "488 No", "", "");
	hang_up();
}

static void test_bye_during_rekey(void **state)
{
	const char *rekey;
	char from[256], to[256];
	char *text = NULL;

	(void)state;
	establish();
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
	establish();
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
	establish();
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
	hang_up();
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
	establish();
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	raw.n = 0;
	assert_int_equal(sdesp_call_hold(alice.call, 1), SDESP_OK);
	raw_reply(&raw, raw_wait(&raw, "UPDATE", 1000), "405 No", "", "");
	request = raw_wait(&raw, "INVITE", 1000);
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	hang_up();
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
	request = invite();
	raw_header(text, request, "Session-Expires");
	assert_string_equal(text, "2");
	raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
	established(end_info(&raw.end).spi_in);
	assert_int_equal(sdesp_session_confirm(&raw.end.session, 0), SDESP_OK);
	for (int i = 0; i < 2; i++) {
		raw.n = 0;
		request = raw_wait(&raw, "INVITE", 3000);
		raw_reply(&raw, request, "200 OK", "", answer(&raw, request));
		raw_wait(&raw, "ACK", 1000);
	}
	assert_int_equal(alice.backend.nkeys, 2); /* refreshed, not rekeyed */
	hang_up();
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
	establish();
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

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
