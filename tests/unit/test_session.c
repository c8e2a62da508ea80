/* Sessions: two ends that agree, refuse, rekey, refresh and part.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"

static struct end a, b, c;

static int setup(void **state)
{
	(void)state;
	end_init(&a, "192.0.2.10", 4500, 1);
	end_init(&b, "198.51.100.20", 4501, 2);
	end_init(&c, "203.0.113.30", 4502, 3);
	return 0;
}

/* Whatever a test did, closing leaves nothing. */
static int teardown(void **state)
{
	struct end *const ends[] = {&a, &b, &c};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int failed = ends[i]->backend.misuse != NULL;

		if (failed)
			print_error("misuse: %s\n", ends[i]->backend.misuse);
		if (sdesp_session_close(&ends[i]->session) != SDESP_OK ||
			!fake_backend_empty(&ends[i]->backend) || failed ||
			fake_backend_key_in(&ends[i]->backend,
				&ends[i]->session, sizeof ends[i]->session))
			return -1;
	}
	return 0;
}

static unsigned state_of(const struct end *e)
{
	return end_info(e).state;
}

static void only(struct end *e, unsigned suite, unsigned method, unsigned esn)
{
	e->policy.nproposals = 1;
	e->policy.proposals[0].suite = (uint8_t)suite;
	e->policy.proposals[0].method = (uint8_t)method;
	e->policy.proposals[0].esn = (uint8_t)esn;
}

static void test_agree_x25519(void **state)
{
	(void)state;
	assert_int_equal(agree(&a, &b, 1000), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);
	assert_int_equal(end_info(&a).suite, SDESP_AES_128_GCM_16);
	assert_int_equal(end_info(&a).method, SDESP_X25519);
	assert_int_equal(end_event(&a), SDESP_EV_ESTABLISHED);
	assert_int_equal(end_event(&a), 0);
	assert_int_equal(end_event(&b), SDESP_EV_ESTABLISHED);
	assert_int_equal(end_event(&b), 0);
	assert_int_equal(fake_backend_sas(&a.backend), 2);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
}

/* Keys are not kept once the SAs have them, nor secrets of the offer. */
static void test_no_key_stays(void **state)
{
	static const struct sdesp_own_offer none;

	(void)state;
	assert_int_equal(agree(&a, &b, 1000), SDESP_OK);
	assert_false(
		fake_backend_key_in(&a.backend, &a.session, sizeof a.session));
	assert_false(
		fake_backend_key_in(&b.backend, &b.session, sizeof b.session));
	assert_memory_equal(
		&a.session.offer.secret, &none.secret, sizeof none.secret);
}

static void test_every_suite_both_methods(void **state)
{
	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++) {
		for (unsigned method = 1; method <= 2; method++) {
			setup(state);
			a.local.secured = b.local.secured = 1;
			only(&a, suite, method, suite % 2);
			b.policy = a.policy;
			assert_int_equal(agree(&a, &b, 0), SDESP_OK);
			assert_true(agreed(&a, &b));
			assert_int_equal(end_info(&b).suite, suite);
			assert_int_equal(end_info(&b).esn, suite % 2);
			assert_int_equal(teardown(state), 0);
		}
	}
}

/* The answerer's SAs are there before its answer leaves, but it does not
 * send before the ACK. */
static void test_answerer_waits(void **state)
{
	struct sdesp_session_info info;

	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(state_of(&a), SDESP_OFFERED);
	assert_int_equal(fake_backend_sas(&a.backend), 1);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	info = end_info(&b);
	assert_int_equal(info.state, SDESP_ANSWERED);
	assert_int_equal(fake_backend_sas(&b.backend), 2);
	assert_non_null(fake_backend_policy(&b.backend, &info.flow));
	assert_int_equal(fake_backend_sends(&b.backend, &info.flow), 0);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	assert_int_equal(
		fake_backend_sends(&b.backend, &info.flow), info.spi_out);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_ERR_STATE);
}

static const uint8_t psk_key[32] = {1, 2, 3};
static const struct sdesp_psk psk_a = {
	"lab-7", psk_key, sizeof psk_key, "alice", "bob"};
static const struct sdesp_psk psk_b = {
	"lab-7", psk_key, sizeof psk_key, "bob", "alice"};

static void with_psk(void)
{
	a.policy.psks = &psk_a;
	a.policy.npsks = 1;
	a.policy.psk_offer = "lab-7";
	b.policy.psks = &psk_b;
	b.policy.npsks = 1;
	b.policy.psk_offer = "lab-7";
	b.policy.psk_required = 1;
}

static void test_psk(void **state)
{
	(void)state;
	with_psk();
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_int_equal(end_info(&a).psk, 1);
	assert_non_null(strstr(b.text, " PSK=lab-7"));
}

/* The names are bound: a record held the wrong way round does not fit. */
static void test_psk_names(void **state)
{
	(void)state;
	with_psk();
	b.policy.psks = &psk_a;
	assert_int_equal(agree(&a, &b, 0), SDESP_ERR_CONFIRM);
}

static void test_psk_refused(void **state)
{
	(void)state;
	with_psk();
	a.policy.psk_offer = NULL;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_FLOOR);
	sdesp_session_fail(&a.session, 0);
	a.policy.psk_offer = "lab-7";
	b.policy.npsks = 0;
	b.policy.psk_required = 0;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_PSK);
	sdesp_session_fail(&a.session, 0);
	a.policy.psk_offer = NULL;
	a.policy.psk_required = 1;
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_POLICY);
}

/* What may be changed in an offer, and why it is refused then. */
static const struct {
	const char *from, *to;
	int status;
} bad_offers[] = {
	{"UDP/ESP", "UDP/XYZ", SDESP_ERR_VALUE},
	{"UDP/ESP", "ESP", SDESP_ERR_VALUE},
	{"application", "audio", SDESP_ERR_VALUE},
	{"m=application 4500", "m=application 0", SDESP_ERR_REJECTED},
	{"transport", "tunnel", SDESP_ERR_NO_MODE},
	{"192.0.2.10", "0.0.0.0", SDESP_ERR_ADDRESS},
	{"192.0.2.10", "127.0.0.1", SDESP_ERR_ADDRESS},
	{"192.0.2.10", "239.1.2.3", SDESP_ERR_ADDRESS},
	{"192.0.2.10", "198.51.100.20", SDESP_ERR_ADDRESS},
	{"IP4 192.0.2.10", "IP6 2001:db8::1", SDESP_ERR_ADDRESS},
	{"c=IN IP4 192.0.2.10", "i=nowhere", SDESP_ERR_ADDRESS},
	{"any self any peer any", "any 10.0.0.0/8 any 10.1.0.0/16 any",
		SDESP_ERR_NO_TS},
	{"any self any peer any", "any self any", SDESP_ERR_SYNTAX},
	{"a=esp:spi=", "a=esp:spi=000000ff;x=", SDESP_ERR_VALUE},
	{"a=esp:spi=", "a=not:spi=", SDESP_ERR_MISSING},
	{"a=esp-crypto:2", "a=esp-crypto:1", SDESP_ERR_REPEATED},
	{"a=esp-crypto:2", "a=esp-crypto:x", SDESP_ERR_SYNTAX},
};

