/* Messages of rtnetlink. SPDX-License-Identifier: MIT */
#include "ports/posix/guard_talk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void guard_begin(struct guard_request *r, unsigned type, unsigned flags,
	const void *body, size_t len)
{
	memset(r, 0, sizeof *r);
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	r->head.nlmsg_type = (uint16_t)type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(r->octets, body, len);
}

void guard_put(
	struct guard_request *r, unsigned type, const void *p, size_t len)
{
	size_t at = NLMSG_ALIGN(r->head.nlmsg_len);
	struct rtattr attr;

	attr.rta_type = (unsigned short)type;
	attr.rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy((uint8_t *)r + at, &attr, sizeof attr);
	memcpy((uint8_t *)r + at + RTA_LENGTH(0), p, len);
	r->head.nlmsg_len = (uint32_t)(at + RTA_SPACE(len));
}

void guard_put_u32(struct guard_request *r, unsigned type, uint32_t value)
{
	guard_put(r, type, &value, sizeof value);
}

int guard_send(struct guard *g, struct guard_request *r)
{
	r->head.nlmsg_seq = ++g->seq;
	return send(g->fd, r, r->head.nlmsg_len, 0) < 0 ? -1 : 0;
}

int guard_talk(struct guard *g, struct guard_request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		uint8_t rest[GUARD_REQUEST];
	} reply;

	r->head.nlmsg_flags |= NLM_F_ACK;
	if (guard_send(g, r) != 0)
		return -1;
	do {
		if (recv(g->fd, &reply, sizeof reply, 0) <
			(ssize_t)(sizeof reply.head + sizeof reply.error)) {
			errno = EPROTO;
			return -1;
		}
	} while (reply.head.nlmsg_seq != g->seq ||
		 reply.head.nlmsg_type != NLMSG_ERROR);
	errno = -reply.error.error;
	return errno == 0 ? 0 : -1;
}
