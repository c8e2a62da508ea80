/*
 * Raw and UDP sockets. Whole packets leave by raw ones; ESP comes in by others,
 * with TOS, TTL and what ICMP says. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ESP = 50, REPORTS = 64 };

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

union control {
	size_t align;
	uint8_t octets[256];
};

struct batch {
	struct mmsghdr msgs[SDESP_TUN_BATCH];
	struct iovec iov[SDESP_TUN_BATCH];
	union address addr[SDESP_TUN_BATCH];
	union control control[SDESP_TUN_BATCH];
};

static socklen_t to_address(
	union address *a, unsigned family, const uint8_t *ip, uint16_t port)
{
	memset(a, 0, sizeof *a);
	if (family == 4) {
		a->in4.sin_family = AF_INET;
		a->in4.sin_port = htons(port);
		memcpy(&a->in4.sin_addr, ip, 4);
		return sizeof a->in4;
	}
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	memcpy(&a->in6.sin6_addr, ip, 16);
	return sizeof a->in6;
}

static void from_address(struct sdesp_addr *addr, const union address *a)
{
	memset(addr, 0, sizeof *addr);
	if (a->any.sa_family == AF_INET) {
		addr->family = 4;
		addr->port = ntohs(a->in4.sin_port);
		memcpy(addr->ip, &a->in4.sin_addr, 4);
	} else if (a->any.sa_family == AF_INET6) {
		addr->family = 6;
		addr->port = ntohs(a->in6.sin6_port);
		memcpy(addr->ip, &a->in6.sin6_addr, 16);
	}
}

static int shut(int fd)
{
	int keep = errno;

	if (fd >= 0)
		close(fd);
	errno = keep;
	return -1;
}

/* --- opening -------------------------------------------------------------- */

static int on(int fd, int level, int option)
{
	static const int one = 1;

	return setsockopt(fd, level, option, &one, sizeof one);
}

static int report_errors(int fd, unsigned family)
{
	return family == 4 ? on(fd, IPPROTO_IP, IP_RECVERR)
			   : on(fd, IPPROTO_IPV6, IPV6_RECVERR);
}

static int open_out(unsigned family, const char *link)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6,
		SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return -1;
	if (report_errors(fd, family) < 0)
		return shut(fd);
	if (link != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link,
				    (socklen_t)strlen(link) + 1) < 0)
		return shut(fd);
	return fd;
}

static int ask(int fd, unsigned family)
{
	if (family == 4)
		return on(fd, IPPROTO_IP, IP_RECVTOS) |
		       on(fd, IPPROTO_IP, IP_RECVTTL);
	return on(fd, IPPROTO_IPV6, IPV6_RECVTCLASS) |
	       on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
}

/* A burst waits in the kernel while a batch is worked on. That it may be so
 * much wants CAP_NET_ADMIN; without, the system's limit holds. */
static void widen(int fd)
{
	static const int octets = 4 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets,
		    sizeof octets) != 0)
		(void)setsockopt(
			fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
}

