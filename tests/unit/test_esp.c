/*
 * One direction of an SA: packets, window, padding, batches.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/dice.h"
#include "tests/unit/esp_fixture.h"

static void test_round_trip(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++)
		for (int esn = 0; esn < 2; esn++) {
			begin(id, esn);
			for (uint64_t seq = 1; seq < 100; seq++) {
				uint8_t want[256], text[64];
				size_t n = oracle_text(
					text, &sa, payload, sizeof payload, 17);
				size_t len =
					oracle_packet(want, &sa, seq, text, n);

				assert_int_equal(seal(), SDESP_OK);
				assert_true(pkt.seq == seq);
				assert_int_equal(pkt.len, len);
				assert_memory_equal(pkt.data, want, len);
				assert_int_equal(
					sdesp_esp_spi(pkt.data, pkt.len),
					sa.spi);
				pkt.next_header = 0;
				assert_int_equal(open(), SDESP_OK);
				assert_int_equal(pkt.len, sizeof payload);
				assert_memory_equal(
					pkt.data, payload, sizeof payload);
				assert_int_equal(pkt.next_header, 17);
				assert_true(pkt.seq == seq);
			}
			assert_true(tx_stats().packets == 99);
			assert_true(tx_stats().bytes == 99 * sizeof payload);
			assert_true(rx_stats().packets == 99);
			assert_true(rx_stats().bytes == 99 * sizeof payload);
			assert_true(rx_stats().seq == 99);
			assert_int_equal(rx_stats().state, SDESP_SA_MATURE);
		}
}

static void test_init_errors(void **state)
{
	static const struct sdesp_crypto_class poor = {1, "poor",
		SDESP_SUITE_BIT(SDESP_AES_128_CCM_8), NULL, NULL, NULL};
	const struct sdesp_crypto_class *instance = &poor;

	(void)state;
	arena_sa(&sa, SDESP_AES_128_GCM_16, 0);
	sa.spi = 255;
	assert_int_equal(sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0),
		SDESP_ERR_ARG);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_ERR_ARG);
	arena_sa(&sa, SDESP_SUITE_END, 0);
	assert_int_equal(sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0),
		SDESP_ERR_ARG);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_ERR_ARG);
	arena_sa(&sa, SDESP_AES_128_GCM_16, 0);
	assert_int_equal(sdesp_esp_tx_init(&tx, &instance, &sa, 0),
		SDESP_ERR_UNSUPPORTED);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &instance, &sa), SDESP_ERR_UNSUPPORTED);
	sa.window = 31;
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_ERR_ARG);
	sa.window = SDESP_MAX_WINDOW + 1;
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_ERR_ARG);

	/* A struct whose init failed moves nothing, nor does a wiped one. */
	assert_int_equal(seal(), SDESP_ERR_EXPIRED);
	put(1);
	assert_int_equal(open(), SDESP_ERR_EXPIRED);
	begin(SDESP_AES_128_GCM_16, 0);
	sdesp_esp_tx_wipe(&tx);
	sdesp_esp_rx_wipe(&rx);
	assert_int_equal(seal(), SDESP_ERR_EXPIRED);
	put(1);
	assert_int_equal(open(), SDESP_ERR_EXPIRED);
	for (size_t i = 0; i < sizeof tx; i++)
		assert_int_equal(((const uint8_t *)&tx)[i], 0);
	for (size_t i = 0; i < sizeof rx; i++)
		assert_int_equal(((const uint8_t *)&rx)[i], 0);
}

static void test_room(void **state)
{
	(void)state;
	begin(SDESP_AES_128_CBC_HMAC_SHA2_256_128, 0);
	for (int i = 0; i < 2; i++) {
		uint8_t before[ARENA_SIZE];

		arena_put(&arena, &pkt, payload, sizeof payload,
			SDESP_PKT_HEAD - (i == 0), SDESP_PKT_TAIL - (i == 1));
		memcpy(before, arena.octets, ARENA_SIZE);
		assert_int_equal(sdesp_esp_seal(&tx, &pkt, 1), 0);
		assert_int_equal(pkt.status, SDESP_ERR_SPACE);
		assert_memory_equal(arena.octets, before, ARENA_SIZE);
		assert_int_equal(pkt.len, sizeof payload);
	}
	assert_int_equal(seal(), SDESP_OK);
	assert_true(pkt.seq == 1);
	for (int i = 0; i < 2; i++) {
		put(1);
		pkt.head -= (size_t)(i == 0);
		pkt.tail -= (size_t)(i == 1);
		assert_int_equal(sdesp_esp_open(&rx, &pkt, 1, 0), 0);
		assert_int_equal(pkt.status, SDESP_ERR_SPACE);
	}
	assert_int_equal(receive(1), SDESP_OK);
}

