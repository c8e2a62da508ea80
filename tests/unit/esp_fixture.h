/*
 * An SA with both its ends, and the packets of a peer that makes them by other
 * code. For tests with cmocka. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ESP_FIXTURE_H
#define TESTS_ESP_FIXTURE_H

#include "tests/support/arena.h"
#include "tests/support/oracle.h"

#define SEQ_MAX UINT64_C(0xffffffff)
#define SEQ_MAX_ESN ((uint64_t)1 << 40)

static struct sdesp_bearssl provider;
static const uint8_t payload[] = "the payload of this packet";

static struct sdesp_esp_tx tx;
static struct sdesp_esp_rx rx;
static struct sdesp_sa sa;
static struct arena arena;
static struct sdesp_pkt pkt;

static inline void begin(unsigned suite, int esn)
{
	arena_sa(&sa, suite, esn);
	assert_int_equal(
		sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0), SDESP_OK);
	assert_int_equal(
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa), SDESP_OK);
}

static inline int seal(void)
{
	size_t sealed;

	arena_put(&arena, &pkt, payload, sizeof payload,
		SDESP_PKT_HEAD + SDESP_PKT_OPEN_HEAD, SDESP_PKT_TAIL);
	pkt.next_header = 17;
	sealed = sdesp_esp_seal(&tx, &pkt, 1);
	assert_int_equal(sealed, pkt.status == SDESP_OK);
	assert_true(arena_intact(&arena, &pkt));
	return pkt.status;
}

/* Open what is in pkt. */
static inline int open_at(uint32_t now)
{
	size_t opened = sdesp_esp_open(&rx, &pkt, 1, now);

	assert_int_equal(opened, pkt.status == SDESP_OK);
	assert_true(arena_intact(&arena, &pkt));
	return pkt.status;
}

static inline int open(void)
{
	return open_at(0);
}

/* A packet of the peer with any number and any text. */
static inline void put_text(uint64_t seq, const uint8_t *text, size_t n)
{
	uint8_t packet[ARENA_SIZE];
	size_t len = oracle_packet(packet, &sa, seq, text, n);

	arena_put(&arena, &pkt, packet, len, SDESP_PKT_OPEN_HEAD,
		SDESP_PKT_OPEN_TAIL);
}

static inline void put(uint64_t seq)
{
	uint8_t text[sizeof payload + 16];

	put_text(
		seq, text, oracle_text(text, &sa, payload, sizeof payload, 17));
}

static inline int receive(uint64_t seq)
{
	put(seq);
	return open();
}

/* The same with its ICV broken. */
static inline int receive_forged(uint64_t seq)
{
	put(seq);
	pkt.data[pkt.len - 1] ^= 1;
	return open();
}

static inline int wiped(void)
{
	size_t front = 8u + sdesp_suite_by_id(sa.suite)->iv_len;

	for (size_t i = front;
		i + sdesp_suite_by_id(sa.suite)->icv_len < pkt.len; i++)
		if (pkt.data[i] != 0)
			return 0;
	return 1;
}

static inline struct sdesp_sa_stats rx_stats(void)
{
	struct sdesp_sa_stats s;

	sdesp_esp_rx_stats(&rx, &s);
	return s;
}

static inline struct sdesp_sa_stats tx_stats(void)
{
	struct sdesp_sa_stats s;

	sdesp_esp_tx_stats(&tx, &s);
	return s;
}

#endif
