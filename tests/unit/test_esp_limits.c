/*
 * Limits of an SA: numbers, packets, octets, wrong ICVs.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/esp_fixture.h"

/* Numbers never cycle. */
static void test_last_number(void **state)
{
	static const struct {
		int esn;
		uint64_t last;
	} rows[] = {{0, SEQ_MAX}, {1, SEQ_MAX_ESN}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin(SDESP_CHACHA20_POLY1305_IIV, rows[i].esn);
		assert_int_equal(sdesp_esp_tx_init(&tx, &provider.vtable, &sa,
					 rows[i].last - 2),
			SDESP_OK);
		assert_int_equal(seal(), SDESP_OK);
		assert_true(pkt.seq == rows[i].last - 1);
		assert_int_equal(tx_stats().state, SDESP_SA_MATURE);
		assert_int_equal(seal(), SDESP_OK);
		assert_true(pkt.seq == rows[i].last);
		assert_int_equal(tx_stats().state, SDESP_SA_DEAD);
		for (unsigned j = 0; j < 3; j++) {
			assert_int_equal(seal(), SDESP_ERR_SEQ);
			assert_memory_equal(pkt.data, payload, sizeof payload);
		}
		assert_true(tx_stats().seq == rows[i].last);
		assert_int_equal(sdesp_esp_tx_init(&tx, &provider.vtable, &sa,
					 rows[i].last + 5),
			SDESP_OK);
		assert_int_equal(seal(), SDESP_ERR_SEQ);
	}

	/* A receiver takes the last number, and none above. */
	begin(SDESP_CHACHA20_POLY1305_IIV, 1);
	sdesp_replay_commit(&rx.replay, SEQ_MAX_ESN - 2);
	assert_int_equal(receive(SEQ_MAX_ESN), SDESP_OK);
	assert_int_equal(receive(SEQ_MAX_ESN + 1), SDESP_ERR_REPLAY);
}

/* A batch that runs out of numbers seals what it can. */
static void test_batch_to_the_end(void **state)
{
	static struct arena arenas[5];
	struct sdesp_pkt pkts[5];

	(void)state;
	begin(SDESP_AES_128_GCM_16, 0);
	assert_int_equal(
		sdesp_esp_tx_init(&tx, &provider.vtable, &sa, SEQ_MAX - 2),
		SDESP_OK);
	for (unsigned i = 0; i < 5; i++)
		arena_put(&arenas[i], &pkts[i], payload, sizeof payload,
			i == 1 ? 0 : SDESP_PKT_HEAD, SDESP_PKT_TAIL);
	assert_int_equal(sdesp_esp_seal(&tx, pkts, 5), 2);
	assert_int_equal(pkts[0].status, SDESP_OK);
	assert_int_equal(pkts[1].status, SDESP_ERR_SPACE);
	assert_int_equal(pkts[2].status, SDESP_OK);
	assert_true(pkts[2].seq == SEQ_MAX);
	assert_int_equal(pkts[3].status, SDESP_ERR_SEQ);
	assert_int_equal(pkts[4].status, SDESP_ERR_SEQ);
	assert_memory_equal(pkts[4].data, payload, sizeof payload);
}

static void test_packet_limits(void **state)
{
	(void)state;
	arena_sa(&sa, SDESP_NULL_HMAC_SHA2_256_128, 0);
	sa.soft.packets = 3;
	sa.hard.packets = 5;
	assert_int_equal(
		sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0), SDESP_OK);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
	for (unsigned i = 1; i <= 5; i++) {
		int want = i < 3   ? SDESP_SA_MATURE
			   : i < 5 ? SDESP_SA_DYING
				   : SDESP_SA_DEAD;

		assert_int_equal(seal(), SDESP_OK);
		assert_int_equal(tx_stats().state, want);
		assert_int_equal(open(), SDESP_OK);
		assert_int_equal(rx_stats().state, want);
	}
	assert_int_equal(seal(), SDESP_ERR_EXPIRED);
	assert_memory_equal(pkt.data, payload, sizeof payload);
	assert_int_equal(receive(6), SDESP_ERR_EXPIRED);
	assert_true(rx_stats().packets == 5);

	/* Replays and forgeries do not age an SA. */
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
	assert_int_equal(receive(1), SDESP_OK);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(receive(1), SDESP_ERR_REPLAY);
		assert_int_equal(receive_forged(2), SDESP_ERR_AUTH);
	}
	assert_true(rx_stats().packets == 1);
	assert_int_equal(rx_stats().state, SDESP_SA_MATURE);
}