static void test_bad_offers(void **state)
{
	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	for (size_t i = 0; i < sizeof bad_offers / sizeof bad_offers[0]; i++) {
		char text[sizeof a.text];
		int status;

		memcpy(text, a.text, sizeof text);
		edit(text, sizeof text, bad_offers[i].from, bad_offers[i].to);
		status = end_answer_text(&b, text, 0);
		if (status != bad_offers[i].status)
			fail_msg("%s -> %s: %s (%s)", bad_offers[i].from,
				bad_offers[i].to, sdesp_status_name(status),
				b.why.what);
		assert_int_equal(b.why.status, status);
		assert_non_null(b.why.what);
		assert_int_equal(state_of(&b), SDESP_IDLE);
		assert_true(fake_backend_empty(&b.backend));
		assert_int_equal(b.len, 0);
	}
}

static void test_offer_below_policy(void **state)
{
	(void)state;
	a.local.secured = 1;
	only(&a, SDESP_AES_128_GCM_16, SDESP_INLINE, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_INSECURE);
	b.local.secured = 1;
	only(&b, SDESP_AES_128_GCM_16, SDESP_X25519, 0);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_NO_SUITE);
	sdesp_policy_init(&b.policy);
	b.backend.features.suites = SDESP_SUITE_BIT(SDESP_CHACHA20_POLY1305);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_NO_SUITE);
	only(&b, SDESP_AES_128_GCM_16, SDESP_INLINE, 1);
	b.backend.features.suites = SDESP_SUITE_BIT(SDESP_AES_128_GCM_16);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_NO_SUITE);
	assert_true(fake_backend_empty(&b.backend));
}

static void test_answer_bad_share(void **state)
{
	char text[sizeof a.text];
	char *key;

	(void)state;
	only(&a, SDESP_AES_128_GCM_16, SDESP_X25519, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	memcpy(text, a.text, sizeof text);
	key = strstr(text, "x25519:") + 7;
	memset(key, 'A', 43);
	assert_int_equal(end_answer_text(&b, text, 0), SDESP_ERR_KEX);
	assert_int_equal(b.why.status, SDESP_ERR_KEX);
	assert_true(fake_backend_empty(&b.backend));
	assert_int_equal(state_of(&b), SDESP_IDLE);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	memcpy(text, b.text, sizeof text);
	memset(strstr(text, "x25519:") + 7, 'A', 43);
	assert_int_equal(end_accept_text(&a, text, 1, 0), SDESP_ERR_KEX);
}

static const struct {
	const char *from, *to;
	int status;
} bad_answers[] = {
	{"application 4501", "application 0", SDESP_ERR_REJECTED},
	{"UDP/ESP", "ESP", SDESP_ERR_MISMATCH},
	{"application", "audio", SDESP_ERR_MISMATCH},
	{"transport", "tunnel", SDESP_ERR_MISMATCH},
	{"transport", "transport tunnel", SDESP_ERR_MISMATCH},
	{"transport", "transport 0", SDESP_ERR_MISMATCH},
	{"esp-crypto:1 ", "esp-crypto:2 ", SDESP_ERR_MISMATCH},
	{"esp-crypto:1 ", "esp-crypto:9 ", SDESP_ERR_MISMATCH},
	{"AES_128_GCM_16 x25519", "AES_128_GCM_16 inline", SDESP_ERR_MISMATCH},
	{"=\r\na=esp:", "= ESN\r\na=esp:", SDESP_ERR_MISMATCH},
	{"=\r\na=esp:", "= PSK=x\r\na=esp:", SDESP_ERR_MISMATCH},
	{"=\r\na=esp:", "= FOO\r\na=esp:", SDESP_ERR_NO_SUITE},
	{"a=esp:",
		"a=esp-crypto:3 X y:z\r\n"
		"a=esp:",
		SDESP_ERR_REPEATED},
	{"198.51.100.20", "192.0.2.10", SDESP_ERR_ADDRESS},
	{"198.51.100.20", "255.255.255.255", SDESP_ERR_ADDRESS},
	{"any self any peer any", "any 10.0.0.0/8 any 10.1.0.0/16 any",
		SDESP_ERR_MISMATCH},
	{"a=esp-confirm:", "a=esp-confused:", SDESP_ERR_CONFIRM},
	{"a=esp-confirm:", "a=esp-confirm:00", SDESP_ERR_SYNTAX},
	{"a=esp:spi=c", "a=esp:spi=d", SDESP_ERR_CONFIRM},
	{"any self any peer any", "17 self any peer any", SDESP_ERR_CONFIRM},
};

static void test_bad_answers(void **state)
{
	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	for (size_t i = 0; i < sizeof bad_answers / sizeof bad_answers[0];
		i++) {
		char text[sizeof b.text];
		int status;

		memcpy(text, b.text, sizeof text);
		edit(text, sizeof text, bad_answers[i].from, bad_answers[i].to);
		status = end_accept_text(&a, text, 0, 0);
		if (status != bad_answers[i].status)
			fail_msg("%s -> %s: %s (%s)", bad_answers[i].from,
				bad_answers[i].to, sdesp_status_name(status),
				a.why.what);
		assert_int_equal(a.why.status, status);
		assert_int_equal(state_of(&a), SDESP_OFFERED);
		assert_int_equal(fake_backend_sas(&a.backend), 1);
		assert_int_equal(fake_backend_policies(&a.backend), 0);
	}
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(end_event(&a), SDESP_EV_ESTABLISHED);
}

/* The first final answer decides: refused, it ends the offer. */
static void test_bad_final(void **state)
{
	static const struct sdesp_own_offer none;

	(void)state;
	for (int early = 0; early < 2; early++) {
		setup(state);
		assert_int_equal(end_offer(&a, 0), SDESP_OK);
		assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
		assert_int_equal(end_answer(&c, &a, 0), SDESP_OK);
		if (early)
			assert_int_equal(end_accept(&a, &c, 0, 0), SDESP_OK);
		edit(b.text, sizeof b.text, "a=esp-confirm:", "a=x:");
		assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_ERR_CONFIRM);
		assert_int_equal(state_of(&a), SDESP_IDLE);
		assert_true(fake_backend_empty(&a.backend));
		assert_memory_equal(&a.session.offer.secret, &none.secret,
			sizeof none.secret);
		assert_int_equal(end_accept(&a, &c, 1, 0), SDESP_ERR_STATE);
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

/* Our own keys never come back as a peer's. */
static void test_reflection(void **state)
{
	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	memcpy(b.text, a.text, sizeof b.text);
	edit(b.text, sizeof b.text, "192.0.2.10", "198.51.100.20");
	for (int i = 2; i <= 3; i++) {
		char *line = strstr(b.text, "a=esp-crypto:2");
		char *end;

		if (line == NULL)
			line = strstr(b.text, "a=esp-crypto:3");
		end = strstr(line, "\r\n") + 2;
		memmove(line, end, strlen(end) + 1);
	}
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_ERR_REFLECTED);
}

static void test_fork(void **state)
{
	struct sdesp_session_info first;

	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_answer(&c, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
	first = end_info(&a);
	assert_int_equal(first.state, SDESP_EARLY);
	assert_int_equal(
		fake_backend_sends(&a.backend, &first.flow), first.spi_out);
	assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &c, 0, 0), SDESP_ERR_FORKED);
	assert_int_equal(end_accept(&a, &c, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&c.session, 0), SDESP_OK);
	assert_true(agreed(&a, &c));
	assert_int_equal(end_info(&a).spi_in, first.spi_in);
	assert_int_equal(fake_backend_sas(&a.backend), 2);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_ERR_FORKED);
	assert_int_equal(end_accept(&a, &c, 1, 0), SDESP_OK);
}

