/*
 * Calls over TLS with and without a server that proves who it is, and what is
 * said over signalling that nobody else reads. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/libre/party.h"

static struct party alice, bob;

/* A caller that trusts this authority, or nobody, to name this host. */
static void start(const char *ca, const char *host)
{
	party_init(&alice, SIP_TRANSP_TLS);
	party_init(&bob, SIP_TRANSP_TLS);
	assert_int_equal(tls_alloc(&alice.tls, TLS_METHOD_SSLV23,
				 party_certificate(), NULL),
		0);
	if (ca != NULL)
		assert_int_equal(tls_add_ca(alice.tls, ca), 0);
	assert_int_equal(sdesp_libre_verify(alice.tls, host), SDESP_OK);
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
}

static void finish(void)
{
	party_close(&alice);
	party_close(&bob);
}

static void refused(const char *ca, const char *host)
{
	start(ca, host);
	run_until_count(&alice.closed, 1, 3000);
	assert_int_equal(alice.end.why, SDESP_CALL_TRANSPORT);
	assert_non_null(strstr(alice.text, "certificate"));
	assert_int_equal(bob.incoming, 0);
	finish();
}

static void test_proved(void **state)
{
	(void)state;
	start(party_certificate(), "127.0.0.1");
	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 3000);
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 3000);
	/* Over a connection of its own, back to Contact. */
	sdesp_call_hangup(bob.call);
	run_until_count(&alice.closed, 1, 3000);
	run_until_count(&bob.closed, 1, 3000);
	finish();
}

static void test_unknown_authority(void **state)
{
	(void)state;
	refused(NULL, "127.0.0.1");
}

static void test_another_address(void **state)
{
	(void)state;
	refused(party_certificate(), "127.0.0.2");
}

static void test_another_name(void **state)
{
	(void)state;
	refused(party_certificate(), "sip.example.com");
}

/* --- inline keys ---------------------------------------------------------- */

static void only_inline(struct party *p)
{
	party_init(p, SIP_TRANSP_UDP);
	p->policy.nproposals = 1;
	p->policy.proposals[0].method = SDESP_INLINE;
}

/* Loopback is a way that nobody else reads: secrets may go. */
static void test_inline_on_loopback(void **state)
{
	struct sdesp_session_info info;

	(void)state;
	only_inline(&alice);
	only_inline(&bob);
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(party_call(&alice, &bob), SDESP_OK);
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 3000);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.method, SDESP_INLINE);
	sdesp_call_hangup(alice.call);
	run_until_count(&alice.closed, 1, 3000);
	run_until_count(&bob.closed, 1, 3000);
	finish();
}

/* Any other way in the clear is none: there is nothing left to offer. */
static void test_inline_in_the_clear(void **state)
{
	(void)state;
	only_inline(&alice);
	only_inline(&bob);
	party_open(&alice);
	party_open(&bob);
	assert_int_equal(
		party_call_uri(&alice, "sip:bob@192.0.2.1"), SDESP_ERR_POLICY);
	assert_int_equal(party_call_uri(&alice, "sip:bob@example.com"),
		SDESP_ERR_POLICY);
	assert_int_equal(
		party_call_uri(&alice, "sip:bob@127.0.0.1;maddr=192.0.2.1"),
		SDESP_ERR_POLICY);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proved),
		cmocka_unit_test(test_unknown_authority),
		cmocka_unit_test(test_another_address),
		cmocka_unit_test(test_another_name),
		cmocka_unit_test(test_inline_on_loopback),
		cmocka_unit_test(test_inline_in_the_clear),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
