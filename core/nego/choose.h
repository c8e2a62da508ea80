/*
 * What this end accepts of suites, key methods and pre-shared keys: the
 * floor, and the choice of a line. SPEC 5.2 and 10.2.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_NEGO_CHOOSE_H
#define SDESP_NEGO_CHOOSE_H

#include "sdesp_session.h"

struct sdesp_floor {
	const struct sdesp_policy *policy;
	struct sdesp_features features;
	uint8_t secured;                 /* inline is allowed */
	const struct sdesp_keying *live; /* a rekey is not below it, or NULL */
};

/* The record of a token, as its position from 1; 0 = none. */
unsigned sdesp_psk_find(
	const struct sdesp_policy *policy, struct sdesp_span token);

/*
 * May this end use the combination? psk is 0 or a record's position. Which
 * proposals the policy lists is not asked.
 *
 * SDESP_ERR_NO_SUITE  the backend cannot do it
 * SDESP_ERR_INSECURE  inline, and the signalling is not secured
 * SDESP_ERR_FLOOR     below the policy or the live pair
 */
SDESP_CHECK int sdesp_floor_check(const struct sdesp_floor *floor,
	const struct sdesp_proposal *proposal, unsigned psk);

/*
 * The first line of an offer that this end accepts; *psk is its record's
 * position, 0 without. Errors as above, and:
 *
 * SDESP_ERR_NO_SUITE  the policy lists none of them
 * SDESP_ERR_PSK       no record for the token
 */
SDESP_CHECK int sdesp_choose_line(unsigned *line, unsigned *psk,
	const struct sdesp_floor *floor, const struct sdesp_desc *desc,
	struct sdesp_why *why);

#endif