static void test_short(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		const struct sdesp_suite *s = sdesp_suite_by_id(id);
		uint64_t malformed = 0;

		begin(id, 0);
		put(1);
		for (size_t len = 0; len < pkt.len; len++) {
			size_t fixed = 8u + s->iv_len + s->icv_len;
			struct sdesp_pkt cut = pkt;

			cut.len = len;
			cut.tail += pkt.len - len;
			assert_int_equal(sdesp_esp_open(&rx, &cut, 1, 0), 0);
			if (len > fixed && (len - fixed) % s->align == 0) {
				assert_int_equal(cut.status, SDESP_ERR_AUTH);
				put(1);
				continue;
			}
			assert_int_equal(cut.status, SDESP_ERR_SHORT);
			malformed++;
		}
		assert_true(rx_stats().malformed == malformed);
		assert_int_equal(sdesp_esp_spi(pkt.data, 7), 0);
		assert_int_equal(sdesp_esp_spi(pkt.data, 8), sa.spi);
	}
}

static void test_spi(void **state)
{
	(void)state;
	begin(SDESP_CHACHA20_POLY1305, 0);
	put(1);
	pkt.data[0] ^= 1;
	assert_int_equal(open(), SDESP_ERR_SPI);
	assert_true(rx_stats().icv_failures == 0);
	pkt.data[0] ^= 1;
	assert_int_equal(open(), SDESP_OK);
}

/* A replay costs nothing but a counter; a forgery does not move the window. */
static void test_replay(void **state)
{
	struct sdesp_replay before;

	(void)state;
	begin(SDESP_AES_128_GCM_16_IIV, 0);
	assert_int_equal(receive(0), SDESP_ERR_REPLAY);
	assert_int_equal(receive(100), SDESP_OK);
	assert_int_equal(receive(100), SDESP_ERR_REPLAY);
	assert_int_equal(receive(36), SDESP_ERR_REPLAY);
	assert_int_equal(receive(37), SDESP_OK);
	assert_true(rx_stats().replays == 3);
	assert_true(rx_stats().packets == 2);
	before = rx.replay;
	assert_int_equal(receive_forged(1000000), SDESP_ERR_AUTH);
	assert_true(wiped());
	assert_int_equal(receive_forged(50), SDESP_ERR_AUTH);
	assert_memory_equal(&before, &rx.replay, sizeof before);
	assert_true(rx_stats().icv_failures == 2);
	assert_int_equal(receive(50), SDESP_OK);
}

/* Two copies in one call: one passes. */
static void test_twins(void **state)
{
	static struct arena arenas[6];
	struct sdesp_pkt pkts[6];

	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		static const uint64_t seqs[6] = {7, 8, 7, 200, 9, 8};
		static const int want[6] = {SDESP_OK, SDESP_OK,
			SDESP_ERR_REPLAY, SDESP_OK, SDESP_ERR_REPLAY,
			SDESP_ERR_REPLAY};

		begin(id, 1);
		for (unsigned i = 0; i < 6; i++) {
			uint8_t text[64], packet[256];
			size_t n = oracle_text(
				text, &sa, payload, sizeof payload, 17);

			n = oracle_packet(packet, &sa, seqs[i], text, n);
			arena_put(&arenas[i], &pkts[i], packet, n,
				SDESP_PKT_OPEN_HEAD, SDESP_PKT_OPEN_TAIL);
		}
		assert_int_equal(sdesp_esp_open(&rx, pkts, 6, 0), 3);
		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(pkts[i].status, want[i]);
			pkt = pkts[i];
			if (want[i] == SDESP_OK)
				assert_memory_equal(
					pkt.data, payload, sizeof payload);
			else
				assert_true(wiped());
		}
		assert_true(rx_stats().packets == 3);
		assert_true(rx_stats().replays == 3);
	}
}

/* A batch does what single calls do, whatever comes in whatever order. With
 * ESN a number that has become too old is inferred to be a later one, and so
 * it matters when that is done. */
