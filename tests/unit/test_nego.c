/* Pure negotiation: keys against the vectors, selectors, addresses, lines.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crypto/hmac.h"
#include "nego/address.h"
#include "nego/choose.h"
#include "nego/keys.h"
#include "nego/narrow.h"
#include "sa/lifetime.h"
#include "tests/support/vectors.h"

static struct vector_block block;

static const uint8_t *get(const char *name)
{
	size_t len;

	return vectors_get(&block, name, &len);
}

/* One end's view of a vector: the offerer's, or the answerer's. */
static void check_keys(int offerer, const char *secret, const char *peer,
	unsigned method, const struct sdesp_psk *psk)
{
	struct sdesp_keys_input in = {&sdesp_bearssl_kex, (uint8_t)method,
		(uint8_t)offerer, get(secret), get(peer), psk,
		get(offerer ? "h_offer" : "h_answer"),
		get(offerer ? "h_answer" : "h_offer")};
	uint8_t out[SDESP_KEYMAT_MAX];
	struct sdesp_hmac_key prk; /* what a PRK is kept as */
	struct sdesp_keys keys;
	size_t len;

	assert_int_equal(sdesp_keys_derive(&keys, &in), SDESP_OK);
	assert_memory_equal(keys.t, get("t"), 32);
	sdesp_hmac_init(&prk, get("prk"), 32);
	assert_memory_equal(&keys.prk, &prk, sizeof prk);
	sdesp_keys_confirm(out, &keys);
	assert_memory_equal(out, get("cfm"), SDESP_CONFIRM_LEN);
	(void)vectors_get(&block, "keymat_o2a", &len);
	sdesp_keys_keymat(out, len, &keys, 0,
		(uint32_t)vectors_number(&block, "spi_answer"));
	assert_memory_equal(out, get("keymat_o2a"), len);
	sdesp_keys_keymat(out, len, &keys, 1,
		(uint32_t)vectors_number(&block, "spi_offer"));
	assert_memory_equal(out, get("keymat_a2o"), len);
}

static void check_block(void)
{
	char offerer[65], answerer[65], token[65], method[8];
	struct sdesp_psk psk_o = {token, NULL, 0, offerer, answerer};
	struct sdesp_psk psk_a;
	int with_psk;

	psk_o.key = vectors_get(&block, "psk_key", &psk_o.key_len);
	vectors_string(&block, "psk_token", token, sizeof token);
	vectors_string(&block, "name_offerer", offerer, sizeof offerer);
	vectors_string(&block, "name_answerer", answerer, sizeof answerer);
	vectors_string(&block, "method", method, sizeof method);
	psk_a = psk_o;
	psk_a.own = answerer;
	psk_a.peer = offerer;
	with_psk = psk_o.key_len > 0;
	if (strcmp(method, "x25519") == 0) {
		check_keys(1, "offer_private", "answer_public", SDESP_X25519,
			with_psk ? &psk_o : NULL);
		check_keys(0, "answer_private", "offer_public", SDESP_X25519,
			with_psk ? &psk_a : NULL);
	} else {
		check_keys(1, "offer_secret", "answer_secret", SDESP_INLINE,
			with_psk ? &psk_o : NULL);
		check_keys(0, "answer_secret", "offer_secret", SDESP_INLINE,
			with_psk ? &psk_a : NULL);
	}
}

static void test_vectors(void **state)
{
	struct vector_file *file = vectors_open("keys.txt");
	unsigned n = 0;

	(void)state;
	for (; vectors_next(file, &block); n++)
		check_block();
	vectors_close(file);
	assert_true(n >= 9);
}

