/* Traffic selectors: what both ends allow. SPDX-License-Identifier: MIT */
#include "nego/narrow.h"

#include <string.h>

#include "base/bits.h"
#include "sdesp_attr.h"

void sdesp_ts_swap(struct sdesp_ts *ts)
{
	static const uint8_t swapped[] = {
		SDESP_TS_PEER, SDESP_TS_SELF, SDESP_TS_ANY, SDESP_TS_PREFIX};
	struct sdesp_ts_side side = ts->local;

	ts->local = ts->remote;
	ts->remote = side;
	ts->local.kind = swapped[ts->local.kind];
	ts->remote.kind = swapped[ts->remote.kind];
}

void sdesp_ts_default(struct sdesp_ts *ts)
{
	memset(ts, 0, sizeof *ts);
	ts->protocol = SDESP_TS_ANY_PROTOCOL;
	ts->local.kind = SDESP_TS_SELF;
	ts->remote.kind = SDESP_TS_PEER;
	ts->local.hi = ts->remote.hi = UINT16_MAX;
}

/* What a side comes to in a mode: 0 when it cannot serve there. In transport
 * mode any is the outer address, and a prefix is one host. */
static int serve(struct sdesp_ts_side *side, const struct sdesp_flow *flow,
	enum sdesp_ts_kind self)
{
	int prefix = side->kind == SDESP_TS_PREFIX;

	if (flow->mode == SDESP_TUNNEL)
		return prefix;
	if (side->kind == SDESP_TS_ANY)
		side->kind = (uint8_t)self;
	return !prefix ||
	       (side->family == flow->local.family &&
		       side->prefix_len == (side->family == 4 ? 32 : 128));
}

static int intersect_side(struct sdesp_ts_side *out,
	const struct sdesp_ts_side *a, const struct sdesp_ts_side *b,
	const struct sdesp_flow *flow, enum sdesp_ts_kind self)
{
	struct sdesp_ts_side side = *a, other = *b;

	if (!serve(&side, flow, self) || !serve(&other, flow, self) ||
		side.kind != other.kind || side.family != other.family)
		return 0;
	if (other.prefix_len > side.prefix_len) {
		side = *b;
		other = *a;
	}
	if (!sdesp_bits_equal(side.ip, other.ip, other.prefix_len))
		return 0;
	side.lo = a->lo > b->lo ? a->lo : b->lo;
	side.hi = a->hi < b->hi ? a->hi : b->hi;
	*out = side;
	return side.lo <= side.hi;
}

int sdesp_ts_intersect(struct sdesp_ts *ts, const struct sdesp_ts *a,
	const struct sdesp_ts *b, const struct sdesp_flow *flow)
{
	struct sdesp_ts out;

	memset(&out, 0, sizeof out);
	if (a->protocol == SDESP_TS_ANY_PROTOCOL)
		out.protocol = b->protocol;
	else if (b->protocol == SDESP_TS_ANY_PROTOCOL ||
		 a->protocol == b->protocol)
		out.protocol = a->protocol;
	else
		return 0;
	if (!intersect_side(
		    &out.local, &a->local, &b->local, flow, SDESP_TS_SELF) ||
		!intersect_side(&out.remote, &a->remote, &b->remote, flow,
			SDESP_TS_PEER))
		return 0;
	*ts = out;
	return 1;
}

static void add(struct sdesp_flow *flow, const struct sdesp_ts *ts)
{
	for (unsigned i = 0; i < flow->nts; i++) {
		if (sdesp_ts_equal(&flow->ts[i], ts))
			return;
	}
	if (flow->nts < SDESP_MAX_TS)
		flow->ts[flow->nts++] = *ts;
}

/* The i-th line that the peer wrote, as we see it. */
static void peers_line(struct sdesp_ts *ts, const struct sdesp_ts *lines,
	unsigned n, unsigned i)
{
	if (n == 0) {
		sdesp_ts_default(ts);
		return;
	}
	*ts = lines[i];
	sdesp_ts_swap(ts);
}

unsigned sdesp_ts_narrow(struct sdesp_flow *flow, const struct sdesp_ts *offer,
	unsigned noffer, const struct sdesp_ts *grants, unsigned ngrants)
{
	struct sdesp_ts line, both;
	unsigned i = 0;

	flow->nts = 0;
	do {
		peers_line(&line, offer, noffer, i);
		for (unsigned j = 0; j < ngrants; j++) {
			if (sdesp_ts_intersect(&both, &line, &grants[j], flow))
				add(flow, &both);
		}
	} while (++i < noffer);
	return flow->nts;
}

/* 1 when line is within one of the offered ones: cutting it with that one
 * takes nothing away. */
static int offered(const struct sdesp_ts *line, const struct sdesp_flow *flow,
	const struct sdesp_ts *offer, unsigned noffer)
{
	struct sdesp_ts both;

	for (unsigned i = 0; i < noffer; i++) {
		if (sdesp_ts_intersect(&both, line, &offer[i], flow) &&
			sdesp_ts_equal(&both, line))
			return 1;
	}
	return 0;
}

unsigned sdesp_ts_accept(struct sdesp_flow *flow, const struct sdesp_ts *answer,
	unsigned nanswer, const struct sdesp_ts *offer, unsigned noffer)
{
	struct sdesp_ts line;
	unsigned i = 0;

	flow->nts = 0;
	do {
		peers_line(&line, answer, nanswer, i);
		if (!sdesp_ts_intersect(&line, &line, &line, flow) ||
			!offered(&line, flow, offer, noffer))
			return 0;
		add(flow, &line);
	} while (++i < nanswer);
	return flow->nts;
}

void sdesp_ts_in_place(struct sdesp_flow *flow, unsigned inner,
	unsigned local_port, unsigned remote_port)
{
	unsigned more = inner == SDESP_INNER_RTP;
	struct sdesp_ts *ts = &flow->ts[0];

	sdesp_ts_default(ts);
	ts->protocol = inner == SDESP_INNER_TCP ? 6 : 17;
	ts->local.lo = (uint16_t)local_port;
	ts->local.hi = (uint16_t)(local_port + more);
	if (remote_port != 0) {
		ts->remote.lo = (uint16_t)remote_port;
		ts->remote.hi = (uint16_t)(remote_port + more);
	}
	flow->nts = 1;
}
