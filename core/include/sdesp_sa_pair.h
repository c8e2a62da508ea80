/*
 * A pair of SAs, one each way, over a backend: the order in which they are
 * installed, replaced and removed, and what is undone on failure. Knows
 * nothing of SDP. SPEC 9.2 and 9.5. SPDX-License-Identifier: MIT
 *
 * A pair whose octets are all zero has nothing in the backend. Every call
 * that fails leaves the pair and the backend as they were, but for those that
 * only remove: they remove what they can and return the first failure.
 */
#ifndef SDESP_SA_PAIR_H
#define SDESP_SA_PAIR_H

#include "sdesp_backend.h"

/* What of a pair is in the backend; a mask. */
enum sdesp_sa_pair_part {
	SDESP_PAIR_LARVAL = 1, /* spi_in is reserved */
	SDESP_PAIR_IN = 2,
	SDESP_PAIR_OUT = 4,
	SDESP_PAIR_POLICY = 8 /* the policy of its flow is its own */
};

struct sdesp_sa_pair {
	struct sdesp_flow flow;
	uint32_t spi_in, spi_out;
	uint8_t parts; /* mask of enum sdesp_sa_pair_part */
};

/* Reserve spi for pair->flow, of which only local and udp matter. */
SDESP_CHECK int sdesp_sa_pair_reserve(
	struct sdesp_sa_pair *pair, struct sdesp_backend *be, uint32_t spi);

/* Gives an SA what its direction has of its own: SPI and key. */
struct sdesp_sa_source {
	void (*fill)(const struct sdesp_sa_source *source, struct sdesp_sa *sa,
		int inbound);
};

/*
 * Block the flow, then add both SAs, inbound first: the pair is complete, and
 * sends nothing yet. sa holds what both have in common; source fills it twice,
 * and it is wiped. A policy that other (may be NULL) has for the same flow
 * stays as it is and is shared. On failure a block that was there before
 * stays; the reservation is used up once the inbound SA was added.
 */
SDESP_CHECK int sdesp_sa_pair_install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, struct sdesp_backend *be,
	struct sdesp_sa *sa, const struct sdesp_sa_source *source);

/* Let the flow of a complete pair leave through it. */
SDESP_CHECK int sdesp_sa_pair_send(
	const struct sdesp_sa_pair *pair, struct sdesp_backend *be);

/* Let nothing of a flow leave. */
SDESP_CHECK int sdesp_sa_pair_block(
	const struct sdesp_flow *flow, struct sdesp_backend *be);

/*
 * The newer pair has taken over: delete the outbound SA. A shared policy
 * becomes the newer one's, another is deleted. The inbound SA stays, to
 * drain.
 */
int sdesp_sa_pair_retire(struct sdesp_sa_pair *pair,
	struct sdesp_sa_pair *newer, struct sdesp_backend *be);

/*
 * The outer addresses are now these. A policy of the pair's own blocks
 * afterwards. If the backend fails and cannot go back either, the SA
 * concerned is deleted and missing in pair->parts.
 */
SDESP_CHECK int sdesp_sa_pair_move(struct sdesp_sa_pair *pair,
	struct sdesp_backend *be, const struct sdesp_addr *local,
	const struct sdesp_addr *remote);

/* Delete the SAs and the reservation, but not the policy. */
int sdesp_sa_pair_kill(struct sdesp_sa_pair *pair, struct sdesp_backend *be);

/* Delete all, in reverse order; the pair is wiped. */
int sdesp_sa_pair_delete(struct sdesp_sa_pair *pair, struct sdesp_backend *be);

#endif