static void test_early_then_final(void **state)
{
	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_int_equal(end_event(&a), SDESP_EV_ESTABLISHED);
	assert_int_equal(end_event(&a), 0);
}

/* The winner's pair cannot be installed: the offer has come to nothing. */
static void test_fork_fails(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 9; nth++) {
		int status;

		setup(state);
		assert_int_equal(end_offer(&a, 0), SDESP_OK);
		assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
		assert_int_equal(end_answer(&c, &a, 0), SDESP_OK);
		assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
		fake_backend_fail(&a.backend, nth, 0);
		status = end_accept(&a, &c, 1, 0);
		fake_backend_fail(&a.backend, 0, 0);
		if (status != SDESP_OK) {
			assert_int_equal(status, SDESP_ERR_BACKEND);
			assert_int_equal(state_of(&a), SDESP_IDLE);
			assert_true(fake_backend_empty(&a.backend));
		} else {
			assert_int_equal(
				sdesp_session_confirm(&c.session, 0), SDESP_OK);
			assert_true(agreed(&a, &c));
			assert_int_equal(fake_backend_sas(&a.backend), 2);
		}
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

static void test_rekey_by_offerer(void **state)
{
	struct sdesp_session_info old_a, old_b;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	old_a = end_info(&a);
	old_b = end_info(&b);
	assert_int_equal(end_offer(&a, 1000), SDESP_OK);
	assert_int_equal(state_of(&a), SDESP_REKEY_OFFERED);
	assert_int_equal(end_answer(&b, &a, 1000), SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_REKEY_ANSWERED);
	assert_int_equal(fake_backend_sas(&b.backend), 4);
	assert_int_equal(
		fake_backend_sends(&b.backend, &old_b.flow), old_b.spi_out);
	assert_int_equal(end_accept(&a, &b, 1, 1000), SDESP_OK);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_int_not_equal(end_info(&a).spi_in, old_a.spi_in);
	assert_int_equal(end_info(&a).spi_drain, old_a.spi_in);
	assert_null(fake_backend_find(&a.backend, old_a.spi_out, 0));
	assert_non_null(fake_backend_find(&a.backend, old_a.spi_in, 1));

	/* The first packet on the new pair, then the ACK. */
	fake_backend_raise(&b.backend,
		fake_backend_find(&b.backend, end_info(&a).spi_out, 1),
		SDESP_BACKEND_USED);
	assert_int_equal(
		sdesp_sessions_poll(&b.backend.base,
			(struct sdesp_session *const[]){&b.session}, 1, 1100),
		SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_REKEY_ANSWERED);
	assert_int_equal(fake_backend_sends(&b.backend, &old_b.flow),
		end_info(&a).spi_in);
	assert_non_null(fake_backend_find(&b.backend, old_b.spi_out, 0));
	assert_int_equal(sdesp_session_confirm(&b.session, 1200), SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);
	assert_null(fake_backend_find(&b.backend, old_b.spi_out, 0));
	assert_true(agreed(&a, &b));
	assert_true(end_saw(&a, SDESP_EV_REKEYED));
	assert_true(end_saw(&b, SDESP_EV_REKEYED));

	/* The old inbound SAs drain for a minute. */
	assert_int_equal(sdesp_session_tick(&a.session, 60999), 61000);
	assert_int_equal(end_event(&a), 0);
	(void)sdesp_session_tick(&a.session, 61000);
	assert_int_equal(end_event(&a), SDESP_EV_DRAINED);
	assert_int_equal(fake_backend_sas(&a.backend), 2);
	(void)sdesp_session_tick(&b.session, 61200);
	assert_int_equal(end_event(&b), SDESP_EV_DRAINED);
	assert_int_equal(fake_backend_sas(&b.backend), 2);
	assert_int_equal(fake_backend_policies(&b.backend), 1);
}

static void test_rekey_by_answerer(void **state)
{
	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(agree(&b, &a, 1000), SDESP_OK);
	assert_int_equal(state_of(&a), SDESP_REKEY_ANSWERED);

	/* No packet: the ACK alone, and two seconds. */
	assert_int_equal(sdesp_session_tick(&a.session, 2999), 3000);
	assert_int_equal(state_of(&a), SDESP_REKEY_ANSWERED);
	(void)sdesp_session_tick(&a.session, 3000);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_true(agreed(&a, &b));

	/* A newer rekey ends the draining of the older. */
	assert_int_equal(agree(&a, &b, 4000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 6000);
	assert_true(agreed(&a, &b));
	assert_true(end_saw(&a, SDESP_EV_DRAINED));
	assert_int_equal(fake_backend_sas(&a.backend), 3);
	assert_true(a.backend.max_sas <= 4);
}

/* The offerer refuses our answer to its rekey: a refresh, or silence. */
static void test_rekey_unwanted(void **state)
{
	struct sdesp_session_info old;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	old = end_info(&b);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	edit(b.text, sizeof b.text, "a=esp-confirm:", "a=x:");
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_ERR_CONFIRM);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_true(end_saw(&a, SDESP_EV_REFRESH_DUE));
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	assert_int_equal(end_refresh(&a, 100), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 100), SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);
	assert_true(end_saw(&b, SDESP_EV_REKEY_FAILED));
	assert_int_equal(end_accept(&a, &b, 1, 100), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_int_equal(end_info(&b).spi_in, old.spi_in);
	assert_int_equal(fake_backend_sas(&b.backend), 2);

	/* With port 0 the stream ends: no refresh. */
	(void)end_saw(&a, 0);
	assert_int_equal(end_offer(&a, 100), SDESP_OK);
	assert_int_equal(
		end_accept_text(&a, "m=application 0 UDP/ESP x\r\n", 1, 100),
		SDESP_ERR_REJECTED);
	assert_int_equal(end_event(&a), 0);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);

	/* Without either sign for 32 s. */
	assert_int_equal(end_offer(&a, 200), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 200), SDESP_OK);
	assert_int_equal(sdesp_session_tick(&b.session, 200), 32200);
	(void)sdesp_session_tick(&b.session, 32200);
	assert_true(end_saw(&b, SDESP_EV_REKEY_FAILED));
	sdesp_session_fail(&a.session, 32200);
	assert_true(agreed(&a, &b));

	/* Our rekey failed: try again, after 2.1 to 4 s for the caller. */
	assert_true(sdesp_session_tick(&a.session, 32200) >= 34300);
	assert_true(sdesp_session_tick(&a.session, 32200) <= 36200);
	(void)sdesp_session_tick(&a.session, 36200);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);
}

