/* What a caller says of its own end. SPDX-License-Identifier: MIT */
#ifndef SDESP_NEGO_LOCAL_H
#define SDESP_NEGO_LOCAL_H

#include "sdesp_session.h"

/*
 * Is it consistent, and can the backend do it?
 *
 * SDESP_ERR_ARG     inconsistent
 * SDESP_ERR_POLICY  beyond the backend's features
 */
SDESP_CHECK int sdesp_local_check(const struct sdesp_local *local,
	const struct sdesp_features *features, int loopback);

/* The flow of an offer: our address and selectors, no remote. local has been
 * checked. */
void sdesp_local_flow(struct sdesp_flow *flow, const struct sdesp_local *local);

#endif
