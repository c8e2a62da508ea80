/*
 * Begin and end: whose what is, what the kernel can do, what the dead left.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/ct.h"

#include "exchange.h"
#include "methods.h"

#define BATCH 16 /* found in one dump, before any of it is deleted */
#define ROUNDS 100000

/* A request that deletes something: its type, and its extensions. */
struct found {
	unsigned type;
	size_t len;
	uint8_t exts[160];
};

/* What a dump shows. */
struct leftovers {
	uint32_t present; /* instances that have something: bit */
	unsigned dead;    /* the instance that is swept */
	unsigned n;
	struct found found[BATCH];
};

/* Room for one or two of the instance that is swept; others are noted. */
static struct found *note(
	struct leftovers *left, unsigned instance, unsigned type)
{
	struct found *f = &left->found[left->n];

	if (instance >= SDESP_PFKEY_INSTANCES)
		return NULL;
	left->present |= (uint32_t)1 << instance;
	if (instance != left->dead || left->n + 2 > BATCH)
		return NULL;
	left->n++;
	f->type = type;
	f->len = 0;
	return f;
}

/* An extension as it came, of another kind. */
static void keep(struct found *f, const struct pfkey_message *msg, unsigned ext,
	unsigned as)
{
	uint16_t kind = (uint16_t)as;
	size_t len = msg->ext[ext].len;

	if (len == 0 || len > sizeof f->exts - f->len)
		return;
	memcpy(f->exts + f->len, msg->ext[ext].p, len);
	memcpy(f->exts + f->len + 2, &kind, sizeof kind);
	f->len += len;
}

/* "sdesp-", the instance as a hexadecimal digit, "-". */
static unsigned identified(const struct pfkey_message *msg)
{
	static const char digits[] = "0123456789abcdef";
	const size_t at = 16 + sizeof SDESP_PFKEY_IDENTITY - 1;
	const uint8_t *p = sdesp_pfkey_ext(msg, PFKEY_EXT_IDENTITY_SRC, at + 2);
	unsigned n = 0;

	if (p == NULL || sdesp_pfkey_get16(p + 4) != OPENBSD_IDENT_FQDN ||
		memcmp(p + 16, SDESP_PFKEY_IDENTITY, at - 16) != 0 ||
		p[at + 1] != '-')
		return SDESP_PFKEY_INSTANCES;
	while (n < SDESP_PFKEY_INSTANCES && p[at] != (uint8_t)digits[n])
		n++;
	return n;
}

static unsigned owner_of_sa(
	const struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	const uint8_t *p;

	if (pf->config.dialect->flows)
		return identified(msg);
	p = sdesp_pfkey_ext(msg, KAME_EXT_SA2, 16);
	return p == NULL ? SDESP_PFKEY_INSTANCES
			 : sdesp_pfkey_instance(sdesp_pfkey_get32(p + 12));
}

static void each_sa(
	void *ctx, struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	const uint8_t *sa = sdesp_pfkey_ext(msg, PFKEY_EXT_SA, 16);
	struct found *f;

	if (msg->satype != pf->config.dialect->satype || sa == NULL ||
		sa[9] == 3) /* SADB_SASTATE_DEAD */
		return;
	f = note(ctx, owner_of_sa(pf, msg), PFKEY_DELETE);
	if (f == NULL)
		return;
	keep(f, msg, PFKEY_EXT_SA, PFKEY_EXT_SA);
	keep(f, msg, PFKEY_EXT_ADDRESS_SRC, PFKEY_EXT_ADDRESS_SRC);
	keep(f, msg, PFKEY_EXT_ADDRESS_DST, PFKEY_EXT_ADDRESS_DST);
	if (pf->config.dialect->natt != NATT_KAME)
		return;
	keep(f, msg, KAME_EXT_NAT_T_TYPE, KAME_EXT_NAT_T_TYPE);
	keep(f, msg, KAME_EXT_NAT_T_SPORT, KAME_EXT_NAT_T_SPORT);
	keep(f, msg, KAME_EXT_NAT_T_DPORT, KAME_EXT_NAT_T_DPORT);
}

/* By its priority, or by the request id behind it. */
static unsigned owner_of_policy(
	const struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	const uint8_t *p = sdesp_pfkey_ext(msg, KAME_EXT_POLICY, 16);
	uint32_t n;

	if (p == NULL)
		return SDESP_PFKEY_INSTANCES;
	if (!pf->config.dialect->priority)
		return msg->ext[KAME_EXT_POLICY].len < 24 ||
				       sdesp_pfkey_get16(p + 4) != KAME_IPSEC
			       ? SDESP_PFKEY_INSTANCES
			       : sdesp_pfkey_instance(
					 sdesp_pfkey_get16(p + 16 + 6));
	n = sdesp_pfkey_get32(p + 12) - SDESP_PFKEY_PRIORITY;
	return n < 2 * SDESP_PFKEY_INSTANCES ? n % SDESP_PFKEY_INSTANCES
					     : SDESP_PFKEY_INSTANCES;
}

/* Its ends and, of the policy, the direction. */
static void keep_policy(struct found *f, const struct pfkey_message *msg,
	unsigned src, unsigned dst, unsigned direction)
{
	uint16_t policy[8] = {2, KAME_EXT_POLICY, KAME_DISCARD};
	uint8_t octets[2] = {(uint8_t)direction, 0};

	keep(f, msg, src, PFKEY_EXT_ADDRESS_SRC);
	keep(f, msg, dst, PFKEY_EXT_ADDRESS_DST);
	memcpy(&policy[3], octets, sizeof octets);
	memcpy(f->exts + f->len, policy, sizeof policy);
	f->len += sizeof policy;
}

