/* The netlink sockets under the backend. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SO_RCVBUFFORCE, SOCK_CLOEXEC */

#include "sdesp_xfrm_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* Notices that wait: each is some hundred octets, and counts for a KiB. */
#define EVENT_OCTETS (4 * 1024 * 1024)

static const int groups[] = {XFRMNLGRP_EXPIRE, XFRMNLGRP_SA, XFRMNLGRP_MAPPING};

static uint64_t now_ms(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int64_t wall_s(void *ctx)
{
	(void)ctx;
	return (int64_t)time(NULL);
}

static int send_request(void *ctx, const uint8_t *msg, size_t len)
{
	struct sdesp_xfrm_socket *s = ctx;
	struct sockaddr_nl kernel;
	ssize_t n;

	memset(&kernel, 0, sizeof kernel);
	kernel.nl_family = AF_NETLINK;
	do {
		n = sendto(s->requests, msg, len, 0, (struct sockaddr *)&kernel,
			sizeof kernel);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/* 1 when there is something, 0 when not until then, or a negative errno. */
static int wait_for(int fd, uint64_t until)
{
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		uint64_t now = now_ms(NULL);
		int n = poll(&p, 1, until > now ? (int)(until - now) : 0);

		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
	}
}

/* One datagram: 0 when it is not the kernel's. */
static int receive_one(int fd, uint8_t *buf, size_t cap)
{
	struct sockaddr_nl from;
	struct iovec iov = {buf, cap};
	struct msghdr msg;
	ssize_t n;

	memset(&msg, 0, sizeof msg);
	memset(&from, 0, sizeof from);
	msg.msg_name = &from;
	msg.msg_namelen = sizeof from;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	n = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (from.nl_pid != 0)
		return 0;
	return (msg.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : (int)n;
}

static int receive(void *ctx, int events, uint8_t *buf, size_t cap, int wait_ms)
{
	struct sdesp_xfrm_socket *s = ctx;
	int fd = events ? s->events : s->requests, n;
	uint64_t until = now_ms(NULL) + (uint64_t)wait_ms;

	do {
		n = wait_for(fd, until);
		if (n <= 0)
			return n;
		n = receive_one(fd, buf, cap);
	} while (n == 0);
	return n;
}

static uint32_t port(void *ctx)
{
	return ((struct sdesp_xfrm_socket *)ctx)->port;
}

/* An abstract name is the namespace's, as SAs are, and ends with its
 * process. */
static int claim(void *ctx, unsigned instance)
{
	struct sdesp_xfrm_socket *s = ctx;
	struct sockaddr_un name;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;

	if (fd < 0)
		return -errno;
	memset(&name, 0, sizeof name);
	name.sun_family = AF_UNIX;
	n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1,
		"sdesp-xfrm-%u", instance);
	if (bind(fd, (struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				(size_t)n)) < 0) {
		n = -errno;
		close(fd);
		return n;
	}
	s->held[instance] = fd;
	return 0;
}

static void release(void *ctx, unsigned instance)
{
	struct sdesp_xfrm_socket *s = ctx;

	if (s->held[instance] >= 0)
		close(s->held[instance]);
	s->held[instance] = -1;
}

const struct sdesp_xfrm_io sdesp_xfrm_socket_io = {
	send_request, receive, port, claim, release, now_ms, wall_s};

/* The words of the kernel's errors, and no copy of requests, which have
 * keys. Old kernels have neither: no harm. */
static int open_one(uint32_t *own)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	struct sockaddr_nl name;
	socklen_t len = sizeof name;
	int on = 1;

	if (fd < 0)
		return -1;
	memset(&name, 0, sizeof name);
	name.nl_family = AF_NETLINK;
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
		getsockname(fd, (struct sockaddr *)&name, &len) < 0) {
		int keep = errno;

		close(fd);
		errno = keep;
		return -1;
	}
	*own = name.nl_pid;
	return fd;
}

/* Who may not listen may not ask either: sdesp_xfrm_init() says it better. */
static int join(int fd)
{
	int octets = EVENT_OCTETS;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) <
		0)
		(void)setsockopt(
			fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			    &groups[i], sizeof groups[i]) < 0 &&
			errno != EPERM)
			return -1;
	}
	return 0;
}

int sdesp_xfrm_socket_open(struct sdesp_xfrm_socket *s)
{
	uint32_t other;
	int keep;

	s->requests = -1;
	s->events = -1;
	for (unsigned i = 0; i < SDESP_XFRM_INSTANCES; i++)
		s->held[i] = -1;
	s->requests = open_one(&s->port);
	if (s->requests >= 0)
		s->events = open_one(&other);
	if (s->events >= 0 && join(s->events) == 0)
		return SDESP_OK;
	keep = errno;
	sdesp_xfrm_socket_close(s);
	errno = keep;
	return SDESP_ERR_BACKEND;
}

void sdesp_xfrm_socket_close(struct sdesp_xfrm_socket *s)
{
	for (unsigned i = 0; i < SDESP_XFRM_INSTANCES; i++)
		release(s, i);
	if (s->requests >= 0)
		close(s->requests);
	if (s->events >= 0)
		close(s->events);
	s->requests = -1;
	s->events = -1;
}
