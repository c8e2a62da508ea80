/*
 * The anti-replay window: a ring of words, as in RFC 6479, with 64-bit numbers
 * and without division. SPEC 8.4. SPDX-License-Identifier: MIT
 */
#include "sdesp_esp.h"

#include <string.h>

#define WORD 32

int sdesp_replay_init(struct sdesp_replay *r, unsigned size)
{
	memset(r, 0, sizeof *r);
	if (size < 32 || size > SDESP_MAX_WINDOW)
		return SDESP_ERR_ARG;
	r->size = size;
	r->words = (size + WORD - 1) / WORD + 1;
	return SDESP_OK;
}

/* The word of a number that is inside the window. */
static uint32_t word_of(const struct sdesp_replay *r, uint64_t seq)
{
	uint32_t back = (uint32_t)(r->top / WORD - seq / WORD);

	return back <= r->head ? r->head - back : r->head + r->words - back;
}

static uint32_t bit_of(uint64_t seq)
{
	return (uint32_t)1 << (seq % WORD);
}

int sdesp_replay_check(const struct sdesp_replay *r, uint64_t seq)
{
	if (seq > r->top)
		return SDESP_OK;
	if (seq == 0 || r->top - seq >= r->size)
		return SDESP_ERR_REPLAY;
	if (r->map[word_of(r, seq)] & bit_of(seq))
		return SDESP_ERR_REPLAY;
	return SDESP_OK;
}

void sdesp_replay_commit(struct sdesp_replay *r, uint64_t seq)
{
	if (seq > r->top) {
		uint64_t ahead = seq / WORD - r->top / WORD;

		if (ahead > r->words)
			ahead = r->words;
		for (; ahead > 0; ahead--) {
			r->head = r->head + 1 < r->words ? r->head + 1 : 0;
			r->map[r->head] = 0;
		}
		r->top = seq;
	}
	if (r->top - seq < r->size)
		r->map[word_of(r, seq)] |= bit_of(seq);
}

/* The one number with these low bits in the 2^32 from the left edge of the
 * window on. On a young SA that edge is below 0: the sums wrap, and so does
 * a number that turns out to be negative. */
uint64_t sdesp_replay_infer(const struct sdesp_replay *r, uint32_t low)
{
	uint64_t bottom = r->top - r->size + 1;
	uint64_t seq = (bottom >> 32 << 32) | low;

	if (seq < bottom)
		return seq + ((uint64_t)1 << 32);
	return r->top + 1 < r->size ? 0 : seq;
}
