/*
 * A small file over datagrams that may be lost, repeated or come out of
 * order: numbered pieces, a window, acknowledgements, repetition. Pure: it
 * fills and reads buffers, time is an argument. SPDX-License-Identifier: MIT
 *
 *	piece  'D', total octets (4), number (4), up to 1000 octets
 *	ask    'A', first number missing (4), bit i: it has that + 1 + i (8)
 */
#ifndef SDESP_CMD_TRANSFER_H
#define SDESP_CMD_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#define TRANSFER_PIECE 1000
#define TRANSFER_DATAGRAM (TRANSFER_PIECE + 9)
#define TRANSFER_ASK 13
#define TRANSFER_MAX 4194304
#define TRANSFER_PIECES ((TRANSFER_MAX + TRANSFER_PIECE - 1) / TRANSFER_PIECE)
#define TRANSFER_WINDOW 8

struct transfer_sender {
	const uint8_t *data;
	size_t len;
	uint32_t pieces;
	int asked;      /* somebody wants it */
	uint32_t first; /* that the other end misses */
	uint64_t have;  /* and what it has beyond, as in an ask */
	uint32_t next;  /* not yet sent at all */
	uint64_t sent_ms[TRANSFER_WINDOW]; /* by number */
	uint64_t pause_ms;                 /* between pieces */
	uint64_t last_ms;                  /* when a piece last left */
	uint64_t repeated;
};

void transfer_send_init(struct transfer_sender *s, const uint8_t *data,
	size_t len, uint64_t pause_ms);

/* Take an ask. Anything malformed is passed over. */
void transfer_asked(struct transfer_sender *s, const uint8_t *p, size_t len);

/* The next datagram that is due: its length, or 0 = nothing now. */
size_t transfer_next(struct transfer_sender *s, uint8_t out[TRANSFER_DATAGRAM],
	uint64_t now_ms);

struct transfer_receiver {
	uint8_t data[TRANSFER_MAX];
	uint8_t have[TRANSFER_PIECES];
	uint32_t total;  /* octets; 0 = not known */
	uint32_t pieces; /* there are */
	uint32_t first;  /* missing */
	uint32_t count;  /* of pieces that we have */
};

/* Take a piece: 1 when it was new, 0 for all else. */
int transfer_piece(struct transfer_receiver *r, const uint8_t *p, size_t len);

/* 1 when all is there. */
int transfer_complete(const struct transfer_receiver *r);

/* Write an ask. */
void transfer_ask(const struct transfer_receiver *r, uint8_t out[TRANSFER_ASK]);

#endif
