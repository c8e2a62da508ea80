/* What a kernel that speaks PF_KEY has: SAs and policies.
 * SPDX-License-Identifier: MIT */
#include "tests/support/fake_pfkey_tables.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

uint32_t fake_pfkey_hash(uint32_t h, const uint8_t *p, size_t len)
{
	while (len-- > 0)
		h = (h ^ *p++) * 16777619;
	return h;
}

static uint32_t hash_ext(
	uint32_t h, const struct pfkey_message *msg, unsigned type)
{
	return fake_pfkey_hash(h, msg->ext[type].p, msg->ext[type].len);
}

static void add_name(struct fake_pfkey_item *item, const uint8_t *p, size_t len)
{
	assert(len <= sizeof item->name - item->len);
	memcpy(item->name + item->len, p, len);
	item->len += len;
}

static void add_ext(struct fake_pfkey_item *item,
	const struct pfkey_message *msg, unsigned type)
{
	assert(msg->ext[type].p != NULL);
	add_name(item, msg->ext[type].p, msg->ext[type].len);
}

/* What a dump is to tell: an extension as it came, of another kind. */
static void tell_as(
	struct fake_pfkey_item *item, const uint8_t *p, size_t len, unsigned as)
{
	uint16_t kind = (uint16_t)as;

	if (len == 0)
		return;
	assert(len <= sizeof item->tells - item->told);
	memcpy(item->tells + item->told, p, len);
	memcpy(item->tells + item->told + 2, &kind, sizeof kind);
	item->told += len;
}

static void tell(struct fake_pfkey_item *item, const struct pfkey_message *msg,
	unsigned type)
{
	tell_as(item, msg->ext[type].p, msg->ext[type].len, type);
}

/* Where the ports of an SA are; macOS has them in the SA itself. */
static void tell_ports(struct fake_pfkey_item *item,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	const uint8_t *sa = sdesp_pfkey_ext(msg, PFKEY_EXT_SA, 24);
	uint32_t rule;

	tell(item, msg,
		d->natt == NATT_KAME ? (unsigned)KAME_EXT_NAT_T_TYPE
				     : (unsigned)OPENBSD_EXT_UDPENCAP);
	if (d->natt == NATT_KAME) {
		tell(item, msg, KAME_EXT_NAT_T_SPORT);
		tell(item, msg, KAME_EXT_NAT_T_DPORT);
	}
	rule = fake_pfkey_hash(2, item->tells, item->told);
	if (d->natt == NATT_MACOS && sa != NULL)
		rule = fake_pfkey_hash(rule, sa + 16, 8);
	item->rule = (uint16_t)rule;
}

static void tell_owner(struct fake_pfkey_item *item,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	if (d->flows)
		tell(item, msg, PFKEY_EXT_IDENTITY_SRC);
	else
		tell(item, msg, KAME_EXT_SA2);
}

/* SPI and destination. */
static void name_sa_into(struct fake_pfkey_item *item,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	const uint8_t *range = sdesp_pfkey_ext(msg, PFKEY_EXT_SPIRANGE, 16);
	uint32_t spi = range != NULL ? sdesp_pfkey_get32(range + 4)
				     : sdesp_pfkey_get_spi(msg);
	struct sdesp_addr dst;

	item->len = 0;
	assert(sdesp_pfkey_get_address(&dst, d, msg, PFKEY_EXT_ADDRESS_DST));
	assert(d->move == MOVE_PROXY ||
		sdesp_pfkey_get_address(&dst, d, msg, PFKEY_EXT_ADDRESS_SRC));
	(void)sdesp_pfkey_get_address(&dst, d, msg, PFKEY_EXT_ADDRESS_DST);
	add_name(item, (const uint8_t *)&spi, sizeof spi);
	add_name(item, dst.ip, sizeof dst.ip);
}

static void name_sa(struct fake_pfkey_item *item,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	memset(item, 0, sizeof *item);
	name_sa_into(item, d, msg);
}

