/* SPDX-License-Identifier: MIT */
#include "base/ct.h"

#include <stdint.h>
#include <string.h>

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

void sdesp_wipe(void *p, size_t n)
{
	memset(p, 0, n);
#if defined(__GNUC__) || defined(__clang__)
	__asm__ __volatile__("" : : "r"(p) : "memory");
#else
	for (volatile uint8_t *q = p; n > 0; n--)
		*q++ = 0;
#endif
}
