/*
 * What a flow may carry, in the kernel's terms: prefixes, and ports under a
 * mask. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_XFRM_SELECTOR_H
#define SDESP_XFRM_SELECTOR_H

#include <linux/xfrm.h>

#include "sdesp_sa.h"

/* Most that one flow may need: a range of ports is some masks. */
#define SDESP_XFRM_SELECTORS 32

/*
 * The selectors of a flow as seen by outbound packets, each once; for inbound
 * ones src and dst are swapped. Returns how many, 0 when the kernel cannot
 * say it: protocol 0, which means any to it, or more than
 * SDESP_XFRM_SELECTORS. Those of sdesp_xfrm_is_neighbours() come last.
 */
unsigned sdesp_xfrm_selectors(struct xfrm_selector sel[SDESP_XFRM_SELECTORS],
	const struct sdesp_flow *flow);

/*
 * 1 for a selector of what neighbours ask each other (RFC 4861), which goes
 * past a flow that would have it: hosts that lose each other's link address
 * while it is blocked could never agree again. IPv6 transport mode only.
 */
int sdesp_xfrm_is_neighbours(const struct xfrm_selector *sel);

/* Source for destination. */
void sdesp_xfrm_selector_swap(struct xfrm_selector *sel);

/* The smallest single selector that all n are within; n is not 0. */
void sdesp_xfrm_selector_hull(struct xfrm_selector *hull,
	const struct xfrm_selector *sel, unsigned n);

/* An address as the kernel's union has it. */
void sdesp_xfrm_address(xfrm_address_t *to, const struct sdesp_addr *from);

unsigned sdesp_xfrm_family(unsigned family);

/* Network order. */
uint16_t sdesp_xfrm_be16(unsigned v);
uint32_t sdesp_xfrm_be32(uint32_t v);

#endif
