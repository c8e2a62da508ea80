/*
 * SAs between two UDP backends without a session's negotiation.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LWIP_KEYS_H
#define TESTS_LWIP_KEYS_H

#include "sdesp_udp.h"

/* TCP and UDP from any to any port, as a sees it. */
struct sdesp_flow keys_flow(
	const struct sdesp_addr *a, const struct sdesp_addr *b);

/* Install a pair and send through it from now on. Exits when it fails. */
void keys_install(struct sdesp_udp *udp, const struct sdesp_flow *flow,
	const struct sdesp_sa *in, const struct sdesp_sa *out);

/* A provider for all of them. */
const struct sdesp_crypto_class *const *keys_crypto(void);

#endif
