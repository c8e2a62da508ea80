/*
 * The packet provider: every suite, every length, in place, against OpenSSL;
 * the packets of SPEC.md; every single-bit change refused.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bearssl.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/dice.h"
#include "tests/support/hex.h"
#include "tests/support/oracle.h"
#include "tests/support/vectors.h"

#define LEN_MAX 2200

static struct sdesp_bearssl provider;

static void key(
	struct sdesp_cipher *cipher, const struct sdesp_sa *sa, int seal)
{
	memset(cipher, 0, sizeof *cipher);
	cipher->crypto = &provider.vtable;
	cipher->suite = sdesp_suite_by_id(sa->suite);
	cipher->esn = sa->esn;
	assert_int_equal(
		provider.vtable->init(cipher, sa->keymat, seal), SDESP_OK);
}

static void seal(const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt)
{
	pkt->status = SDESP_OK;
	provider.vtable->seal(cipher, pkt, 1);
}

static int open(
	const struct sdesp_cipher *cipher, struct sdesp_pkt *pkt, int keep)
{
	pkt->status = SDESP_OK;
	provider.vtable->open(cipher, pkt, 1, keep);
	return pkt->status;
}

/* The text in a packet that the ESP layer has framed: without IV and ICV. */
static void frame(struct arena *a, struct sdesp_pkt *pkt,
	const struct sdesp_sa *sa, uint64_t seq, const uint8_t *text, size_t n,
	size_t head, size_t tail)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(sa->suite);
	uint8_t packet[LEN_MAX + 64];
	size_t len = 8u + s->iv_len + n + s->icv_len;

	memset(packet, 0xcc, sizeof packet);
	for (unsigned i = 0; i < 4; i++) {
		packet[i] = (uint8_t)(sa->spi >> (24 - 8 * i));
		packet[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
	}
	memcpy(packet + 8 + s->iv_len, text, n);
	arena_put(a, pkt, packet, len, head, tail);
	pkt->seq = seq;
}

static void one_length(const struct sdesp_sa *sa, const struct sdesp_cipher *tx,
	const struct sdesp_cipher *rx, size_t len, size_t room,
	struct dice *dice)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(sa->suite);
	size_t front = 8u + s->iv_len, n, want_len;
	uint8_t payload[LEN_MAX], text[LEN_MAX + 32];
	uint8_t want[LEN_MAX + ORACLE_EXTRA];
	uint64_t seq = dice_next(dice) >> (sa->esn ? 24 : 32);
	struct arena a;
	struct sdesp_pkt pkt;

	dice_fill(dice, payload, len);
	n = oracle_text(text, sa, payload, len, 17);
	want_len = oracle_packet(want, sa, seq, text, n);
	frame(&a, &pkt, sa, seq, text, n, SDESP_PKT_HEAD - front, room);
	seal(tx, &pkt);
	assert_int_equal(pkt.len, want_len);
	assert_memory_equal(pkt.data, want, want_len);
	assert_true(arena_intact(&a, &pkt));

	arena_put(&a, &pkt, want, want_len, SDESP_PKT_OPEN_HEAD,
		SDESP_PKT_OPEN_TAIL + room);
	pkt.seq = seq;
	assert_int_equal(open(rx, &pkt, 0), SDESP_OK);
	assert_memory_equal(pkt.data, want, front);
	assert_memory_equal(pkt.data + front, text, n);
	assert_true(arena_intact(&a, &pkt));
}

/* The tail that the ESP contract promises is SDESP_PKT_TAIL behind the
 * payload: less padding, trailer and ICV that is what a sealed packet has. */
static void all_lengths(unsigned suite, int esn)
{
	struct dice dice = {suite * 2 + (unsigned)esn};
	struct sdesp_cipher tx, rx;
	struct sdesp_sa sa;

	arena_sa(&sa, suite, esn);
	key(&tx, &sa, 1);
	key(&rx, &sa, 0);
	for (size_t len = 0; len <= LEN_MAX; len++) {
		size_t used = sdesp_suite_overhead(tx.suite, len) - 8 -
			      tx.suite->iv_len;

		one_length(&sa, &tx, &rx, len, SDESP_PKT_TAIL - used, &dice);
		if (provider.ctr_step > 1)
			one_length(
				&sa, &tx, &rx, len, SDESP_PKT_TAIL_FAST, &dice);
	}
}

static void test_lengths(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		all_lengths(id, 0);
		all_lengths(id, 1);
	}
}

/* A packet with one bit changed is refused and wiped; with keep it comes back
 * as it was, and opens when the bit is put right. */