static void test_zero_share(void **state)
{
	static const uint8_t zero[32], one[32] = {1};
	struct sdesp_keys_input in = {&sdesp_bearssl_kex, SDESP_X25519, 1, one,
		zero, NULL, zero, zero};
	static const struct sdesp_keys wiped;
	struct sdesp_keys keys;

	(void)state;
	memset(&keys, 0xaa, sizeof keys);
	assert_int_equal(sdesp_keys_derive(&keys, &in), SDESP_ERR_KEX);
	assert_memory_equal(&keys.prk, &wiped.prk, sizeof keys.prk);
	in.peer = one; /* of order 4 */
	assert_int_equal(sdesp_keys_derive(&keys, &in), SDESP_ERR_KEX);
}

static struct sdesp_ts read_ts(const char *text)
{
	struct sdesp_attr attr = {{"esp-ts", 6}, {text, strlen(text)}, 1, 1};
	struct sdesp_ts ts;

	if (sdesp_attr_ts_parse(&ts, &attr, NULL) != SDESP_OK)
		fail_msg("%s", text);
	return ts;
}

static const struct sdesp_flow transport = {{4, {192, 0, 2, 1}, 4500},
	{4, {198, 51, 100, 2}, 4500}, SDESP_TRANSPORT, 1, 0, {{0}}};

/* What the offer says, what is granted here, and what comes of it. */
static const struct {
	unsigned mode;
	const char *offer, *grant, *result; /* NULL = nothing */
} narrowings[] = {
	{1, "any self any peer any", "any self any peer any",
		"any self any peer any"},
	{1, "17 self any peer 40000-40010", "17 self 40000 peer any",
		"17 self 40000 peer any"},
	{1, "17 self 5 peer 40000-40010", "any self any peer any",
		"17 self 40000-40010 peer 5"},
	{1, "17 self any peer 1-9", "17 self 10 peer any", NULL},
	{1, "17 self any peer any", "6 self any peer any", NULL},
	{1, "any self any peer any", "6 self 80 peer any",
		"6 self 80 peer any"},
	{1, "any any any any any", "17 self any peer any",
		"17 self any peer any"},
	{1, "17 198.51.100.2/32 any 192.0.2.1/32 any", "17 self any peer any",
		NULL},
	{1, "17 198.51.100.2/32 any 192.0.2.1/32 any",
		"17 192.0.2.1/32 9 198.51.100.2/32 any",
		"17 192.0.2.1/32 9 198.51.100.2/32 any"},
	{1, "17 198.51.100.2/32 any 192.0.2.1/32 any",
		"17 192.0.2.0/24 9 198.51.100.2/32 any", NULL},
	{1, "17 any any 192.0.2.1/32 any", "17 192.0.2.1/32 any any any",
		"17 192.0.2.1/32 any peer any"},
	{1, "17 198.51.100.3/32 any 192.0.2.1/32 any",
		"17 192.0.2.1/32 any 198.51.100.2/32 any", NULL},
	{1, "17 self any peer any", "17 192.0.2.1/32 any peer any", NULL},
	{1, "17 2001:db8::1/128 any any any", "17 any any 2001:db8::1/128 any",
		NULL},
	{1, "17 self any 2001:db8::1/128 any", "17 self any peer any", NULL},
	{2, "any 10.1.0.0/16 any 10.2.0.0/16 any",
		"any 10.2.5.0/24 any 10.0.0.0/8 any",
		"any 10.2.5.0/24 any 10.1.0.0/16 any"},
	{2, "any 10.1.0.0/16 any 10.2.0.0/16 any",
		"any 10.3.0.0/16 any 10.0.0.0/8 any", NULL},
	{2, "any self any peer any", "any 10.3.0.0/16 any 10.0.0.0/8 any",
		NULL},
	{2, "any 0.0.0.0/0 any 0.0.0.0/0 any",
		"any 2001:db8::/32 any 2001:db8::/32 any", NULL},
	{2, "6 ::/0 any 2001:db8:8000::/33 443",
		"6 2001:db8::/32 any 2001:db8::/32 any",
		"6 2001:db8:8000::/33 443 2001:db8::/32 any"},
};

