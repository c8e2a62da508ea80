/* How long an SA may live. SPEC 9.3. SPDX-License-Identifier: MIT */
#ifndef SDESP_SA_LIFETIME_H
#define SDESP_SA_LIFETIME_H

#include "sdesp_sa.h"

/* Most packets under one key: sequence numbers never come round (RFC 4303
 * 3.3.3); with ESN far fewer than they could count. */
uint64_t sdesp_lifetime_packets(int esn);

/*
 * Fill the limits of an SA: hard as policy says, within what keys allow and
 * the peer said (seconds, 0 = nothing); soft at percent of each. The policy's
 * packets are those that we send: only who sends keeps to a life.
 */
void sdesp_lifetime_set(struct sdesp_sa *sa, const struct sdesp_limits *policy,
	uint32_t peer_seconds, unsigned percent, int inbound);

#endif
