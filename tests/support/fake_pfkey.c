/* A kernel that speaks PF_KEY. SPDX-License-Identifier: MIT */
#include "tests/support/fake_pfkey.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "backends/pfkey/reader.h"

static uint32_t hash(uint32_t h, const uint8_t *p, size_t len)
{
	while (len-- > 0)
		h = (h ^ *p++) * 16777619;
	return h;
}

static uint32_t hash_ext(
	uint32_t h, const struct pfkey_message *msg, unsigned type)
{
	return hash(h, msg->ext[type].p, msg->ext[type].len);
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
	rule = hash(2, item->tells, item->told);
	if (d->natt == NATT_MACOS && sa != NULL)
		rule = hash(rule, sa + 16, 8);
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

static int obey(struct fake_pfkey *k, const struct pfkey_message *msg)
{
	if (msg->type == PFKEY_REGISTER)
		return 0;
	return msg->type <= PFKEY_GET || msg->type == MACOS_MIGRATE
		       ? on_sa(k, msg)
		       : on_policy(k, msg);
}

static uint8_t *slot(struct fake_pfkey *k)
{
	assert(k->tail - k->head < FAKE_PFKEY_QUEUE);
	return k->queue[k->tail % FAKE_PFKEY_QUEUE];
}

void fake_pfkey_push(struct fake_pfkey *k, const uint8_t *msg, size_t len)
{
	memcpy(slot(k), msg, len);
	k->queued[k->tail++ % FAKE_PFKEY_QUEUE] = len;
}

static void put16(uint8_t *p, unsigned v)
{
	uint16_t n = (uint16_t)v;

	memcpy(p, &n, sizeof n);
}

static void put_len(uint8_t *msg, size_t len)
{
	put16(msg + 4, (unsigned)len / 8);
}

/* Every algorithm of the dialect, whatever the lengths of its keys. */
static size_t put_algorithms(
	const struct sdesp_pfkey_dialect *d, uint8_t *p, unsigned type)
{
	size_t len = 8;

	memset(p, 0, 8);
	for (unsigned i = 0; i < d->nalgorithms; i++) {
		const struct pfkey_algorithm *a = &d->algorithms[i];
		unsigned id =
			type == PFKEY_EXT_SUPPORTED_AUTH ? a->auth : a->encrypt;

		memset(p + len, 0, 8);
		p[len] = (uint8_t)id;
		put16(p + len + 4, 512);
		len += 8;
	}
	put16(p, (unsigned)len / 8);
	put16(p + 2, type);
	return len;
}

static size_t answer(struct fake_pfkey *k, const struct pfkey_message *msg,
	uint8_t *reply, int error)
{
	uint32_t spi = k->other_spi;
	size_t len = k->sent_len;

	memcpy(reply, k->sent, len);
	reply[2] = (uint8_t)error;
	if (error != 0) {
		len = 16;
	} else if (msg->type == PFKEY_REGISTER) {
		len += put_algorithms(
			k->dialect, reply + len, PFKEY_EXT_SUPPORTED_AUTH);
		len += put_algorithms(
			k->dialect, reply + len, PFKEY_EXT_SUPPORTED_ENCRYPT);
	} else if (msg->type == PFKEY_GETSPI) {
		const uint8_t *range = msg->ext[PFKEY_EXT_SPIRANGE].p;

		if (spi == 0)
			spi = sdesp_pfkey_get32(range + 4);
		memset(reply + 16, 0, 16);
		put16(reply + 16, 2);
		put16(reply + 18, PFKEY_EXT_SA);
		for (unsigned i = 0; i < 4; i++)
			reply[20 + i] = (uint8_t)(spi >> (24 - 8 * i));
		len = 32;
	} else if (msg->type == PFKEY_GET) {
		struct fake_pfkey_item item;
		const struct fake_pfkey_item *own;

		name_sa(&item, k->dialect, msg);
		own = find(k->sas, &item);
		reply[16 + 9] = own->larval ? 0 : k->state;
		len = 32;
		memcpy(reply + len, own->tells, own->told);
		len += own->told;
		memset(reply + len, 0, 16 + 32 + 72);
		put16(reply + len, 2);
		put16(reply + len + 2, PFKEY_EXT_KEY_ENCRYPT);
		memset(reply + len + 8, 0x5a, 8); /* kernels tell keys */
		len += 16;
		put16(reply + len, 4);
		put16(reply + len + 2, PFKEY_EXT_LIFETIME_CURRENT);
		memcpy(reply + len + 4, &k->packets, 4);
		len += 32;
		if (k->dialect->flows) {
			put16(reply + len, 9);
			put16(reply + len + 2, OPENBSD_EXT_COUNTER);
			memcpy(reply + len + 8, &k->packets, 8);
			len += 72;
		}
	}
	put_len(reply, len);
	return len;
}

static unsigned count(const struct fake_pfkey_item *items)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_PFKEY_ITEMS; i++)
		n += items[i].used;
	return n;
}

