/* The methods that are not beside the class. SPDX-License-Identifier: MIT */
#ifndef SDESP_PFKEY_METHODS_H
#define SDESP_PFKEY_METHODS_H

#include "sdesp_pfkey.h"

extern const struct sdesp_backend_class sdesp_pfkey_class;

/* SDESP_ERR_UNSUPPORTED unless this kernel can hold such a flow. */
int sdesp_pfkey_check_flow(
	const struct sdesp_pfkey *pf, const struct sdesp_flow *flow);

/* Ask what an SA has done. */
int sdesp_pfkey_stats(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa,
	struct sdesp_sa_stats *stats);

int sdesp_pfkey_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound);
int sdesp_pfkey_policy_set(struct sdesp_backend *be,
	const struct sdesp_flow *flow, enum sdesp_action action, uint32_t spi);
int sdesp_pfkey_policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow);
int sdesp_pfkey_add_bypass(struct sdesp_backend *be, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote);

/* Take away what bypasses are there. */
void sdesp_pfkey_delete_bypasses(struct sdesp_pfkey *pf);

#endif