/* A refresh of the new pair shows that the peer has taken it. */
static void test_rekey_after_rekey(void **state)
{
	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_REKEY_ANSWERED);
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_true(agreed(&a, &b));

	/* The same before the first ACK. */
	assert_int_equal(sdesp_session_close(&a.session), SDESP_OK);
	assert_int_equal(sdesp_session_close(&b.session), SDESP_OK);
	setup(state);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(end_offer(&c, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &c, 0), SDESP_ERR_STATE);
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_true(end_saw(&b, SDESP_EV_ESTABLISHED));
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_true(agreed(&a, &b));

	/* Any other offer waits until the answer is settled. */
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_STATE);
	sdesp_session_fail(&a.session, 0);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	assert_int_equal(agree(&a, &b, 2000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 4000);
	assert_true(agreed(&a, &b));
}

/* A 183 answered our rekey, then the re-INVITE fails: back to the old pair,
 * which still has its counters. */
static void test_rekey_early_fails(void **state)
{
	struct sdesp_session_info old;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	old = end_info(&a);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 0, 0), SDESP_OK);
	assert_int_equal(state_of(&a), SDESP_REKEY_EARLY);
	assert_int_not_equal(
		fake_backend_sends(&a.backend, &old.flow), old.spi_out);
	assert_int_equal(fake_backend_sas(&a.backend), 4);
	sdesp_session_fail(&a.session, 0);
	sdesp_session_fail(&b.session, 0);
	assert_int_equal(end_info(&a).spi_out, old.spi_out);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_sas(&a.backend), 2);
}

static void test_rekey_other_flow(void **state)
{
	struct sdesp_session_info old;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	old = end_info(&a);
	a.local.ts[0].protocol = 17;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	assert_true(agreed(&a, &b));
	assert_null(fake_backend_policy(&a.backend, &old.flow));
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(fake_backend_policies(&b.backend), 1);
	assert_int_equal(end_info(&b).flow.ts[0].protocol, 17);
}

/* A rekey is never below the live pair. */
static void test_rekey_floor(void **state)
{
	(void)state;
	a.local.secured = b.local.secured = 1;
	only(&a, SDESP_AES_256_GCM_16, SDESP_X25519, 0);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	only(&a, SDESP_AES_128_GCM_16, SDESP_X25519, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_POLICY);
	only(&a, SDESP_AES_256_GCM_16, SDESP_INLINE, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_POLICY);
	assert_int_equal(end_offer(&b, 0), SDESP_OK);
	assert_null(strstr(b.text, "inline"));
	assert_null(strstr(b.text, "AES_128"));
	edit(b.text, sizeof b.text, "AES_256_GCM_16", "AES_128_GCM_16");
	edit(b.text, sizeof b.text, "CHACHA20_POLY1305", "AES_128_GCM_16");
	sdesp_policy_init(&a.policy);
	assert_int_equal(end_answer(&a, &b, 0), SDESP_ERR_FLOOR);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
}

/* Neither a refresh nor a rekey; and what is still held never comes back. */
static void test_mixtures(void **state)
{
	char first[sizeof a.text], text[sizeof a.text], spi[] = "spi=00000000";
	char old_spi[] = "spi=00000000";

	(void)state;
	only(&a, SDESP_AES_128_GCM_16, SDESP_X25519, 0);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	memcpy(first, a.text, sizeof first);
	memcpy(old_spi, strstr(a.text, "spi="), 12);
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);

	memcpy(text, a.text, sizeof text);
	edit(text, sizeof text, "AES_128_GCM_16", "AES_256_GCM_16");
	assert_int_equal(end_answer_text(&b, text, 0), SDESP_ERR_MIXED);
	memcpy(text, a.text, sizeof text);
	edit(text, sizeof text, " x25519:", " x25519:AAAA");
	strstr(text, "x25519:")[7 + 44] = '\r';
	assert_int_not_equal(end_answer_text(&b, text, 0), SDESP_OK);
	memcpy(text, a.text, sizeof text);
	memcpy(spi, strstr(text, "spi="), 12);
	edit(text, sizeof text, spi, "spi=cafecafe");
	assert_int_equal(end_answer_text(&b, text, 0), SDESP_ERR_MIXED);
	assert_int_equal(state_of(&b), SDESP_CONFIRMED);

	/* The offer of a pair that drains. */
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	assert_int_equal(end_answer_text(&b, first, 2000), SDESP_ERR_REUSED);
	memcpy(text, first, sizeof text);
	edit(text, sizeof text, old_spi, "spi=cafecafe");
	assert_int_equal(end_answer_text(&b, text, 2000), SDESP_ERR_REUSED);

	/* Our own key as the peer's offer. */
	assert_int_equal(end_refresh(&b, 2000), SDESP_OK);
	memcpy(text, b.text, sizeof text);
	edit(text, sizeof text, "198.51.100.20", "192.0.2.10");
	sdesp_session_fail(&b.session, 2000);
	assert_int_equal(end_answer_text(&b, text, 2000), SDESP_ERR_REFLECTED);
	assert_true(agreed(&a, &b));
}

/* A refresh answered by a rekey, and the reverse. */
static void test_mixed_answers(void **state)
{
	char refresh[sizeof a.text];

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	memcpy(refresh, b.text, sizeof refresh);
	edit(b.text, sizeof b.text, "a=esp:spi=", "a=esp:spi=deadbeef;x=");
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_ERR_MIXED);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_accept_text(&a, refresh, 0, 0), SDESP_ERR_MIXED);
	assert_int_equal(state_of(&a), SDESP_REKEY_OFFERED);
	assert_int_equal(end_accept_text(&a, refresh, 1, 0), SDESP_ERR_MIXED);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_true(agreed(&a, &b));
}

static void test_refresh_moves(void **state)
{
	struct sdesp_session_info old;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	old = end_info(&b);
	a.local.addr.ip[3] = 77;
	a.local.addr.port = 4600;
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_null(strstr(a.text, "esp-confirm"));
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_null(strstr(b.text, "esp-confirm"));
	assert_int_equal(end_info(&b).flow.remote.port, 4600);
	assert_int_equal(end_info(&b).flow.remote.ip[3], 77);
	assert_int_equal(end_info(&b).spi_in, old.spi_in);
	assert_int_equal(end_accept(&a, &b, 0, 2000), SDESP_OK);
	assert_int_equal(end_info(&a).flow.local.port, 4500);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_int_equal(end_info(&a).flow.local.port, 4600);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(fake_backend_policies(&b.backend), 1);
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		if (a.backend.sas[i].state != SDESP_SA_NONE)
			assert_int_equal(
				a.backend.sas[i].flow.local.port, 4600);
	}
}

