/*
 * Sessions: rekeys, refreshes, hold and glare. SPEC 10.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/unit/session_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rekey_by_offerer),
		TEST(test_rekey_by_answerer),
		TEST(test_rekey_unwanted),
		TEST(test_rekey_after_rekey),
		TEST(test_rekey_early_fails),
		TEST(test_rekey_other_flow),
		TEST(test_rekey_floor),
		TEST(test_mixtures),
		TEST(test_mixed_answers),
		TEST(test_rekey_backend_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
