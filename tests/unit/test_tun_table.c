/*
 * The tables of the TUN backend against plain models: index, alarms, look-up
 * by flow, 100,000 SAs. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "backends/tun/hash.h"
#include "backends/tun/index.h"
#include "backends/tun/selector.h"
#include "backends/tun/table.h"
#include "backends/tun/timer.h"
#include "tests/support/dice.h"
#include "tests/support/tun_pair.h"

static struct tun_end end;

static uint32_t dice(uint32_t sides)
{
	static uint64_t state = 7;

	state += 0x9e3779b97f4a7c15u;
	return (uint32_t)(sdesp_tun_hash(0, &state, 1) % sides);
}

/* --- hash ----------------------------------------------------------------- */

/* SipHash-1-3 as OpenSSL has it. */
static uint64_t oracle(uint64_t seed, const uint64_t *words, size_t n)
{
	unsigned c = 1, d = 3;
	uint8_t key[16] = {0}, data[80], out[8];
	size_t size = sizeof out, got = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_uint("c-rounds", &c),
		OSSL_PARAM_construct_uint("d-rounds", &d),
		OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	uint64_t h = 0;

	for (size_t i = 0; i < 8; i++)
		key[i] = (uint8_t)(seed >> 8 * i);
	for (size_t i = 0; i < 8 * n; i++)
		data[i] = (uint8_t)(words[i / 8] >> i % 8 * 8);
	assert_int_equal(EVP_MAC_init(ctx, key, sizeof key, params), 1);
	assert_int_equal(EVP_MAC_update(ctx, data, 8 * n), 1);
	assert_int_equal(EVP_MAC_final(ctx, out, &got, sizeof out), 1);
	assert_int_equal(got, 8);
	for (size_t i = 0; i < 8; i++)
		h |= (uint64_t)out[i] << 8 * i;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return h;
}

static void test_hash(void **state)
{
	struct dice d = {11};
	uint64_t words[10], seed;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		dice_fill(&d, (uint8_t *)words, sizeof words);
		dice_fill(&d, (uint8_t *)&seed, sizeof seed);
		assert_int_equal(sdesp_tun_hash(seed, words, i % 11),
			oracle(seed, words, i % 11));
	}
}

/* --- index ---------------------------------------------------------------- */

static int holds(
	const struct sdesp_tun_index *ix, uint32_t hash, uint32_t value)
{
	uint32_t at = hash, got;

	while ((got = sdesp_tun_index_next(ix, hash, &at)) != 0) {
		if (got == value)
			return 1;
	}
	return 0;
}

/* Few hashes, so that they collide and wrap around the end. */
static void test_index(void **state)
{
	static struct sdesp_tun_entry entries[64];
	struct sdesp_tun_index ix = {entries, 63};
	uint32_t hash_of[33] = {0};

	(void)state;
	assert_int_equal(sdesp_tun_index_size(1), 4);
	assert_int_equal(sdesp_tun_index_size(32), 64);
	assert_int_equal(sdesp_tun_index_size(33), 128);
	for (int round = 0; round < 20000; round++) {
		uint32_t value = 1 + dice(32);

		if (hash_of[value] == 0) {
			hash_of[value] = 56 + dice(12);
			sdesp_tun_index_add(&ix, hash_of[value], value);
		} else {
			sdesp_tun_index_drop(&ix, hash_of[value], value);
			hash_of[value] = 0;
		}
		for (uint32_t v = 1; v <= 32; v++) {
			for (uint32_t h = 56; h < 68; h++)
				assert_int_equal(
					holds(&ix, h, v), hash_of[v] == h);
		}
	}
	for (uint32_t v = 1; v <= 32; v++) {
		if (hash_of[v] != 0)
			sdesp_tun_index_drop(&ix, hash_of[v], v);
	}
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(entries[i].value | entries[i].hash, 0);
}

/* --- alarms --------------------------------------------------------------- */

static void test_timers(void **state)
{
	struct sdesp_tun_alarm heap[50];
	uint32_t where[50] = {0};
	struct sdesp_tun_timers t = {heap, where, 0};
	uint64_t due[50], least;
	uint32_t set;

	(void)state;
	memset(due, 0xff, sizeof due);
	for (int round = 0; round < 20000; round++) {
		uint32_t id = dice(50);

		due[id] = dice(3) == 0 ? UINT64_MAX : dice(100);
		sdesp_tun_timer_set(&t, id, due[id]);
		least = UINT64_MAX;
		set = 0;
		for (uint32_t i = 0; i < 50; i++) {
			set += due[i] != UINT64_MAX;
			least = due[i] < least ? due[i] : least;
			assert_int_equal(where[i] != 0, due[i] != UINT64_MAX);
			if (where[i] != 0)
				assert_int_equal(
					heap[where[i] - 1].due_ms, due[i]);
		}
		assert_int_equal(t.n, set);
		if (set > 0)
			assert_int_equal(heap[0].due_ms, least);
	}
}

