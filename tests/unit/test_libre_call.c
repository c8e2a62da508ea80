/*
 * Calls between two stacks over UDP, TCP and TLS: answer, rekey, hold, ends.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/libre/party.h"

static struct party alice, bob;

static void open_both(enum sip_transp tp)
{
	party_init(&alice, tp);
	party_init(&bob, tp);
	bob.setup.local.addr.port = 40002;
}

static void establish(void)
{
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 3000);
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 3000);
}

static void close_both(void)
{
	party_close(&alice);
	party_close(&bob);
}

static void hang_up(struct party *who, struct party *other)
{
	sdesp_call_hangup(who->call);
	run_until_count(&who->closed, 1, 3000);
	run_until_count(&other->closed, 1, 3000);
	assert_int_equal(who->end.why, SDESP_CALL_HUNG_UP);
	assert_int_equal(other->end.why, SDESP_CALL_BYE);
}

/* Both ends name each other's SPIs. */
static void assert_paired(void)
{
	struct sdesp_session_info a, b;

	sdesp_call_info(alice.call, &a);
	sdesp_call_info(bob.call, &b);
	assert_int_equal(a.state, SDESP_CONFIRMED);
	assert_int_equal(b.state, SDESP_CONFIRMED);
	assert_int_equal(a.spi_in, b.spi_out);
	assert_int_equal(a.spi_out, b.spi_in);
	assert_int_not_equal(a.spi_in, 0);
}

static void call_over(enum sip_transp tp, unsigned transport)
{
	open_both(tp);
	establish();
	assert_paired();
	assert_int_equal(bob.transport, transport);
	assert_int_equal(bob.secured, 1); /* loopback */
	assert_string_equal(bob.from, "sip:alice@example.com");
	assert_string_equal(bob.asserted, "");
	assert_int_equal(party_saw(&alice, "> INVITE"), 1);
	assert_int_equal(party_saw(&alice, "> ACK"), 1);
	assert_int_equal(fake_backend_sas(&alice.backend), 2);
	hang_up(&alice, &bob);
	close_both();
}

static void test_udp(void **state)
{
	(void)state;
	call_over(SIP_TRANSP_UDP, SDESP_LIBRE_UDP);
}

static void test_tcp(void **state)
{
	(void)state;
	call_over(SIP_TRANSP_TCP, SDESP_LIBRE_TCP);
}

static void test_tls(void **state)
{
	(void)state;
	call_over(SIP_TRANSP_TLS, SDESP_LIBRE_TLS);
}

static void test_callee_hangs_up(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	hang_up(&bob, &alice);
	close_both();
}

/* Time of 10.2's switch is saved: the new SA reports its first packet. */
static void rekeyed(struct party *asks, struct party *answers)
{
	struct sdesp_session_info before, after;
	struct fake_sa *sa;
	unsigned touched;

	sdesp_call_info(asks->call, &before);
	assert_int_equal(sdesp_call_rekey(asks->call), SDESP_OK);
	run_until_count(&asks->events[SDESP_EV_REKEYED], 1, 3000);
	sdesp_call_info(asks->call, &after);
	assert_int_not_equal(before.spi_in, after.spi_in);
	assert_int_not_equal(before.spi_out, after.spi_out);
	sa = fake_backend_find(&answers->backend, after.spi_out, 1);
	assert_non_null(sa);
	fake_backend_raise(&answers->backend, sa, SDESP_BACKEND_USED);
	touched = answers->touched;
	assert_int_equal(sdesp_libre_poll(answers->ua, &answers->backend.base),
		SDESP_OK);
	assert_true(answers->touched > touched);
	run_until_count(&answers->events[SDESP_EV_REKEYED], 1, 4000);
	assert_paired();
}

static void rekey_by(uint8_t update, const char *sent)
{
	open_both(SIP_TRANSP_UDP);
	alice.config.update = bob.config.update = update;
	establish();
	rekeyed(&alice, &bob);
	assert_int_equal(party_saw(&alice, sent), update ? 1 : 2);
	memset(alice.events, 0, sizeof alice.events);
	memset(bob.events, 0, sizeof bob.events);
	rekeyed(&bob, &alice);
	assert_int_equal(party_saw(&bob, sent), 1);
	hang_up(&alice, &bob);
	close_both();
}

static void test_rekey_reinvite(void **state)
{
	(void)state;
	rekey_by(0, "> INVITE");
}

static void test_rekey_update(void **state)
{
	(void)state;
	rekey_by(1, "> UPDATE");
}

static bool both_held(void *arg)
{
	struct sdesp_session_info a, b;
	const bool *held = arg;

	sdesp_call_info(alice.call, &a);
	sdesp_call_info(bob.call, &b);
	return a.state == SDESP_CONFIRMED && b.state == SDESP_CONFIRMED &&
	       a.held == *held && b.held == *held;
}

