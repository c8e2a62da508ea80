/*
 * The ends of kind END_TUN: a device and rules of routing in a namespace.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_END_TUN_H
#define TESTS_KERNEL_END_TUN_H

#include "end.h"

/* All return 1, or 0 and e->error. */

/* From here on nothing for the peer leaves but through a device. */
int end_tun_open(struct end *e);
void end_tun_close(struct end *e);

/* The device, its routes, its sockets, the backend. */
int end_tun_begin(struct end *e, const struct terms *terms);

/* Also a check that no SA is left, and that nothing went wrong unseen. */
int end_tun_finish(struct end *e);

#endif
