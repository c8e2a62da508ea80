/*
 * Memory brought into the cache ahead of its use, while other memory comes,
 * so that a batch waits for it once and not once a packet. Nothing but time
 * depends on it. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_FETCH_H
#define SDESP_BASE_FETCH_H

#include <stddef.h>
#include <stdint.h>

/* One line, that of p. */
static inline void sdesp_fetch(const void *p)
{
#ifdef __GNUC__
	__builtin_prefetch(p);
#else
	(void)*(const volatile uint8_t *)p;
#endif
}

/* size octets from p on, by reading them: a CPU drops prefetches that are too
 * many. */
static inline void sdesp_fetch_all(const void *p, size_t size)
{
	const volatile uint8_t *octets = p;

	for (size_t i = 0; i < size; i += 64)
		(void)octets[i];
	(void)octets[size - 1];
}

#endif
