/* The tables of SAs and policies. SPDX-License-Identifier: MIT */
#ifndef SDESP_XFRM_TABLE_H
#define SDESP_XFRM_TABLE_H

#include "message.h"
#include "sdesp_xfrm.h"

/* The SA that the kernel finds by this SPI and the destination that flow
 * has; NULL = none. */
struct sdesp_xfrm_sa *sdesp_xfrm_find(struct sdesp_xfrm *x,
	const struct sdesp_flow *flow, uint32_t spi, int inbound);

/* The same by the destination alone. */
struct sdesp_xfrm_sa *sdesp_xfrm_find_dst(
	struct sdesp_xfrm *x, const struct sdesp_addr *dst, uint32_t spi);

/* A free entry; NULL = none. */
struct sdesp_xfrm_sa *sdesp_xfrm_find_free(struct sdesp_xfrm *x);

/* Fill an entry. */
void sdesp_xfrm_enter(struct sdesp_xfrm_sa *sa, const struct sdesp_flow *flow,
	uint32_t spi, uint32_t reqid, int inbound, unsigned state);

/* How the kernel names it. */
void sdesp_xfrm_sa_ident(
	struct sdesp_xfrm_ident *id, const struct sdesp_xfrm_sa *sa);

struct sdesp_xfrm_policy *sdesp_xfrm_find_policy(
	struct sdesp_xfrm *x, const struct sdesp_flow *flow);

/* A reqid of our range that nothing has. */
uint32_t sdesp_xfrm_free_reqid(const struct sdesp_xfrm *x);

#endif