/* Direction and selector. */
static void name_policy(struct fake_pfkey_item *item,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg)
{
	const uint8_t *p;
	uint32_t rule = 1;

	memset(item, 0, sizeof *item);
	if (d->flows) {
		p = sdesp_pfkey_ext(msg, OPENBSD_EXT_FLOW_TYPE, 8);
		assert(p != NULL);
		add_name(item, p + 5, 1);
		for (unsigned e = OPENBSD_EXT_SRC_FLOW;
			e <= OPENBSD_EXT_DST_FLOW; e++)
			add_ext(item, msg, e);
		add_ext(item, msg, OPENBSD_EXT_PROTOCOL);
		rule = hash_ext(rule, msg, OPENBSD_EXT_FLOW_TYPE);
		rule = hash_ext(rule, msg, PFKEY_EXT_IDENTITY_SRC);
	} else {
		p = sdesp_pfkey_ext(msg, KAME_EXT_POLICY, 16);
		assert(p != NULL);
		add_name(item, p + 6, 1);
		add_ext(item, msg, PFKEY_EXT_ADDRESS_SRC);
		add_ext(item, msg, PFKEY_EXT_ADDRESS_DST);
		rule = hash_ext(rule, msg, KAME_EXT_POLICY);
		tell(item, msg, PFKEY_EXT_ADDRESS_SRC);
		tell(item, msg, PFKEY_EXT_ADDRESS_DST);
		tell(item, msg, KAME_EXT_POLICY);
		if (!d->priority)
			memset(item->tells + item->told -
					msg->ext[KAME_EXT_POLICY].len + 12,
				0, 4);
	}
	item->rule = (uint16_t)rule;
}

static struct fake_pfkey_item *find(
	struct fake_pfkey_item *items, const struct fake_pfkey_item *like)
{
	for (unsigned i = 0; i < FAKE_PFKEY_ITEMS; i++) {
		if (items[i].used && items[i].len == like->len &&
			memcmp(items[i].name, like->name, like->len) == 0)
			return &items[i];
	}
	return NULL;
}

static int add(struct fake_pfkey_item *items, const struct fake_pfkey_item *new)
{
	for (unsigned i = 0; i < FAKE_PFKEY_ITEMS; i++) {
		if (items[i].used)
			continue;
		items[i] = *new;
		items[i].used = 1;
		return 0;
	}
	return ENOMEM;
}

/* The new end of an SA; where a message has none, the old one, which is
 * its first or second extension. */
static void tell_end(struct fake_pfkey_item *item,
	const struct fake_pfkey_item *old, const struct pfkey_message *msg,
	unsigned type, unsigned as)
{
	size_t src = sdesp_pfkey_get16(old->tells) * 8U;
	const uint8_t *p = old->tells + (as == PFKEY_EXT_ADDRESS_SRC ? 0 : src);

	if (msg->ext[type].p != NULL)
		p = msg->ext[type].p;
	tell_as(item, p, sdesp_pfkey_get16(p) * 8U, as);
}

