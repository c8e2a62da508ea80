/* What of ours is in the kernel. SPDX-License-Identifier: MIT */
#ifndef SDESP_PFKEY_TABLE_H
#define SDESP_PFKEY_TABLE_H

#include "sdesp_pfkey.h"

/* The SA of a flow; inbound ones by SPI alone. NULL = none. */
struct sdesp_pfkey_sa *sdesp_pfkey_find(struct sdesp_pfkey *pf,
	const struct sdesp_flow *flow, uint32_t spi, int inbound);

/* A free slot with name and addresses filled in, state NONE. NULL = full. */
struct sdesp_pfkey_sa *sdesp_pfkey_new(struct sdesp_pfkey *pf,
	const struct sdesp_flow *flow, uint32_t spi, int inbound);

/* The name of an SA, without keys, request id or a place in the table. */
void sdesp_pfkey_name(struct sdesp_pfkey_sa *sa, const struct sdesp_flow *flow,
	uint32_t spi, int inbound);

/* A request id that no outbound SA of ours has; 0 = none is left. */
uint16_t sdesp_pfkey_reqid(const struct sdesp_pfkey *pf, uint32_t spi);

/* The policy of a flow; NULL = none. */
struct sdesp_pfkey_flow *sdesp_pfkey_find_flow(
	struct sdesp_pfkey *pf, const struct sdesp_flow *flow);

#endif