static void test_narrow(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof narrowings / sizeof narrowings[0]; i++) {
		struct sdesp_ts offer = read_ts(narrowings[i].offer);
		struct sdesp_ts grant = read_ts(narrowings[i].grant);
		struct sdesp_flow flow = transport, back = transport;
		struct sdesp_ts want;
		unsigned n;

		flow.mode = (uint8_t)narrowings[i].mode;
		n = sdesp_ts_narrow(&flow, &offer, 1, &grant, 1);
		if (n != (narrowings[i].result != NULL))
			fail_msg("case %zu", i);
		if (n == 0)
			continue;
		want = read_ts(narrowings[i].result);
		if (!sdesp_ts_equal(&flow.ts[0], &want))
			fail_msg("case %zu", i);

		/* The offerer takes what the answerer found. */
		back.local = transport.remote;
		back.remote = transport.local;
		back.mode = flow.mode;
		assert_int_equal(
			sdesp_ts_accept(&back, flow.ts, 1, &offer, 1), 1);
		sdesp_ts_swap(&back.ts[0]);
		assert_true(sdesp_ts_equal(&back.ts[0], &want));
	}
}

static void test_narrow_many(void **state)
{
	struct sdesp_ts offer[SDESP_MAX_TS], grant[2];
	struct sdesp_flow flow = transport;

	(void)state;
	for (unsigned i = 0; i < SDESP_MAX_TS; i++) {
		offer[i] = read_ts("17 self any peer 0-100");
		offer[i].remote.lo = (uint16_t)(10 * i);
	}
	grant[0] = read_ts("17 self 0-50 peer any");
	grant[1] = read_ts("17 self 51-99 peer any");
	assert_int_equal(sdesp_ts_narrow(&flow, offer, SDESP_MAX_TS, grant, 2),
		SDESP_MAX_TS);
	assert_int_equal(flow.ts[0].local.hi, 50);
	assert_int_equal(flow.ts[1].local.hi, 99);
	assert_int_equal(flow.ts[2].local.lo, 10);

	/* Duplicates are left out; no line is one line. */
	grant[1] = grant[0];
	assert_int_equal(sdesp_ts_narrow(&flow, offer, 1, grant, 2), 1);
	assert_int_equal(sdesp_ts_narrow(&flow, NULL, 0, grant, 1), 1);
	assert_int_equal(flow.ts[0].protocol, 17);
}

static const struct {
	const char *offer, *answer;
	unsigned good;
} answers[] = {
	{"17 self any peer 40000-40010", "17 self 40000 peer any", 1},
	{"17 self any peer 40000-40010", "17 self 39999-40000 peer any", 0},
	{"17 self any peer 40000-40010", "any self any peer any", 0},
	{"any self any peer any", "any any any any any", 1},
	{"17 self any peer any", "6 self any peer any", 0},
	{"17 self any peer any", "17 10.0.0.0/8 any peer any", 0},
	{"17 self any peer any", "17 198.51.100.2/32 any peer any", 0},
	{"17 self any 198.51.100.2/32 any", "17 198.51.100.2/32 any peer any",
		1},
};

static void test_accept(void **state)
{
	struct sdesp_flow flow = transport;
	struct sdesp_ts narrow = read_ts("17 self any peer any");

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct sdesp_ts offer = read_ts(answers[i].offer);
		struct sdesp_ts answer = read_ts(answers[i].answer);

		if (sdesp_ts_accept(&flow, &answer, 1, &offer, 1) !=
			answers[i].good)
			fail_msg("case %zu", i);
	}
	assert_int_equal(sdesp_ts_accept(&flow, NULL, 0, &narrow, 1), 0);
	narrow = read_ts("any self any peer any");
	assert_int_equal(sdesp_ts_accept(&flow, NULL, 0, &narrow, 1), 1);
}