/* The backend fails in the middle of a move: all is as before, or the pair
 * is buried, never half moved. */
static void test_refresh_move_fails(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 8; more++) {
		for (unsigned nth = 1; nth < 9; nth++) {
			struct sdesp_session_info old, now;
			int status;

			setup(state);
			assert_int_equal(agree(&a, &b, 0), SDESP_OK);
			old = end_info(&b);
			a.local.addr.port = 4600;
			assert_int_equal(end_refresh(&a, 0), SDESP_OK);
			fake_backend_fail(&b.backend, nth, more);
			status = end_answer(&b, &a, 0);
			fake_backend_fail(&b.backend, 0, 0);
			now = end_info(&b);
			if (status == SDESP_OK) {
				assert_int_equal(end_accept(&a, &b, 1, 0), 0);
				assert_true(agreed(&a, &b));
			} else if (more == 0) {
				assert_int_equal(status, SDESP_ERR_BACKEND);
				assert_true(
					sdesp_flow_equal(&old.flow, &now.flow));
				assert_int_equal(old.spi_out, now.spi_out);
				assert_int_equal(fake_backend_sends(
							 &b.backend, &now.flow),
					now.spi_out);
			}
			assert_int_equal(fake_backend_policies(&b.backend), 1);
			assert_int_equal(teardown(state), 0);
		}
	}
}

static void test_hold(void **state)
{
	struct sdesp_session_info info;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	info = end_info(&b);
	a.local.direction = SDESP_SENDONLY;
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_non_null(strstr(a.text, "a=sendonly\r\n"));
	b.local.direction = SDESP_RECVONLY;
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(end_info(&b).held, 1);
	assert_int_equal(fake_backend_sends(&b.backend, &info.flow), 0);
	assert_int_equal(end_info(&a).held, 0);
	assert_int_equal(fake_backend_sas(&b.backend), 2);

	/* A rekey on hold stays on hold. */
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	info = end_info(&b);
	assert_int_equal(fake_backend_sends(&b.backend, &info.flow), 0);

	a.local.direction = b.local.direction = SDESP_SENDRECV;
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_true(agreed(&a, &b));

	/* The old way (RFC 2543): the address is unspecified. */
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	edit(a.text, sizeof a.text, "192.0.2.10", "0.0.0.0");
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_info(&b).held, 1);
	assert_int_equal(end_info(&b).flow.remote.port, 4500);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_int_equal(end_refresh(&a, 2000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 2000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 2000), SDESP_OK);
	assert_true(agreed(&a, &b));
}

static void test_glare(void **state)
{
	char offer[sizeof a.text];

	(void)state;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_offer(&b, 0), SDESP_OK);
	memcpy(offer, a.text, sizeof offer);
	assert_int_equal(end_answer(&a, &b, 0), SDESP_ERR_GLARE);
	assert_int_equal(a.why.status, SDESP_ERR_GLARE);
	assert_int_equal(end_answer_text(&b, offer, 0), SDESP_ERR_GLARE);
	assert_int_equal(state_of(&a), SDESP_OFFERED);
	sdesp_session_fail(&b.session, 0);
	assert_int_equal(state_of(&b), SDESP_IDLE);
	assert_true(fake_backend_empty(&b.backend));
	assert_int_equal(end_answer_text(&b, offer, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
}

static void test_lifetimes(void **state)
{
	const struct fake_sa *sa;
	struct sdesp_session_info info;
	uint64_t due;

	(void)state;
	a.policy.hard.seconds = 1000;
	a.policy.hard.packets = 1000000;
	a.policy.hard.bytes = 5000;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_non_null(strstr(a.text, "|1000001"));
	assert_non_null(strstr(a.text, " -LTS=1000"));
	sa = fake_backend_find(&a.backend, end_info(&a).spi_out, 0);
	assert_int_equal(sa->sa.hard.packets, 1000000);
	assert_in_range(sa->sa.soft.packets, 800000, 950000);
	assert_in_range(sa->sa.soft.bytes, 4000, 4750);
	due = end_info(&a).rekey_ms;
	assert_in_range(due, 800000, 950000);

	/* The other end: the smaller of both, and later. */
	info = end_info(&b);
	assert_int_equal(info.rekey_ms, 970000);
	sa = fake_backend_find(&b.backend, info.spi_in, 1);
	assert_int_equal(sa->sa.hard.packets, UINT32_MAX);
	assert_int_equal(sa->sa.hard.seconds, 1000);
	(void)end_saw(&a, 0);
	assert_int_equal(sdesp_session_tick(&a.session, due - 1), due);
	assert_int_equal(end_event(&a), 0);
	assert_int_equal(sdesp_session_tick(&a.session, due), 1000000);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);
	assert_int_equal(end_event(&a), 0);

	/* Nobody rekeys: nothing is sent, then a rekey revives it. */
	info = end_info(&a);
	(void)sdesp_session_tick(&a.session, 1000000);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&a.backend), 0);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
	assert_int_equal(fake_backend_sends(&a.backend, &info.flow), 0);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_int_equal(end_info(&a).spi_in, 0);
	assert_int_equal(end_refresh(&a, 1000000), SDESP_ERR_STATE);
	assert_int_equal(agree(&a, &b, 1000000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 1002000);
	assert_true(agreed(&a, &b));
}

static void poll_one(struct end *e, uint64_t now_ms)
{
	struct sdesp_session *const sessions[] = {&c.session, &e->session};

	assert_int_equal(
		sdesp_sessions_poll(&e->backend.base, sessions, 2, now_ms), 0);
}

static void test_backend_limits(void **state)
{
	struct fake_sa *in, *out;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	in = fake_backend_find(&a.backend, end_info(&a).spi_in, 1);
	out = fake_backend_find(&a.backend, end_info(&a).spi_out, 0);
	(void)end_saw(&a, 0);
	fake_backend_raise(&a.backend, out, SDESP_BACKEND_SOFT);
	fake_backend_raise(&a.backend, in, SDESP_BACKEND_SOFT);
	poll_one(&a, 10);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);
	assert_int_equal(end_event(&a), 0);
	fake_backend_raise(&a.backend, in, SDESP_BACKEND_HARD);
	poll_one(&a, 20);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&a.backend), 0);
	assert_int_equal(fake_backend_policies(&a.backend), 1);
}

static void test_lost_events(void **state)
{
	struct fake_sa *sa;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	(void)end_saw(&a, 0);
	sa = fake_backend_find(&a.backend, end_info(&a).spi_in, 1);
	sa->stats.state = SDESP_SA_DYING;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 10);
	assert_int_equal(end_event(&a), SDESP_EV_REKEY_DUE);

	/* The first packet of a rekey. */
	assert_int_equal(agree(&b, &a, 20), SDESP_OK);
	sa = fake_backend_find(&a.backend, end_info(&b).spi_out, 1);
	sa->stats.packets = 1;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 20);
	assert_int_equal(state_of(&a), SDESP_CONFIRMED);
	assert_true(agreed(&a, &b));
	(void)end_saw(&a, 0);

	sa->stats.state = SDESP_SA_DEAD;
	fake_backend_raise_lost(&a.backend);
	poll_one(&a, 30);
	assert_int_equal(end_event(&a), SDESP_EV_EXPIRED);
	sa = fake_backend_find(&b.backend, end_info(&b).spi_in, 1);
	(void)end_saw(&b, 0);
	fake_backend_vanish(&b.backend, sa);
	fake_backend_raise_lost(&b.backend);
	poll_one(&b, 30);
	assert_int_equal(end_event(&b), SDESP_EV_EXPIRED);
	assert_int_equal(fake_backend_sas(&b.backend), 1); /* draining */
}

