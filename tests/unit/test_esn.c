/*
 * Extended sequence numbers and their resynchronisation.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/esp_fixture.h"

/* Numbers pass 2^32 with and without loss around it. */
static void test_esn(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		begin(id, 1);
		sdesp_replay_commit(&rx.replay, UINT64_C(0x5fffffff0));
		for (uint64_t seq = UINT64_C(0x5fffffff1);
			seq < UINT64_C(0x600000010); seq++) {
			if (seq % 3 == 0)
				continue;
			assert_int_equal(receive(seq), SDESP_OK);
			assert_true(pkt.seq == seq);
		}

		/* Late ones, from before the edge. */
		for (uint64_t seq = UINT64_C(0x5fffffff1);
			seq < UINT64_C(0x600000010); seq++)
			assert_int_equal(receive(seq),
				seq % 3 == 0 ? SDESP_OK : SDESP_ERR_REPLAY);

		/* The number before the edge that was 0 is no number. */
		begin(id, 1);
		assert_int_equal(receive(1), SDESP_OK);
		assert_int_equal(
			receive(UINT64_C(0xfffffff0)), SDESP_ERR_REPLAY);
	}
}

static int receive_at(uint64_t seq, uint32_t now)
{
	put(seq);
	open_at(now);
	if (pkt.status == SDESP_OK)
		assert_memory_equal(pkt.data, payload, sizeof payload);
	else
		assert_true(wiped());
	return pkt.status;
}

/* SPEC 8.4: after 64 wrong ICVs in a row, up to 4 next high words. */
static void test_resync(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++)
		for (uint64_t high = 2; high < 9; high++) {
			struct sdesp_sa_stats s;
			uint64_t far = high << 32 | 500;

			begin(id, 1);
			sdesp_replay_commit(
				&rx.replay, (uint64_t)1 << 32 | 400);
			for (unsigned i = 0; i < 64; i++)
				assert_int_equal(receive_at(far + i, 1000),
					SDESP_ERR_AUTH);
			assert_true(rx.replay.top == ((uint64_t)1 << 32 | 400));
			assert_int_equal(receive_at(far + 64, 1000),
				high <= 5 ? SDESP_OK : SDESP_ERR_AUTH);
			s = rx_stats();
			if (high <= 5) {
				assert_true(pkt.seq == far + 64);
				assert_true(s.seq == far + 64);
				assert_true(s.icv_failures == 64);
				assert_int_equal(
					receive_at(far + 65, 1000), SDESP_OK);
			} else {
				assert_true(s.icv_failures == 65);
				assert_true(s.seq == ((uint64_t)1 << 32 | 400));
			}
		}
}

/* Once a second, and only in a row. */
static void test_resync_pace(void **state)
{
	uint64_t far = UINT64_C(0x200000500);

	(void)state;
	begin(SDESP_AES_128_GCM_16, 1);
	sdesp_replay_commit(&rx.replay, 0x400);
	for (unsigned i = 0; i < 63; i++)
		assert_int_equal(receive_at(far, 0), SDESP_ERR_AUTH);
	assert_int_equal(receive_at(0x401, 0), SDESP_OK);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(receive_at(far, 0), SDESP_ERR_AUTH);

	/* A forgery uses up this second's attempt. */
	put(0x600);
	pkt.data[20] ^= 1;
	assert_int_equal(sdesp_esp_open(&rx, &pkt, 1, 0), 0);
	assert_int_equal(pkt.status, SDESP_ERR_AUTH);
	assert_true(wiped());
	assert_int_equal(receive_at(far, 0), SDESP_ERR_AUTH);
	assert_int_equal(receive_at(far, 1), SDESP_OK);

	far = UINT64_C(0x400000600);
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(receive_at(far, 1), SDESP_ERR_AUTH);
	assert_int_equal(receive_at(far, 2), SDESP_OK);

	/* Without ESN there is nothing to try, nor past the last number. */
	begin(SDESP_AES_128_GCM_16, 0);
	for (unsigned i = 0; i < 70; i++)
		assert_int_equal(receive_forged(5), SDESP_ERR_AUTH);
	begin(SDESP_AES_128_GCM_16, 1);
	sdesp_replay_commit(&rx.replay, SEQ_MAX_ESN - 5);
	for (unsigned i = 0; i < 70; i++)
		assert_int_equal(
			receive_forged(SEQ_MAX_ESN - 4), SDESP_ERR_AUTH);
	assert_int_equal(receive(SEQ_MAX_ESN - 4), SDESP_OK);
}

/* In a call that begins with resync due: one packet is tried, all that fail
 * are wiped, and what follows is right again. */
static void test_resync_in_batch(void **state)
{
	static struct arena arenas[4];
	struct sdesp_pkt pkts[4];
	uint64_t far = UINT64_C(0x300000500);

	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		begin(id, 1);
		for (unsigned i = 0; i < 64; i++)
			assert_int_equal(receive_at(far, 7), SDESP_ERR_AUTH);
		for (unsigned i = 0; i < 4; i++) {
			uint8_t text[64], packet[256];
			size_t n = oracle_text(
				text, &sa, payload, sizeof payload, 17);

			n = oracle_packet(
				packet, &sa, i == 2 ? i + 1 : far + i, text, n);
			arena_put(&arenas[i], &pkts[i], packet, n,
				SDESP_PKT_OPEN_HEAD, SDESP_PKT_OPEN_TAIL);
		}
		assert_int_equal(sdesp_esp_open(&rx, pkts, 4, 7), 1);
		assert_int_equal(pkts[0].status, SDESP_OK);
		assert_memory_equal(pkts[0].data, payload, sizeof payload);
		assert_int_equal(pkts[1].status, SDESP_ERR_AUTH);
		assert_int_equal(pkts[2].status, SDESP_ERR_REPLAY);
		assert_int_equal(pkts[3].status, SDESP_ERR_AUTH);
		for (unsigned i = 1; i < 4; i++) {
			pkt = pkts[i];
			assert_true(wiped());
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_esn),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_resync_pace),
		cmocka_unit_test(test_resync_in_batch),
	};

	sdesp_bearssl_init(&provider);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