static const struct {
	const char *peer;
	unsigned port;
	int udp, loopback;
	const char *what; /* NULL = fine */
} addresses[] = {
	{"198.51.100.2", 1, 1, 0, NULL},
	{"198.51.100.2", 0, 1, 0, "there is no port"},
	{"198.51.100.2", 0, 0, 0, NULL},
	{"0.0.0.0", 1, 1, 1, "the address is unspecified"},
	{"0.1.2.3", 1, 1, 1, "the address is unspecified"},
	{"::", 1, 1, 1, "the address is unspecified"},
	{"127.255.0.1", 1, 1, 0, "the address is a loopback address"},
	{"127.255.0.1", 1, 1, 1, NULL},
	{"224.0.0.1", 1, 1, 1, "the address is a multicast address"},
	{"239.255.255.255", 1, 1, 1, "the address is a multicast address"},
	{"240.0.0.1", 1, 1, 1, NULL},
	{"255.255.255.255", 1, 1, 1, "the address is a broadcast address"},
	{"192.0.2.1", 1, 1, 0, "the address is our own"},
	{"192.0.2.1", 1, 1, 1, "the address is our own"},
	{"192.0.2.1", 1, 0, 1, "the address is our own"},
	{"192.0.2.1", 4500, 1, 1, "the address is our own"},
	{"2001:db8::1", 1, 1, 0, "the address is of another family than ours"},
	{"::1", 1, 1, 0, "the address is a loopback address"},
	{"::1", 1, 1, 1, "the address is of another family than ours"},
	{"ff02::1", 1, 1, 1, "the address is a multicast address"},
	{"::ffff:127.0.0.1", 1, 1, 1,
		"the address is IPv4 in the guise of IPv6"},
};

static void test_addresses(void **state)
{
	static const struct sdesp_addr none;
	struct sdesp_addr loop = transport.local;

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct sdesp_addr peer;
		const char *what;

		assert_int_equal(sdesp_addr_parse(&peer, addresses[i].peer,
					 strlen(addresses[i].peer)),
			SDESP_OK);
		peer.port = (uint16_t)addresses[i].port;
		what = sdesp_address_refusal(&peer, &transport.local,
			addresses[i].udp, addresses[i].loopback);
		if ((what == NULL) != (addresses[i].what == NULL) ||
			(what != NULL && strcmp(what, addresses[i].what) != 0))
			fail_msg("%s: %s", addresses[i].peer, what);
	}
	loop.ip[0] = 127;
	assert_null(sdesp_address_refusal(&loop, &loop, 1, 1));
	assert_non_null(sdesp_address_refusal(&loop, &loop, 1, 0));
	assert_string_equal(
		sdesp_address_refusal(&none, &transport.local, 1, 0),
		"there is no c= line with an IP address");
}

static struct sdesp_floor floor_of(const struct sdesp_policy *policy)
{
	struct sdesp_floor floor;

	memset(&floor, 0, sizeof floor);
	floor.policy = policy;
	floor.features.suites = UINT32_MAX;
	floor.features.esn = 1;
	return floor;
}

static void test_floor(void **state)
{
	struct sdesp_proposal p = {SDESP_AES_256_GCM_16, SDESP_INLINE, 1};
	struct sdesp_keying live = {
		SDESP_AES_256_GCM_16, SDESP_INLINE, 0, 0, {0}, {0}};
	struct sdesp_policy policy;
	struct sdesp_floor floor = floor_of(&policy);

	(void)state;
	sdesp_policy_init(&policy);
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_ERR_INSECURE);
	floor.secured = 1;
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_OK);
	floor.features.esn = 0;
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_ERR_NO_SUITE);
	p.esn = 0;
	floor.live = &live;
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_OK);
	live.psk = 1;
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_ERR_FLOOR);
	assert_int_equal(sdesp_floor_check(&floor, &p, 2), SDESP_OK);
	live.method = SDESP_X25519;
	assert_int_equal(sdesp_floor_check(&floor, &p, 2), SDESP_ERR_FLOOR);
	p.method = SDESP_X25519;
	p.suite = SDESP_AES_128_GCM_16;
	assert_int_equal(sdesp_floor_check(&floor, &p, 2), SDESP_ERR_FLOOR);
	p.suite = SDESP_CHACHA20_POLY1305;
	assert_int_equal(sdesp_floor_check(&floor, &p, 2), SDESP_OK);
	floor.live = NULL;
	policy.psk_required = 1;
	assert_int_equal(sdesp_floor_check(&floor, &p, 0), SDESP_ERR_FLOOR);
}

