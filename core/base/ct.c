/* SPDX-License-Identifier: MIT */
#include "base/ct.h"

#include <stdint.h>

int sdesp_ct_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	unsigned diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (unsigned)(x[i] ^ y[i]);
	return (int)((diff - 1) >> 8 & 1);
}

int sdesp_ct_zero(const void *a, size_t n)
{
	const volatile uint8_t *x = a;
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= x[i];
	return (int)((bits - 1) >> 8 & 1);
}