/* All of one kind, one message each; KAME counts them down, to 0. */
static void dump(struct fake_pfkey *k, unsigned type)
{
	const struct fake_pfkey_item *items =
		type == PFKEY_DUMP ? k->sas : k->policies;
	uint32_t left = count(items);

	for (unsigned i = 0; i < FAKE_PFKEY_ITEMS; i++) {
		uint8_t *msg = slot(k);
		size_t len = 16;

		if (!items[i].used)
			continue;
		memcpy(msg, k->sent, 16);
		left--;
		if (!k->dialect->flows)
			memcpy(msg + 8, &left, 4);
		if (type == PFKEY_DUMP) {
			memset(msg + 16, 0, 16);
			put16(msg + 16, 2);
			put16(msg + 18, PFKEY_EXT_SA);
			for (unsigned n = 0; n < 4; n++)
				msg[20 + n] = items[i].name[3 - n];
			msg[16 + 9] = items[i].larval ? 0 : k->state;
			len = 32;
		}
		memcpy(msg + len, items[i].tells, items[i].told);
		len += items[i].told;
		put_len(msg, len);
		k->queued[k->tail++ % FAKE_PFKEY_QUEUE] = len;
	}
}

/* A reply that is not one. */
static size_t spoil(struct fake_pfkey *k, uint8_t *reply, size_t len)
{
	switch (k->fault) {
	case FAKE_FOREIGN:
		reply[12] ^= 1;
		break;
	case FAKE_LATE:
		reply[8]--;
		break;
	case FAKE_SHORT:
		len -= 4;
		break;
	case FAKE_ZERO:
		memset(reply + len, 0, 8);
		len += 8;
		put_len(reply, len);
		break;
	case FAKE_HUGE:
		memset(reply + len, 0xff, 8);
		len += 8;
		put_len(reply, len);
		break;
	case FAKE_TWICE:
		for (unsigned i = 0; i < 2; i++, len += 8) {
			memset(reply + len, 0, 8);
			put16(reply + len, 1);
			put16(reply + len + 2, 60);
		}
		put_len(reply, len);
		break;
	case FAKE_VERSION:
		reply[0] = 3;
		break;
	default:
		break;
	}
	return len;
}

static int fails(const struct fake_pfkey *k)
{
	return k->fail_at != 0 && k->calls >= k->fail_at &&
	       k->calls - k->fail_at <= k->fail_more;
}

/* A KAME kernel refuses the type of an SA where policies are meant. */
static unsigned satype_of(const struct sdesp_pfkey_dialect *d, unsigned type)
{
	return !d->flows && type >= KAME_SPDUPDATE && type <= KAME_SPDDUMP
		       ? 0
		       : d->satype;
}

static int is_dump(const struct fake_pfkey *k, unsigned type)
{
	return type == PFKEY_DUMP ||
	       (!k->dialect->flows && type == KAME_SPDDUMP);
}

static int is_empty(const struct fake_pfkey *k, unsigned type)
{
	return count(type == PFKEY_DUMP ? k->sas : k->policies) == 0;
}

/* Its reply: as many messages as there are, or the word for none. */
static int take_dump(struct fake_pfkey *k, unsigned type)
{
	uint8_t *reply;

	if (!is_empty(k, type)) {
		dump(k, type);
	} else if (!k->dialect->flows) {
		reply = slot(k);
		memcpy(reply, k->sent, 16);
		reply[2] = ENOENT;
		k->queued[k->tail++ % FAKE_PFKEY_QUEUE] = 16;
	}
	return 0;
}