/* Where the inbound policy says whose both are, the outbound one, which may
 * have nothing to say, goes before it. */
static void each_policy(
	void *ctx, struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	unsigned owner = owner_of_policy(pf, msg), direction;
	struct found *f = note(ctx, owner, KAME_SPDDELETE);

	if (f == NULL)
		return;
	direction = msg->ext[KAME_EXT_POLICY].p[6];
	if (direction == KAME_IN && !pf->config.dialect->priority) {
		keep_policy(f, msg, PFKEY_EXT_ADDRESS_DST,
			PFKEY_EXT_ADDRESS_SRC, KAME_OUT);
		f = note(ctx, owner, KAME_SPDDELETE);
	}
	if (f != NULL)
		keep_policy(f, msg, PFKEY_EXT_ADDRESS_SRC,
			PFKEY_EXT_ADDRESS_DST, direction);
}

/* 1 = some of it was there, 0 = none, or a status. */
static int remove_found(struct sdesp_pfkey *pf, const struct leftovers *left)
{
	int some = 0;

	for (unsigned i = 0; i < left->n; i++) {
		struct pfkey_writer w;
		int status;

		sdesp_pfkey_ask(pf, &w, left->found[i].type);
		sdesp_pfkey_put(&w, left->found[i].exts, left->found[i].len);
		status = sdesp_pfkey_tell(pf, &w);
		if (status == SDESP_OK)
			some = 1;
		else if (status != SDESP_ERR_GONE)
			return status;
	}
	return some;
}

/* Dump, delete what was found, until nothing is. */
static int sweep(struct sdesp_pfkey *pf, struct leftovers *left, unsigned type,
	sdesp_pfkey_each *each)
{
	int status = SDESP_OK;

	for (unsigned round = 0; round < ROUNDS; round++) {
		left->n = 0;
		status = sdesp_pfkey_dump(pf, type, each, left);
		if (status != SDESP_OK)
			return status;
		status = remove_found(pf, left);
		if (status <= 0)
			return status;
	}
	return SDESP_ERR_BACKEND;
}

/* Remove what an instance left. The policies last: what they protect has no
 * SA to leave by then. OpenBSD has no message that lists flows. */
static int bury(
	struct sdesp_pfkey *pf, struct leftovers *left, unsigned instance)
{
	int status;

	left->dead = instance;
	status = sweep(pf, left, PFKEY_DUMP, each_sa);
	if (status == SDESP_OK && !pf->config.dialect->flows)
		status = sweep(pf, left, KAME_SPDDUMP, each_policy);
	return status;
}

/* Ours, then each other that has something and that nobody holds: one at a
 * time, so that a process that begins now finds a free one. */
static int bury_all(struct sdesp_pfkey *pf)
{
	const struct sdesp_pfkey_config *c = &pf->config;
	struct leftovers left;
	int status;

	left.present = 0;
	status = bury(pf, &left, pf->instance);
	for (unsigned i = 0; i < SDESP_PFKEY_INSTANCES; i++) {
		if (status != SDESP_OK)
			break;
		if (i == pf->instance || (left.present >> i & 1) == 0 ||
			c->claim(c->ctx, i) != 0)
			continue;
		status = bury(pf, &left, i);
		c->release(c->ctx, i);
	}
	return status;
}

/* The first instance that is free. */
static int claim(struct sdesp_pfkey *pf)
{
	for (unsigned i = 0; i < SDESP_PFKEY_INSTANCES; i++) {
		if (pf->config.claim(pf->config.ctx, i) != 0)
			continue;
		pf->instance = (uint8_t)i;
		pf->reqid = (uint16_t)sdesp_pfkey_base(i);
		return SDESP_OK;
	}
	(void)sdesp_pfkey_blame(pf, "instance", "none is free to be held");
	return SDESP_ERR_EXISTS;
}

static int enrol(struct sdesp_pfkey *pf)
{
	struct pfkey_message msg;
	struct pfkey_writer w;
	int status;

	sdesp_pfkey_ask(pf, &w, PFKEY_REGISTER);
	status = sdesp_pfkey_exchange(pf, &w, &msg);
	if (status == SDESP_OK)
		pf->suites = sdesp_pfkey_get_suites(pf->config.dialect, &msg);
	sdesp_wipe(pf->reply, sizeof pf->reply);
	return status == SDESP_OK ? SDESP_OK : SDESP_ERR_BACKEND;
}

int sdesp_pfkey_init(
	struct sdesp_pfkey *pf, const struct sdesp_pfkey_config *config)
{
	int status;

	memset(pf, 0, sizeof *pf);
	if (config->dialect == NULL || config->send == NULL ||
		config->receive == NULL || config->claim == NULL ||
		config->release == NULL)
		return SDESP_ERR_ARG;
	pf->base.vtable = &sdesp_pfkey_class;
	pf->config = *config;
	status = enrol(pf);
	if (status == SDESP_OK)
		status = claim(pf);
	if (status != SDESP_OK)
		return status;
	if (bury_all(pf) != SDESP_OK) {
		config->release(config->ctx, pf->instance);
		return SDESP_ERR_BACKEND;
	}
	pf->open = 1;
	return SDESP_OK;
}

/* Whatever is marked as ours, known here or not, and what has no mark. */
void sdesp_pfkey_close(struct sdesp_pfkey *pf)
{
	struct leftovers left;

	if (pf->open) {
		left.present = 0;
		(void)bury(pf, &left, pf->instance);
		sdesp_pfkey_delete_bypasses(pf);
		pf->config.release(pf->config.ctx, pf->instance);
	}
	sdesp_wipe(pf, sizeof *pf);
}
