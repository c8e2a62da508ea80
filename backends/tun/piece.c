/* Fragments: RFC 791 3.2, RFC 8200 4.5. SPDX-License-Identifier: MIT */
#include "piece.h"

#include <string.h>

#include "base/be.h"

#include "header.h"

enum { FRAGMENT_HEADER = 8, OPTION_END = 0, OPTION_NOP = 1, COPIED = 0x80 };

static size_t extra(const struct sdesp_tun_cut *cut)
{
	return cut->packet[0] >> 4 == 4 ? 0 : FRAGMENT_HEADER;
}

int sdesp_tun_cut_begin(struct sdesp_tun_cut *cut, size_t mtu)
{
	size_t headers = cut->header + extra(cut);

	if (mtu < headers + 8)
		return SDESP_ERR_SPACE;
	cut->step = (mtu - headers) & ~(size_t)7;
	cut->at = 0;
	return SDESP_OK;
}

/* Options that only the first fragment has. */
static void drop_options(uint8_t *p, size_t header)
{
	size_t at = IP4_HEADER, len;

	while (at < header && p[at] != OPTION_END) {
		len = p[at] == OPTION_NOP || header - at < 2 ? 1 : p[at + 1];
		if (len < 1 || len > header - at)
			len = header - at;
		if ((p[at] & COPIED) == 0)
			memset(p + at, OPTION_NOP, len);
		at += len;
	}
}

static void finish_ip4(
	const struct sdesp_tun_cut *cut, uint8_t *piece, size_t len, int more)
{
	unsigned field = sdesp_get16(piece + 6);

	if (cut->at > 0)
		drop_options(piece, cut->header);
	field = (field & IP4_MF) + (field & IP4_OFFSET) +
		(unsigned)(cut->at / 8);
	if (more)
		field |= IP4_MF;
	sdesp_put16(piece + 2, (uint16_t)(cut->header + len));
	sdesp_put16(piece + 6, (uint16_t)field);
	sdesp_tun_sum_ip4(piece);
}

static void finish_ip6(
	const struct sdesp_tun_cut *cut, uint8_t *piece, size_t len, int more)
{
	uint8_t *fragment = piece + cut->header;

	fragment[0] = piece[cut->next_at];
	fragment[1] = 0;
	sdesp_put16(fragment + 2, (uint16_t)(cut->at | (unsigned)more));
	sdesp_put32(fragment + 4, cut->ident);
	piece[cut->next_at] = NEXT_FRAGMENT;
	sdesp_put16(piece + 4,
		(uint16_t)(cut->header - IP6_HEADER + FRAGMENT_HEADER + len));
}

size_t sdesp_tun_cut_next(struct sdesp_tun_cut *cut, uint8_t *piece)
{
	size_t left = cut->len - cut->header - cut->at;
	size_t len = left < cut->step ? left : cut->step;
	size_t headers = cut->header + extra(cut);

	if (len == 0)
		return 0;
	memcpy(piece, cut->packet, cut->header);
	memcpy(piece + headers, cut->packet + cut->header + cut->at, len);
	if (cut->packet[0] >> 4 == 4)
		finish_ip4(cut, piece, len, left > len);
	else
		finish_ip6(cut, piece, len, left > len);
	cut->at += len;
	return headers + len;
}
