/*
 * Addresses between sdesp and the socket interface.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "sdesp_udp_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* RFC 4291 2.5.5.2: IPv4 on an IPv6 socket. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

socklen_t sdesp_udp_to_sockaddr(struct sockaddr_storage *ss,
	const struct sdesp_addr *addr, unsigned family)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(ss, 0, sizeof *ss);
	if (family == 4 && addr->family == 4) {
		in4.sin_port = htons(addr->port);
		memcpy(&in4.sin_addr, addr->ip, 4);
		memcpy(ss, &in4, sizeof in4);
		return sizeof in4;
	}
	if (family != 6 || (addr->family != 4 && addr->family != 6))
		return 0;
	in6.sin6_port = htons(addr->port);
	if (addr->family == 4) {
		memcpy(in6.sin6_addr.s6_addr, mapped, sizeof mapped);
		memcpy(in6.sin6_addr.s6_addr + 12, addr->ip, 4);
	} else {
		memcpy(in6.sin6_addr.s6_addr, addr->ip, 16);
	}
	memcpy(ss, &in6, sizeof in6);
	return sizeof in6;
}

int sdesp_udp_from_sockaddr(
	struct sdesp_addr *addr, const struct sockaddr_storage *ss)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	const uint8_t *ip;

	if (ss->ss_family == AF_INET) {
		memcpy(&in4, ss, sizeof in4);
		memset(addr, 0, sizeof *addr);
		addr->family = 4;
		addr->port = ntohs(in4.sin_port);
		memcpy(addr->ip, &in4.sin_addr, 4);
		return SDESP_OK;
	}
	if (ss->ss_family != AF_INET6)
		return SDESP_ERR_UNSUPPORTED;
	memcpy(&in6, ss, sizeof in6);
	memset(addr, 0, sizeof *addr);
	ip = in6.sin6_addr.s6_addr;
	addr->port = ntohs(in6.sin6_port);
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		addr->family = 4;
		memcpy(addr->ip, ip + 12, 4);
	} else {
		addr->family = 6;
		memcpy(addr->ip, ip, 16);
	}
	return SDESP_OK;
}
