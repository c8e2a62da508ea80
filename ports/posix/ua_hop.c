/*
 * Where requests go first, and from which address of ours.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua_hop.h"
#include "sdesp_udp_socket.h"

/* A host as the system knows it; free with freeaddrinfo(). */
static struct addrinfo *look_up(const struct pl *host, int family)
{
	const struct addrinfo hints = {
		.ai_family = family, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	char name[256];

	if (pl_strcpy(host, name, sizeof name) != 0 ||
		getaddrinfo(name, "5060", &hints, &found) != 0)
		return NULL;
	return found;
}

int ua_hop_own(struct sdesp_addr *own, const struct pl *host)
{
	struct addrinfo *found = look_up(host, AF_UNSPEC);
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)sizeof ss;
	int fd = -1, status = -1;

	if (found != NULL)
		fd = socket(found->ai_family, SOCK_DGRAM, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
		getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
		sdesp_udp_from_sockaddr(own, &ss) == SDESP_OK)
		status = 0;
	if (fd >= 0)
		close(fd);
	if (found != NULL)
		freeaddrinfo(found);
	own->port = 0;
	return status;
}

/* The host of a URI that names a port. */
static int resolve(struct sdesp_addr *addr, const struct uri *uri, int family)
{
	struct addrinfo *found = look_up(&uri->host, family);
	struct sockaddr_storage ss;
	int status = -1;

	if (found == NULL)
		return -1;
	memset(&ss, 0, sizeof ss);
	if (found->ai_addrlen <= sizeof ss) {
		memcpy(&ss, found->ai_addr, found->ai_addrlen);
		status = sdesp_udp_from_sockaddr(addr, &ss);
	}
	freeaddrinfo(found);
	addr->port = uri->port;
	return status;
}

const char *ua_hop_route(
	char route[UA_URI], const struct ua_config *c, const char *uri)
{
	const char *proxy = c->proxy[0] != '\0' ? c->proxy : NULL;
	char at[SDESP_POSIX_ADDR_TEXT];
	struct sdesp_addr addr;
	struct uri hop;
	struct sa numeric;

	if (!ua_uri_read(&hop, proxy != NULL ? proxy : uri) || hop.port == 0 ||
		sa_set(&numeric, &hop.host, 0) == 0 ||
		resolve(&addr, &hop, c->sip.family == 6 ? AF_INET6 : AF_INET) !=
			0)
		return proxy;
	snprintf(route, UA_URI, "sip:%s%s", sdesp_posix_print_addr(at, &addr),
		sip_transp_param(c->transport));
	return route;
}
