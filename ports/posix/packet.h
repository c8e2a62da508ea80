/*
 * IP packets in a buffer: what is where, and headers rewritten around ESP.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_PACKET_H
#define SDESP_CMD_PACKET_H

#include "sdesp_sa.h"

enum { PACKET_UDP = 17, PACKET_ESP = 50 }; /* IP protocols */

#define PACKET_UDP_HEADER 8

struct packet {
	uint8_t family;             /* 4 or 6 */
	uint8_t protocol;           /* of the payload */
	uint8_t fragment;           /* 1: not the whole payload */
	uint8_t later;              /* 1: and not the first part of it */
	size_t len;                 /* of the IP packet */
	size_t header_len;          /* IPv6: extension headers included */
	size_t next_at;             /* where the protocol stands */
	struct sdesp_addr src, dst; /* with ports where there are any */
};

/* Read the headers of a packet. NULL, or what is wrong with it. */
const char *packet_read(struct packet *p, const uint8_t *data, size_t len);

/* 1 when the selectors of flow allow the packet; in transport mode it must
 * also run between the outer addresses. */
int packet_fits(
	const struct packet *p, const struct sdesp_flow *flow, int inbound);

/* As far as the payload itself says (it may be padded); 0: malformed, or
 * outside the selectors of the flow, which is of transport mode. */
size_t packet_payload_len(const struct sdesp_flow *flow, unsigned next_header,
	const uint8_t *payload, size_t len);

/* The header at data, header_len octets, now leads a payload of len octets of
 * this protocol: write protocol, lengths and checksum. */
void packet_set_payload(
	uint8_t *data, const struct packet *p, unsigned protocol, size_t len);

/* Write other addresses into the header; before packet_set_payload(). */
void packet_set_ends(uint8_t *data, const struct packet *p,
	const struct sdesp_addr *src, const struct sdesp_addr *dst);

/* Write a new header of 20 or 40 octets; returns which. traffic_class is
 * copied from the inner packet. */
size_t packet_new_header(uint8_t *data, const struct sdesp_addr *src,
	const struct sdesp_addr *dst, unsigned traffic_class, unsigned protocol,
	size_t len);

/* Write the UDP header of RFC 3948 before len octets: no checksum on IPv4,
 * the right one on IPv6. */
void packet_set_udp(uint8_t *udp, const struct sdesp_addr *src,
	const struct sdesp_addr *dst, size_t len);

/* Make the TCP or UDP checksum of a payload right if it is wrong: NAT changed
 * the addresses under it (RFC 3948 3.1.2). */
void packet_repair(uint8_t *payload, size_t len, unsigned protocol,
	const struct sdesp_addr *src, const struct sdesp_addr *dst);

#endif
