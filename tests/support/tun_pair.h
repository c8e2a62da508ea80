/*
 * Two TUN backends with SAs between them, over wires of memory, and packets
 * for their devices. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_TUN_PAIR_H
#define TESTS_TUN_PAIR_H

#include "sdesp_tun.h"
#include "tests/support/udp_pair.h"

#define TUN_OCTETS 4096

/* Whole IP packets that an end has sent or answered. */
struct tun_wire {
	size_t n;
	int broken; /* 1: takes nothing */
	struct {
		size_t len;
		uint8_t octets[TUN_OCTETS];
	} item[WIRE_ITEMS];
};

struct tun_end {
	struct sdesp_tun tun;
	struct tun_wire wire;    /* to the network */
	struct tun_wire answers; /* to its device */
	struct sdesp_flow flow;
	struct sdesp_sa in, out;
	void *memory;
};

/* What came in with the last tun_carry(). */
extern struct sdesp_pkt tun_pkts[WIRE_ITEMS];
extern struct sdesp_tun_meta tun_meta[WIRE_ITEMS];

/* A backend without SAs, of these capacities, link MTU 1500. */
void tun_end_init(struct tun_end *end, uint32_t sas, uint32_t flows);
void tun_end_close(struct tun_end *end);

/*
 * A flow of end 0. Outer: 192.0.2.1 to 198.51.100.2, or 2001:db8::1 to
 * 2001:db8::2; UDP ports 4500 and 4501, else 9. Tunnel: 10.0.0.0/24 and
 * fd00::/32 here, 10.1.0.0/16 and fd01::/32 there. Transport: everything.
 */
struct sdesp_flow tun_flow(unsigned mode, int udp, unsigned family);

/* Two ends with a pair of SAs, SPIs c0000001 (towards end 0) and c0000002,
 * ready to send. Those from an earlier call are closed. */
void tun_pair_init(struct tun_end ends[2], const struct sdesp_flow *flow,
	unsigned suite, int esn);
void tun_pair_close(struct tun_end ends[2]);

/* What is inside of a packet for tun_packet(). */
struct tun_shape {
	const char *src, *dst;
	uint8_t protocol;
	uint8_t tos;
	int df;       /* IPv4 */
	uint16_t mss; /* TCP: not 0: a SYN with it */
	size_t len;   /* of the whole packet */
	size_t room;  /* 0, or octets of options (IPv4, a multiple of 4) */
};

/* An IP packet in memory of its own, number i below WIRE_ITEMS: ports 1000
 * to 2000 where there are some, sums right, TTL 61, the rest a pattern. */
struct sdesp_pkt tun_packet(size_t i, const struct tun_shape *shape);

/* The same with defaults: UDP, len octets. */
struct sdesp_pkt tun_udp(
	size_t i, const char *src, const char *dst, size_t len);

/* Send one packet; its status. */
int tun_say(struct tun_end *end, struct sdesp_pkt *pkt, uint64_t now_ms);

/* Take the outer headers off a whole packet, and check them: 1, and pkt and
 * meta as sdesp_tun_input() wants them, in memory of their own, number i. */
int tun_strip(size_t i, const uint8_t *octets, size_t len);

/* All that an end has sent, in one batch, to the other; what
 * sdesp_tun_input() returns. Empties the wire. */
size_t tun_carry(struct tun_end *from, struct tun_end *to, uint64_t now_ms);

/* The sum of a whole packet's upper layer (TCP, UDP, ICMP, ICMPv6) is right;
 * and of an IPv4 header. */
int tun_sum_right(const uint8_t *packet, size_t len);

#endif
