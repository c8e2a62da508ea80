/*
 * The outbound SA of a state file: may it send, and with which numbers?
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_OUTBOUND_H
#define SDESP_CMD_OUTBOUND_H

#include "ports/posix/state.h"

/* Numbers that one write of the state file reserves. */
#define OUTBOUND_BLOCK 16384

/* The SA that may send now; an exit code, with a message. */
int outbound_find(struct state *st, struct state_sa **sa);

/*
 * Reserve a block of numbers above used, on the disk when this returns DONE:
 * nothing above sa->stats.seq may be sent before (SPEC 8.2).
 */
int outbound_reserve(struct state *st, struct state_sa *sa, uint64_t used);

#endif
