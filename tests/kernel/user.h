/*
 * Traffic of an end whose ESP is in user space: it is its own IP stack, as
 * small as can be. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_USER_H
#define TESTS_KERNEL_USER_H

#include "end.h"

/* Ping the kernel at the other end, which is not in user space: 1 when the answer came. */
int user_ping(struct end *u, const struct terms *terms);

/* n octets (at most 1200) to port 40001 of a socket there, and back: 1 when
 * they came both ways. */
int user_exchange(struct end *u, const struct terms *terms, int fd, size_t n);

/* The same between two ends in user space, of which b answers. */
int user_pair_ping(struct end *a, struct end *b, const struct terms *terms);
int user_pair_exchange(
	struct end *a, struct end *b, const struct terms *terms, size_t n);

#endif