static void test_batch_is_sequence(void **state)
{
	static struct arena arenas[32];
	struct sdesp_pkt pkts[32];
	struct dice dice = {99};
	uint64_t near = 1;

	(void)state;
	begin(SDESP_AES_256_GCM_16, 0);
	for (unsigned round = 0; round < 2000; round++) {
		struct sdesp_esp_rx single = rx;
		size_t n = dice_below(&dice, 32) + 1, opened;
		int want[32], forged[32];

		for (size_t i = 0; i < n; i++) {
			uint8_t text[64], packet[256];
			size_t len = oracle_text(
				text, &sa, payload, sizeof payload, 17);

			near += dice_below(&dice, 3);
			if (dice_below(&dice, 50) == 0)
				near += 100;
			len = oracle_packet(packet, &sa,
				near > 70 ? near - dice_below(&dice, 70) : near,
				text, len);
			forged[i] = dice_below(&dice, 10) == 0;
			if (forged[i])
				packet[8 + dice_below(&dice, len - 8)] ^= 4;
			arena_put(&arenas[i], &pkts[i], packet, len,
				SDESP_PKT_OPEN_HEAD, SDESP_PKT_OPEN_TAIL);
			arena_put(&arena, &pkt, packet, len,
				SDESP_PKT_OPEN_HEAD, SDESP_PKT_OPEN_TAIL);
			sdesp_esp_open(&single, &pkt, 1, 0);
			want[i] = pkt.status;
		}
		opened = sdesp_esp_open(&rx, pkts, n, 0);
		for (size_t i = 0; i < n; i++) {
			opened -= want[i] == SDESP_OK;

			/* Of a forged twin the ICV is looked at first. */
			if (forged[i] && want[i] == SDESP_ERR_REPLAY &&
				pkts[i].status == SDESP_ERR_AUTH)
				continue;
			assert_int_equal(pkts[i].status, want[i]);
		}
		assert_int_equal(opened, 0);
		assert_memory_equal(
			&rx.replay, &single.replay, sizeof rx.replay);
		assert_memory_equal(&rx.life, &single.life, sizeof rx.life);
	}
}

static void test_padding(void **state)
{
	uint8_t text[512];

	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		size_t align = sdesp_suite_by_id(id)->align;
		uint64_t seq = 0, bad = 0;

		begin(id, 0);

		/* Every amount up to 255 is right, with every payload. */
		for (size_t pad = 0; pad < 256; pad++) {
			size_t len = (0 - (pad + 2)) & (align - 1);

			memset(text, 0xdd, len);
			for (size_t i = 0; i < pad; i++)
				text[len + i] = (uint8_t)(i + 1);
			text[len + pad] = (uint8_t)pad;
			text[len + pad + 1] = 6;
			put_text(++seq, text, len + pad + 2);
			assert_int_equal(open(), SDESP_OK);
			assert_int_equal(pkt.len, len);
		}

		/* One octet of it wrong. */
		for (size_t i = 0; i < 14; i++) {
			for (size_t j = 0; j < 14; j++)
				text[j] = (uint8_t)(j + 1 + (i == j));
			text[14] = 14;
			text[15] = 6;
			put_text(++seq, text, 16);
			assert_int_equal(open(), SDESP_ERR_PADDING);
			assert_true(wiped());
			bad++;
		}

		/* More than there is room for, also where what is in front of
		 * the text looks like padding: the IV is the number. */
		seq = 512;
		for (size_t pad = 15; pad < 256; pad++) {
			for (size_t j = 0; j < 14; j++)
				text[j] = (uint8_t)(pad - 14 + j + 1);
			text[14] = (uint8_t)pad;
			put_text(++seq, text, 16);
			assert_int_equal(open(), SDESP_ERR_PADDING);
			bad++;
		}
		assert_true(rx_stats().malformed == bad);

		/* Authentic all the same: counted, and not to be replayed. */
		assert_true(rx_stats().packets == 256 + bad);
		assert_int_equal(receive(seq), SDESP_ERR_REPLAY);
	}
}

static void test_dummy(void **state)
{
	uint8_t text[64];

	(void)state;
	begin(SDESP_AES_128_CCM_8, 0);
	put_text(1, text, oracle_text(text, &sa, payload, 20, 59));
	assert_int_equal(open(), SDESP_ERR_DUMMY);
	assert_true(wiped());
	assert_true(rx_stats().packets == 1);
	assert_true(rx_stats().bytes == 0);
	assert_true(rx_stats().seq == 1);
	assert_int_equal(receive(1), SDESP_ERR_REPLAY);

	/* One of ours: sealed like any other. */
	arena_put(&arena, &pkt, payload, 0, SDESP_PKT_HEAD, SDESP_PKT_TAIL);
	pkt.next_header = 59;
	assert_int_equal(sdesp_esp_seal(&tx, &pkt, 1), 1);
	sa.esn = 0;
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
	assert_int_equal(open(), SDESP_ERR_DUMMY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_init_errors),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_spi),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_batch_is_sequence),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_dummy),
	};

	sdesp_bearssl_init(&provider);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