/* --- look-up by flow ------------------------------------------------------ */

static struct sdesp_ts_side random_side(unsigned family, int ports)
{
	struct sdesp_ts_side side = {.kind = SDESP_TS_PREFIX,
		.family = (uint8_t)family,
		.hi = 65535};
	unsigned bits = 6 + dice(3) * 13;

	side.prefix_len = (uint8_t)bits;
	side.ip[0] = (uint8_t)(dice(2) << 7);
	if (bits > 8)
		side.ip[2] = (uint8_t)(dice(2) << 6);
	if (bits > 30)
		side.ip[3] = (uint8_t)(dice(3) << 1);
	if (ports && dice(2)) {
		side.lo = (uint16_t)dice(8);
		side.hi = (uint16_t)(side.lo + dice(4));
	}
	return side;
}

static struct sdesp_flow random_flow(uint16_t number)
{
	static const uint16_t protocols[] = {6, 17, 1, SDESP_TS_ANY_PROTOCOL};
	struct sdesp_flow flow = tun_flow(SDESP_TUNNEL, 1, 4);

	flow.nts = (uint8_t)(1 + dice(SDESP_MAX_TS));
	flow.remote.port = number;
	for (unsigned i = 0; i < flow.nts; i++) {
		unsigned family = dice(2) ? 4 : 6;
		uint16_t protocol = protocols[dice(4)];

		flow.ts[i].protocol = protocol;
		flow.ts[i].local = random_side(family, protocol < 20);
		flow.ts[i].remote = random_side(family, protocol < 20);
	}
	return flow;
}

static struct sdesp_inner random_packet(void)
{
	static const uint8_t protocols[] = {6, 17, 1, 47};
	struct sdesp_inner in = {.protocol = protocols[dice(4)]};

	in.src.family = in.dst.family = dice(2) ? 4 : 6;
	in.src.ip[0] = (uint8_t)(dice(2) << 7);
	in.src.ip[2] = (uint8_t)(dice(2) << 6);
	in.src.ip[3] = (uint8_t)(dice(3) << 1);
	in.dst.ip[0] = (uint8_t)(dice(2) << 7);
	in.dst.ip[2] = (uint8_t)(dice(2) << 6);
	in.dst.ip[3] = (uint8_t)(dice(3) << 1);
	in.later = dice(4) == 0;
	if (!in.later && sdesp_protocol_has_ports(in.protocol)) {
		in.src.port = (uint16_t)dice(12);
		in.dst.port = (uint16_t)dice(12);
	}
	return in;
}

/* How narrow the best fitting selector of a flow is; -1: none fits. Longest
 * remote prefix, then local one, then with a protocol. */
static int narrowness(
	const struct sdesp_flow *flow, const struct sdesp_inner *in)
{
	int best = -1;

	for (unsigned i = 0; i < flow->nts; i++) {
		const struct sdesp_ts *ts = &flow->ts[i];
		struct sdesp_flow one = *flow;
		int rank = ts->remote.prefix_len * 1024 +
			   ts->local.prefix_len * 4 +
			   (ts->protocol != SDESP_TS_ANY_PROTOCOL);

		one.nts = 1;
		one.ts[0] = *ts;
		if (sdesp_inner_fits(in, &one, 0) && rank > best)
			best = rank;
	}
	return best;
}

#define FLOWS 60

/* A batch is looked up as its packets are, one by one; some are of none. */
static unsigned look_up(const struct sdesp_flow *flows, const uint8_t *used)
{
	struct sdesp_tun_found found[SDESP_TUN_BATCH];
	struct sdesp_tun_key keys[SDESP_TUN_BATCH];
	struct sdesp_inner in[SDESP_TUN_BATCH];
	size_t n = dice(SDESP_TUN_BATCH + 1);
	unsigned hits = 0;

	for (size_t i = 0; i < n; i++) {
		in[i] = random_packet();
		sdesp_tun_key(&keys[i], &in[i]);
		if (dice(8) == 0)
			keys[i].family = 0;
	}
	sdesp_tun_selectors_find(&end.tun, keys, found, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t slot = found[i].policy;
		struct sdesp_flow one;
		int best = -1;

		for (int f = 0; f < FLOWS && keys[i].family != 0; f++) {
			int rank = used[f] ? narrowness(&flows[f], &in[i]) : -1;

			best = rank > best ? rank : best;
		}
		assert_int_equal(slot != 0, best >= 0);
		if (slot == 0)
			continue;
		hits++;
		one = end.tun.policies[slot - 1].flow;
		assert_in_range(found[i].selector, 0, one.nts - 1);
		one.ts[0] = one.ts[found[i].selector];
		one.nts = 1;
		assert_int_equal(narrowness(&one, &in[i]), best);
	}
	return hits;
}

