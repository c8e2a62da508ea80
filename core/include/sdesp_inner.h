/*
 * What is inside a packet, held against the selectors of its flow: for
 * backends that open packets themselves. SPEC 6.1 and 8.5, RFC 4301 5.2.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_INNER_H
#define SDESP_INNER_H

#include "sdesp_sa.h"

#define SDESP_INNER_UDP 8 /* octets of a UDP header */

/* As on the wire: src is the sender's end, whichever way it goes. */
struct sdesp_inner {
	struct sdesp_addr src, dst; /* ports 0 where there are none */
	uint8_t protocol;
	uint8_t later; /* 1: a fragment, but not the first */
	size_t len;    /* of what was read: the rest is TFC padding (RFC 4303
		     * 2.7) and not part of it */
};

/*
 * Read an inner IP packet of tunnel mode. IPv6 extension headers are walked,
 * at most 8 of them; a later fragment has no ports.
 *
 * SDESP_ERR_PADDING: not a well formed IPv4 or IPv6 packet, or cut off before
 * its ports. *inner then holds nothing of use.
 */
SDESP_CHECK int sdesp_inner_packet(
	struct sdesp_inner *inner, const uint8_t *data, size_t len);

/*
 * Read a payload of transport mode; next_header is its protocol and the outer
 * addresses of flow are its own. Errors as above; a UDP payload must also
 * have a length of its own that fits.
 */
SDESP_CHECK int sdesp_inner_payload(struct sdesp_inner *inner,
	const struct sdesp_flow *flow, int inbound, unsigned next_header,
	const uint8_t *data, size_t len);

/* 1 when the selectors of flow allow it, else 0. */
int sdesp_inner_fits(const struct sdesp_inner *inner,
	const struct sdesp_flow *flow, int inbound);

/*
 * Write the UDP header (RFC 768) of an outbound payload of flow in transport
 * mode, with its checksum over the outer addresses; len is at most 65527.
 */
void sdesp_inner_udp(uint8_t header[SDESP_INNER_UDP],
	const struct sdesp_flow *flow, uint16_t local_port,
	uint16_t remote_port, const uint8_t *payload, size_t len);

#endif
