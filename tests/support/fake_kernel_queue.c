/* What a fake kernel has to say. SPDX-License-Identifier: MIT */
#include "fake_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
	fprintf(stderr, "fake kernel: %s\n", what);
	exit(1);
}

void kernel_queue_put(struct kernel_queue *q, const void *p, int len)
{
	if (q->n == KERNEL_QUEUE || len > KERNEL_OCTETS)
		die("queue full");
	q->item[q->n].len = len;
	if (len > 0)
		memcpy(q->item[q->n].octets, p, (size_t)len);
	q->n++;
}

/* One message as a datagram. */
void kernel_queue_msg(struct kernel_queue *q, unsigned type, unsigned flags,
	uint32_t seq, uint32_t port, const void *body, size_t n,
	const void *more, size_t nmore)
{
	uint8_t octets[KERNEL_OCTETS];
	struct nlmsghdr header;
	size_t at = sizeof header + NLMSG_ALIGN(n);

	if (at + nmore > sizeof octets)
		die("message too long");
	memset(octets, 0, sizeof octets);
	header.nlmsg_len = (uint32_t)(at + nmore);
	header.nlmsg_type = (uint16_t)type;
	header.nlmsg_flags = (uint16_t)flags;
	header.nlmsg_seq = seq;
	header.nlmsg_pid = port;
	memcpy(octets, &header, sizeof header);
	if (n > 0)
		memcpy(octets + sizeof header, body, n);
	if (nmore > 0)
		memcpy(octets + at, more, nmore);
	kernel_queue_put(q, octets, (int)header.nlmsg_len);
}

void fake_kernel_notice(struct fake_kernel *k, unsigned type, uint32_t port,
	const void *body, size_t n)
{
	kernel_queue_msg(&k->notices, type, 0, 0, port, body, n, NULL, 0);
}

void fake_kernel_expire(
	struct fake_kernel *k, const struct kernel_sa *sa, int hard)
{
	struct xfrm_user_expire expire;

	memset(&expire, 0, sizeof expire);
	expire.state = sa->info;
	expire.hard = (uint8_t)hard;
	fake_kernel_notice(k, XFRM_MSG_EXPIRE, 0, &expire, sizeof expire);
}

void fake_kernel_map(struct fake_kernel *k, const struct kernel_sa *sa,
	const struct sdesp_addr *from)
{
	struct xfrm_user_mapping map;

	memset(&map, 0, sizeof map);
	map.id.daddr = sa->info.id.daddr;
	map.id.spi = sa->info.id.spi;
	map.id.family = sa->info.family;
	map.id.proto = IPPROTO_ESP;
	memcpy(&map.new_saddr, from->ip, 4);
	map.new_sport = htons(from->port);
	fake_kernel_notice(k, XFRM_MSG_MAPPING, 0, &map, sizeof map);
}

void fake_kernel_lose(struct fake_kernel *k)
{
	kernel_queue_put(&k->notices, NULL, -ENOBUFS);
}
