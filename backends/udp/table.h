/* The tables of SAs and policies. SPDX-License-Identifier: MIT */
#ifndef SDESP_UDP_TABLE_H
#define SDESP_UDP_TABLE_H

#include "sdesp_udp.h"

/* A slot is a position in a table and 1; 0 is none. */

/* The inbound SA, larval or not, of an SPI. */
unsigned sdesp_udp_find_in(const struct sdesp_udp *u, uint32_t spi);

/* The outbound SA of an SPI towards the outer addresses of flow. */
unsigned sdesp_udp_find_out(
	const struct sdesp_udp *u, const struct sdesp_flow *flow, uint32_t spi);

unsigned sdesp_udp_find_free(const struct sdesp_udp *u);

/* Put an SA into a free slot, larval. */
struct sdesp_udp_sa *sdesp_udp_put(struct sdesp_udp *u, unsigned slot,
	const struct sdesp_flow *flow, uint32_t spi, int inbound);

/* Wipe a slot; a policy that named it has no SA any more. */
void sdesp_udp_remove(struct sdesp_udp *u, unsigned slot);

unsigned sdesp_udp_find_policy(
	const struct sdesp_udp *u, const struct sdesp_flow *flow);

/* The silence of the policy of an SA's flow; NULL when the flow has none.
 * sa->flow_id is right afterwards. */
struct sdesp_silence *sdesp_udp_silence(
	struct sdesp_udp *u, struct sdesp_udp_sa *sa);

/* The id of a policy, and back; 0 when there is none such now. */
uint32_t sdesp_udp_policy_id(const struct sdesp_udp *u, unsigned slot);
unsigned sdesp_udp_policy_slot(const struct sdesp_udp *u, uint32_t id);

#endif
