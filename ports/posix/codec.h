/*
 * One description of a record serves to write it and to read it back: every
 * function copies a value to or from the octets. Errors stick.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_CODEC_H
#define SDESP_CMD_CODEC_H

#include <stddef.h>
#include <stdint.h>

struct codec {
	uint8_t *p;
	size_t len; /* of p */
	size_t at;
	int writing;
	int bad; /* out of room, or a value that cannot be */
};

void codec_octets(struct codec *c, void *data, size_t len);
void codec_u8(struct codec *c, uint8_t *v);
void codec_u16(struct codec *c, uint16_t *v);
void codec_u32(struct codec *c, uint32_t *v);
void codec_u64(struct codec *c, uint64_t *v);

/* A value of at most max. */
void codec_up_to(struct codec *c, uint8_t *v, unsigned max);

/* A NUL-terminated string in an array of cap octets. */
void codec_string(struct codec *c, char *s, size_t cap);

#endif
