/*
 * The tables of SAs and policies. A slot is a position and 1; 0 is none.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_TUN_TABLE_H
#define SDESP_TUN_TABLE_H

#include "sdesp_tun.h"

static inline struct sdesp_tun_sa *sdesp_tun_sa(
	const struct sdesp_tun *t, uint32_t slot)
{
	return &t->sas[slot - 1];
}

static inline struct sdesp_tun_policy *sdesp_tun_policy(
	const struct sdesp_tun *t, uint32_t slot)
{
	return &t->policies[slot - 1];
}

/* Fetch what a packet of the SA is going to touch. */
void sdesp_tun_sa_fetch(
	const struct sdesp_tun *t, const struct sdesp_tun_sa *sa);

/* The inbound SA, larval or not, of an SPI. */
uint32_t sdesp_tun_find_in(const struct sdesp_tun *t, uint32_t spi);

/* The outbound SA of an SPI between the outer addresses of flow. */
uint32_t sdesp_tun_find_out(
	const struct sdesp_tun *t, const struct sdesp_flow *flow, uint32_t spi);

/* Put an SA into a free slot, larval; its slot, or 0 when all are taken. */
uint32_t sdesp_tun_sa_put(struct sdesp_tun *t, const struct sdesp_flow *flow,
	uint32_t spi, int inbound);

/* Give an SA another flow. */
void sdesp_tun_sa_rename(
	struct sdesp_tun *t, uint32_t slot, const struct sdesp_flow *flow);

/* Wipe a slot; a policy that named it has no SA any more. */
void sdesp_tun_sa_remove(struct sdesp_tun *t, uint32_t slot);

/* The slot of the SA that a policy sends through; 0 when it has none. */
uint32_t sdesp_tun_policy_sa(
	const struct sdesp_tun *t, const struct sdesp_tun_policy *p);

/* Let the policy send through an SA, or with slot 0 through none. */
void sdesp_tun_policy_name(
	struct sdesp_tun *t, struct sdesp_tun_policy *p, uint32_t slot);

uint32_t sdesp_tun_find_policy(
	const struct sdesp_tun *t, const struct sdesp_flow *flow);

/* The silence of the policy of an inbound SA's flow; NULL when the flow has no
 * policy. */
struct sdesp_silence *sdesp_tun_silence(
	struct sdesp_tun *t, struct sdesp_tun_sa *sa);

/*
 * Make a policy that blocks. SDESP_ERR_SPACE: all slots are taken, or there
 * are too many shapes; nothing has changed.
 */
SDESP_CHECK int sdesp_tun_policy_put(
	struct sdesp_tun *t, const struct sdesp_flow *flow, uint32_t *slot);

/* Give a policy another flow, that no other has. Errors as above. */
SDESP_CHECK int sdesp_tun_policy_rename(
	struct sdesp_tun *t, uint32_t slot, const struct sdesp_flow *flow);

/* Exchange the flows of two policies. */
void sdesp_tun_policy_swap(struct sdesp_tun *t, uint32_t a, uint32_t b);

void sdesp_tun_policy_remove(struct sdesp_tun *t, uint32_t slot);

#endif
