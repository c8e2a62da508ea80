/*
 * The socket under the backend, for POSIX: batches where Linux has them, one
 * by one elsewhere. SPDX-License-Identifier: MIT
 */
#ifdef __linux__
#define _GNU_SOURCE /* recvmmsg, sendmmsg */
#else
#define _POSIX_C_SOURCE 200809L
#endif

#include "sdesp_udp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef __linux__
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned msg_len;
};
#endif

struct batch {
	struct mmsghdr msgs[SDESP_UDP_BATCH];
	struct iovec iov[SDESP_UDP_BATCH];
	struct sockaddr_storage from[SDESP_UDP_BATCH];
};

/* Like recvmmsg(): how many messages, or -1 for an error before the first. */
static int receive_many(int fd, struct mmsghdr *msgs, unsigned n)
{
#if defined(__linux__) && !defined(SDESP_UDP_ONE_BY_ONE)
	return recvmmsg(fd, msgs, n, 0, NULL);
#else
	unsigned i;

	for (i = 0; i < n; i++) {
		ssize_t len = recvmsg(fd, &msgs[i].msg_hdr, 0);

		if (len < 0)
			return i > 0 ? (int)i : -1;
		msgs[i].msg_len = (unsigned)len;
	}
	return (int)i;
#endif
}

static int send_many(int fd, struct mmsghdr *msgs, unsigned n)
{
#if defined(__linux__) && !defined(SDESP_UDP_ONE_BY_ONE)
	return sendmmsg(fd, msgs, n, 0);
#else
	unsigned i;

	for (i = 0; i < n; i++) {
		if (sendmsg(fd, &msgs[i].msg_hdr, 0) < 0)
			return i > 0 ? (int)i : -1;
	}
	return (int)i;
#endif
}

int sdesp_udp_socket_attach(struct sdesp_udp_socket *s, int fd, unsigned family)
{
	int flags = fcntl(fd, F_GETFL);

	memset(s, 0, sizeof *s);
	s->fd = -1;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return SDESP_ERR_BACKEND;
	s->fd = fd;
	s->family = (uint8_t)family;
	return SDESP_OK;
}

/* The port that the system chose. */
static int bind_to(int fd, struct sdesp_addr *local)
{
	struct sockaddr_storage ss;
	struct sdesp_addr bound;
	socklen_t len = sdesp_udp_to_sockaddr(&ss, local, local->family);

	if (bind(fd, (struct sockaddr *)&ss, len) < 0)
		return SDESP_ERR_BACKEND;
	len = sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0 ||
		sdesp_udp_from_sockaddr(&bound, &ss) != SDESP_OK)
		return SDESP_ERR_BACKEND;
	local->port = bound.port;
	return SDESP_OK;
}

int sdesp_udp_socket_open(struct sdesp_udp_socket *s, struct sdesp_addr *local)
{
	int fd = socket(local->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	int keep, status = SDESP_ERR_BACKEND;

	memset(s, 0, sizeof *s);
	s->fd = -1;
	if (fd < 0)
		return status;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		status = bind_to(fd, local);
	if (status == SDESP_OK)
		status = sdesp_udp_socket_attach(s, fd, local->family);
	if (status != SDESP_OK) {
		keep = errno;
		close(fd);
		errno = keep;
	}
	return status;
}

void sdesp_udp_socket_close(struct sdesp_udp_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Both ways: point a message at its octets and its address. */
static void aim(struct mmsghdr *msg, struct iovec *iov, uint8_t *data,
	size_t len, struct sockaddr_storage *addr, socklen_t addr_len)
{
	memset(msg, 0, sizeof *msg);
	iov->iov_base = data;
	iov->iov_len = len;
	msg->msg_hdr.msg_iov = iov;
	msg->msg_hdr.msg_iovlen = 1;
	msg->msg_hdr.msg_name = addr;
	msg->msg_hdr.msg_namelen = addr_len;
}

/* 1 when the message is whole and from somewhere. */
static int accept_one(struct sdesp_udp_socket *s, const struct mmsghdr *msg,
	struct sdesp_pkt *pkt, struct sdesp_udp_meta *meta)
{
	const struct sockaddr_storage *from = msg->msg_hdr.msg_name;

	if ((msg->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
		s->truncated++;
		return 0;
	}
	if (msg->msg_hdr.msg_namelen == 0 ||
		sdesp_udp_from_sockaddr(&meta->from, from) != SDESP_OK) {
		s->unnamed++;
		return 0;
	}
	memset(pkt, 0, sizeof *pkt);
	pkt->data = msg->msg_hdr.msg_iov->iov_base;
	pkt->len = msg->msg_len;
	pkt->head = SDESP_UDP_HEAD;
	pkt->tail = SDESP_UDP_DATAGRAM - pkt->len + SDESP_PKT_TAIL;
	return 1;
}

size_t sdesp_udp_socket_receive(struct sdesp_udp_socket *s,
	struct sdesp_udp_buf *bufs, struct sdesp_pkt *pkts,
	struct sdesp_udp_meta *meta, size_t n)
{
	struct batch b;
	size_t good = 0;
	int got;

	if (n > SDESP_UDP_BATCH)
		n = SDESP_UDP_BATCH;
	for (size_t i = 0; i < n; i++)
		aim(&b.msgs[i], &b.iov[i], bufs[i].octets + SDESP_UDP_HEAD,
			SDESP_UDP_DATAGRAM, &b.from[i], sizeof b.from[i]);
	got = receive_many(s->fd, b.msgs, (unsigned)n);
	if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		s->refused++;
		s->last_errno = errno;
	}
	for (int i = 0; i < got; i++)
		good += (size_t)accept_one(
			s, &b.msgs[i], &pkts[good], &meta[good]);
	return good;
}

static int is_full(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ||
	       error == ENOMEM;
}

/* One call to the system; what it refuses is behind us too. Returns how many
 * packets are dealt with, and adds to *left those that left. */
static size_t push(struct sdesp_udp_socket *s, struct mmsghdr *msgs, size_t n,
	size_t *left)
{
	int sent = send_many(s->fd, msgs, (unsigned)n);

	if (sent > 0) {
		*left += (size_t)sent;
		return (size_t)sent;
	}
	s->last_errno = errno;
	if (is_full(errno)) {
		s->full += n;
		return n;
	}
	s->unsent++;
	return 1;
}

size_t sdesp_udp_socket_send(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	struct sdesp_udp_socket *s = ctx;
	struct sockaddr_storage ss;
	socklen_t len = sdesp_udp_to_sockaddr(&ss, to, s->family);
	size_t left = 0, at = 0;
	struct batch b;

	if (len == 0) {
		s->unsent += n;
		s->last_errno = EAFNOSUPPORT;
		return 0;
	}
	while (at < n) {
		size_t room =
			n - at < SDESP_UDP_BATCH ? n - at : SDESP_UDP_BATCH;

		for (size_t i = 0; i < room; i++)
			aim(&b.msgs[i], &b.iov[i], pkts[at + i].data,
				pkts[at + i].len, &ss, len);
		at += push(s, b.msgs, room, &left);
	}
	return left;
}