/* Of several reasons to refuse, the one that says most. */
static void test_choose(void **state)
{
	struct sdesp_policy policy;
	struct sdesp_floor floor = floor_of(&policy);
	struct sdesp_desc desc;
	struct sdesp_why why;
	unsigned line, psk;

	(void)state;
	sdesp_policy_init(&policy);
	memset(&desc, 0, sizeof desc);
	desc.ncrypto = 2;
	desc.crypto_line[0] = 5;
	desc.crypto_line[1] = 6;
	desc.crypto[0].suite = SDESP_AES_128_CCM_8; /* not listed */
	desc.crypto[0].method = SDESP_X25519;
	desc.crypto[1].suite = SDESP_AES_128_GCM_16;
	desc.crypto[1].method = SDESP_INLINE;
	assert_int_equal(sdesp_choose_line(&line, &psk, &floor, &desc, &why),
		SDESP_ERR_INSECURE);
	assert_int_equal(why.line, 6);
	desc.ncrypto = 1;
	assert_int_equal(sdesp_choose_line(&line, &psk, &floor, &desc, &why),
		SDESP_ERR_NO_SUITE);
	assert_int_equal(why.line, 5);
	desc.nvoid = 1;
	desc.first_void.status = SDESP_ERR_SYNTAX;
	desc.first_void.line = 4;
	assert_int_equal(sdesp_choose_line(&line, &psk, &floor, &desc, &why),
		SDESP_ERR_SYNTAX);
	assert_int_equal(why.line, 4);
	desc.ncrypto = 2;
	floor.secured = 1;
	assert_int_equal(
		sdesp_choose_line(&line, &psk, &floor, &desc, &why), SDESP_OK);
	assert_int_equal(line, 1);
	assert_int_equal(psk, 0);
	desc.crypto[1].psk = sdesp_span_of("lab");
	assert_int_equal(sdesp_choose_line(&line, &psk, &floor, &desc, NULL),
		SDESP_ERR_PSK);
}

static void test_lifetime(void **state)
{
	struct sdesp_limits policy = {0, 0, 0};
	struct sdesp_sa sa;

	(void)state;
	memset(&sa, 0, sizeof sa);
	sdesp_lifetime_set(&sa, &policy, 59, 80, 0);
	assert_int_equal(sa.hard.packets, UINT32_MAX);
	assert_int_equal(sa.soft.packets, 3435973836);
	assert_int_equal(sa.hard.bytes, 0);
	assert_int_equal(sa.soft.bytes, 0);
	assert_int_equal(sa.hard.seconds, 0);
	sa.esn = 1;
	policy.packets = UINT64_MAX;
	policy.bytes = UINT64_MAX;
	policy.seconds = 100;
	sdesp_lifetime_set(&sa, &policy, 60, 97, 0);
	assert_true(sa.hard.packets == (uint64_t)1 << 40);
	assert_true(sa.soft.bytes == UINT64_MAX / 100 * 97 + 14);
	assert_int_equal(sa.hard.seconds, 60);
	assert_int_equal(sa.soft.seconds, 58);
	sdesp_lifetime_set(&sa, &policy, 101, 97, 0);
	assert_int_equal(sa.hard.seconds, 100);

	/* A life binds who sends. */
	policy.packets = 9;
	sdesp_lifetime_set(&sa, &policy, 0, 97, 0);
	assert_int_equal(sa.hard.packets, 9);
	assert_int_equal(sa.soft.packets, 8);
	sdesp_lifetime_set(&sa, &policy, 0, 97, 1);
	assert_true(sa.hard.packets == (uint64_t)1 << 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_zero_share),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_narrow_many),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_lifetime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