static int take(void *ctx, const uint8_t *octets, size_t len)
{
	struct fake_pfkey *k = ctx;
	struct pfkey_message msg;
	int failing, error;

	k->calls++;
	failing = fails(k);
	k->flooded = 0;
	memcpy(k->sent, octets, len);
	k->sent_len = len;
	assert(len % 8 == 0);
	assert(sdesp_pfkey_read(&msg, k->sent, len) == SDESP_OK);
	assert(msg.satype == satype_of(k->dialect, msg.type));
	assert(k->dialect->flows ||
		(msg.ext[PFKEY_EXT_LIFETIME_HARD].p == NULL) ==
			(msg.ext[PFKEY_EXT_LIFETIME_SOFT].p == NULL));
	if (failing && k->fault == FAKE_SEND)
		return k->error;
	if (failing && k->fault == FAKE_DEAF)
		return 0;

	if (!failing && is_dump(k, msg.type))
		return take_dump(k, msg.type);
	error = failing && k->fault == FAKE_REFUSE ? k->error
		: is_dump(k, msg.type)             ? 0
						   : obey(k, &msg);
	len = answer(k, &msg, slot(k), error);
	if (failing)
		len = spoil(k, slot(k), len);
	k->queued[k->tail % FAKE_PFKEY_QUEUE] = len;
	if (!failing || k->fault < FAKE_MUTE ||
		(k->fault > FAKE_MUTE && k->fault < FAKE_EMPTY))
		k->tail++;
	if (failing && k->fault >= FAKE_EMPTY)
		k->flooded = 1;
	return 0;
}

/* What comes instead of a reply. */
static long flood(struct fake_pfkey *k, uint8_t *buf)
{
	memset(buf, 0, 24);
	switch (k->fault) {
	case FAKE_FLOOD:
		memcpy(buf, k->sent, 16);
		buf[12] ^= 1;
		put_len(buf, 16);
		return 16;
	case FAKE_EMPTY:
		return 1;
	case FAKE_ENOBUFS:
		k->flooded = 0;
		return -ENOBUFS;
	default:
		k->flooded = 0;
		return SDESP_PFKEY_REPLY + 1;
	}
}

static long give(void *ctx, uint8_t *buf, size_t cap, int wait)
{
	struct fake_pfkey *k = ctx;
	size_t len;

	if (k->flooded)
		return flood(k, buf);
	if (k->head == k->tail) {
		k->waits += wait != 0;
		return 0;
	}
	len = k->queued[k->head % FAKE_PFKEY_QUEUE];
	assert(len <= cap);
	memcpy(buf, k->queue[k->head % FAKE_PFKEY_QUEUE], len);
	k->head++;
	return (long)len;
}

static int hold(void *ctx, unsigned instance)
{
	struct fake_pfkey *k = ctx;
	uint32_t bit = (uint32_t)1 << instance;
	int taken = (k->held & bit) != 0;

	k->held |= bit;
	return taken;
}

static void let_go(void *ctx, unsigned instance)
{
	struct fake_pfkey *k = ctx;

	k->held &= ~((uint32_t)1 << instance);
}

void fake_pfkey_init(struct fake_pfkey *k,
	const struct sdesp_pfkey_dialect *dialect,
	struct sdesp_pfkey_config *config)
{
	memset(k, 0, sizeof *k);
	k->dialect = dialect;
	k->error = ENOMEM;
	k->state = 1;
	memset(config, 0, sizeof *config);
	config->dialect = dialect;
	config->pid = 0x01020304;
	config->seq = 0x70000000;
	config->send = take;
	config->receive = give;
	config->claim = hold;
	config->release = let_go;
	config->ctx = k;
}

void fake_pfkey_fail(struct fake_pfkey *k, enum fake_pfkey_fault fault,
	unsigned nth, unsigned more)
{
	k->fault = fault;
	k->fail_at = nth == 0 ? 0 : k->calls + nth;
	k->fail_more = more;
	k->flooded = 0;
}

unsigned fake_pfkey_sas(const struct fake_pfkey *k)
{
	return count(k->sas);
}

unsigned fake_pfkey_policies(const struct fake_pfkey *k)
{
	return count(k->policies);
}

static uint32_t sum(const struct fake_pfkey_item *items)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < FAKE_PFKEY_ITEMS; i++) {
		if (items[i].used)
			total += hash(items[i].rule + items[i].larval + 7U,
				items[i].name, items[i].len);
	}
	return total;
}

uint32_t fake_pfkey_sum(const struct fake_pfkey *k)
{
	return sum(k->sas) * 31 + sum(k->policies);
}
