/*
 * From a packet to its policy. SPDX-License-Identifier: MIT
 *
 * Selectors of one shape (lengths of prefixes and such) are found by hash;
 * shapes are tried from the narrowest on: tuple space search (Srinivasan,
 * Suri and Varghese 1999).
 */
#ifndef SDESP_TUN_SELECTOR_H
#define SDESP_TUN_SELECTOR_H

#include "sdesp_inner.h"
#include "sdesp_tun.h"

/* Put the selectors of a policy into the index. SDESP_ERR_SPACE: too many
 * shapes; none is in then. */
SDESP_CHECK int sdesp_tun_selectors_link(struct sdesp_tun *t, uint32_t slot);
void sdesp_tun_selectors_unlink(struct sdesp_tun *t, uint32_t slot);

/* What an outbound packet is looked up by. */
void sdesp_tun_key(struct sdesp_tun_key *key, const struct sdesp_inner *inner);

struct sdesp_tun_found {
	uint32_t policy;  /* slot; 0 = none */
	uint8_t selector; /* which of the policy's */
};

/* The policies of n packets, at most SDESP_TUN_BATCH; a key of family 0 has
 * none. */
void sdesp_tun_selectors_find(const struct sdesp_tun *t,
	const struct sdesp_tun_key *keys, struct sdesp_tun_found *found,
	size_t n);

#endif
