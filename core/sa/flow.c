/* Which packets belong to a flow. SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "sdesp_sa.h"

int sdesp_protocol_has_ports(unsigned protocol)
{
	static const uint8_t with_ports[] = {6, 17, 33, 132, 136};

	for (size_t i = 0; i < sizeof with_ports; i++) {
		if (with_ports[i] == protocol)
			return 1;
	}
	return 0;
}

int sdesp_flow_check(const struct sdesp_flow *flow)
{
	if (flow->nts > SDESP_MAX_TS ||
		(flow->mode != SDESP_TRANSPORT && flow->mode != SDESP_TUNNEL) ||
		(flow->local.family != 4 && flow->local.family != 6) ||
		flow->remote.family != flow->local.family)
		return SDESP_ERR_UNSUPPORTED;
	return SDESP_OK;
}

/* Of which ports a packet may be. */
enum ports { NONE, GIVEN, UNKNOWN };

static int port_fits(
	const struct sdesp_ts_side *side, enum ports ports, uint16_t port)
{
	if (ports == NONE)
		return 1;
	if (ports == UNKNOWN)
		return side->lo == 0 && side->hi == UINT16_MAX;
	return port >= side->lo && port <= side->hi;
}

/*
 * outer is the flow's own address on this side: what self, peer and, in
 * transport mode, any stand for. A tunnel has prefixes only.
 */
static int side_fits(const struct sdesp_ts_side *side,
	const struct sdesp_addr *outer, const struct sdesp_addr *addr,
	enum ports ports)
{
	if (!port_fits(side, ports, addr->port))
		return 0;
	if (side->kind != SDESP_TS_PREFIX)
		return sdesp_addr_same_ip(outer, addr);
	return side->family == addr->family &&
	       sdesp_bits_equal(side->ip, addr->ip, side->prefix_len);
}

static int match(const struct sdesp_flow *flow, unsigned protocol,
	enum ports ports, const struct sdesp_addr *local,
	const struct sdesp_addr *remote)
{
	for (unsigned i = 0; i < flow->nts; i++) {
		const struct sdesp_ts *ts = &flow->ts[i];

		if (ts->protocol != SDESP_TS_ANY_PROTOCOL &&
			ts->protocol != protocol)
			continue;
		if (side_fits(&ts->local, &flow->local, local, ports) &&
			side_fits(&ts->remote, &flow->remote, remote, ports))
			return 1;
	}
	return 0;
}

int sdesp_flow_match(const struct sdesp_flow *flow, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	return match(flow, protocol,
		sdesp_protocol_has_ports(protocol) ? GIVEN : NONE, local,
		remote);
}

int sdesp_flow_match_fragment(const struct sdesp_flow *flow, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	return match(flow, protocol, UNKNOWN, local, remote);
}