static void test_hold(void **state)
{
	bool held = true;
	unsigned keys;

	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	keys = alice.backend.nkeys;
	assert_int_equal(sdesp_call_hold(alice.call, 1), SDESP_OK);
	run_until(both_held, &held, 3000);
	held = false;
	assert_int_equal(sdesp_call_hold(alice.call, 0), SDESP_OK);
	run_until(both_held, &held, 3000);
	assert_int_equal(keys, alice.backend.nkeys); /* none were made */
	hang_up(&bob, &alice);
	close_both();
}

static void test_move(void **state)
{
	struct sdesp_addr addr = alice.setup.local.addr;
	struct sdesp_session_info info;

	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	addr = alice.setup.local.addr;
	addr.port = 40010;
	assert_int_equal(sdesp_call_move(alice.call, &addr), SDESP_OK);
	run_for(200);
	sdesp_call_info(bob.call, &info);
	assert_true(sdesp_addr_equal(&info.flow.remote, &addr));
	hang_up(&bob, &alice);
	close_both();
}

static void test_offerless(void **state)
{
	struct sdesp_call_target target = {
		NULL, "sip:alice@example.com", NULL, 1};
	char uri[128];

	(void)state;
	open_both(SIP_TRANSP_UDP);
	party_open(&alice);
	party_open(&bob);
	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J", &bob.addr);
	target.uri = uri;
	assert_int_equal(
		sdesp_call_make(&alice.call, alice.ua, &target, &alice.setup),
		SDESP_OK);
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 3000);
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 3000);
	assert_paired();
	hang_up(&alice, &bob);
	close_both();
}

/* Two refreshes cross: there the adapter itself waits and asks again. */
static void test_glare_of_holds(void **state)
{
	bool held = true;

	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	assert_int_equal(sdesp_call_hold(alice.call, 1), SDESP_OK);
	assert_int_equal(sdesp_call_hold(bob.call, 1), SDESP_OK);
	run_for(200);
	assert_int_equal(party_saw(&alice, "< 491 INVITE"), 1);
	assert_int_equal(party_saw(&bob, "< 491 INVITE"), 1);
	run_until(both_held, &held, 8000);
	hang_up(&alice, &bob);
	close_both();
}

/* Each sends its re-INVITE before it sees the other's: 491 both ways, then
 * the one that does not own the Call-ID comes first. */
static void test_glare(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	assert_int_equal(sdesp_call_rekey(bob.call), SDESP_OK);
	run_until_count(&bob.events[SDESP_EV_REKEYED], 1, 8000);
	run_until_count(&alice.events[SDESP_EV_REKEYED], 1, 8000);
	run_for(300);
	assert_int_equal(party_saw(&alice, "< 491 INVITE"), 1);
	assert_int_equal(party_saw(&bob, "< 491 INVITE"), 1);
	assert_paired();
	hang_up(&alice, &bob);
	close_both();
}

/* --- calls that come to nothing ----------------------------------------- */

static void refused(uint16_t scode)
{
	run_until_count(&alice.closed, 1, 3000);
	assert_int_equal(alice.end.why, SDESP_CALL_REFUSED);
	assert_int_equal(alice.end.scode, scode);
	run_for(50);
	close_both();
}

static void test_forbidden(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	bob.says = PARTY_REJECTS;
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&alice.closed, 1, 3000);
	assert_string_equal(alice.text, "Forbidden");
	assert_int_equal(bob.backend.calls, 0);
	refused(403);
}

static void test_no_agreement(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	bob.policy.nproposals = 1;
	bob.policy.proposals[0].suite = SDESP_AES_256_CBC_HMAC_SHA2_256_128;
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&alice.closed, 1, 3000);
	run_until_count(&bob.closed, 1, 3000);
	assert_int_equal(bob.end.why, SDESP_CALL_NO_AGREEMENT);
	assert_int_equal(bob.end.status, SDESP_ERR_NO_SUITE);
	assert_non_null(strstr(alice.text, "Not Acceptable Here (306 sdesp"));
	refused(488);
}

static void test_cancel(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	bob.says = PARTY_RINGS;
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&alice.progress, 1, 3000);
	sdesp_call_hangup(alice.call);
	run_until_count(&alice.closed, 1, 3000);
	assert_int_equal(alice.end.why, SDESP_CALL_HUNG_UP);
	assert_int_equal(party_saw(&alice, "> CANCEL"), 1);
	assert_int_equal(party_saw(&alice, "< 487 INVITE"), 1);
	run_for(50);
	close_both();
}

