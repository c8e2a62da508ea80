/*
 * A bound UDP socket. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ports/posix/sdesp_posix.h"

static int prepare(int fd, struct sdesp_addr *addr)
{
	struct sockaddr_storage sa;
	socklen_t len = sdesp_posix_to_sockaddr(&sa, addr);
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
		bind(fd, (const struct sockaddr *)&sa, len) < 0)
		return -1;
	len = (socklen_t)sizeof sa;
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	return sdesp_posix_from_sockaddr(addr, &sa) == SDESP_OK ? 0 : -1;
}

int sdesp_posix_udp_socket(struct sdesp_addr *addr)
{
	int fd = socket(
		addr->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	int error;

	if (fd < 0)
		return -1;
	if (prepare(fd, addr) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