static int open_in(struct sdesp_addr *local, int udp)
{
	int type = (udp ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(
		local->family == 4 ? AF_INET : AF_INET6, type, udp ? 0 : ESP);
	union address a;
	socklen_t len =
		to_address(&a, local->family, local->ip, udp ? local->port : 0);

	if (fd < 0 || ask(fd, local->family) != 0 ||
		report_errors(fd, local->family) != 0 ||
		(udp && local->family == 6 &&
			on(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0) ||
		bind(fd, &a.any, len) < 0 || getsockname(fd, &a.any, &len) < 0)
		return shut(fd);
	widen(fd);
	if (udp)
		local->port = ntohs(
			local->family == 4 ? a.in4.sin_port : a.in6.sin6_port);
	return fd;
}

int sdesp_tun_link_gone(const struct sdesp_tun_io *io)
{
	struct ifreq request;

	memset(&request, 0, sizeof request);
	request.ifr_ifindex = io->link;
	return io->link != 0 &&
	       ioctl(io->out4 >= 0 ? io->out4 : io->out6, SIOCGIFNAME,
		       &request) < 0 &&
	       errno == ENODEV;
}

int sdesp_tun_io_listen(struct sdesp_tun_io *io, struct sdesp_addr *local,
	int udp, const char *link)
{
	int *out = local->family == 4 ? &io->out4 : &io->out6;
	int fresh = *out < 0, fd;

	if (io->nsockets == SDESP_TUN_SOCKETS)
		return SDESP_ERR_SPACE;
	if (fresh)
		*out = open_out(local->family, link);
	if (*out < 0)
		return SDESP_ERR_BACKEND;
	if (link != NULL)
		io->link = (int)if_nametoindex(link);
	fd = open_in(local, udp);
	if (fd < 0) {
		if (fresh)
			*out = shut(*out);
		return SDESP_ERR_BACKEND;
	}
	io->sockets[io->nsockets].fd = fd;
	io->sockets[io->nsockets].family = local->family;
	io->sockets[io->nsockets].udp = udp != 0;
	io->nsockets++;
	return SDESP_OK;
}

void sdesp_tun_io_close(struct sdesp_tun_io *io)
{
	while (io->nsockets > 0)
		shut(io->sockets[--io->nsockets].fd);
	io->out4 = shut(io->out4);
	io->out6 = shut(io->out6);
	io->device = shut(io->device);
}

/* --- receiving ------------------------------------------------------------ */

static void read_control(struct msghdr *msg, struct sdesp_tun_meta *meta)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
		c = CMSG_NXTHDR(msg, c)) {
		int number = 0;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			meta->tos = *CMSG_DATA(c);
			continue;
		}
		if (c->cmsg_len >= CMSG_LEN(sizeof number))
			memcpy(&number, CMSG_DATA(c), sizeof number);
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL)
			meta->ttl = (uint8_t)number;
		else if (c->cmsg_level == IPPROTO_IPV6 &&
			 c->cmsg_type == IPV6_HOPLIMIT)
			meta->ttl = (uint8_t)number;
		else if (c->cmsg_level == IPPROTO_IPV6 &&
			 c->cmsg_type == IPV6_TCLASS)
			meta->tos = (uint8_t)number;
	}
}

/* A raw socket of IPv4 gives the IP header too. 1 when there is a packet. */
static int accept_one(struct sdesp_tun_io *io, unsigned number,
	struct mmsghdr *m, struct sdesp_pkt *pkt, struct sdesp_tun_meta *meta)
{
	int udp = io->sockets[number].udp;
	size_t header = 0;
	uint8_t *data = m->msg_hdr.msg_iov->iov_base;

	if ((m->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
		io->truncated++;
		return 0;
	}
	memset(meta, 0, sizeof *meta);
	from_address(&meta->from, m->msg_hdr.msg_name);
	meta->udp = udp != 0;
	if (!udp)
		meta->from.port = 0;
	read_control(&m->msg_hdr, meta);
	if (!udp && io->sockets[number].family == 4 && m->msg_len > 0)
		header = (size_t)(data[0] & 15) * 4;
	if (header > m->msg_len)
		return 0;
	memset(pkt, 0, sizeof *pkt);
	pkt->data = data + header;
	pkt->len = m->msg_len - header;
	pkt->head = SDESP_TUN_HEAD + header;
	pkt->tail = SDESP_TUN_PACKET - m->msg_len + SDESP_TUN_TAIL;
	return 1;
}

size_t sdesp_tun_receive(struct sdesp_tun_io *io, unsigned number,
	struct sdesp_tun_buf *bufs, struct sdesp_pkt *pkts,
	struct sdesp_tun_meta *meta)
{
	struct batch b;
	size_t good = 0;
	int got;

