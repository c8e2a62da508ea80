/* How long an SA may live. SPEC 9.3. SPDX-License-Identifier: MIT */
#include "sa/lifetime.h"

#include "base/divide.h"

#define LEAST_SECONDS 60 /* less is not listened to (SPEC 4.1.5) */

uint64_t sdesp_lifetime_packets(int esn)
{
	return esn ? (uint64_t)1 << 40 : UINT32_MAX;
}

/* The smaller of two limits, where 0 is none. */
static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint64_t part(uint64_t limit, unsigned percent)
{
	uint32_t rest = sdesp_divide(&limit, 100);

	return limit * percent + rest * percent / 100;
}

void sdesp_lifetime_set(struct sdesp_sa *sa, const struct sdesp_limits *policy,
	uint32_t peer_seconds, unsigned percent, int inbound)
{
	if (peer_seconds < LEAST_SECONDS)
		peer_seconds = 0;
	sa->hard.packets = smaller(
		inbound ? 0 : policy->packets, sdesp_lifetime_packets(sa->esn));
	sa->hard.bytes = policy->bytes;
	sa->hard.seconds = (uint32_t)smaller(policy->seconds, peer_seconds);
	sa->soft.packets = part(sa->hard.packets, percent);
	sa->soft.bytes = part(sa->hard.bytes, percent);
	sa->soft.seconds = (uint32_t)part(sa->hard.seconds, percent);
}
