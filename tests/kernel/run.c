/*
 * Somebody on the wire: counts what passes an interface until SIGTERM, then
 * prints "N ESP, M clear". ESP is IP protocol 50 or UDP port 4500; what hosts
 * need to find each other (ARP, neighbour and multicast listener messages), and
 * ICMP that says that nobody takes some ESP, is neither. SPDX-License-Identifier: MIT
 *
 *	run LINK
 *	run to ADDRESS        send there instead: pour.h
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pour.h"

enum { ICMP = 1, UDP = 17, ESP = 50, ICMP6 = 58 };
enum { UNREACHABLE = 3, PORT = 4500 };

static volatile sig_atomic_t over;

static void on_signal(int number)
{
	(void)number;
	over = 1;
}

static int is_port(const uint8_t *p)
{
	return (p[0] << 8 | p[1]) == PORT;
}

/* Of a packet of IPv4 with no options. */
static int is_esp(const uint8_t *p)
{
	return p[9] == ESP ||
	       (p[9] == UDP && (is_port(p + 20) || is_port(p + 22)));
}

/* 1: ESP, 0: clear, -1: neither. */
static int kind_of(const uint8_t *p, size_t len)
{
	size_t head = 40;
	unsigned protocol = 0;

	if (len >= 20 && p[0] >> 4 == 4) {
		head = (size_t)(p[0] & 15) * 4;
		protocol = p[9];
	} else if (len >= 40) {
		protocol = p[6];
	}
	if (len < head + 4)
		return 0;
	if (p[0] >> 4 == 6 &&
		(protocol == 0 || (protocol == ICMP6 && p[head] != 128 &&
					  p[head] != 129)))
		return -1;
	if (protocol == ESP)
		return 1;
	if (protocol == ICMP && p[head] == UNREACHABLE && len >= head + 8 + 24)
		return is_esp(p + head + 8) ? -1 : 0;
	return protocol == UDP && (is_port(p + head) || is_port(p + head + 2));
}

/* 0, or 2: it cannot be watched. The socket hears nothing before it is bound,
 * or it would hear other links. */
static int watch(const char *link)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	unsigned long count[2] = {0, 0};
	uint8_t packet[2048], first[64] = {0};

	at.sll_ifindex = (int)if_nametoindex(link);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return 2;
	while (!over) {
		socklen_t size = sizeof at;
		ssize_t n = recvfrom(fd, packet, sizeof packet, 0,
			(struct sockaddr *)&at, &size);
		int kind;

		if (n <= 0 || (at.sll_protocol != htons(ETH_P_IP) &&
				      at.sll_protocol != htons(ETH_P_IPV6)))
			continue;
		kind = kind_of(packet, (size_t)n);
		if (kind == 0 && count[0] == 0)
			memcpy(first, packet, sizeof first);
		if (kind >= 0)
			count[kind]++;
	}
	printf("%lu ESP, %lu clear", count[1], count[0]);
	for (size_t i = 0; i < sizeof first && count[0] > 0; i++)
		printf("%s%02x", i == 0 ? ", first " : "", first[i]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	alarm(250);
	if (argc == 3 && strcmp(argv[1], "to") == 0)
		return pour(argv[2], &over);
	return argc == 2 ? watch(argv[1]) : 2;
}