/* The callee answers late; the call was not lost meanwhile. */
static void test_rings_then_answers(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	bob.says = PARTY_RINGS;
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&alice.progress, 1, 3000);
	assert_int_equal(fake_backend_sas(&bob.backend), 0);
	assert_int_equal(sdesp_call_accept(bob.call, &bob.setup), SDESP_OK);
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 3000);
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 3000);
	hang_up(&alice, &bob);
	close_both();
}

static void test_nobody_there(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_TCP);
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(
		party_call_uri(&alice, "sip:bob@127.0.0.1:1;transport=tcp"),
		SDESP_OK);
	run_until_count(&alice.closed, 1, 3000);
	assert_int_equal(alice.end.why, SDESP_CALL_TRANSPORT);
	assert_int_equal(alice.end.error, ECONNREFUSED);
	close_both();
}

static void test_bad_arguments(void **state)
{
	struct sdesp_libre_config config;
	struct sdesp_libre *ua;

	(void)state;
	open_both(SIP_TRANSP_UDP);
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call_uri(&alice, "nonsense"), SDESP_ERR_ARG);
	assert_int_equal(
		party_call_uri(&alice, "sip:bob@127.0.0.1;transport=tcp"),
		SDESP_ERR_BACKEND);
	alice.policy.nproposals = 0;
	assert_int_equal(party_call(&alice, &bob), SDESP_ERR_ARG);
	config = bob.config;
	config.closed = NULL;
	assert_int_equal(sdesp_libre_alloc(&ua, &config), SDESP_ERR_ARG);
	config = bob.config;
	config.session_expires = 10;
	config.min_se = 20;
	assert_int_equal(sdesp_libre_alloc(&ua, &config), SDESP_ERR_ARG);
	assert_null(ua);
	close_both();
}

/* A handler may do away with everything. */
static void test_ends_in_handler(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	alice.ends = bob.ends = true;
	establish();
	hang_up(&alice, &bob);
	assert_null(alice.ua);
	close_both();
}

/* As is a program that goes without a word, whatever is open. */
static void test_ends_at_once(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	establish();
	assert_int_equal(sdesp_call_rekey(alice.call), SDESP_OK);
	sdesp_call_hangup(bob.call);
	mem_ref(bob.call);
	alice.ua = mem_deref(alice.ua);
	bob.ua = mem_deref(bob.ua);
	sdesp_call_hangup(bob.call); /* nothing happens any more */
	assert_int_equal(sdesp_call_rekey(bob.call), SDESP_ERR_STATE);
	mem_deref(bob.call);
	run_for(50);
	close_both();
}

/* --- session timer ------------------------------------------------------ */

static void test_session_timer(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	alice.config.session_expires = bob.config.session_expires = 2;
	alice.config.min_se = bob.config.min_se = 1;
	establish();
	run_for(3500);
	assert_true(party_saw(&alice, "> UPDATE") >= 2);
	assert_int_equal(party_saw(&bob, "> UPDATE"), 0);
	assert_int_equal(alice.closed + bob.closed, 0);
	hang_up(&alice, &bob);
	close_both();
}

static void test_interval_too_small(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	alice.config.session_expires = 100;
	bob.config.min_se = 200;
	establish();
	assert_int_equal(party_saw(&alice, "< 422 INVITE"), 1);
	assert_int_equal(party_saw(&alice, "> INVITE"), 2);
	hang_up(&alice, &bob);
	close_both();
}

/* The caller's program is gone: its stack says no word more. */
static void test_peer_vanishes(void **state)
{
	(void)state;
	open_both(SIP_TRANSP_UDP);
	alice.config.session_expires = bob.config.session_expires = 3;
	alice.config.min_se = bob.config.min_se = 1;
	establish();
	alice.ua = mem_deref(alice.ua);
	assert_true(fake_backend_empty(&alice.backend));
	/* 501 of libre comes back to its BYE. */
	run_until_count(&bob.closed, 1, 6000);
	assert_int_equal(bob.end.why, SDESP_CALL_TIMEOUT);
	assert_non_null(strstr(bob.text, "session timer"));
	assert_int_equal(sdesp_libre_alloc(&alice.ua, &alice.config), 0);
	close_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_callee_hangs_up),
		cmocka_unit_test(test_rekey_reinvite),
		cmocka_unit_test(test_rekey_update),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_offerless),
		cmocka_unit_test(test_glare),
		cmocka_unit_test(test_glare_of_holds),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_no_agreement),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_rings_then_answers),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_ends_in_handler),
		cmocka_unit_test(test_ends_at_once),
		cmocka_unit_test(test_session_timer),
		cmocka_unit_test(test_interval_too_small),
		cmocka_unit_test(test_peer_vanishes),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
