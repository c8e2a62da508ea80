/*
 * Prefixes of bit strings, such as IP addresses.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_BITS_H
#define SDESP_BASE_BITS_H

#include <stdint.h>
#include <string.h>

/* 1 when the first n bits are equal. */
static inline int sdesp_bits_equal(
	const uint8_t *a, const uint8_t *b, unsigned n)
{
	unsigned rest = n % 8;

	if (memcmp(a, b, n / 8) != 0)
		return 0;
	return rest == 0 || (a[n / 8] ^ b[n / 8]) >> (8 - rest) == 0;
}

#endif
