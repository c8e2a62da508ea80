/*
 * Pieces and asks. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/transfer.h"

#define REPEAT_MS 120

enum { PIECE = 'D', ASK = 'A', PIECE_HEAD = 9 };

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

void transfer_send_init(struct transfer_sender *s, const uint8_t *data,
	size_t len, uint64_t pause_ms)
{
	memset(s, 0, sizeof *s);
	s->data = data;
	s->len = len;
	s->pieces = (uint32_t)((len + TRANSFER_PIECE - 1) / TRANSFER_PIECE);
	s->pause_ms = pause_ms;
}

void transfer_asked(struct transfer_sender *s, const uint8_t *p, size_t len)
{
	uint32_t first;

	if (len != TRANSFER_ASK || p[0] != ASK)
		return;
	first = get32(p + 1);
	if (first < s->first || first > s->next)
		return; /* overtaken by a later one */
	s->asked = 1;
	s->first = first;
	s->have = (uint64_t)get32(p + 5) << 32 | get32(p + 9);
}

/* The receiver has it, as far as its last ask says. */
static int is_known(const struct transfer_sender *s, uint32_t number)
{
	return number > s->first &&
	       (s->have >> (number - s->first - 1) & 1) != 0;
}

static size_t write_piece(
	struct transfer_sender *s, uint8_t *out, uint32_t number, uint64_t now)
{
	size_t at = (size_t)number * TRANSFER_PIECE;
	size_t len = s->len - at;

	if (len > TRANSFER_PIECE)
		len = TRANSFER_PIECE;
	out[0] = PIECE;
	put32(out + 1, (uint32_t)s->len);
	put32(out + 5, number);
	memcpy(out + PIECE_HEAD, s->data + at, len);
	s->sent_ms[number % TRANSFER_WINDOW] = now;
	s->last_ms = now;
	return PIECE_HEAD + len;
}

size_t transfer_next(struct transfer_sender *s, uint8_t out[TRANSFER_DATAGRAM],
	uint64_t now_ms)
{
	uint32_t number;

	if (!s->asked || now_ms - s->last_ms < s->pause_ms)
		return 0;
	for (number = s->first; number < s->next; number++) {
		if (is_known(s, number) ||
			now_ms - s->sent_ms[number % TRANSFER_WINDOW] <
				REPEAT_MS)
			continue;
		s->repeated++;
		return write_piece(s, out, number, now_ms);
	}
	if (s->next < s->pieces && s->next - s->first < TRANSFER_WINDOW)
		return write_piece(s, out, s->next++, now_ms);
	return 0;
}

int transfer_piece(struct transfer_receiver *r, const uint8_t *p, size_t len)
{
	uint32_t total, number;
	size_t at, want;

	if (len < PIECE_HEAD || p[0] != PIECE)
		return 0;
	total = get32(p + 1);
	number = get32(p + 5);
	if (total == 0 || total > TRANSFER_MAX ||
		(r->total != 0 && r->total != total) ||
		number >= (total + TRANSFER_PIECE - 1) / TRANSFER_PIECE)
		return 0;
	at = (size_t)number * TRANSFER_PIECE;
	want = total - at < TRANSFER_PIECE ? total - at : TRANSFER_PIECE;
	if (len - PIECE_HEAD != want || r->have[number])
		return 0;
	r->total = total;
	r->pieces = (total + TRANSFER_PIECE - 1) / TRANSFER_PIECE;
	memcpy(r->data + at, p + PIECE_HEAD, want);
	r->have[number] = 1;
	r->count++;
	while (r->first < r->pieces && r->have[r->first])
		r->first++;
	return 1;
}

int transfer_complete(const struct transfer_receiver *r)
{
	return r->total != 0 && r->count == r->pieces;
}

void transfer_ask(const struct transfer_receiver *r, uint8_t out[TRANSFER_ASK])
{
	uint64_t beyond = 0;
	uint32_t i;

	for (i = 0; i < 64 && r->first + 1 + i < r->pieces; i++) {
		if (r->have[r->first + 1 + i])
			beyond |= (uint64_t)1 << i;
	}
	out[0] = ASK;
	put32(out + 1, r->first);
	put32(out + 5, (uint32_t)(beyond >> 32));
	put32(out + 9, (uint32_t)beyond);
}
