/* IP headers: written, patched, looked through. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_HEADER_H
#define SDESP_TUN_HEADER_H

#include "sdesp_tun.h"

enum {
	NEXT_ICMP = 1,
	NEXT_IP4 = 4,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_IP6 = 41,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_ESP = 50,
	NEXT_ICMP6 = 58,
	NEXT_DUMMY = 59,
	NEXT_OPTIONS = 60,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	IP4_DF = 0x4000, /* in the octets 6 and 7 */
	IP4_MF = 0x2000,
	IP4_OFFSET = 0x1fff
};

/* What there is to say about a header that is to be written. */
struct sdesp_tun_header {
	const struct sdesp_addr *src, *dst;
	uint8_t tos; /* or traffic class */
	uint8_t ttl;
	uint8_t protocol;
	uint8_t df;     /* 1: never cut on the way */
	uint16_t ident; /* without df */
};

/* Octets of a header without options. */
size_t sdesp_tun_header_size(unsigned family);

/* Write a header without options before len octets of payload; header and
 * payload together are at most 65535 octets. */
void sdesp_tun_header_put(
	uint8_t *p, const struct sdesp_tun_header *h, size_t len);

/* TOS or traffic class of a packet. */
unsigned sdesp_tun_tos(const uint8_t *packet);
void sdesp_tun_set_tos(uint8_t *packet, unsigned tos);

/* Change 16 bits that a checksum covers, and the checksum (RFC 1624 3). */
void sdesp_tun_patch(uint8_t *sum, uint8_t *field, uint16_t value);

/* Compute the checksum of an IPv4 header. */
void sdesp_tun_sum_ip4(uint8_t *packet);

/* The sum of the pseudo header of a packet (RFC 8200 8.1, RFC 9293 3.1). */
uint64_t sdesp_tun_pseudo(const uint8_t *packet, unsigned protocol, size_t len);

/*
 * Where the upper layer of a packet begins that sdesp_inner_packet() has read,
 * and where the octet lies that says what it is. 0: it is a fragment.
 */
size_t sdesp_tun_upper(const uint8_t *packet, size_t *next_at);

#endif
