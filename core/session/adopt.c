/*
 * The pair of an answer that will do: keyed, installed, in use. In a file of
 * its own, so that the keys are off the stack while the answer is read.
 * SPEC 5.3 and 10.1. SPDX-License-Identifier: MIT
 */
#include "base/ct.h"
#include "session/session.h"

/*
 * The first branch has lost: its pair goes before the winner's is added,
 * which has the same inbound SPI. The winner's flow is blocked meanwhile.
 */
static int displace(struct sdesp_session *s, const struct sdesp_flow *flow)
{
	struct sdesp_sa_pair *next = &s->held[SDESP_NEXT].pair;
	const struct sdesp_sa_pair *live = &s->held[SDESP_LIVE].pair;
	uint32_t spi = next->spi_in;
	uint8_t policy = SDESP_PAIR_POLICY;

	if ((live->parts & SDESP_PAIR_POLICY) != 0 &&
		sdesp_flow_equal(&live->flow, flow)) {
		policy = 0;
	} else {
		int status = sdesp_sa_pair_block(flow, s->backend);

		if (status != SDESP_OK)
			return status;
	}
	if (sdesp_flow_equal(&next->flow, flow))
		next->parts &= (uint8_t)~SDESP_PAIR_POLICY;
	sdesp_drop(s);
	next->flow = *flow;
	next->spi_in = spi;
	next->parts = policy;
	return SDESP_OK;
}

static int install(struct sdesp_session *s, const struct sdesp_outcome *outcome,
	const struct sdesp_keys *keys, uint64_t now_ms)
{
	struct sdesp_sa_pair *next = &s->held[SDESP_NEXT].pair;
	uint32_t spi = next->spi_in;
	int status = SDESP_OK;

	if ((next->parts & (SDESP_PAIR_OUT | SDESP_PAIR_POLICY)) != 0)
		status = displace(s, &outcome->held.pair.flow);
	if (status == SDESP_OK)
		status = sdesp_install(s, outcome, keys, 1, now_ms);
	if (status != SDESP_OK)
		return status;
	status = sdesp_switch(s);
	if (status != SDESP_OK) {
		sdesp_drop(s);
		next->flow = s->offer.flow;
		next->spi_in = spi;
	}
	return status;
}

int sdesp_adopt(struct sdesp_session *s, struct sdesp_outcome *outcome,
	const struct sdesp_section *answer, const uint8_t hash[SDESP_HASH_LEN],
	uint64_t now_ms, struct sdesp_why *why)
{
	struct sdesp_keys keys;
	int status = sdesp_key_outcome(s, &keys, outcome, hash, answer, why);

	if (status != SDESP_OK)
		return status;
	status = install(s, outcome, &keys, now_ms);
	sdesp_wipe(&keys, sizeof keys);
	return status;
}
