/* TCP sockets of the host. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdesp_udp_socket.h"

enum { BACKLOG = 16 };

static int close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL), on = 1;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return close_keeping_errno(fd);
	/* Of no consequence where it is not to be had. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int open_tcp(unsigned family)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);

	return fd < 0 ? -1 : prepare(fd);
}

int sdesp_socket_listen(struct sdesp_addr *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sdesp_udp_to_sockaddr(&ss, at, at->family);
	int fd = open_tcp(at->family), on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
		bind(fd, (const struct sockaddr *)&ss, len) != 0 ||
		listen(fd, BACKLOG) != 0)
		return close_keeping_errno(fd);
	len = (socklen_t)sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
		sdesp_udp_from_sockaddr(at, &ss) != SDESP_OK)
		return close_keeping_errno(fd);
	return fd;
}

int sdesp_socket_accept(int fd)
{
	int new = accept(fd, NULL, NULL);

	return new < 0 ? -1 : prepare(new);
}

int sdesp_socket_dial(uint16_t port)
{
	struct sdesp_addr to = {.family = 4, .ip = {127, 0, 0, 1}};
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = open_tcp(to.family);

	to.port = port;
	len = sdesp_udp_to_sockaddr(&ss, &to, to.family);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&ss, len) != 0 &&
		errno != EINPROGRESS && errno != EINTR)
		return close_keeping_errno(fd);
	return fd;
}

int sdesp_socket_joined(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)sizeof ss;
	int error = 0;
	socklen_t error_len = (socklen_t)sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0 ||
		error != 0)
		return -1;
	return getpeername(fd, (struct sockaddr *)&ss, &len) == 0;
}

static int none_or_broken(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
		       ? SOCKET_NONE
		       : SOCKET_BROKEN;
}

int sdesp_socket_read(int fd, uint8_t *data, size_t len)
{
	ssize_t n = recv(fd, data, len, 0);

	if (n < 0)
		return none_or_broken();
	return n == 0 ? SOCKET_END : (int)n;
}

int sdesp_socket_write(int fd, const uint8_t *data, size_t len)
{
	ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

	return n < 0 ? none_or_broken() : (int)n;
}

void sdesp_socket_shut(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

void sdesp_socket_close(int fd)
{
	close(fd);
}

void sdesp_socket_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}
