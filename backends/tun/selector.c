/* From a packet to its policy. SPDX-License-Identifier: MIT */
#include "selector.h"

#include <string.h>

#include "base/bits.h"

#include "hash.h"
#include "index.h"
#include "table.h"

/* --- shapes --------------------------------------------------------------- */

static void mask_of(uint64_t mask[2], unsigned bits)
{
	uint8_t octets[16] = {0};

	memset(octets, 0xff, bits / 8);
	if (bits % 8 != 0)
		octets[bits / 8] = (uint8_t)(0xff00 >> bits % 8);
	memcpy(mask, octets, sizeof octets);
}

/* Bits at the front that every port of a range has in common. */
static unsigned port_bits(uint16_t lo, uint16_t hi)
{
	unsigned bits = 16, differ = lo ^ hi;

	for (; differ != 0; differ >>= 1)
		bits--;
	return bits;
}

/* The address of one side: its prefix, or the outer one. */
static unsigned side_of(const struct sdesp_flow *flow,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer,
	uint64_t ip[2], uint8_t *family)
{
	int prefix = flow->mode == SDESP_TUNNEL;

	memcpy(ip, prefix ? side->ip : outer->ip, 16);
	*family = prefix ? side->family : outer->family;
	if (prefix)
		return side->prefix_len;
	return outer->family == 4 ? 32 : 128;
}

struct cut {
	unsigned local_bits, remote_bits, local_port_bits, remote_port_bits;
};

static void shape_of(struct sdesp_tun_shape *shape, const struct cut *cut,
	unsigned family, int protocol)
{
	memset(shape, 0, sizeof *shape);
	mask_of(shape->local, cut->local_bits);
	mask_of(shape->remote, cut->remote_bits);
	shape->local_port = (uint16_t)(0xffff0000u >> cut->local_port_bits);
	shape->remote_port = (uint16_t)(0xffff0000u >> cut->remote_port_bits);
	shape->protocol = protocol != 0;
	shape->family = (uint8_t)family;
	shape->rank = (uint32_t)cut->remote_bits << 16 |
		      (uint32_t)cut->local_bits << 8 |
		      (uint32_t)shape->protocol << 6 |
		      (uint32_t)(cut->local_port_bits + cut->remote_port_bits);
}

static int same_shape(
	const struct sdesp_tun_shape *a, const struct sdesp_tun_shape *b)
{
	return a->rank == b->rank && a->family == b->family &&
	       a->local_port == b->local_port &&
	       a->remote_port == b->remote_port;
}

/* Its number, entered if it is new; SDESP_TUN_SHAPES when there is no room. */
static unsigned use_shape(
	struct sdesp_tun *t, const struct sdesp_tun_shape *shape)
{
	unsigned id = 0, at = t->nshapes;

	for (unsigned i = 0; i < t->nshapes; i++) {
		id = t->order[i];
		if (same_shape(&t->shapes[id], shape)) {
			t->shapes[id].users++;
			return id;
		}
	}
	for (id = 0; id < SDESP_TUN_SHAPES; id++) {
		if (t->shapes[id].users == 0)
			break;
	}
	if (id == SDESP_TUN_SHAPES)
		return id;
	t->shapes[id] = *shape;
	t->shapes[id].users = 1;
	for (; at > 0; at--) {
		if (t->shapes[t->order[at - 1]].rank >= shape->rank)
			break;
		t->order[at] = t->order[at - 1];
	}
	t->order[at] = (uint8_t)id;
	t->nshapes++;
	return id;
}

static void leave_shape(struct sdesp_tun *t, unsigned id)
{
	unsigned at = 0;

	if (--t->shapes[id].users > 0)
		return;
	while (t->order[at] != id)
		at++;
	t->nshapes--;
	memmove(t->order + at, t->order + at + 1, t->nshapes - at);
}

/* --- keys ----------------------------------------------------------------- */

static uint32_t hash_key(const struct sdesp_tun *t, unsigned shape,
	const struct sdesp_tun_key *key)
{
	uint64_t words[5] = {key->remote[0], key->remote[1], key->local[0],
		key->local[1],
		(uint64_t)key->remote_port << 32 |
			(uint64_t)key->local_port << 16 |
			(uint64_t)key->protocol << 8 | shape};

	return (uint32_t)sdesp_tun_hash(t->config.seed, words, 5);
}