static struct sdesp_addr elsewhere(unsigned last, unsigned port)
{
	struct sdesp_addr addr = {4, {203, 0, 113, (uint8_t)last}, 0};

	addr.port = (uint16_t)port;
	return addr;
}

static unsigned move(struct end *e, uint32_t spi, unsigned last,
	uint32_t quiet_ms, uint64_t now_ms)
{
	struct sdesp_addr addr = elsewhere(last, 7000);

	(void)end_saw(e, 0);
	fake_backend_raise_moved(&e->backend,
		fake_backend_find(&e->backend, spi, 1), &addr, quiet_ms);
	poll_one(e, now_ms);
	return end_event(e);
}

static void test_moved_nat(void **state)
{
	uint32_t spi;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;

	/* It was heard from where its SDP said: no NAT, only an event. */
	assert_int_equal(move(&b, spi, 5, 5000, 0), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(end_info(&b).flow.remote.port, 4500);

	/* It never was. */
	assert_int_equal(move(&b, spi, 5, UINT32_MAX, 0), SDESP_EV_PEER_MOVED);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&b.backend), 1);

	/* From then on it may move, but not at once nor too often. */
	assert_int_equal(move(&b, spi, 6, 2000, 9999), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(
		move(&b, spi, 6, 1999, 10000), SDESP_EV_PEER_ELSEWHERE);
	assert_int_equal(move(&b, spi, 6, 2000, 10000), SDESP_EV_PEER_MOVED);
	assert_int_equal(move(&b, spi, 6, 2000, 20000), 0);
	assert_int_equal(move(&b, spi, 255, 5000, 30000), SDESP_EV_PEER_MOVED);

	/* A refresh or rekey that says the same address as before does not
	 * lead back to it. */
	assert_int_equal(end_refresh(&a, 30000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 30000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 30000), SDESP_OK);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_int_equal(agree(&a, &b, 30000), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 32000);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));

	/* Never on a draining SA. */
	assert_int_equal(move(&b, end_info(&b).spi_drain, 9, 9000, 50000),
		SDESP_EV_PEER_ELSEWHERE);
	a.local.addr.port = 4600;
	assert_int_equal(end_refresh(&a, 50000), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 50000), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 50000), SDESP_OK);
	assert_int_equal(end_info(&b).flow.remote.port, 4600);
}

static void test_moved_policy(void **state)
{
	struct sdesp_addr loop = {4, {127, 0, 0, 1}, 9};
	uint32_t spi;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;
	b.policy.move = SDESP_MOVE_NEVER;
	assert_int_equal(
		move(&b, spi, 5, UINT32_MAX, 0), SDESP_EV_PEER_ELSEWHERE);
	b.policy.move = SDESP_MOVE_ALWAYS;
	assert_int_equal(move(&b, spi, 5, 2000, 0), SDESP_EV_PEER_MOVED);
	fake_backend_raise_moved(
		&b.backend, fake_backend_find(&b.backend, spi, 1), &loop, 9000);
	poll_one(&b, 60000);
	assert_int_equal(end_event(&b), SDESP_EV_PEER_ELSEWHERE);
	fake_backend_fail(&b.backend, 2, 0);
	assert_int_equal(
		move(&b, spi, 7, 2000, 60000), SDESP_EV_PEER_ELSEWHERE);
	assert_true(agreed(&a, &b));
}

/* While a rekey is open both pairs follow. */
static void test_moved_in_rekey(void **state)
{
	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(move(&b, end_info(&b).spi_in, 5, UINT32_MAX, 0),
		SDESP_EV_PEER_MOVED);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&b.session, 0), SDESP_OK);
	(void)sdesp_session_tick(&b.session, 2000);
	assert_int_equal(end_info(&b).flow.remote.port, 7000);
	assert_true(agreed(&a, &b));
	assert_int_equal(fake_backend_policies(&b.backend), 1);
}