static void test_byte_limits(void **state)
{
	uint64_t one = sizeof payload;

	(void)state;
	arena_sa(&sa, SDESP_AES_256_CBC_HMAC_SHA2_256_128, 0);
	sa.soft.bytes = 2 * one;
	sa.hard.bytes = 3 * one + 1;
	assert_int_equal(
		sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0), SDESP_OK);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(seal(), SDESP_OK);
		assert_int_equal(open(), SDESP_OK);
		assert_int_equal(tx_stats().state,
			i < 2 ? SDESP_SA_MATURE : SDESP_SA_DYING);
		assert_int_equal(rx_stats().state, tx_stats().state);
	}
	assert_int_equal(seal(), SDESP_ERR_EXPIRED);
	assert_true(tx_stats().seq == 3);
	assert_int_equal(tx_stats().state, SDESP_SA_DEAD);
	assert_int_equal(receive(4), SDESP_ERR_EXPIRED);
	assert_true(wiped());
	assert_int_equal(rx_stats().state, SDESP_SA_DEAD);
	assert_true(rx_stats().bytes == 3 * one);
	assert_int_equal(receive(5), SDESP_ERR_EXPIRED);

	/* To the last octet. */
	sa.hard.bytes = one;
	assert_int_equal(
		sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0), SDESP_OK);
	assert_int_equal(seal(), SDESP_OK);
	assert_int_equal(tx_stats().state, SDESP_SA_DEAD);
}

/* An SA that dies within a call opens nothing after that. */
static void test_death_in_batch(void **state)
{
	static struct arena arenas[4];
	struct sdesp_pkt pkts[4];

	(void)state;
	arena_sa(&sa, SDESP_AES_128_GCM_16, 0);
	sa.hard.packets = 2;
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
	for (unsigned i = 0; i < 4; i++) {
		uint8_t text[64], packet[256];
		size_t n = oracle_text(text, &sa, payload, sizeof payload, 17);

		n = oracle_packet(packet, &sa, i + 1, text, n);
		arena_put(&arenas[i], &pkts[i], packet, n, SDESP_PKT_OPEN_HEAD,
			SDESP_PKT_OPEN_TAIL);
	}
	assert_int_equal(sdesp_esp_open(&rx, pkts, 4, 0), 2);
	assert_int_equal(pkts[1].status, SDESP_OK);
	for (unsigned i = 2; i < 4; i++) {
		assert_int_equal(pkts[i].status, SDESP_ERR_EXPIRED);
		pkt = pkts[i];
		assert_true(wiped());
	}
	assert_true(rx_stats().seq == 2);
}

/* SPEC 9.3: dying at a 16th of the limit, dead at the limit. */
static void test_icv_limits(void **state)
{
	uint64_t max;

	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		begin(id, 0);
		max = sdesp_suite_by_id(id)->max_icv_failures;
		rx.icv_failures = max / 16 - 2;
		assert_int_equal(receive_forged(1), SDESP_ERR_AUTH);
		assert_int_equal(rx_stats().state, SDESP_SA_MATURE);
		assert_int_equal(receive_forged(1), SDESP_ERR_AUTH);
		assert_int_equal(rx_stats().state, SDESP_SA_DYING);
		assert_int_equal(receive(1), SDESP_OK);
		rx.icv_failures = max - 2;
		assert_int_equal(receive_forged(2), SDESP_ERR_AUTH);
		assert_int_equal(rx_stats().state, SDESP_SA_DYING);
		assert_int_equal(receive_forged(2), SDESP_ERR_AUTH);
		assert_int_equal(rx_stats().state, SDESP_SA_DEAD);
		assert_int_equal(receive(2), SDESP_ERR_EXPIRED);
	}
}

/* The same without touching private fields, where that can be waited for. */
static void test_icv_limit_counted(void **state)
{
	uint8_t text[16], packet[64];
	size_t n;

	(void)state;
	begin(SDESP_AES_128_CCM_8, 0);
	n = oracle_packet(
		packet, &sa, 1, text, oracle_text(text, &sa, payload, 0, 17));
	packet[n - 1] ^= 1;
	arena_put(&arena, &pkt, packet, n, SDESP_PKT_OPEN_HEAD,
		SDESP_PKT_OPEN_TAIL);
	for (unsigned i = 1; i <= 1u << 20; i++) {
		sdesp_esp_open(&rx, &pkt, 1, 0);
		if (pkt.status != SDESP_ERR_AUTH ||
			rx_stats().state != (i >= 1u << 20 ? SDESP_SA_DEAD
						    : i >= 1u << 16
							    ? SDESP_SA_DYING
							    : SDESP_SA_MATURE))
			fail_msg("after %u failures", i);
	}
	assert_int_equal(receive(1), SDESP_ERR_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_number),
		cmocka_unit_test(test_batch_to_the_end),
		cmocka_unit_test(test_packet_limits),
		cmocka_unit_test(test_byte_limits),
		cmocka_unit_test(test_death_in_batch),
		cmocka_unit_test(test_icv_limits),
		cmocka_unit_test(test_icv_limit_counted),
	};

	sdesp_bearssl_init(&provider);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
