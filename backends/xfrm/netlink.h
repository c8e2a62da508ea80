/*
 * Netlink messages in memory: writing one, walking through what came. Makes
 * no system call. linux/netlink.h, RFC 3549. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_XFRM_NETLINK_H
#define SDESP_XFRM_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/* A message being written. Once it does not fit nothing more is written, and
 * sdesp_nl_end() says so. */
struct sdesp_nl {
	uint8_t *buf;
	size_t cap, len;
	int full;
};

/* Begin a request that is acknowledged; flags are those besides. */
void sdesp_nl_begin(struct sdesp_nl *m, uint8_t *buf, size_t cap, unsigned type,
	unsigned flags);

/* Append a fixed part, or an attribute; n octets of p, then padding. */
void sdesp_nl_put(struct sdesp_nl *m, const void *p, size_t n);
void sdesp_nl_attr(struct sdesp_nl *m, unsigned type, const void *p, size_t n);

/* Append an attribute in two parts. */
void sdesp_nl_attr2(struct sdesp_nl *m, unsigned type, const void *p, size_t n,
	const void *q, size_t nq);

/* Fill in the header. The length of the message; 0 when it did not fit. */
size_t sdesp_nl_end(struct sdesp_nl *m, uint32_t seq);

/* A message that came. */
struct sdesp_nl_msg {
	uint16_t type, flags;
	uint32_t seq, port; /* port: of who asked; 0 = the kernel itself */
	const uint8_t *body;
	size_t len;
};

/* What is left of a datagram, or of a run of attributes. */
struct sdesp_nl_rest {
	const uint8_t *p;
	size_t len;
};

/* The next message: 1, 0 at the end, -1 when it claims fewer octets than its
 * header or more than there are. */
int sdesp_nl_next(struct sdesp_nl_msg *msg, struct sdesp_nl_rest *rest);

struct sdesp_nl_attr {
	uint16_t type;
	const uint8_t *p;
	size_t len;
};

/* The next attribute; results as above. */
int sdesp_nl_next_attr(struct sdesp_nl_attr *attr, struct sdesp_nl_rest *rest);

/*
 * The first attribute of this type behind a fixed part of skip octets, with
 * at least min octets: 1. 0 when there is none, or a malformed one first.
 */
int sdesp_nl_find(struct sdesp_nl_attr *attr, const struct sdesp_nl_msg *msg,
	size_t skip, unsigned type, size_t min);

/* An NLMSG_ERROR: *error is 0 (an ACK) or negative, *text the kernel's own
 * words of *text_len octets, none when that is 0. 0, or -1: malformed. */
int sdesp_nl_error(const struct sdesp_nl_msg *msg, int *error,
	const char **text, size_t *text_len);

#endif
