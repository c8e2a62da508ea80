/*
 * Sessions: what is refused, on either side, and what fails before there is an
 * agreement. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/agreement.h"
#include "tests/unit/session_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bad_offers),
		TEST(test_offer_below_policy),
		TEST(test_answer_bad_share),
		TEST(test_bad_answers),
		TEST(test_bad_final),
		TEST(test_spi_taken),
		TEST(test_no_random),
		TEST(test_no_space),
		TEST(test_bad_local),
		TEST(test_bad_policy),
		TEST(test_backend_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
