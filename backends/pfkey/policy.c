/*
 * Messages about policies: KAME's SPD and OpenBSD's flows.
 * SPDX-License-Identifier: MIT
 */
#include "request.h"

#include <string.h>

enum { TCP = 6, UDP = 17 };

/* What a priority says: that it is ours, and of which instance. Exceptions
 * come before what they are exceptions of. */
static uint32_t priority(enum pfkey_rule rule, unsigned reqid)
{
	return SDESP_PFKEY_PRIORITY + sdesp_pfkey_instance(reqid) +
	       (rule == PFKEY_RULE_BYPASS ? 0 : SDESP_PFKEY_INSTANCES);
}

static int all_ports(const struct sdesp_ts_side *side)
{
	return side->lo == 0 && side->hi == UINT16_MAX;
}

/* How many policies one side needs: one for all ports, else one each. */
static unsigned ports(const struct sdesp_ts_side *side)
{
	return all_ports(side) ? 1 : side->hi - side->lo + 1U;
}

/* What a selector needs; 0 = policies cannot hold it. Port 0 means all. */
static unsigned policies(const struct sdesp_ts *ts)
{
	unsigned local = ports(&ts->local), remote = ports(&ts->remote);

	if (all_ports(&ts->local) && all_ports(&ts->remote))
		return 1;
	if (ts->protocol != TCP && ts->protocol != UDP)
		return 0;
	if ((ts->local.lo == 0 && !all_ports(&ts->local)) ||
		(ts->remote.lo == 0 && !all_ports(&ts->remote)))
		return 0;
	if (local > SDESP_PFKEY_SELECTORS || remote > SDESP_PFKEY_SELECTORS)
		return 0;
	return local * remote;
}

static void put_side(struct sdesp_addr *addr, uint8_t *prefix,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer,
	unsigned nth)
{
	memset(addr, 0, sizeof *addr);
	if (side->kind == SDESP_TS_PREFIX) {
		addr->family = side->family;
		memcpy(addr->ip, side->ip, sizeof addr->ip);
		*prefix = side->prefix_len;
	} else {
		*addr = *outer;
		*prefix = outer->family == 4 ? 32 : 128;
	}
	addr->port = (uint16_t)(all_ports(side) ? 0 : side->lo + nth);
}

int sdesp_pfkey_selector(
	struct pfkey_selector *sel, const struct sdesp_flow *flow, unsigned nth)
{
	const struct sdesp_ts *found = NULL;
	unsigned total = 0, at = 0, each;

	for (unsigned i = 0; i < flow->nts; i++) {
		unsigned n = policies(&flow->ts[i]);

		if (n == 0 || n > SDESP_PFKEY_SELECTORS - total)
			return SDESP_ERR_UNSUPPORTED;
		if (nth >= total && nth < total + n) {
			found = &flow->ts[i];
			at = nth - total;
		}
		total += n;
	}
	if (found == NULL)
		return 0;

	memset(sel, 0, sizeof *sel);
	if (found->protocol != SDESP_TS_ANY_PROTOCOL)
		sel->protocol = (uint8_t)found->protocol;
	each = ports(&found->remote);
	put_side(&sel->local, &sel->local_prefix, &found->local, &flow->local,
		at / each);
	put_side(&sel->remote, &sel->remote_prefix, &found->remote,
		&flow->remote, at % each);
	return sel->local.family == sel->remote.family ? 1
						       : SDESP_ERR_UNSUPPORTED;
}

/*
 * One request behind the policy. Its length is in octets. Inbound, what an SA
 * must be is not asked for; where policies have no priority that tells whose
 * they are, the request id of our inbound SAs does, which those kernels keep
 * and do not look at.
 */
static void put_request(struct pfkey_writer *w, const struct sdesp_flow *flow,
	int inbound, unsigned reqid)
{
	const struct sdesp_addr *src = inbound ? &flow->remote : &flow->local;
	const struct sdesp_addr *dst = inbound ? &flow->local : &flow->remote;
	unsigned fixed = w->d->wide_reqid ? 16 : 8;
	int unique = !inbound || !w->d->priority;
	unsigned address = flow->local.family == 4 ? 16 : 28;
	int tunnel = flow->mode == SDESP_TUNNEL;

	sdesp_pfkey_put16(w, fixed + (tunnel ? 2 * address : 0));
	sdesp_pfkey_put16(w, 50); /* ESP */
	sdesp_pfkey_put8(w, flow->mode);
	sdesp_pfkey_put8(w, unique ? KAME_UNIQUE : KAME_REQUIRE);
	if (inbound)
		reqid = sdesp_pfkey_base(sdesp_pfkey_instance(reqid));
	if (!unique)
		reqid = 0;
	if (w->d->wide_reqid) {
		sdesp_pfkey_put16(w, 0);
		sdesp_pfkey_put32(w, reqid);
		sdesp_pfkey_put32(w, 0);
	} else {
		sdesp_pfkey_put16(w, reqid);
	}
	if (!tunnel)
		return;
	sdesp_pfkey_put_sockaddr(w, src->family, src->ip, 0);
	sdesp_pfkey_put_sockaddr(w, dst->family, dst->ip, 0);
}

