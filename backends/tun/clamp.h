/* TCP MSS. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_CLAMP_H
#define SDESP_TUN_CLAMP_H

#include <stddef.h>
#include <stdint.h>

/* Make the MSS of a TCP SYN fit packets of mtu octets. The packet is one that
 * sdesp_inner_packet() has read. 1 when it was changed. */
int sdesp_tun_clamp(uint8_t *packet, size_t len, size_t mtu);

#endif
