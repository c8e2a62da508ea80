/* A packet amid canaries. SPDX-License-Identifier: MIT */
#include "tests/support/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 512 /* where data is put */

static uint8_t pattern(size_t i)
{
	return (uint8_t)(0xa5 ^ i * 7);
}

void arena_put(struct arena *a, struct sdesp_pkt *pkt, const void *data,
	size_t len, size_t head, size_t tail)
{
	if (head > START || START + len + tail > ARENA_SIZE) {
		fprintf(stderr, "arena: too small\n");
		exit(1);
	}
	for (size_t i = 0; i < ARENA_SIZE; i++)
		a->octets[i] = pattern(i);
	memcpy(a->octets + START, data, len);
	a->front = START;
	a->from = START - head;
	a->to = START + len + tail;
	memset(pkt, 0, sizeof *pkt);
	pkt->data = a->octets + START;
	pkt->len = len;
	pkt->head = head;
	pkt->tail = tail;
	pkt->status = -1000;
}

int arena_intact(struct arena *a, const struct sdesp_pkt *pkt)
{
	size_t before = (size_t)(pkt->data - a->octets);

	if (before < a->front)
		a->front = before;
	if (before - pkt->head != a->from ||
		before + pkt->len + pkt->tail != a->to)
		return 0;
	for (size_t i = 0; i < ARENA_SIZE; i++)
		if ((i < a->front || i >= a->to) && a->octets[i] != pattern(i))
			return 0;
	return 1;
}

void arena_sa(struct sdesp_sa *sa, unsigned suite, int esn)
{
	memset(sa, 0, sizeof *sa);
	sa->spi = 0xc3f1a2b4;
	sa->suite = (uint8_t)suite;
	sa->esn = (uint8_t)esn;
	sa->window = 64;
	for (size_t i = 0; i < sizeof sa->keymat; i++)
		sa->keymat[i] = (uint8_t)(suite * 31 + i * 11 + 1);
}
