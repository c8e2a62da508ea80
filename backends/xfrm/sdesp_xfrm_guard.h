/*
 * Policies of the Linux kernel for flows whose ESP is done outside of it,
 * behind a device (TUN): what a flow covers passes by that device or not at
 * all, either way, as RFC 4301 5.1 and 5.2 ask. Needs CONFIG_XFRM_USER, not
 * the kernel's ESP, and CAP_NET_ADMIN. SPDX-License-Identifier: MIT
 *
 *	sdesp_xfrm_guard_init(&guard, &config, owner, device, mark);
 *	sdesp_xfrm_guard_shut(&guard, &flow, place);    before its first packet
 *	sdesp_xfrm_guard_let(&guard, &flow, place);     when the flow is gone
 *	sdesp_xfrm_guard_remove(&guard, owner);          all of it
 *
 * For each selector of a flow (as sdesp_xfrm.h makes them) there are policies
 * that block, in, fwd, and over IPv4 out. Before these, others allow what goes
 * into the device, by its index, and what came from it, by a mark: the kernel
 * does not let policies see the link that a packet came from. Over IPv6 a
 * socket tied to a link finds no route but the device's, and the kernel's
 * look-up does not name the link. The outer packets' own sockets, and those
 * of signalling, get past by sdesp_xfrm_bypass().
 *
 * All are known by the uid of their selector, which the kernel keeps and does
 * not use: SDESP_XFRM_GUARD + 256 * owner + place; place 255 is the device's.
 * They stay when the process dies, and what they block stays blocked.
 */
#ifndef SDESP_XFRM_GUARD_H
#define SDESP_XFRM_GUARD_H

#include "sdesp_xfrm.h"

#define SDESP_XFRM_GUARD 0x5de60000u
#define SDESP_XFRM_GUARD_OWNERS 256
#define SDESP_XFRM_GUARD_PLACES 255

/* Private. The backend is only talked through. */
struct sdesp_xfrm_guard {
	struct sdesp_xfrm xfrm;
	unsigned owner;
	uint32_t mark;
};

/*
 * Begin: let pass what the device of this index carries. owner is a number
 * below SDESP_XFRM_GUARD_OWNERS that no other process of the network namespace
 * has; how that is made sure is the caller's: claim of config.io is not
 * called. mark is what the caller has put on packets from the device, and on
 * no others; 0: nothing is, and only what leaves is guarded. config is copied.
 * What an earlier process left under the same number
 * stays.
 *
 * Here and below SDESP_ERR_BACKEND: sdesp_xfrm_guard_cause() says why.
 */
SDESP_CHECK int sdesp_xfrm_guard_init(struct sdesp_xfrm_guard *guard,
	const struct sdesp_xfrm_config *config, unsigned owner, unsigned device,
	uint32_t mark);

/*
 * Shut a flow to all that does not take the device. place is a number below
 * SDESP_XFRM_GUARD_PLACES that no other flow of this owner has. All or
 * nothing. SDESP_ERR_UNSUPPORTED: the kernel's policies cannot say these
 * selectors (see sdesp_xfrm_init()).
 */
SDESP_CHECK int sdesp_xfrm_guard_shut(struct sdesp_xfrm_guard *guard,
	const struct sdesp_flow *flow, unsigned place);

/* Undo that. */
void sdesp_xfrm_guard_let(struct sdesp_xfrm_guard *guard,
	const struct sdesp_flow *flow, unsigned place);

/* Remove all that this owner, or one that is dead, made. */
void sdesp_xfrm_guard_remove(struct sdesp_xfrm_guard *guard, unsigned owner);

/* Why a call last failed; "" = never. */
const char *sdesp_xfrm_guard_cause(const struct sdesp_xfrm_guard *guard);

#endif
