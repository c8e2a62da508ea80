/*
 * Memory next to pages that cannot be touched, so that a parser that reads
 * one octet too far is stopped by the machine.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stddef.h>

#define GUARD_MAX ((size_t)256 * 1024)

/* A copy of len octets that ends where an unmapped page begins. Valid until
 * the next call. Exits when there is no memory or len is over GUARD_MAX. */
char *guard_end(const void *data, size_t len);

/* A copy that begins where an unmapped page ends; otherwise the same. Both
 * copies may be used at the same time. */
char *guard_start(const void *data, size_t len);

#endif
