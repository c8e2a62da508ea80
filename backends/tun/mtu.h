/* How large packets may be. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_MTU_H
#define SDESP_TUN_MTU_H

#include "sdesp_tun.h"

/* Octets before ESP in an outer packet whose IP header has so many. */
size_t sdesp_tun_before(const struct sdesp_flow *flow, size_t header);

/* As sdesp_tun_mtu(), where a packet of transport mode has so many octets of
 * IP header. */
size_t sdesp_tun_room(const struct sdesp_suite *suite,
	const struct sdesp_flow *flow, size_t header, size_t mtu);

/* What the path to an outer address takes now. */
size_t sdesp_tun_path_mtu(const struct sdesp_tun *t,
	const struct sdesp_addr *remote, uint64_t now_ms);

#endif
