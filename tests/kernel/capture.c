/* Packet sockets at both ends of a cable. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "capture.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"

static int cable[2] = {-1, -1};

static void die(void)
{
	perror("packet socket");
	exit(1);
}

/* What leaves one end; what comes in is seen again when it is out of ESP. */
static int tap(int ns)
{
	uint16_t all = (ETH_P_ALL & 0xff) << 8 | ETH_P_ALL >> 8;
	struct sockaddr_ll at;
	int octets = 8 << 20, fd;

	net_enter(ns);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die();
	(void)setsockopt(
		fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	memset(&at, 0, sizeof at);
	at.sll_family = AF_PACKET;
	at.sll_protocol = all;
	at.sll_ifindex = (int)if_nametoindex(ns == 0 ? "v0" : "v1");
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		die();
	return fd;
}

void capture_stop(void)
{
	for (int i = 0; i < 2; i++) {
		if (cable[i] >= 0)
			close(cable[i]);
		cable[i] = -1;
	}
}

void capture_start(void)
{
	capture_stop();
	for (int i = 0; i < 2; i++)
		cable[i] = tap(i);
}

/* One end keeps to it, whatever the other moves to. */
static int is_encap(const uint8_t port[2])
{
	return port[0] == 4500 >> 8 && port[1] == (4500 & 0xff);
}

/* 1: ESP. 0: what may be seen. -1: in the clear. */
static int judge(const uint8_t *frame, size_t len)
{
	unsigned type, next;
	size_t at;

	if (len < 14)
		return 0;
	type = (unsigned)frame[12] << 8 | frame[13];
	if (type == ETH_P_ARP || (type != ETH_P_IP && type != ETH_P_IPV6))
		return 0;
	at = type == ETH_P_IP ? 34 : 54;
	if (len < at + 8)
		return -1;
	next = frame[type == ETH_P_IP ? 23 : 20];
	if (next == IPPROTO_ESP)
		return 1;
	if (next == IPPROTO_UDP &&
		(is_encap(frame + at) || is_encap(frame + at + 2)))
		return 1;
	/* Neighbours and groups: RFC 4861, RFC 3810. */
	if (type == ETH_P_IPV6 && next == IPPROTO_ICMPV6 &&
		((frame[at] >= 133 && frame[at] <= 137) || frame[at] == 143))
		return 0;
	if (type == ETH_P_IPV6 && next == IPPROTO_HOPOPTS)
		return 0;
	return -1;
}

static void take(struct capture *seen, int ns)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof stats;
	uint8_t frame[2048];
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	ssize_t n;

	while ((n = recvfrom(cable[ns], frame, sizeof frame, 0,
			(struct sockaddr *)&from, &len)) > 0) {
		int kind = judge(frame, (size_t)n);

		if (from.sll_pkttype != PACKET_OUTGOING)
			continue;
		if (kind > 0)
			seen->from[ns]++;
		if (kind >= 0 || seen->clear++ > 0)
			continue;
		for (int i = 0; i < 26; i++)
			sprintf(seen->first + 3 * i, "%02x ", frame[14 + i]);
	}
	if (getsockopt(cable[ns], SOL_PACKET, PACKET_STATISTICS, &stats,
		    &size) < 0)
		die();
	seen->missed += stats.tp_drops;
}

struct capture capture_take(void)
{
	struct capture seen;

	memset(&seen, 0, sizeof seen);
	take(&seen, 0);
	take(&seen, 1);
	seen.esp = seen.from[0] + seen.from[1];
	return seen;
}

int capture_is_clean(void)
{
	struct capture seen = capture_take();

	if (seen.clear > 0)
		printf("     %u in the clear, first %s\n", seen.clear,
			seen.first);
	if (seen.missed > 0)
		printf("     %u frames missed\n", seen.missed);
	return seen.clear == 0 && seen.missed == 0;
}
