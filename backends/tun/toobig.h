/* ICMP "too big". SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_TOOBIG_H
#define SDESP_TUN_TOOBIG_H

#include "sdesp_tun.h"

/* Longest message: RFC 4443 3.2. */
#define SDESP_TUN_TOOBIG 1280

/* Write the message that a packet is too big, mtu octets being the most. It
 * seems to come from where the packet was going, as every answer from there
 * does. Returns its size; 0: nobody may be told (RFC 1122 3.2.2). */
size_t sdesp_tun_too_big(uint8_t message[SDESP_TUN_TOOBIG],
	const uint8_t *packet, size_t len, size_t mtu);

#endif