/* The offer comes in the 2xx to an offerless INVITE, the answer in the ACK. */
static void test_offerless(void **state)
{
	(void)state;
	assert_int_equal(end_offer(&b, 0), SDESP_OK);
	assert_int_equal(end_answer(&a, &b, 0), SDESP_OK);
	assert_int_equal(sdesp_session_confirm(&a.session, 0), SDESP_OK);
	assert_int_equal(end_accept(&b, &a, 1, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
}

static void test_in_place(void **state)
{
	const struct sdesp_ts *ts;

	(void)state;
	a.local.media = b.local.media = "audio";
	a.local.proto = b.local.proto = "UDP/ESP/RTP/AVP";
	a.local.fmt = "0 8 101";
	b.local.fmt = "0";
	a.local.inner_port = 40000;
	b.local.inner_port = 36000;
	a.local.nts = b.local.nts = a.local.nmodes = b.local.nmodes = 0;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_non_null(strstr(b.text, "m=audio 4501 UDP/ESP/RTP/AVP 0\r\n"));
	assert_non_null(strstr(b.text, ";port=36000"));
	assert_null(strstr(a.text, "esp-ts"));
	ts = &a.session.held[SDESP_LIVE].pair.flow.ts[0];
	assert_int_equal(ts->protocol, 17);
	assert_int_equal(ts->local.lo, 40000);
	assert_int_equal(ts->local.hi, 40001);
	assert_int_equal(ts->remote.lo, 36000);
	assert_int_equal(ts->remote.hi, 36001);
	assert_int_equal(end_refresh(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
}

static void test_tunnel_raw_ipv6(void **state)
{
	static const struct sdesp_ts left = {SDESP_TS_ANY_PROTOCOL,
		{SDESP_TS_PREFIX, 4, 16, {10, 1}, 0, 65535},
		{SDESP_TS_PREFIX, 4, 8, {10}, 0, 65535}};
	static const struct sdesp_ts right = {6,
		{SDESP_TS_PREFIX, 4, 24, {10, 2, 5}, 443, 443},
		{SDESP_TS_PREFIX, 4, 0, {0}, 0, 65535}};

	(void)state;
	end_init(&a, "2001:db8::1", 0, 1);
	end_init(&b, "2001:db8::2", 0, 2);
	a.local.proto = b.local.proto = "ESP";
	a.local.modes[0] = b.local.modes[0] = SDESP_TUNNEL;
	a.local.ts[0] = left;
	b.local.ts[0] = right;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	assert_true(agreed(&a, &b));
	assert_non_null(strstr(a.text, "m=application 9 ESP tunnel\r\n"
				       "c=IN IP6 2001:db8::1\r\n"));
	assert_non_null(strstr(
		b.text, "a=esp-ts:6 10.2.5.0/24 443 10.1.0.0/16 any\r\n"));
	assert_int_equal(end_info(&a).flow.ts[0].remote.prefix_len, 24);
	assert_int_equal(end_info(&a).flow.remote.port, 0);
}

static void test_spi_taken(void **state)
{
	(void)state;
	a.backend.taken_spis = 15;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	sdesp_session_fail(&a.session, 0);
	a.backend.taken_spis = 16;
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_EXISTS);
	assert_int_equal(state_of(&a), SDESP_IDLE);
}

static void test_no_random(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 3; nth++) {
		a.port.calls = 0;
		a.port.fail_at = nth;
		assert_int_equal(end_offer(&a, 0),
			nth == 2 ? SDESP_ERR_RANDOM : SDESP_ERR_RANDOM);
		assert_int_equal(state_of(&a), SDESP_IDLE);
		assert_true(fake_backend_empty(&a.backend));
	}
	a.port.fail_at = 0;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	for (unsigned nth = 1; nth < 3; nth++) {
		b.port.calls = 0;
		b.port.fail_at = nth;
		assert_int_equal(end_answer(&b, &a, 0), SDESP_ERR_RANDOM);
		assert_int_equal(state_of(&b), SDESP_IDLE);
		assert_true(fake_backend_empty(&b.backend));
	}
}

/* Each output buffer that is too small: refused, and nothing is left. */
static void test_no_space(void **state)
{
	struct sdesp_section section;
	char buf[1024];

	(void)state;
	only(&a, SDESP_AES_128_GCM_16, SDESP_X25519, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
	assert_int_equal(sdesp_sdp_find(&section, a.text, a.len, 0, NULL), 0);
	for (size_t cap = 0; cap < a.len; cap += 7) {
		struct sdesp_text out;

		sdesp_text_init(&out, buf, cap);
		assert_int_equal(
			sdesp_session_offer(&c.session, &c.local, 0, &out),
			SDESP_ERR_SPACE);
		assert_int_equal(out.len, 0);
		assert_true(fake_backend_empty(&c.backend));
	}
	for (size_t cap = 0; cap < b.len; cap += 7) {
		struct sdesp_text out;

		sdesp_text_init(&out, buf, cap);
		assert_int_equal(sdesp_session_answer(&c.session, &section,
					 &c.local, 0, &out, NULL),
			SDESP_ERR_SPACE);
		assert_int_equal(state_of(&c), SDESP_IDLE);
		assert_true(fake_backend_empty(&c.backend));
	}
}

static void test_bad_local(void **state)
{
	struct sdesp_local good;

	(void)state;
	good = a.local;
#define BAD(change, status)                                                    \
	do {                                                                   \
		a.local = good;                                                \
		change;                                                        \
		assert_int_equal(end_offer(&a, 0), status);                    \
		assert_int_equal(state_of(&a), SDESP_IDLE);                    \
	} while (0)
	BAD(a.local.proto = "RTP/AVP", SDESP_ERR_ARG);
	BAD(a.local.media = "audio", SDESP_ERR_ARG);
	BAD(a.local.media = "a b", SDESP_ERR_ARG);
	BAD(a.local.media = "averyveryverylongname", SDESP_ERR_ARG);
	BAD(a.local.addr.port = 0, SDESP_ERR_ARG);
	BAD(a.local.addr.family = 0, SDESP_ERR_ARG);
	BAD(a.local.addr.ip[0] = 127, SDESP_ERR_ARG);
	BAD(memset(a.local.addr.ip, 0, 16), SDESP_ERR_ARG);
	BAD(a.local.direction = 4, SDESP_ERR_ARG);
	BAD(a.local.nmodes = 0, SDESP_ERR_ARG);
	BAD(a.local.nmodes = 3, SDESP_ERR_ARG);
	BAD(a.local.modes[0] = 3, SDESP_ERR_ARG);
	BAD((a.local.nmodes = 2, a.local.modes[1] = 1), SDESP_ERR_ARG);
	BAD(a.local.nts = 0, SDESP_ERR_ARG);
	BAD(a.local.nts = SDESP_MAX_TS + 1, SDESP_ERR_ARG);
	BAD(a.local.ts[0].protocol = 257, SDESP_ERR_ARG);
	BAD(a.local.ts[0].local.kind = SDESP_TS_PEER, SDESP_ERR_ARG);
	BAD(a.local.ts[0].remote.kind = SDESP_TS_SELF, SDESP_ERR_ARG);
	BAD(a.local.ts[0].local.lo = 1, SDESP_ERR_ARG);
	BAD((a.local.ts[0].protocol = 17, a.local.ts[0].local.lo = 2,
		    a.local.ts[0].local.hi = 1),
		SDESP_ERR_ARG);
	BAD((a.local.ts[0].local.kind = SDESP_TS_PREFIX,
		    a.local.ts[0].local.family = 4,
		    a.local.ts[0].local.ip[3] = 1),
		SDESP_ERR_ARG);
	BAD(a.local.proto = "UDP/ESP/UDP", SDESP_ERR_ARG);
	BAD((a.local.proto = "UDP/ESP/UDP", a.local.fmt = "a\nb",
		    a.local.inner_port = 5),
		SDESP_ERR_ARG);
	BAD((a.local.proto = "UDP/ESP/RTP/AVP", a.local.fmt = "0",
		    a.local.inner_port = 65535),
		SDESP_ERR_ARG);
	BAD((a.backend.features.udp = 0), SDESP_ERR_POLICY);
	a.backend.features.udp = 1;
	BAD((a.backend.features.ipv4 = 0), SDESP_ERR_POLICY);
	a.backend.features.ipv4 = 1;
	BAD((a.backend.features.modes = SDESP_TUNNEL), SDESP_ERR_POLICY);
	a.backend.features.modes = SDESP_TRANSPORT;
	a.local = good;
	only(&a, SDESP_AES_128_GCM_16, SDESP_INLINE, 0);
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_POLICY);
	a.local.secured = 1;
	assert_int_equal(end_offer(&a, 0), SDESP_OK);
	sdesp_session_fail(&a.session, 0);

	/* The section of a dialog does not change. */
	a.local = good;
	sdesp_policy_init(&a.policy);
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	a.local.index = 1;
	assert_int_equal(end_offer(&a, 0), SDESP_ERR_ARG);
	a.local.index = 0;
	a.local.proto = "ESP";
	assert_int_equal(end_refresh(&a, 0), SDESP_ERR_ARG);
	a.local.proto = "UDP/ESP";
}

static void test_bad_policy(void **state)
{
	struct sdesp_psk psk = psk_a;
	struct sdesp_policy good;
	struct sdesp_session s;

	(void)state;
	sdesp_policy_init(&good);
	good.psks = &psk;
	good.npsks = 1;
	good.psk_offer = "lab-7";
#define BAD_POLICY(change)                                                     \
	do {                                                                   \
		struct sdesp_policy policy = good;                             \
                                                                               \
		psk = psk_a;                                                   \
		change;                                                        \
		assert_int_equal(sdesp_session_init(&s, &policy,               \
					 &a.backend.base, &a.port.port),       \
			SDESP_ERR_ARG);                                        \
		assert_int_equal(sdesp_session_close(&s), SDESP_OK);           \
	} while (0)
	BAD_POLICY(policy.nproposals = 0);
	BAD_POLICY(policy.nproposals = SDESP_MAX_CRYPTO + 1);
	BAD_POLICY(policy.proposals[0].suite = SDESP_SUITE_END);
	BAD_POLICY(policy.proposals[0].method = 3);
	BAD_POLICY(policy.proposals[0].esn = 2);
	BAD_POLICY(policy.window = 31);
	BAD_POLICY(policy.window = SDESP_MAX_WINDOW + 1);
	BAD_POLICY(policy.move = 3);
	BAD_POLICY(policy.psk_offer = "other");
	BAD_POLICY(psk.key_len = 15);
	BAD_POLICY(psk.key_len = 65);
	BAD_POLICY(psk.key = NULL);
	BAD_POLICY(psk.token = "a b");
	BAD_POLICY(psk.own = "");
	BAD_POLICY(psk.peer = psk.own);
	psk = psk_a;
	assert_int_equal(
		sdesp_session_init(&s, &good, &a.backend.base, &a.port.port),
		SDESP_OK);
}

/* Fail each backend call of an offer, an answer, an accept and an ACK. */
static void test_backend_fails(void **state)
{
	for (unsigned nth = 1; nth < 16; nth++) {
		int status;

		setup(state);
		fake_backend_fail(&a.backend, nth, 0);
		status = end_offer(&a, 0);
		if (status != SDESP_OK) {
			assert_int_equal(status, SDESP_ERR_BACKEND);
			assert_int_equal(state_of(&a), SDESP_IDLE);
			assert_true(fake_backend_empty(&a.backend));
			assert_int_equal(end_offer(&a, 0), SDESP_OK);
		}
		fake_backend_fail(&b.backend, nth, 0);
		status = end_answer(&b, &a, 0);
		if (status != SDESP_OK) {
			assert_int_equal(status, SDESP_ERR_BACKEND);
			assert_int_equal(state_of(&b), SDESP_IDLE);
			assert_true(fake_backend_empty(&b.backend));
			assert_int_equal(end_answer(&b, &a, 0), SDESP_OK);
		}
		status = end_accept(&a, &b, 0, 0);
		if (status != SDESP_OK) {
			assert_int_equal(status, SDESP_ERR_BACKEND);
			assert_int_equal(state_of(&a), SDESP_OFFERED);
			assert_true(fake_backend_sas(&a.backend) <= 1);
			assert_int_equal(fake_backend_policies(&a.backend), 0);
		}
		assert_int_equal(end_accept(&a, &b, 1, 0), SDESP_OK);
		status = sdesp_session_confirm(&b.session, 0);
		if (status != SDESP_OK) {
			assert_int_equal(status, SDESP_ERR_BACKEND);
			assert_int_equal(
				sdesp_session_confirm(&b.session, 0), 0);
		}
		assert_true(agreed(&a, &b));
		a.backend.fail_at = b.backend.fail_at = 0;
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

/* The same for a rekey: the old pair is never lost. */
static void test_rekey_backend_fails(void **state)
{
	for (unsigned nth = 1; nth < 16; nth++) {
		uint32_t old;

		setup(state);
		assert_int_equal(agree(&a, &b, 0), SDESP_OK);
		old = end_info(&a).spi_in;
		fake_backend_fail(&a.backend, nth, 0);
		fake_backend_fail(&b.backend, nth, 0);
		if (agree(&a, &b, 0) != SDESP_OK) {
			sdesp_session_fail(&a.session, 0);
			if (state_of(&b) == SDESP_REKEY_ANSWERED)
				sdesp_session_fail(&b.session, 0);
			assert_int_equal(end_info(&a).spi_in, old);
			a.backend.fail_at = b.backend.fail_at = 0;
			assert_true(agreed(&a, &b));
			assert_int_equal(agree(&a, &b, 0), SDESP_OK);
		}
		(void)sdesp_session_tick(&b.session, 2000);
		(void)sdesp_session_tick(&b.session, 3000);
		assert_true(agreed(&a, &b));
		assert_int_not_equal(end_info(&a).spi_in, old);
		a.backend.fail_at = b.backend.fail_at = 0;
		assert_int_equal(teardown(state), 0);
	}
	setup(state);
}

static void test_events_overflow(void **state)
{
	uint32_t spi;
	unsigned n = 0;

	(void)state;
	assert_int_equal(agree(&a, &b, 0), SDESP_OK);
	spi = end_info(&b).spi_in;
	for (unsigned i = 0; i < 2 * SDESP_MAX_EVENTS; i++) {
		struct sdesp_addr addr = elsewhere(40 + i, 7000);

		fake_backend_raise_moved(&b.backend,
			fake_backend_find(&b.backend, spi, 1), &addr, 1);
	}
	poll_one(&b, 0);
	assert_int_equal(end_event(&b), SDESP_EV_ESTABLISHED);
	while (end_event(&b) == SDESP_EV_PEER_ELSEWHERE)
		n++;
	assert_int_equal(n, SDESP_MAX_EVENTS - 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_agree_x25519),
		TEST(test_no_key_stays),
		TEST(test_every_suite_both_methods),
		TEST(test_answerer_waits),
		TEST(test_psk),
		TEST(test_psk_names),
		TEST(test_psk_refused),
		TEST(test_bad_offers),
		TEST(test_offer_below_policy),
		TEST(test_answer_bad_share),
		TEST(test_bad_answers),
		TEST(test_bad_final),
		TEST(test_reflection),
		TEST(test_fork),
		TEST(test_early_then_final),
		TEST(test_fork_fails),
		TEST(test_rekey_by_offerer),
		TEST(test_rekey_by_answerer),
		TEST(test_rekey_unwanted),
		TEST(test_rekey_after_rekey),
		TEST(test_rekey_early_fails),
		TEST(test_rekey_other_flow),
		TEST(test_rekey_floor),
		TEST(test_mixtures),
		TEST(test_mixed_answers),
		TEST(test_refresh_moves),
		TEST(test_refresh_move_fails),
		TEST(test_hold),
		TEST(test_glare),
		TEST(test_lifetimes),
		TEST(test_backend_limits),
		TEST(test_lost_events),
		TEST(test_moved_nat),
		TEST(test_moved_policy),
		TEST(test_moved_in_rekey),
		TEST(test_offerless),
		TEST(test_in_place),
		TEST(test_tunnel_raw_ipv6),
		TEST(test_spi_taken),
		TEST(test_no_random),
		TEST(test_no_space),
		TEST(test_bad_local),
		TEST(test_bad_policy),
		TEST(test_backend_fails),
		TEST(test_rekey_backend_fails),
		TEST(test_events_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