static void flip_bits(const struct sdesp_sa *sa, size_t len)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(sa->suite);
	size_t front = 8u + s->iv_len, n, packet_len;
	uint8_t payload[LEN_MAX], text[LEN_MAX + 32], zero[LEN_MAX + 32];
	uint8_t packet[LEN_MAX + ORACLE_EXTRA];
	uint64_t seq = sa->esn ? UINT64_C(0x1234567890) : 0x34567890;
	struct sdesp_cipher rx;

	memset(zero, 0, sizeof zero);
	memset(payload, 0x77, len);
	key(&rx, sa, 0);
	n = oracle_text(text, sa, payload, len, 6);
	packet_len = oracle_packet(packet, sa, seq, text, n);
	for (size_t bit = 0; bit < packet_len * 8; bit++) {
		struct arena a;
		struct sdesp_pkt pkt;

		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		arena_put(&a, &pkt, packet, packet_len, SDESP_PKT_OPEN_HEAD,
			SDESP_PKT_OPEN_TAIL);
		pkt.seq = seq;

		/* The ESP layer takes the number from the packet. */
		if (bit / 8 >= 4 && bit / 8 < 8)
			pkt.seq ^= (uint64_t)1 << (8 * (7 - bit / 8) + bit % 8);
		assert_int_equal(open(&rx, &pkt, 1), SDESP_ERR_AUTH);
		assert_memory_equal(pkt.data, packet, packet_len);
		assert_true(arena_intact(&a, &pkt));
		assert_int_equal(open(&rx, &pkt, 0), SDESP_ERR_AUTH);
		assert_memory_equal(pkt.data + front, zero, n);
		assert_true(arena_intact(&a, &pkt));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	if (sa->esn) {
		struct arena a;
		struct sdesp_pkt pkt;

		/* The high half is not in the packet, but counts. */
		arena_put(&a, &pkt, packet, packet_len, SDESP_PKT_OPEN_HEAD,
			SDESP_PKT_OPEN_TAIL);
		for (unsigned bit = 32; bit < 40; bit++) {
			pkt.seq = seq ^ (uint64_t)1 << bit;
			assert_int_equal(open(&rx, &pkt, 1), SDESP_ERR_AUTH);
		}
		pkt.seq = seq;
		assert_int_equal(open(&rx, &pkt, 1), SDESP_OK);
		assert_memory_equal(pkt.data + front, text, n);
	}
}

static void test_bits(void **state)
{
	static const size_t lengths[] = {0, 1, 14, 33, 64, 120};

	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++)
		for (size_t i = 0; i < sizeof lengths / sizeof lengths[0];
			i++) {
			struct sdesp_sa sa;

			arena_sa(&sa, id, 0);
			flip_bits(&sa, lengths[i]);
			arena_sa(&sa, id, 1);
			flip_bits(&sa, lengths[i]);
		}
}

/* The packets of SPEC.md A.3, both ways. */
static void test_spec_packets(void **state)
{
	static struct vector_block block;
	struct vector_file *file = vectors_open("packets.txt");
	unsigned seen = 0;

	(void)state;
	while (vectors_next(file, &block)) {
		const uint8_t *keymat, *text, *packet;
		size_t keymat_len, n, len, front;
		const struct sdesp_suite *suite;
		struct sdesp_cipher cipher;
		struct sdesp_sa sa;
		struct sdesp_pkt pkt;
		struct arena a;
		char name[64];
		uint64_t seq;

		vectors_string(&block, "suite", name, sizeof name);
		suite = sdesp_suite_by_name(name, strlen(name));
		assert_non_null(suite);
		keymat = vectors_get(&block, "keymat", &keymat_len);
		assert_int_equal(keymat_len, suite->keymat_len);
		arena_sa(&sa, suite->id, (int)vectors_number(&block, "esn"));
		sa.spi = (uint32_t)vectors_number(&block, "spi");
		memcpy(sa.keymat, keymat, keymat_len);
		seq = vectors_number(&block, "seq");
		text = vectors_get(&block, "plaintext", &n);
		packet = vectors_get(&block, "packet", &len);
		front = 8u + suite->iv_len;

		key(&cipher, &sa, 1);
		frame(&a, &pkt, &sa, seq, text, n, SDESP_PKT_HEAD - front, 16);
		seal(&cipher, &pkt);
		assert_int_equal(pkt.len, len);
		assert_memory_equal(pkt.data, packet, len);

		key(&cipher, &sa, 0);
		assert_int_equal(open(&cipher, &pkt, 0), SDESP_OK);
		assert_memory_equal(pkt.data + front, text, n);
		seen |= SDESP_SUITE_BIT(suite->id) << (sa.esn ? 16 : 0);
	}
	vectors_close(file);
	assert_int_equal(seen, 0x07fe07fe);
}

