/*
 * What a flow may carry, in the kernel's terms. SPDX-License-Identifier: MIT
 */
#include "selector.h"

#include <string.h>
#include <sys/socket.h>

#include "base/be.h"

uint16_t sdesp_xfrm_be16(unsigned v)
{
	uint8_t octets[2];
	uint16_t be;

	sdesp_put16(octets, (uint16_t)v);
	memcpy(&be, octets, sizeof be);
	return be;
}

uint32_t sdesp_xfrm_be32(uint32_t v)
{
	uint8_t octets[4];
	uint32_t be;

	sdesp_put32(octets, v);
	memcpy(&be, octets, sizeof be);
	return be;
}

unsigned sdesp_xfrm_family(unsigned family)
{
	return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

void sdesp_xfrm_address(xfrm_address_t *to, const struct sdesp_addr *from)
{
	memset(to, 0, sizeof *to);
	memcpy(to, from->ip, from->family == 4 ? 4 : sizeof *to);
}

/* Ports that agree with value in the bits of mask. */
struct ports {
	uint16_t value, mask;
};

#define PORTS_MAX 30 /* a range of 16 bits never takes more */

/* A range as aligned blocks, from below: each as large as its start and what
 * is left of the range allow. */
static unsigned split(struct ports out[PORTS_MAX], unsigned lo, unsigned hi)
{
	unsigned n = 0;

	while (lo <= hi) {
		unsigned size = 1;

		while (size < 65536 && lo % (size * 2) == 0 &&
			hi - lo >= size * 2 - 1)
			size *= 2;
		out[n].value = (uint16_t)lo;
		out[n].mask = (uint16_t)(65536 - size);
		n++;
		lo += size;
	}
	return n;
}

/* One side of a line: a prefix, or one of the outer addresses. */
static unsigned prefix(xfrm_address_t *to, uint8_t *bits,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer)
{
	struct sdesp_addr addr = *outer;

	*bits = outer->family == 4 ? 32 : 128;
	if (side->kind == SDESP_TS_PREFIX) {
		addr.family = side->family;
		memcpy(addr.ip, side->ip, sizeof addr.ip);
		*bits = side->prefix_len;
	}
	sdesp_xfrm_address(to, &addr);
	return addr.family;
}

static int is_new(const struct xfrm_selector *sel, unsigned n,
	const struct xfrm_selector *one)
{
	for (unsigned i = 0; i < n; i++) {
		if (memcmp(&sel[i], one, sizeof *one) == 0)
			return 0;
	}
	return 1;
}

/* Append the selectors of one line to n; how many there are then, 0 for too
 * many. */
static unsigned add_line(struct xfrm_selector *sel, unsigned n,
	const struct sdesp_flow *flow, const struct sdesp_ts *ts)
{
	struct ports from[PORTS_MAX], to[PORTS_MAX];
	unsigned nfrom = split(from, ts->local.lo, ts->local.hi);
	unsigned nto = split(to, ts->remote.lo, ts->remote.hi);
	struct xfrm_selector one;
	unsigned family;

	memset(&one, 0, sizeof one);
	family = prefix(&one.saddr, &one.prefixlen_s, &ts->local, &flow->local);
	if (prefix(&one.daddr, &one.prefixlen_d, &ts->remote, &flow->remote) !=
			family ||
		ts->protocol == 0)
		return 0;
	one.family = (uint16_t)sdesp_xfrm_family(family);
	if (ts->protocol != SDESP_TS_ANY_PROTOCOL)
		one.proto = (uint8_t)ts->protocol;
	for (unsigned i = 0; i < nfrom * nto; i++) {
		one.sport = sdesp_xfrm_be16(from[i / nto].value);
		one.sport_mask = sdesp_xfrm_be16(from[i / nto].mask);
		one.dport = sdesp_xfrm_be16(to[i % nto].value);
		one.dport_mask = sdesp_xfrm_be16(to[i % nto].mask);
		if (!is_new(sel, n, &one))
			continue;
		if (n == SDESP_XFRM_SELECTORS)
			return 0;
		memcpy(&sel[n++], &one, sizeof one);
	}
	return n;
}

#define ICMPV6 58

/* Neighbour solicitation and advertisement. The kernel takes the type for a
 * source port, either way. */
static const uint8_t neighbour_types[] = {135, 136};

int sdesp_xfrm_is_neighbours(const struct xfrm_selector *sel)
{
	return sel->proto == ICMPV6 && sel->sport_mask != 0;
}

static int has_neighbours(const struct sdesp_flow *flow)
{
	if (flow->mode != SDESP_TRANSPORT || flow->local.family != 6)
		return 0;
	for (unsigned i = 0; i < flow->nts; i++) {
		if (flow->ts[i].protocol == ICMPV6 ||
			flow->ts[i].protocol == SDESP_TS_ANY_PROTOCOL)
			return 1;
	}
	return 0;
}

static unsigned add_neighbours(
	struct xfrm_selector *sel, unsigned n, const struct sdesp_flow *flow)
{
	struct xfrm_selector one;

	if (n + sizeof neighbour_types > SDESP_XFRM_SELECTORS)
		return 0;
	memset(&one, 0, sizeof one);
	sdesp_xfrm_address(&one.saddr, &flow->local);
	sdesp_xfrm_address(&one.daddr, &flow->remote);
	one.family = (uint16_t)sdesp_xfrm_family(6);
	one.prefixlen_s = 128;
	one.prefixlen_d = 128;
	one.proto = ICMPV6;
	one.sport_mask = sdesp_xfrm_be16(0xffff);
	for (size_t i = 0; i < sizeof neighbour_types; i++) {
		one.sport = sdesp_xfrm_be16(neighbour_types[i]);
		memcpy(&sel[n++], &one, sizeof one);
	}
	return n;
}

unsigned sdesp_xfrm_selectors(struct xfrm_selector sel[SDESP_XFRM_SELECTORS],
	const struct sdesp_flow *flow)
{
	unsigned n = 0;

	for (unsigned i = 0; i < flow->nts; i++) {
		n = add_line(sel, n, flow, &flow->ts[i]);
		if (n == 0)
			return 0;
	}
	return has_neighbours(flow) ? add_neighbours(sel, n, flow) : n;
}

void sdesp_xfrm_selector_swap(struct xfrm_selector *sel)
{
	struct xfrm_selector old = *sel;

	sel->saddr = old.daddr;
	sel->daddr = old.saddr;
	sel->prefixlen_s = old.prefixlen_d;
	sel->prefixlen_d = old.prefixlen_s;
	if (sdesp_xfrm_is_neighbours(sel))
		return;
	sel->sport = old.dport;
	sel->dport = old.sport;
	sel->sport_mask = old.dport_mask;
	sel->dport_mask = old.sport_mask;
}

/* Bits that two addresses share from the left, at most *bits. */
static void shorten(uint8_t *bits, const xfrm_address_t *a,
	const xfrm_address_t *b, unsigned other)
{
	const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;
	unsigned n = 0, most = *bits < other ? *bits : other;

	while (n < most && (((p[n / 8] ^ q[n / 8]) >> (7 - n % 8)) & 1) == 0)
		n++;
	*bits = (uint8_t)n;
}

static void cut(xfrm_address_t *addr, unsigned bits)
{
	uint8_t *p = (uint8_t *)addr;

	for (unsigned i = 0; i < sizeof *addr; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			p[i] &= (uint8_t)(0xff00 >> keep);
	}
}

static void widen(uint16_t *mask, uint16_t a, uint16_t b, uint16_t other)
{
	*mask = (uint16_t)(*mask & other & ~(a ^ b));
}

void sdesp_xfrm_selector_hull(
	struct xfrm_selector *hull, const struct xfrm_selector *sel, unsigned n)
{
	*hull = sel[0];
	for (unsigned i = 1; i < n; i++) {
		if (sel[i].family != hull->family) {
			memset(hull, 0, sizeof *hull);
			return;
		}
		shorten(&hull->prefixlen_s, &hull->saddr, &sel[i].saddr,
			sel[i].prefixlen_s);
		shorten(&hull->prefixlen_d, &hull->daddr, &sel[i].daddr,
			sel[i].prefixlen_d);
		widen(&hull->sport_mask, hull->sport, sel[i].sport,
			sel[i].sport_mask);
		widen(&hull->dport_mask, hull->dport, sel[i].dport,
			sel[i].dport_mask);
		if (sel[i].proto != hull->proto)
			hull->proto = 0;
	}
	if (hull->proto == 0) {
		hull->sport_mask = 0;
		hull->dport_mask = 0;
	}
	hull->sport &= hull->sport_mask;
	hull->dport &= hull->dport_mask;
	cut(&hull->saddr, hull->prefixlen_s);
	cut(&hull->daddr, hull->prefixlen_d);
}