static void mask_key(struct sdesp_tun_key *masked,
	const struct sdesp_tun_key *key, const struct sdesp_tun_shape *shape)
{
	for (int i = 0; i < 2; i++) {
		masked->local[i] = key->local[i] & shape->local[i];
		masked->remote[i] = key->remote[i] & shape->remote[i];
	}
	masked->local_port = key->local_port & shape->local_port;
	masked->remote_port = key->remote_port & shape->remote_port;
	masked->protocol = shape->protocol ? key->protocol : 0;
	masked->family = key->family;
}

void sdesp_tun_key(struct sdesp_tun_key *key, const struct sdesp_inner *inner)
{
	memcpy(key->local, inner->src.ip, sizeof key->local);
	memcpy(key->remote, inner->dst.ip, sizeof key->remote);
	key->local_port = inner->src.port;
	key->remote_port = inner->dst.port;
	key->protocol = inner->protocol;
	key->family = inner->src.family;
	key->has_ports = sdesp_protocol_has_ports(inner->protocol) != 0;
	key->later = inner->later;
}

/* --- selectors ------------------------------------------------------------ */

/* Apart from the policies, and those of one number together: what a look-up
 * reads lies close. */
static struct sdesp_tun_selector *selector_of(
	const struct sdesp_tun *t, uint32_t slot, unsigned number)
{
	return &t->selectors[(size_t)number * t->config.max_flows + slot - 1];
}

/* A protocol without ports in a selector with some: they say nothing. */
static void cut_ports(struct cut *cut, const struct sdesp_ts *ts)
{
	int count =
		ts->protocol < 256 && sdesp_protocol_has_ports(ts->protocol);

	cut->local_port_bits =
		count ? port_bits(ts->local.lo, ts->local.hi) : 0;
	cut->remote_port_bits =
		count ? port_bits(ts->remote.lo, ts->remote.hi) : 0;
}

/* In transport mode a prefix is that of a host, and must be that of the outer
 * address (SPEC 8.5). */
static int never(const struct sdesp_flow *flow,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer)
{
	return flow->mode == SDESP_TRANSPORT && side->kind == SDESP_TS_PREFIX &&
	       (side->family != outer->family ||
		       !sdesp_bits_equal(
			       side->ip, outer->ip, side->prefix_len));
}

static int link_one(struct sdesp_tun *t, uint32_t slot, unsigned number)
{
	const struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);
	struct sdesp_tun_selector *s = selector_of(t, slot, number);
	const struct sdesp_ts *ts = &p->flow.ts[number];
	struct sdesp_tun_key key = {0}, masked;
	struct sdesp_tun_shape shape;
	struct cut cut;
	unsigned id;

	s->shape = SDESP_TUN_SHAPES;
	if (never(&p->flow, &ts->local, &p->flow.local) ||
		never(&p->flow, &ts->remote, &p->flow.remote))
		return SDESP_OK;
	cut.local_bits = side_of(
		&p->flow, &ts->local, &p->flow.local, key.local, &key.family);
	cut.remote_bits = side_of(&p->flow, &ts->remote, &p->flow.remote,
		key.remote, &key.family);
	cut_ports(&cut, ts);
	shape_of(&shape, &cut, key.family,
		ts->protocol != SDESP_TS_ANY_PROTOCOL);
	id = use_shape(t, &shape);
	if (id == SDESP_TUN_SHAPES)
		return SDESP_ERR_SPACE;

	key.protocol = (uint8_t)ts->protocol;
	key.local_port = ts->local.lo;
	key.remote_port = ts->remote.lo;
	mask_key(&masked, &key, &shape);
	memcpy(s->local, masked.local, sizeof s->local);
	memcpy(s->remote, masked.remote, sizeof s->remote);
	s->local_lo = ts->local.lo;
	s->local_hi = ts->local.hi;
	s->remote_lo = ts->remote.lo;
	s->remote_hi = ts->remote.hi;
	s->protocol = masked.protocol;
	s->shape = (uint8_t)id;
	s->hash = hash_key(t, id, &masked);
	sdesp_tun_index_add(
		&t->by_key, s->hash, (slot - 1) * SDESP_MAX_TS + number + 1);
	return SDESP_OK;
}

int sdesp_tun_selectors_link(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);
	int status = SDESP_OK;

	p->linked = 0;
	while (p->linked < p->flow.nts && status == SDESP_OK) {
		status = link_one(t, slot, p->linked);
		if (status == SDESP_OK)
			p->linked++;
	}
	if (status != SDESP_OK)
		sdesp_tun_selectors_unlink(t, slot);
	return status;
}

