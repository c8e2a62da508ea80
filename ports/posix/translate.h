/*
 * A capture in, a capture out, packet by packet.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_TRANSLATE_H
#define SDESP_CMD_TRANSLATE_H

#include <stddef.h>
#include <stdint.h>

#include "ports/posix/pcap.h"

#define TRANSLATE_HEAD 96 /* a tunnel's headers and SDESP_PKT_HEAD */
#define TRANSLATE_TAIL 64 /* SDESP_PKT_TAIL */

/* The packet, with room around it. */
struct translate_buffer {
	uint8_t octets[TRANSLATE_HEAD + PCAP_PACKET_MAX + TRANSLATE_TAIL];
	uint8_t *data;
	size_t len;
};

/* What to do with a packet: NULL = write b->data; TRANSLATE_DROP = leave it
 * out; TRANSLATE_STOP = give up, a message is out; else why it is refused. */
typedef const char *translate_fn(void *ctx, struct translate_buffer *b);

extern const char TRANSLATE_DROP[], TRANSLATE_STOP[];

/*
 * Run every packet of one file through fn into another, which appears only
 * when it is complete. Reports what was refused: REFUSED if anything was.
 */
int translate(const char *in, const char *out, const char *verb,
	translate_fn *fn, void *ctx);

#endif
