/*
 * The only place that compares or wipes secrets.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_CT_H
#define SDESP_BASE_CT_H

#include <stddef.h>
#include <string.h>

/* 1 when n octets are equal; time depends on n alone. */
int sdesp_ct_equal(const void *a, const void *b, size_t n);

/* 1 when n octets are all zero; time depends on n alone. */
int sdesp_ct_zero(const void *a, size_t n);

/* Set n octets to zero, also where the compiler sees no later use. Inline, so
 * that most wipes, which are small, are a few stores. */
static inline void sdesp_wipe(void *p, size_t n)
{
	memset(p, 0, n);
#if defined(__GNUC__) || defined(__clang__)
	__asm__ __volatile__("" : : "r"(p) : "memory");
#else
	for (volatile unsigned char *q = p; n > 0; n--)
		*q++ = 0;
#endif
}

#endif
