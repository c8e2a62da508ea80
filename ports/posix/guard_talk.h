/*
 * Messages of rtnetlink: RFC 3549. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_GUARD_TALK_H
#define SDESP_CMD_GUARD_TALK_H

#include <linux/rtnetlink.h>
#include <stddef.h>

#include "ports/posix/guard.h"

#define GUARD_REQUEST 512

struct guard_request {
	struct nlmsghdr head;
	uint8_t octets[GUARD_REQUEST];
};

/* Begin a request with its fixed part; append attributes. What is put never
 * comes near GUARD_REQUEST. */
void guard_begin(struct guard_request *r, unsigned type, unsigned flags,
	const void *body, size_t len);
void guard_put(
	struct guard_request *r, unsigned type, const void *p, size_t len);
void guard_put_u32(struct guard_request *r, unsigned type, uint32_t value);

/* 0, or -1 with errno. */
int guard_send(struct guard *g, struct guard_request *r);

/* Send and wait for the kernel's word. Likewise. */
int guard_talk(struct guard *g, struct guard_request *r);

#endif
