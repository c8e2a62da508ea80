/*
 * Which keys a session that runs goes by. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_FOLLOW_H
#define SDESP_CMD_RUN_FOLLOW_H

#include "ports/posix/state.h"

struct run_follow {
	uint32_t spi_out;     /* of the SA that sends */
	uint64_t answered_ms; /* a rekey that is not settled yet; 0: none */
};

/*
 * After each state_tick(): settle a rekey that was answered, say when other
 * keys are in use, and let the file know. An exit code, with a message.
 */
int run_follow(struct run_follow *f, struct state *st);

#endif
