/*
 * A packet amid canaries: memory of a known pattern, in which only what the
 * contract of struct sdesp_pkt names may change.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARENA_H
#define TESTS_ARENA_H

#include "sdesp_esp.h"

#define ARENA_SIZE 4096

struct arena {
	uint8_t octets[ARENA_SIZE];
	size_t from, to; /* head to tail of the packet */
	size_t front;    /* lowest place where data has been */
};

/* Fill with the pattern, put len octets into the middle and describe them as
 * a packet with this much head and tail. */
void arena_put(struct arena *a, struct sdesp_pkt *pkt, const void *data,
	size_t len, size_t head, size_t tail);

/* 1 when nothing has changed outside the packet's room, nor in the head but
 * for the header that sealing has put there. */
int arena_intact(struct arena *a, const struct sdesp_pkt *pkt);

/* An SA of this suite: SPI, window of 64, keys that are the same every time. */
void arena_sa(struct sdesp_sa *sa, unsigned suite, int esn);

#endif