static void put_spd(struct pfkey_writer *w, const struct pfkey_selector *sel,
	int inbound, enum pfkey_rule rule, const struct sdesp_flow *flow,
	unsigned reqid)
{
	static const uint8_t types[] = {[PFKEY_RULE_BLOCK] = KAME_DISCARD,
		[PFKEY_RULE_PROTECT] = KAME_IPSEC,
		[PFKEY_RULE_BYPASS] = KAME_NONE};
	unsigned protocol =
		sel->protocol != 0 ? sel->protocol : KAME_ANY_PROTOCOL;

	if (inbound) {
		sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_SRC, protocol,
			sel->remote_prefix, &sel->remote);
		sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_DST, protocol,
			sel->local_prefix, &sel->local);
	} else {
		sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_SRC, protocol,
			sel->local_prefix, &sel->local);
		sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_DST, protocol,
			sel->remote_prefix, &sel->remote);
	}
	sdesp_pfkey_open_ext(w, KAME_EXT_POLICY);
	sdesp_pfkey_put16(w, types[rule]);
	sdesp_pfkey_put8(w, inbound ? KAME_IN : KAME_OUT);
	sdesp_pfkey_put8(w, 0);
	sdesp_pfkey_put32(w, 0); /* id */
	sdesp_pfkey_put32(w, w->d->priority ? priority(rule, reqid) : 0);
	if (rule == PFKEY_RULE_PROTECT)
		put_request(w, flow, inbound, reqid);
	sdesp_pfkey_close_ext(w);
}

/* An address and its mask; of a port, all bits or none. */
static void put_masked(struct pfkey_writer *w, unsigned flow, unsigned mask,
	const struct sdesp_addr *addr, unsigned prefix)
{
	struct sdesp_addr m = {.family = addr->family};

	for (unsigned i = 0; i < prefix; i++)
		m.ip[i / 8] |= (uint8_t)(0x80 >> i % 8);
	m.port = addr->port != 0 ? UINT16_MAX : 0;
	sdesp_pfkey_put_address(w, flow, 0, 0, addr);
	sdesp_pfkey_put_address(w, mask, 0, 0, &m);
}

static void put_protocol(struct pfkey_writer *w, unsigned type,
	unsigned protocol, unsigned direction)
{
	sdesp_pfkey_open_ext(w, type);
	sdesp_pfkey_put8(w, protocol);
	sdesp_pfkey_put8(w, direction);
	sdesp_pfkey_close_ext(w);
}

/*
 * Source and destination are the packet's, but ADDRESS_DST is the other end
 * of the SA, and ADDRESS_SRC ours, both ways. Inbound, what comes without an
 * SA is dropped, and no key manager is asked for one.
 */
static void put_flow(struct pfkey_writer *w, const struct pfkey_selector *sel,
	int inbound, enum pfkey_rule rule, const struct sdesp_flow *flow,
	unsigned reqid, uint32_t spi)
{
	static const uint8_t types[] = {[PFKEY_RULE_BLOCK] = OPENBSD_FLOW_DENY,
		[PFKEY_RULE_PROTECT] = OPENBSD_FLOW_DONTACQ,
		[PFKEY_RULE_BYPASS] = OPENBSD_FLOW_BYPASS};
	struct sdesp_addr local = {0}, remote = {0};

	put_masked(w, OPENBSD_EXT_SRC_FLOW, OPENBSD_EXT_SRC_MASK,
		inbound ? &sel->remote : &sel->local,
		inbound ? sel->remote_prefix : sel->local_prefix);
	put_masked(w, OPENBSD_EXT_DST_FLOW, OPENBSD_EXT_DST_MASK,
		inbound ? &sel->local : &sel->remote,
		inbound ? sel->local_prefix : sel->remote_prefix);
	put_protocol(w, OPENBSD_EXT_PROTOCOL, sel->protocol, 0);
	put_protocol(w, OPENBSD_EXT_FLOW_TYPE, types[rule],
		inbound ? KAME_IN : KAME_OUT);
	if (rule != PFKEY_RULE_PROTECT)
		return;
	local = flow->local;
	remote = flow->remote;
	local.port = remote.port = 0;
	sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_SRC, 0, 0, &local);
	sdesp_pfkey_put_address(w, PFKEY_EXT_ADDRESS_DST, 0, 0, &remote);
	if (!inbound)
		sdesp_pfkey_put_identities(w, sdesp_pfkey_instance(reqid), spi);
}

void sdesp_pfkey_put_policy(struct pfkey_writer *w,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_flow *flow, unsigned reqid, uint32_t spi)
{
	if (w->d->flows)
		put_flow(w, sel, inbound, rule, flow, reqid, spi);
	else
		put_spd(w, sel, inbound, rule, flow, reqid);
}