static void test_look_up(void **state)
{
	static struct sdesp_flow flows[FLOWS];
	uint8_t used[FLOWS] = {0};
	struct sdesp_backend *be = &end.tun.base;
	unsigned hits = 0, full = 0;

	(void)state;
	tun_end_init(&end, 4, FLOWS);
	for (int round = 0; round < 3000; round++) {
		uint16_t n = (uint16_t)dice(FLOWS);

		if (used[n]) {
			assert_int_equal(
				be->vtable->policy_delete(be, &flows[n]), 0);
			used[n] = 0;
		} else {
			flows[n] = random_flow(n);
			used[n] = be->vtable->policy_set(be, &flows[n],
					  SDESP_BLOCK, 0) == SDESP_OK;
			full += !used[n];
		}
		for (int i = 0; i < 3; i++)
			hits += look_up(flows, used);
	}
	for (int f = 0; f < FLOWS; f++) {
		if (used[f])
			be->vtable->policy_delete(be, &flows[f]);
	}
	assert_int_equal(end.tun.nshapes, 0);
	assert_in_range(hits, 10000, 120000);
	assert_in_range(full, 1, 2900); /* the bound on shapes was met, too */
	tun_end_close(&end);
}

/* --- 100,000 SAs ---------------------------------------------------------- */

#define SAS 100000

static struct sdesp_flow numbered_flow(uint32_t i)
{
	struct sdesp_flow flow = tun_flow(SDESP_TUNNEL, 1, 4);

	flow.nts = 1;
	flow.remote.ip[2] = (uint8_t)(i >> 8);
	flow.remote.ip[3] = (uint8_t)i;
	flow.ts[0].remote.prefix_len = 32;
	memcpy(flow.ts[0].remote.ip,
		(uint8_t[]){
			11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
		4);
	return flow;
}

static void test_many(void **state)
{
	struct sdesp_backend *be = &end.tun.base;
	struct sdesp_sa sa = udp_sa(SDESP_CHACHA20_POLY1305, 0);
	struct sdesp_pkt pkt;
	struct sdesp_flow flow;
	uint8_t dst[4];

	(void)state;
	tun_end_init(&end, SAS, SAS / 2);
	for (uint32_t i = 0; i < SAS / 2; i++) {
		flow = numbered_flow(i);
		sa.spi = 0xc0000000 + i * 257;
		assert_int_equal(
			be->vtable->policy_set(be, &flow, SDESP_BLOCK, 0), 0);
		assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 1), 0);
		assert_int_equal(be->vtable->sa_add(be, &flow, &sa, 0), 0);
		assert_int_equal(be->vtable->policy_set(
					 be, &flow, SDESP_PROTECT, sa.spi),
			0);
	}
	sa.spi = 0x10000000;
	assert_int_equal(
		be->vtable->sa_add(be, &flow, &sa, 1), SDESP_ERR_SPACE);
	for (uint32_t i = 0; i < SAS / 2; i += 7) {
		uint32_t slot =
			sdesp_tun_find_in(&end.tun, 0xc0000000 + i * 257);

		assert_int_not_equal(slot, 0);
		assert_int_equal(
			end.tun.sas[slot - 1].spi, 0xc0000000 + i * 257);
		assert_int_equal(
			sdesp_tun_find_in(&end.tun, 0xc0000001 + i * 257), 0);

		flow = numbered_flow(i);
		memcpy(dst, flow.ts[0].remote.ip, 4);
		pkt = tun_udp(0, "10.0.0.1", "11.0.0.0", 60);
		memcpy(pkt.data + 16, dst, 4);
		end.wire.n = 0;
		assert_int_equal(tun_say(&end, &pkt, 0), SDESP_OK);
		assert_memory_equal(
			end.wire.item[0].octets + 16, flow.remote.ip, 4);
		assert_true(tun_strip(
			0, end.wire.item[0].octets, end.wire.item[0].len));
		assert_int_equal(sdesp_esp_spi(tun_pkts[0].data, 8),
			0xc0000000 + i * 257);
	}
	for (uint32_t i = 0; i < SAS / 2; i++) {
		flow = numbered_flow(i);
		sa.spi = 0xc0000000 + i * 257;
		assert_int_equal(
			be->vtable->sa_delete(be, &flow, sa.spi, 0), 0);
		assert_int_equal(
			be->vtable->sa_delete(be, &flow, sa.spi, 1), 0);
		assert_int_equal(be->vtable->policy_delete(be, &flow), 0);
	}
	for (uint32_t i = 0; i <= end.tun.by_key.mask; i++)
		assert_int_equal(end.tun.by_key.entries[i].value, 0);
	for (uint32_t i = 0; i <= end.tun.in.mask; i++)
		assert_int_equal(end.tun.in.entries[i].value, 0);
	assert_int_equal(end.tun.timers.n, 0);
	tun_end_close(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_look_up),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
