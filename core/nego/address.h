/*
 * Which outer addresses a peer may name. SPEC 5.5.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_NEGO_ADDRESS_H
#define SDESP_NEGO_ADDRESS_H

#include "sdesp_sa.h"

/* 1 for 0.0.0.0 and ::, by which a refresh asks for hold. */
int sdesp_address_unspecified(const struct sdesp_addr *addr);

/*
 * What is wrong with peer as the other end of own; NULL = nothing. loopback:
 * loopback addresses are fine, also the own one. udp: a port is needed.
 */
const char *sdesp_address_refusal(const struct sdesp_addr *peer,
	const struct sdesp_addr *own, int udp, int loopback);

#endif
