/*
 * ESP in software: one direction of one SA. SPEC 8, RFC 4303.
 * SPDX-License-Identifier: MIT
 *
 * A transmitter and a receiver are different types, so that the compiler
 * stops a key from serving both ways. Structs are the caller's memory; their
 * size is public, their fields are not. One thread at a time per struct.
 */
#ifndef SDESP_ESP_H
#define SDESP_ESP_H

#include "sdesp_crypto.h"

/* Age and limits of one direction. */
struct sdesp_esp_life {
	uint8_t state;    /* enum sdesp_sa_state */
	uint64_t packets; /* moved; of a transmitter: last number used */
	uint64_t bytes;
	uint64_t soft_packets, soft_bytes, max_packets, max_bytes;
};

struct sdesp_esp_tx {
	uint32_t spi;
	uint64_t last; /* last number that this key may have */
	struct sdesp_esp_life life;
	struct sdesp_cipher cipher;
};

#define SDESP_REPLAY_WORDS ((SDESP_MAX_WINDOW + 31) / 32 + 1)

/* A ring of words. That of the highest number accepted is at head; numbers
 * below it are in the words below, around the end. */
struct sdesp_replay {
	uint64_t top;   /* highest number accepted; 0 = none */
	uint32_t size;  /* packets */
	uint32_t words; /* of map in use */
	uint32_t head;
	uint32_t map[SDESP_REPLAY_WORDS];
};

struct sdesp_esp_rx {
	uint32_t spi;
	uint32_t auth_row;  /* wrong ICVs in a row, up to where resync begins */
	uint32_t resync_at; /* second of the last resync, if ever resynced */
	uint8_t resynced;
	uint64_t replays, icv_failures, malformed;
	struct sdesp_esp_life life;
	struct sdesp_replay replay;
	struct sdesp_cipher cipher;
};

/*
 * Make a transmitter from an SA. crypto points at the first member of a
 * provider instance and must outlive tx. seq is the last number already used
 * under this key: 0 for a new SA (SPEC 8.2: a state file passes what it has
 * reserved); numbers, not packets, are held against the packet limits. Time
 * limits are not kept here.
 *
 * SDESP_ERR_ARG          SPI below 256, unknown suite
 * SDESP_ERR_UNSUPPORTED  the provider lacks the suite
 * On failure tx is wiped and seals nothing.
 */
SDESP_CHECK int sdesp_esp_tx_init(struct sdesp_esp_tx *tx,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa, uint64_t seq);

/* Likewise for a receiver. sa->window outside 32 to SDESP_MAX_WINDOW is
 * SDESP_ERR_ARG. */
SDESP_CHECK int sdesp_esp_rx_init(struct sdesp_esp_rx *rx,
	const struct sdesp_crypto_class *const *crypto,
	const struct sdesp_sa *sa);

/*
 * The window of a receiver, to be kept where rx cannot be (a state file), and
 * back into a new receiver of the same SA before its first packet. SPEC 8.2.
 *
 * SDESP_ERR_ARG: not a window of the size that rx has.
 */
void sdesp_esp_rx_window(
	const struct sdesp_esp_rx *rx, struct sdesp_replay *window);
SDESP_CHECK int sdesp_esp_rx_resume(
	struct sdesp_esp_rx *rx, const struct sdesp_replay *window);

/*
 * Seal n packets in place, in this order. On entry data and len are the
 * payload; head must be at least SDESP_PKT_HEAD and tail at least
 * SDESP_PKT_TAIL. On success data and len span SPI to ICV, head and tail are
 * what is left, seq is the number used. SPEC 8.1.
 *
 * A hard limit is the number of packets or octets that are still moved; what
 * reaches it leaves the SA dead.
 *
 * Returns how many were sealed; each packet's status says the rest:
 * SDESP_ERR_SPACE    head or tail too small; no number used
 * SDESP_ERR_SEQ      no number left under this key (SPEC 8.2)
 * SDESP_ERR_EXPIRED  a hard limit is reached; tx is dead
 * A packet that fails is untouched.
 */
size_t sdesp_esp_seal(
	struct sdesp_esp_tx *tx, struct sdesp_pkt *pkts, size_t n);

/*
 * Open n packets in place. On entry data and len span SPI to ICV; head must
 * be at least SDESP_PKT_OPEN_HEAD and tail SDESP_PKT_OPEN_TAIL. On success
 * data and len span the payload and next_header and seq are set. now is any
 * clock in seconds that does not run backwards (it paces ESN resync, SPEC
 * 8.4).
 *
 * The order is fixed: size, SPI, window, ICV, window update, padding. A
 * replayed or forged packet changes nothing but a counter.
 *
 * Returns how many were opened; each packet's status says the rest. Not
 * decrypted, data and len unchanged:
 * SDESP_ERR_SPACE    head or tail too small
 * SDESP_ERR_SHORT    too few octets, or not aligned to the suite
 * SDESP_ERR_SPI      another SA's
 * Payload wiped if it was decrypted:
 * SDESP_ERR_REPLAY   number seen before (also in this call), left of the
 *                    window, 0, or above the last that a key may have
 * SDESP_ERR_EXPIRED  a hard limit is reached; rx is dead
 * Payload wiped:
 * SDESP_ERR_AUTH     ICV wrong; window unchanged
 * SDESP_ERR_PADDING  authentic, but padding is not 1, 2, 3...
 * SDESP_ERR_DUMMY    authentic and next header 59: counted, to be dropped
 */
size_t sdesp_esp_open(struct sdesp_esp_rx *rx, struct sdesp_pkt *pkts, size_t n,
	uint32_t now);

void sdesp_esp_tx_stats(
	const struct sdesp_esp_tx *tx, struct sdesp_sa_stats *stats);
void sdesp_esp_rx_stats(
	const struct sdesp_esp_rx *rx, struct sdesp_sa_stats *stats);

/* Wipe keys and counters. The struct then moves no packet. */
void sdesp_esp_tx_wipe(struct sdesp_esp_tx *tx);
void sdesp_esp_rx_wipe(struct sdesp_esp_rx *rx);

/* The SPI of an ESP packet, or 0 when len is below 8. */
uint32_t sdesp_esp_spi(const uint8_t *packet, size_t len);

/*
 * The window by itself (SPEC 8.4), for backends that need one.
 *
 * check: SDESP_OK when seq may be new, else SDESP_ERR_REPLAY; changes
 * nothing. commit: marks seq, moves the window; only after the ICV is right.
 * init: SDESP_ERR_ARG when size is outside 32 to SDESP_MAX_WINDOW.
 */
SDESP_CHECK int sdesp_replay_init(struct sdesp_replay *r, unsigned size);
SDESP_CHECK int sdesp_replay_check(const struct sdesp_replay *r, uint64_t seq);
void sdesp_replay_commit(struct sdesp_replay *r, uint64_t seq);

/* The 64-bit number that 32 received bits stand for (RFC 4303 A2.2); 0, which
 * no window takes, when that is a number below 0. */
uint64_t sdesp_replay_infer(const struct sdesp_replay *r, uint32_t low);

#endif
