/*
 * The checksum of the internet (RFC 1071). SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_SUM_H
#define SDESP_BASE_SUM_H

#include <stddef.h>

#include "base/be.h"

/* Add len octets to a sum that is not yet folded to 16 bits: 2^16 counts as
 * 1, so that wider words add up to the same. All but the last piece of what
 * is summed have an even length. */
static inline uint64_t sdesp_sum(uint64_t s, const uint8_t *p, size_t len)
{
	for (; len >= 4; p += 4, len -= 4)
		s += sdesp_get32(p);
	if (len >= 2) {
		s += sdesp_get16(p);
		p += 2;
		len -= 2;
	}
	if (len == 1)
		s += (uint64_t)p[0] << 8;
	return s;
}

/* The checksum: the complement of the folded sum. */
static inline uint16_t sdesp_sum_fold(uint64_t s)
{
	while (s >> 16 != 0)
		s = (s >> 16) + (s & 0xffff);
	return (uint16_t)~s;
}

/* Of UDP, where 0 would say that there is none (RFC 768). */
static inline uint16_t sdesp_sum_udp(uint64_t s)
{
	uint16_t sum = sdesp_sum_fold(s);

	return sum == 0 ? 0xffff : sum;
}

#endif
