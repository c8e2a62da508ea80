/*
 * Two UDP backends with SAs between them, over a wire of memory.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UDP_PAIR_H
#define TESTS_UDP_PAIR_H

#include "sdesp_udp.h"

#define WIRE_ITEMS 64
#define WIRE_OCTETS 2048

/* What an end has sent and nobody has received. */
struct udp_wire {
	size_t n;
	int broken; /* 1: takes nothing */
	struct {
		struct sdesp_addr to;
		size_t len;
		uint8_t octets[WIRE_OCTETS];
	} item[WIRE_ITEMS];
};

struct udp_end {
	struct sdesp_udp udp;
	struct udp_wire wire;
	struct sdesp_flow flow;
	struct sdesp_sa in, out;
	uint32_t id; /* of flow */
};

/* What came in with the last udp_receive(): n packets in memory of its own,
 * overwritten by the next. */
extern struct sdesp_pkt udp_pkts[WIRE_ITEMS];
extern struct sdesp_udp_meta udp_meta[WIRE_ITEMS];

/* An address from its text; exits when it is none. */
struct sdesp_addr udp_addr(const char *ip, uint16_t port);

/* A flow of transport mode from 192.0.2.1:4500 to 198.51.100.2:4501, UDP
 * only, local ports 40000 to 40010, any remote port. */
struct sdesp_flow udp_flow(void);

/* The same as the other end sees it. */
struct sdesp_flow udp_flow_back(const struct sdesp_flow *flow);

/* An SA of this suite with keys made from the SPI, window 64, no limits. */
struct sdesp_sa udp_sa(unsigned suite, uint32_t spi);

/* A backend without SAs; it takes MARKED. */
void udp_end_init(struct udp_end *end);

/*
 * Two ends with a pair of SAs between them, ready to send: SPIs c0000001
 * (towards end 0) and c0000002. Exits when anything fails.
 */
void udp_pair_init(struct udp_end ends[2], const struct sdesp_flow *flow,
	unsigned suite, int esn);

/* Prepare a packet of memory of its own, number i below WIRE_ITEMS, with
 * len octets of payload. */
struct sdesp_pkt udp_payload(size_t i, const void *data, size_t len);

/* Send one payload as inner UDP; its status. */
int udp_say(struct udp_end *end, uint16_t local_port, uint16_t remote_port,
	const void *data, size_t len);

/* Receive all that is on a wire, in one batch, as coming from an address.
 * Empties the wire. Returns what sdesp_udp_input() does. */
size_t udp_receive(struct udp_end *end, struct udp_wire *wire,
	const struct sdesp_addr *from, uint64_t now_ms);

/* End 0 says one octet from port 40000 to 1, end 1 hears it as coming from an
 * address; the status. */
int udp_hear(
	struct udp_end ends[2], const struct sdesp_addr *from, uint64_t now_ms);

/* Receive these octets; the status. */
int udp_receive_one(struct udp_end *end, const void *data, size_t len,
	const struct sdesp_addr *from, uint64_t now_ms);

#endif
