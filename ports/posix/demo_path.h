/*
 * What the program on the path does to SIP, and how it remembers what passed.
 * Pure. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_DEMO_PATH_H
#define SDESP_CMD_DEMO_PATH_H

#include "ports/posix/demo.h"

/* Ports on 127.0.0.1 that a message may name, and what they become. */
struct demo_swap {
	uint16_t ends[2], ours[2];
	uint16_t media; /* of the m= line, from now on */
	uint16_t found; /* out: what it was; 0: there was none */
};

/*
 * Copy a SIP message with its ports swapped; the SDP keeps its length, because
 * Content-Length says it. Its length, or 0: no room, or ports of different
 * numbers of digits.
 */
size_t demo_swap(char *out, size_t cap, const char *in, size_t len,
	struct demo_swap *swap);

/* Note a SIP message, or a packet of ESP, in the ladder and the counters. */
void demo_ladder_message(struct demo_path_report *r, unsigned direction,
	const char *message, size_t len, uint32_t ms);
void demo_ladder_packet(struct demo_path_report *r, unsigned direction,
	const uint8_t *packet, size_t len, uint32_t ms);

#endif