/* Its name and ends are new, its keys and counters are not touched. */
static int move_sa(struct fake_pfkey *k, struct fake_pfkey_item *old,
	const struct pfkey_message *msg)
{
	static const uint8_t ends[][2] = {
		[MOVE_PORTS] = {PFKEY_EXT_ADDRESS_SRC, PFKEY_EXT_ADDRESS_DST},
		[MOVE_UPDATE] = {KAME_EXT_NEW_ADDRESS_SRC,
			KAME_EXT_NEW_ADDRESS_DST},
		[MOVE_MIGRATE] = {MACOS_EXT_MIGRATE_SRC, MACOS_EXT_MIGRATE_DST},
		[MOVE_PROXY] = {
			PFKEY_EXT_ADDRESS_SRC, PFKEY_EXT_ADDRESS_PROXY}};
	int keys = msg->ext[PFKEY_EXT_KEY_ENCRYPT].p != NULL;
	unsigned way = k->dialect->move;
	struct fake_pfkey_item item = *old;
	struct pfkey_message moved = *msg;

	assert(way != MOVE_NOT);
	if (keys != (way == MOVE_PORTS) ||
		(way == MOVE_MIGRATE) != (msg->type == MACOS_MIGRATE))
		return EINVAL;
	if (k->deaf_to_moves)
		return 0;
	item.told = 0;
	tell_end(&item, old, msg, ends[way][0], PFKEY_EXT_ADDRESS_SRC);
	tell_end(&item, old, msg, ends[way][1], PFKEY_EXT_ADDRESS_DST);
	tell_ports(&item, k->dialect, msg);
	item.own = item.told;
	memcpy(item.tells + item.own, old->tells + old->own,
		old->told - old->own);
	item.told += old->told - old->own;
	moved.ext[PFKEY_EXT_ADDRESS_SRC].p = item.tells;
	moved.ext[PFKEY_EXT_ADDRESS_SRC].len =
		sdesp_pfkey_get16(item.tells) * 8U;
	moved.ext[PFKEY_EXT_ADDRESS_DST].p =
		item.tells + moved.ext[PFKEY_EXT_ADDRESS_SRC].len;
	moved.ext[PFKEY_EXT_ADDRESS_DST].len =
		moved.ext[PFKEY_EXT_ADDRESS_SRC].len;
	name_sa_into(&item, k->dialect, &moved);
	*old = item;
	return 0;
}

static int on_sa(struct fake_pfkey *k, const struct pfkey_message *msg)
{
	struct fake_pfkey_item item, *old;

	name_sa(&item, k->dialect, msg);
	tell(&item, msg, PFKEY_EXT_ADDRESS_SRC);
	tell(&item, msg, PFKEY_EXT_ADDRESS_DST);
	tell_ports(&item, k->dialect, msg);
	item.own = item.told;
	tell_owner(&item, k->dialect, msg);
	old = find(k->sas, &item);
	item.larval = msg->type == PFKEY_GETSPI;
	switch (msg->type) {
	case PFKEY_GETSPI:
	case PFKEY_ADD:
		return old != NULL ? EEXIST : add(k->sas, &item);
	case PFKEY_UPDATE:
	case MACOS_MIGRATE:
		if (old == NULL)
			return ESRCH;
		if (!old->larval)
			return move_sa(k, old, msg);
		item.used = 1;
		*old = item;
		return 0;
	default:
		if (old == NULL)
			return ESRCH;
		if (msg->type == PFKEY_DELETE)
			old->used = 0;
		return 0;
	}
}

static int on_policy(struct fake_pfkey *k, const struct pfkey_message *msg)
{
	int flows = k->dialect->flows;
	int remove = msg->type ==
		     (unsigned)(flows ? OPENBSD_DELFLOW : KAME_SPDDELETE);
	struct fake_pfkey_item item, *old;

	name_policy(&item, k->dialect, msg);
	old = find(k->policies, &item);
	if (remove && old == NULL)
		return ESRCH;
	if (!remove && old != NULL && !flows && msg->type == KAME_SPDADD)
		return EEXIST;
	if (remove)
		old->used = 0;
	else if (old != NULL) {
		item.used = 1;
		*old = item;
	} else
		return add(k->policies, &item);
	return 0;
}

int fake_pfkey_obey(struct fake_pfkey *k, const struct pfkey_message *msg)
{
	if (msg->type == PFKEY_REGISTER)
		return 0;
	return msg->type <= PFKEY_GET || msg->type == MACOS_MIGRATE
		       ? on_sa(k, msg)
		       : on_policy(k, msg);
}

const struct fake_pfkey_item *fake_pfkey_find_sa(
	struct fake_pfkey *k, const struct pfkey_message *msg)
{
	struct fake_pfkey_item item;

	name_sa(&item, k->dialect, msg);
	return find(k->sas, &item);
}
