/* Sessions: two ends that agree, and forks. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/unit/session_fixture.h"

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
		TEST(test_reflection),
		TEST(test_fork),
		TEST(test_early_then_final),
		TEST(test_fork_fails),
		TEST(test_offerless),
		TEST(test_in_place),
		TEST(test_tunnel_raw_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