/* RFC 7634 appendix A: 84 octets of ICMP. */
static void test_rfc7634(void **state)
{
	struct sdesp_cipher cipher;
	struct sdesp_sa sa;
	struct sdesp_pkt pkt;
	struct arena a;
	uint8_t packet[128], text[88];
	size_t len;

	(void)state;
	arena_sa(&sa, SDESP_CHACHA20_POLY1305, 0);
	hex(sa.keymat, "808182838485868788898a8b8c8d8e8f"
		       "909192939495969798999a9b9c9d9e9f"
		       "a0a1a2a3");
	len = hex(packet, "01020304000000051011121314151617"
			  "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b9"
			  "82d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f7"
			  "2aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b50"
			  "2773f6fb94e664da9165b82829f641e0"
			  "76aaa8266b7fb0f7b11b369907e1ad43");
	hex(text, "45000054a6f200004001e778c6336405c000020508005b7a3a080000"
		  "553bec100007362708090a0b0c0d0e0f101112131415161718191a1b"
		  "1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
		  "01020204");
	key(&cipher, &sa, 0);
	arena_put(&a, &pkt, packet, len, SDESP_PKT_OPEN_HEAD,
		SDESP_PKT_OPEN_TAIL);
	pkt.seq = 5;
	assert_int_equal(open(&cipher, &pkt, 0), SDESP_OK);
	assert_memory_equal(pkt.data + 16, text, sizeof text);
}

/* Packets that already have another status are passed over; the others of a
 * call do not disturb each other. */
static void test_batch(void **state)
{
	(void)state;
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		static struct arena arenas[8];
		struct sdesp_pkt pkts[8];
		struct sdesp_cipher tx, rx;
		struct sdesp_sa sa;
		uint8_t text[96], packet[256];

		arena_sa(&sa, id, 1);
		key(&tx, &sa, 1);
		key(&rx, &sa, 0);
		memset(text, 0x3c, sizeof text);
		for (unsigned i = 0; i < 8; i++) {
			frame(&arenas[i], &pkts[i], &sa, 100 + i, text,
				sizeof text, 16, 48);
			pkts[i].status =
				i % 3 == 1 ? SDESP_ERR_SPACE : SDESP_OK;
		}
		provider.vtable->seal(&tx, pkts, 8);
		for (unsigned i = 0; i < 8; i++) {
			size_t n = oracle_packet(
				packet, &sa, 100 + i, text, sizeof text);

			assert_int_equal(pkts[i].status,
				i % 3 == 1 ? SDESP_ERR_SPACE : SDESP_OK);
			if (i % 3 != 1)
				assert_memory_equal(pkts[i].data, packet, n);
			else
				assert_memory_equal(
					pkts[i].data + 8 + tx.suite->iv_len,
					text, sizeof text);
		}
		pkts[3].data[40] ^= 1;
		pkts[6].status = SDESP_ERR_REPLAY;
		provider.vtable->open(&rx, pkts, 8, 0);
		for (unsigned i = 0; i < 8; i++) {
			static const int want[8] = {SDESP_OK, SDESP_ERR_SPACE,
				SDESP_OK, SDESP_ERR_AUTH, SDESP_ERR_SPACE,
				SDESP_OK, SDESP_ERR_REPLAY, SDESP_ERR_SPACE};

			assert_int_equal(pkts[i].status, want[i]);
			if (want[i] == SDESP_OK)
				assert_memory_equal(
					pkts[i].data + 8 + tx.suite->iv_len,
					text, sizeof text);
		}
	}
}

static void test_class(void **state)
{
	(void)state;
	assert_int_equal(provider.vtable->version, 1);
	assert_string_equal(provider.vtable->name, "bearssl");
	assert_int_equal(provider.vtable->suites, 0x7fe);
}

/* The code for CPUs without AES instructions, as a 32-bit one would get it. */
static void choose_portable(void)
{
	provider.aes_ctr = &br_aes_ct_ctr_vtable;
	provider.aes_ctrcbc = &br_aes_ct_ctrcbc_vtable;
	provider.aes_cbcenc = &br_aes_ct_cbcenc_vtable;
	provider.aes_cbcdec = &br_aes_ct_cbcdec_vtable;
	provider.ghash = br_ghash_ctmul32;
	provider.chacha20 = br_chacha20_ct_run;
	provider.poly1305 = br_poly1305_ctmul32_run;
	provider.ctr_step = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class),
		cmocka_unit_test(test_spec_packets),
		cmocka_unit_test(test_rfc7634),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_batch),
	};

	int failed;

	sdesp_bearssl_init(&provider);
	failed = cmocka_run_group_tests_name("this CPU", tests, NULL, NULL);
	choose_portable();
	return failed +
	       cmocka_run_group_tests_name("portable", tests, NULL, NULL);
}