void sdesp_tun_selectors_unlink(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);

	while (p->linked > 0) {
		unsigned number = --p->linked;
		const struct sdesp_tun_selector *s =
			selector_of(t, slot, number);

		if (s->shape == SDESP_TUN_SHAPES)
			continue;
		sdesp_tun_index_drop(&t->by_key, s->hash,
			(slot - 1) * SDESP_MAX_TS + number + 1);
		leave_shape(t, s->shape);
	}
}

/* key is whole, masked is what the shape leaves of it. */
static int fits(const struct sdesp_tun_selector *s,
	const struct sdesp_tun_key *key, const struct sdesp_tun_key *masked)
{
	if (((s->remote[0] ^ masked->remote[0]) |
		    (s->remote[1] ^ masked->remote[1]) |
		    (s->local[0] ^ masked->local[0]) |
		    (s->local[1] ^ masked->local[1])) != 0 ||
		s->protocol != masked->protocol)
		return 0;
	if (key->later)
		return s->local_lo == 0 && s->local_hi == UINT16_MAX &&
		       s->remote_lo == 0 && s->remote_hi == UINT16_MAX;
	if (!key->has_ports)
		return 1;
	return key->local_port >= s->local_lo &&
	       key->local_port <= s->local_hi &&
	       key->remote_port >= s->remote_lo &&
	       key->remote_port <= s->remote_hi;
}

/* Does a policy come before another, when both fit as well? */
static int better(const struct sdesp_tun *t, uint32_t slot, uint32_t than)
{
	const struct sdesp_tun_policy *a, *b;
	int sends, other;

	if (than == 0)
		return 1;
	a = sdesp_tun_policy(t, slot);
	b = sdesp_tun_policy(t, than);
	sends = sdesp_tun_policy_sa(t, a) != 0;
	other = sdesp_tun_policy_sa(t, b) != 0;
	return sends != other ? sends : a->set > b->set;
}

static struct sdesp_tun_found split(uint32_t value)
{
	struct sdesp_tun_found found = {
		.policy = (value - 1) / SDESP_MAX_TS + 1,
		.selector = (uint8_t)((value - 1) % SDESP_MAX_TS)};

	return found;
}

static void find_one(const struct sdesp_tun *t, unsigned id, uint32_t hash,
	const struct sdesp_tun_key *key, struct sdesp_tun_found *found)
{
	struct sdesp_tun_key masked;
	uint32_t at = hash, value;

	mask_key(&masked, key, &t->shapes[id]);
	while ((value = sdesp_tun_index_next(&t->by_key, hash, &at)) != 0) {
		struct sdesp_tun_found next = split(value);
		const struct sdesp_tun_selector *s =
			selector_of(t, next.policy, next.selector);

		if (s->shape == id && fits(s, key, &masked) &&
			better(t, next.policy, found->policy))
			*found = next;
	}
}

/* Three times over those that nothing narrower has taken, so that their
 * places in the index are fetched together, and then their selectors. */
static size_t find_in_shape(const struct sdesp_tun *t, unsigned id,
	const struct sdesp_tun_key *keys, struct sdesp_tun_found *found,
	size_t n)
{
	uint8_t left[SDESP_TUN_BATCH];
	uint32_t hashes[SDESP_TUN_BATCH];
	size_t todo = 0, taken = 0;

	for (size_t i = 0; i < n; i++) {
		struct sdesp_tun_key masked;

		if (found[i].policy != 0 ||
			keys[i].family != t->shapes[id].family)
			continue;
		mask_key(&masked, &keys[i], &t->shapes[id]);
		hashes[todo] = hash_key(t, id, &masked);
		sdesp_tun_index_fetch(&t->by_key, hashes[todo]);
		left[todo++] = (uint8_t)i;
	}
	for (size_t i = 0; i < todo; i++) {
		uint32_t at = hashes[i];
		uint32_t value = sdesp_tun_index_next(&t->by_key, at, &at);
		struct sdesp_tun_found next = split(value != 0 ? value : 1);

		sdesp_fetch(selector_of(t, next.policy, next.selector));
	}
	for (size_t i = 0; i < todo; i++) {
		find_one(t, id, hashes[i], &keys[left[i]], &found[left[i]]);
		taken += found[left[i]].policy != 0;
	}
	return taken;
}

void sdesp_tun_selectors_find(const struct sdesp_tun *t,
	const struct sdesp_tun_key *keys, struct sdesp_tun_found *found,
	size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		found[i].policy = 0;
		left += keys[i].family != 0;
	}
	for (unsigned i = 0; i < t->nshapes && left > 0; i++)
		left -= find_in_shape(t, t->order[i], keys, found, n);
}
