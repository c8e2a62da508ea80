/* Netlink messages in memory. SPDX-License-Identifier: MIT */
#include "netlink.h"

#include <linux/netlink.h>
#include <string.h>

/* Of linux/netlink.h since 4.12, where older headers lack them. */
#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#endif
#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif
#define ERR_ATTR_MSG 1 /* NLMSGERR_ATTR_MSG */

#define ERRNO_MAX 4095 /* of Linux */

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Room for n octets, zeroed, the padding too; NULL when there is none. */
static uint8_t *take(struct sdesp_nl *m, size_t n)
{
	uint8_t *p = m->buf + m->len;

	if (m->full || aligned(n) < n || aligned(n) > m->cap - m->len) {
		m->full = 1;
		return NULL;
	}
	memset(p, 0, aligned(n));
	m->len += aligned(n);
	return p;
}

void sdesp_nl_begin(struct sdesp_nl *m, uint8_t *buf, size_t cap, unsigned type,
	unsigned flags)
{
	struct nlmsghdr header;

	m->buf = buf;
	m->cap = cap;
	m->len = 0;
	m->full = 0;
	memset(&header, 0, sizeof header);
	header.nlmsg_type = (uint16_t)type;
	header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	sdesp_nl_put(m, &header, sizeof header);
}

void sdesp_nl_put(struct sdesp_nl *m, const void *p, size_t n)
{
	uint8_t *to = take(m, n);

	if (to != NULL)
		memcpy(to, p, n);
}

void sdesp_nl_attr2(struct sdesp_nl *m, unsigned type, const void *p, size_t n,
	const void *q, size_t nq)
{
	size_t len = sizeof(struct nlattr) + n + nq;
	struct nlattr header = {(uint16_t)len, (uint16_t)type};
	uint8_t *to = len <= UINT16_MAX ? take(m, len) : NULL;

	if (to == NULL) {
		m->full = 1;
		return;
	}
	memcpy(to, &header, sizeof header);
	memcpy(to + sizeof header, p, n);
	if (nq > 0)
		memcpy(to + sizeof header + n, q, nq);
}

void sdesp_nl_attr(struct sdesp_nl *m, unsigned type, const void *p, size_t n)
{
	sdesp_nl_attr2(m, type, p, n, NULL, 0);
}

size_t sdesp_nl_end(struct sdesp_nl *m, uint32_t seq)
{
	struct nlmsghdr header;

	if (m->full || m->len < sizeof header)
		return 0;
	memcpy(&header, m->buf, sizeof header);
	header.nlmsg_len = (uint32_t)m->len;
	header.nlmsg_seq = seq;
	memcpy(m->buf, &header, sizeof header);
	return m->len;
}

/* Go on behind len octets and their padding, which the last may lack. */
static void step(struct sdesp_nl_rest *rest, size_t len)
{
	size_t n = aligned(len) < rest->len ? aligned(len) : rest->len;

	rest->p += n;
	rest->len -= n;
}

int sdesp_nl_next(struct sdesp_nl_msg *msg, struct sdesp_nl_rest *rest)
{
	struct nlmsghdr header;

	if (rest->len == 0)
		return 0;
	if (rest->len < sizeof header)
		return -1;
	memcpy(&header, rest->p, sizeof header);
	if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest->len)
		return -1;
	msg->type = header.nlmsg_type;
	msg->flags = header.nlmsg_flags;
	msg->seq = header.nlmsg_seq;
	msg->port = header.nlmsg_pid;
	msg->body = rest->p + sizeof header;
	msg->len = header.nlmsg_len - sizeof header;
	step(rest, header.nlmsg_len);
	return 1;
}

int sdesp_nl_next_attr(struct sdesp_nl_attr *attr, struct sdesp_nl_rest *rest)
{
	struct nlattr header;

	if (rest->len == 0)
		return 0;
	if (rest->len < sizeof header)
		return -1;
	memcpy(&header, rest->p, sizeof header);
	if (header.nla_len < sizeof header || header.nla_len > rest->len)
		return -1;
	attr->type = (uint16_t)(header.nla_type & NLA_TYPE_MASK);
	attr->p = rest->p + sizeof header;
	attr->len = header.nla_len - sizeof header;
	step(rest, header.nla_len);
	return 1;
}

int sdesp_nl_find(struct sdesp_nl_attr *attr, const struct sdesp_nl_msg *msg,
	size_t skip, unsigned type, size_t min)
{
	struct sdesp_nl_rest rest;

	skip = aligned(skip);
	if (skip > msg->len)
		return 0;
	rest.p = msg->body + skip;
	rest.len = msg->len - skip;
	while (sdesp_nl_next_attr(attr, &rest) == 1) {
		if (attr->type == type && attr->len >= min)
			return 1;
	}
	return 0;
}

/* The request that failed may be repeated between error and attributes. */
int sdesp_nl_error(const struct sdesp_nl_msg *msg, int *error,
	const char **text, size_t *text_len)
{
	struct nlmsgerr fixed;
	struct sdesp_nl_attr attr;
	size_t skip = sizeof fixed;
	const void *nul;

	*text = "";
	*text_len = 0;
	if (msg->len < sizeof fixed)
		return -1;
	memcpy(&fixed, msg->body, sizeof fixed);
	if (fixed.error > 0 || fixed.error < -ERRNO_MAX)
		return -1;
	*error = fixed.error;
	if ((msg->flags & NLM_F_CAPPED) == 0 &&
		fixed.msg.nlmsg_len > sizeof fixed.msg)
		skip += fixed.msg.nlmsg_len - sizeof fixed.msg;
	if ((msg->flags & NLM_F_ACK_TLVS) != 0 &&
		sdesp_nl_find(&attr, msg, skip, ERR_ATTR_MSG, 1)) {
		nul = memchr(attr.p, 0, attr.len);
		*text = (const char *)attr.p;
		*text_len = nul != NULL
				    ? (size_t)((const uint8_t *)nul - attr.p)
				    : attr.len;
	}
	return 0;
}
