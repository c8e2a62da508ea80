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

/* The policy of a packet, or 0; *selector is which of its selectors. */
uint32_t sdesp_tun_selectors_find(const struct sdesp_tun *t,
	const struct sdesp_tun_key *key, unsigned *selector);

#endif
