/* A sender that nothing stops. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pour.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PAUSE_NS 2000000

struct peer {
	struct sockaddr_storage addr;
	socklen_t size;
};

static int find(struct peer *peer, const char *address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;

	hints.ai_socktype = SOCK_DGRAM;
	if (getaddrinfo(address, "9", &hints, &found) != 0)
		return 0;
	memcpy(&peer->addr, found->ai_addr, found->ai_addrlen);
	peer->size = found->ai_addrlen;
	freeaddrinfo(found);
	return 1;
}

/* An echo request's checksum; over IPv6 the kernel makes it. */
static void make_echo(uint8_t echo[8], int v6)
{
	memset(echo, 0, 8);
	echo[0] = v6 ? 128 : 8;
	if (!v6) {
		echo[2] = 0xf7;
		echo[3] = 0xff;
	}
}

int pour(const char *address, const volatile sig_atomic_t *over)
{
	struct timespec pause = {0, PAUSE_NS};
	unsigned long sent = 0, refused = 0;
	struct peer peer;
	uint8_t echo[8];
	int fds[2], v6;

	if (!find(&peer, address))
		return 2;
	v6 = peer.addr.ss_family == AF_INET6;
	fds[0] = socket(peer.addr.ss_family, SOCK_DGRAM, 0);
	fds[1] = socket(peer.addr.ss_family, SOCK_RAW,
		v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (fds[0] < 0 || fds[1] < 0)
		return 2;
	make_echo(echo, v6);
	while (!*over) {
		struct peer to = peer;
		int raw = (sent + refused) & 1;

		if (raw && v6)
			((struct sockaddr_in6 *)&to.addr)->sin6_port = 0;
		if (sendto(fds[raw], echo, sizeof echo, MSG_DONTWAIT,
			    (struct sockaddr *)&to.addr, to.size) < 0)
			refused++;
		else
			sent++;
		nanosleep(&pause, NULL);
	}
	printf("%lu sent, %lu refused\n", sent, refused);
	return 0;
}
