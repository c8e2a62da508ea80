/*
 * The socket under the backend. What differs between systems here is found
 * when compiling. SPDX-License-Identifier: MIT
 */
#if defined(__linux__)
#define _GNU_SOURCE /* flock(), UDP_ENCAP's neighbours */
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE
#elif defined(__NetBSD__)
#define _NETBSD_SOURCE
#endif

#include "sdesp_pfkey_socket.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dialect.h"

#if defined(__FreeBSD__)
#define DIALECT &sdesp_pfkey_freebsd
#elif defined(__NetBSD__)
#define DIALECT &sdesp_pfkey_netbsd
#elif defined(__OpenBSD__)
#define DIALECT &sdesp_pfkey_openbsd
#elif defined(__APPLE__)
#define DIALECT &sdesp_pfkey_macos
#elif defined(__linux__)
#define DIALECT &sdesp_pfkey_linux
#endif

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int send_one(void *ctx, const uint8_t *msg, size_t len)
{
	struct sdesp_pfkey_socket *s = ctx;
	int error = send(s->fd, msg, len, 0) < 0 ? errno : 0;

	/* Loading algorithms for REGISTER takes its time, but in send(). */
	s->sent_ms = now_ms();
	return error;
}

/* 1 when there is something to read. */
static int wait_for(const struct sdesp_pfkey_socket *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	uint64_t waited = now_ms() - s->sent_ms;

	if (waited >= SDESP_PFKEY_WAIT_MS)
		return 0;
	return poll(&p, 1, (int)(SDESP_PFKEY_WAIT_MS - waited)) > 0;
}

static long receive_one(void *ctx, uint8_t *buf, size_t cap, int wait)
{
	const struct sdesp_pfkey_socket *s = ctx;
	struct iovec iov = {.iov_base = buf, .iov_len = cap};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (wait && !wait_for(s))
		return 0;
	n = recvmsg(s->fd, &msg, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
			       ? 0
			       : -(long)errno;
	return (msg.msg_flags & MSG_TRUNC) != 0 ? (long)cap + 1 : (long)n;
}

/* The file stays: a lock on a file without a name is nobody's. */
static int claim(void *ctx, unsigned instance)
{
	struct sdesp_pfkey_socket *s = ctx;
	char path[256];
	int n = snprintf(path, sizeof path, "%s/sdesp-pfkey.%u",
		s->locks != NULL ? s->locks : SDESP_PFKEY_LOCKS, instance);
	int fd;

	if (n < 0 || (size_t)n >= sizeof path)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -1;
	}
	s->held[instance] = fd;
	return 0;
}

static void release(void *ctx, unsigned instance)
{
	struct sdesp_pfkey_socket *s = ctx;

	if (s->held[instance] >= 0)
		close(s->held[instance]);
	s->held[instance] = -1;
}

int sdesp_pfkey_socket_open(
	struct sdesp_pfkey_socket *s, struct sdesp_pfkey_config *config)
{
	memset(s, 0, sizeof *s);
	s->fd = -1;
	for (unsigned i = 0; i < SDESP_PFKEY_INSTANCES; i++)
		s->held[i] = -1;
	memset(config, 0, sizeof *config);
#if defined(DIALECT) && defined(PF_KEY)
	s->fd = socket(PF_KEY, SOCK_RAW, PFKEY_V2);
	if (s->fd < 0)
		return SDESP_ERR_BACKEND;
	if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) < 0 ||
		fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0) {
		sdesp_pfkey_socket_close(s);
		return SDESP_ERR_BACKEND;
	}
	config->dialect = DIALECT;
	config->pid = (uint32_t)getpid();
	config->seq = (uint32_t)s->fd << 20;
	config->send = send_one;
	config->receive = receive_one;
	config->claim = claim;
	config->release = release;
	config->ctx = s;
	return SDESP_OK;
#else
	return SDESP_ERR_UNSUPPORTED;
#endif
}

void sdesp_pfkey_socket_close(struct sdesp_pfkey_socket *s)
{
	int keep = errno;

	for (unsigned i = 0; i < SDESP_PFKEY_INSTANCES; i++)
		release(s, i);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	errno = keep;
}

#if defined(UDP_ENCAP) && defined(IP_IPSEC_POLICY) && defined(IPV6_IPSEC_POLICY)
/* sadb_x_policy, and nothing behind it. */
static int bypass(int fd, unsigned family, unsigned direction)
{
	uint16_t policy[8] = {2, KAME_EXT_POLICY, KAME_BYPASS};
	uint8_t octets[2] = {(uint8_t)direction, 0};

	memcpy(&policy[3], octets, sizeof octets);
	return setsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
		family == 4 ? IP_IPSEC_POLICY : IPV6_IPSEC_POLICY, policy,
		sizeof policy);
}

int sdesp_pfkey_socket_encap(int fd, unsigned family)
{
	int type = KAME_UDP_ENCAP;

	if (bypass(fd, family, KAME_IN) < 0 ||
		bypass(fd, family, KAME_OUT) < 0 ||
		setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type) < 0)
		return SDESP_ERR_BACKEND;
	return SDESP_OK;
}
#else
int sdesp_pfkey_socket_encap(int fd, unsigned family)
{
	(void)fd;
	(void)family;
	return SDESP_ERR_UNSUPPORTED;
}
#endif
