/*
 * Policies. A selector has one policy in the kernel, for each direction, and
 * one flow that owns it. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_XFRM_POLICY_H
#define SDESP_XFRM_POLICY_H

#include "message.h"
#include "sdesp_xfrm.h"

int sdesp_xfrm_policy_set(struct sdesp_backend *be,
	const struct sdesp_flow *flow, enum sdesp_action action, uint32_t spi);

int sdesp_xfrm_policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow);

/* SDESP_ERR_UNSUPPORTED when a flow to another peer owns a selector of this
 * one: what is sent there could not be told apart. */
int sdesp_xfrm_claim(struct sdesp_xfrm *x, const struct sdesp_flow *flow);

/* The reqid of the SAs of a flow. */
uint32_t sdesp_xfrm_reqid(struct sdesp_xfrm *x, const struct sdesp_flow *flow);

/* The selector of an inbound SA; NULL when it needs none. */
const struct xfrm_selector *sdesp_xfrm_inside(
	struct xfrm_selector *hull, const struct sdesp_flow *flow);

/* Stop what leaves through this outbound SA in the kernel, and let it go
 * again. 0 or a negative errno. */
int sdesp_xfrm_stop(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa);
void sdesp_xfrm_go_on(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa);

#endif
