/*
 * The octets of a state file. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_STATE_RECORD_H
#define SDESP_CMD_STATE_RECORD_H

#include "ports/posix/state.h"

#define STATE_FILE_MAX 49152

/* The octets of a file. */
struct state_record {
	uint8_t octets[STATE_FILE_MAX];
	size_t len;
};

/* Write st, its session included. A status of the core. */
SDESP_CHECK int state_record_write(struct state_record *r, struct state *st);

/*
 * Read r->octets; the session goes to st->saved as it is. Returns NULL, or
 * what is wrong with the file.
 */
const char *state_record_read(struct state_record *r, struct state *st);

#endif