	memset(b.msgs, 0, sizeof b.msgs);
	for (size_t i = 0; i < SDESP_TUN_BATCH; i++) {
		struct msghdr *h = &b.msgs[i].msg_hdr;

		b.iov[i].iov_base = bufs[i].octets + SDESP_TUN_HEAD;
		b.iov[i].iov_len = SDESP_TUN_PACKET;
		h->msg_iov = &b.iov[i];
		h->msg_iovlen = 1;
		h->msg_name = &b.addr[i];
		h->msg_namelen = sizeof b.addr[i];
		h->msg_control = &b.control[i];
		h->msg_controllen = sizeof b.control[i];
	}
	got = recvmmsg(
		io->sockets[number].fd, b.msgs, SDESP_TUN_BATCH, 0, NULL);
	for (int i = 0; i < got; i++)
		good += (size_t)accept_one(
			io, number, &b.msgs[i], &pkts[good], &meta[good]);
	return good;
}

/* --- what ICMP says ------------------------------------------------------- */

static const struct sock_extended_err *find_error(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
		c = CMSG_NXTHDR(msg, c)) {
		if ((c->cmsg_level == IPPROTO_IP &&
			    c->cmsg_type == IP_RECVERR) ||
			(c->cmsg_level == IPPROTO_IPV6 &&
				c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	}
	return NULL;
}

void sdesp_tun_reports(int fd, struct sdesp_tun *tun, uint64_t now_ms)
{
	for (int i = 0; i < REPORTS; i++) {
		union control control;
		union address a;
		uint8_t octet;
		struct iovec iov = {.iov_base = &octet, .iov_len = 1};
		struct msghdr msg = {.msg_name = &a,
			.msg_namelen = sizeof a,
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof control};
		const struct sock_extended_err *e;
		struct sdesp_addr to;

		if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
			return;
		e = find_error(&msg);
		if (e == NULL || e->ee_errno != EMSGSIZE || e->ee_info == 0)
			continue;
		from_address(&to, &a);
		if (to.family != 0)
			sdesp_tun_pmtu(tun, &to, e->ee_info, now_ms);
	}
}

/* --- sending -------------------------------------------------------------- */

static int is_full(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ||
	       error == ENOMEM;
}

/* One call to the system; what it refuses is behind us too. Returns how many
 * packets are dealt with, and adds to *left those that left. */
static size_t push(struct sdesp_tun_io *io, int fd, struct mmsghdr *msgs,
	size_t n, size_t *left)
{
	int sent = sendmmsg(fd, msgs, (unsigned)n, 0);

	if (sent > 0) {
		*left += (size_t)sent;
		return (size_t)sent;
	}
	io->last_errno = errno;
	if (is_full(errno)) {
		io->full += n;
		return n;
	}
	io->unsent++;
	return 1;
}

/* As many at the front as are of one family, at most a batch. */
static size_t send_run(struct sdesp_tun_io *io, const struct sdesp_pkt *pkts,
	size_t n, size_t *left)
{
	unsigned family = pkts[0].data[0] >> 4;
	int fd = family == 4 ? io->out4 : io->out6;
	size_t run = 0, at = 0;
	struct batch b;

	while (run < n && run < SDESP_TUN_BATCH &&
		pkts[run].data[0] >> 4 == (int)family) {
		struct msghdr *h = &b.msgs[run].msg_hdr;

		memset(&b.msgs[run], 0, sizeof b.msgs[run]);
		b.iov[run].iov_base = pkts[run].data;
		b.iov[run].iov_len = pkts[run].len;
		h->msg_iov = &b.iov[run];
		h->msg_iovlen = 1;
		h->msg_name = &b.addr[run];
		h->msg_namelen = to_address(&b.addr[run], family,
			pkts[run].data + (family == 4 ? 16 : 24), 0);
		run++;
	}
	while (at < run)
		at += push(io, fd, b.msgs + at, run - at, left);
	return run;
}

size_t sdesp_tun_io_send(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n;)
		i += send_run(ctx, pkts + i, n - i, &left);
	return left;
}
