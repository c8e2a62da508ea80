/* From packets with a plan to outer packets. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_SEAL_H
#define SDESP_TUN_SEAL_H

#include "sdesp_tun.h"

/* What is to become of a packet. */
struct sdesp_tun_plan {
	uint32_t policy; /* slot */
	uint32_t sa;     /* slot */
	size_t header;   /* octets of its IP header, with what belongs to it */
	size_t next_at;  /* where the header says what follows */
	size_t mtu;      /* of the path */
	uint8_t tos, df; /* for the outer header */
	uint8_t way;     /* enum sdesp_tun_way */
};

enum sdesp_tun_way {
	WAY_WHOLE,
	WAY_CUT_BEFORE, /* before it is sealed */
	WAY_CUT_AFTER
};

/*
 * Seal packets of one policy whose status is SDESP_OK, and put outer headers
 * before them; the others are passed over. Each packet's status is as
 * sdesp_esp_seal() says.
 */
void sdesp_tun_seal(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_plan *plans, size_t n);

/* Seal and send a dummy packet of a policy that may send (SPEC 8.6). */
void sdesp_tun_send_dummy(struct sdesp_tun *t, uint32_t policy);

/* Send a keepalive (RFC 3948 2.3). */
void sdesp_tun_send_keepalive(struct sdesp_tun *t, uint32_t policy);

/* Send those whose status is SDESP_OK; how many left. */
size_t sdesp_tun_send(
	struct sdesp_tun *t, const struct sdesp_pkt *pkts, size_t n);

#endif
