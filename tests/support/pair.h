/*
 * What two ends of any software backend have in common.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "sdesp_backend.h"
#include "sdesp_crypto.h"

/* Exits when something that a test rests on is not so. */
void pair_need(int good, const char *what);

/* A provider for all ends. */
const struct sdesp_crypto_class *const *pair_crypto(void);

/* One side of a selector: a prefix, any port. */
struct sdesp_ts_side pair_prefix(const char *ip, uint8_t bits);

/* Tunnel: 10.0.0.0/24 and fd00::/32 here, 10.1.0.0/16 and fd01::/32 there. */
void pair_tunnel(struct sdesp_flow *flow);

/* Put a pair of SAs into a backend and let the flow send. */
void pair_start(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *in, const struct sdesp_sa *out);

#endif
