/* A kernel that speaks PF_KEY. SPDX-License-Identifier: MIT */
#include "tests/support/fake_pfkey.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "tests/support/fake_pfkey_tables.h"

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
		const struct fake_pfkey_item *own = fake_pfkey_find_sa(k, msg);

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
						   : fake_pfkey_obey(k, &msg);
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
			total += fake_pfkey_hash(
				items[i].rule + items[i].larval + 7U,
				items[i].name, items[i].len);
	}
	return total;
}

uint32_t fake_pfkey_sum(const struct fake_pfkey *k)
{
	return sum(k->sas) * 31 + sum(k->policies);
}
