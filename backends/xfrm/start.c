/*
 * Begin and end: whose what is, what the kernel can do, what the dead left.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "backend.h"
#include "base/ct.h"
#include "talk.h"

#define RANGE 4096u /* reqids of an instance */
#define ROUNDS 100000

/* No SA has this: RFC 4303 2.1 reserves the SPI. */
#define NOBODY_SPI 1

/* What a probe varies. */
struct probe {
	uint8_t suite, family, mode, udp, esn;
};

/*
 * Change an SA that nobody has. The kernel builds it first, with cipher and
 * encapsulation, and then finds nothing to change: it could.
 */
static int can(struct sdesp_xfrm *x, const struct probe *probe)
{
	struct sdesp_xfrm_ident id;
	struct sdesp_addr addr;
	struct sdesp_sa sa;
	struct sdesp_nl m;

	memset(&addr, 0, sizeof addr);
	addr.family = probe->family;
	addr.ip[probe->family == 4 ? 3 : 15] = 1;
	addr.ip[0] = probe->family == 4 ? 127 : 0;
	addr.port = 1;
	memset(&id, 0, sizeof id);
	id.src = addr;
	id.dst = addr;
	id.spi = NOBODY_SPI;
	id.reqid = x->reqid;
	id.mode = probe->mode;
	id.udp = probe->udp;
	memset(&sa, 0, sizeof sa);
	sa.spi = NOBODY_SPI;
	sa.suite = probe->suite;
	sa.esn = probe->esn;
	sa.window = SDESP_MAX_WINDOW;
	memset(sa.keymat, 0x5a, sizeof sa.keymat);
	return sdesp_xfrm_put_sa(&m, x->request, sizeof x->request,
		       XFRM_MSG_UPDSA, &id, &sa, NULL, 1) &&
	       sdesp_xfrm_talk(x, &m, "asking the kernel for ESP", NULL) ==
		       -ESRCH;
}

/* The rest is asked with the first suite that there is. */
static int find_features(struct sdesp_xfrm *x)
{
	struct probe probe = {0, 4, SDESP_TRANSPORT, 0, 0};
	struct sdesp_features *f = &x->has;

	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		probe.suite = (uint8_t)id;
		if (can(x, &probe))
			f->suites |= SDESP_SUITE_BIT(id);
	}
	if (f->suites == 0)
		return SDESP_ERR_BACKEND;
	probe.suite = 1;
	while ((f->suites & SDESP_SUITE_BIT(probe.suite)) == 0)
		probe.suite++;
	f->max_window = SDESP_MAX_WINDOW;
	f->modes = SDESP_TRANSPORT;
	f->raw = 1;
	f->ipv4 = 1;
	probe.mode = SDESP_TUNNEL;
	if (can(x, &probe))
		f->modes |= SDESP_TUNNEL;
	probe.mode = SDESP_TRANSPORT;
	probe.udp = 1;
	f->udp = (uint8_t)can(x, &probe);
	probe.udp = 0;
	probe.esn = 1;
	f->esn = (uint8_t)can(x, &probe);
	probe.esn = 0;
	probe.family = 6;
	f->ipv6 = (uint8_t)can(x, &probe);
	x->cause[0] = '\0';
	return SDESP_OK;
}

/* Whose a reqid is; SDESP_XFRM_INSTANCES: not ours. */
static unsigned instance_of(uint32_t reqid)
{
	uint32_t instance = (reqid - SDESP_XFRM_REQID) / RANGE;

	return reqid >= SDESP_XFRM_REQID && instance < SDESP_XFRM_INSTANCES
		       ? instance
		       : SDESP_XFRM_INSTANCES;
}

static int is_dead(struct sdesp_xfrm_leftovers *left, uint32_t reqid)
{
	unsigned instance = instance_of(reqid);

	left->present |= (uint32_t)1 << instance;
	return left->n < SDESP_XFRM_BATCH && instance == left->dead;
}

static void each_sa(void *ctx, const struct sdesp_nl_msg *msg)
{
	struct sdesp_xfrm_leftovers *left = ctx;
	struct sdesp_xfrm_seen seen;
	struct xfrm_usersa_id *id;

	if (msg->type != XFRM_MSG_NEWSA ||
		sdesp_xfrm_read_sa(&seen, msg) != 0 ||
		!is_dead(left, seen.info.reqid))
		return;
	id = &left->found[left->n++].id;
	memset(id, 0, sizeof *id);
	id->daddr = seen.info.id.daddr;
	id->spi = seen.info.id.spi;
	id->family = seen.info.family;
	id->proto = seen.info.id.proto;
}

static void each_policy(void *ctx, const struct sdesp_nl_msg *msg)
{
	struct sdesp_xfrm_leftovers *left = ctx;
	struct sdesp_xfrm_policy_seen seen;

	if (msg->type != XFRM_MSG_NEWPOLICY ||
		sdesp_xfrm_read_policy(&seen, msg) != 0 ||
		!is_dead(left, seen.reqid))
		return;
	left->found[left->n++].policy = seen;
}

int sdesp_xfrm_sweep(struct sdesp_xfrm *x, struct sdesp_xfrm_leftovers *left,
	unsigned type, sdesp_xfrm_each *each)
{
	struct sdesp_nl m;
	int error = 0;

	for (unsigned round = 0; round < ROUNDS && error == 0; round++) {
		left->n = 0;
		sdesp_xfrm_put_dump(&m, x->request, sizeof x->request, type);
		error = sdesp_xfrm_dump(
			x, &m, "looking for leftovers", each, left);
		sdesp_xfrm_forget(x);
		if (left->n == 0)
			break;
		for (unsigned i = 0; i < left->n && error == 0; i++) {
			if (type == XFRM_MSG_GETSA) {
				sdesp_nl_begin(&m, x->request,
					sizeof x->request, XFRM_MSG_DELSA,
					NLM_F_ACK);
				sdesp_nl_put(&m, &left->found[i].id,
					sizeof left->found[i].id);
			} else {
				sdesp_xfrm_put_delpolicy(&m, x->request,
					sizeof x->request,
					&left->found[i].policy.sel,
					left->found[i].policy.dir);
				sdesp_xfrm_put_mark(
					&m, &left->found[i].policy.mark);
			}
			error = sdesp_xfrm_talk(
				x, &m, "removing leftovers", NULL);
			if (error == -ESRCH || error == -ENOENT)
				error = 0;
		}
	}
	return error;
}

/* Remove what an instance left. The policies last: what they protect has no
 * SA to leave by then. */
static int bury(struct sdesp_xfrm *x, struct sdesp_xfrm_leftovers *left,
	unsigned instance)
{
	int error;

	left->dead = instance;
	error = sdesp_xfrm_sweep(x, left, XFRM_MSG_GETSA, each_sa);
	if (error == 0)
		error = sdesp_xfrm_sweep(
			x, left, XFRM_MSG_GETPOLICY, each_policy);
	return error;
}

/* The first instance that is free. */
static int claim(struct sdesp_xfrm *x, unsigned *own)
{
	for (*own = 0; *own < SDESP_XFRM_INSTANCES; ++*own) {
		if (x->config.io->claim(x->config.io_ctx, *own) == 0) {
			x->reqid = SDESP_XFRM_REQID + *own * RANGE;
			return SDESP_OK;
		}
	}
	return SDESP_ERR_EXISTS;
}

/* Ours, then each other that has something and that nobody holds: one at a
 * time, so that a process that begins now finds a free one. */
static int bury_all(struct sdesp_xfrm *x, unsigned own)
{
	const struct sdesp_xfrm_io *io = x->config.io;
	struct sdesp_xfrm_leftovers left;
	int error;

	left.present = 0;
	error = bury(x, &left, own);
	for (unsigned i = 0; i < SDESP_XFRM_INSTANCES && error == 0; i++) {
		if (i == own || (left.present >> i & 1) == 0 ||
			io->claim(x->config.io_ctx, i) != 0)
			continue;
		error = bury(x, &left, i);
		io->release(x->config.io_ctx, i);
	}
	return error;
}

int sdesp_xfrm_init(
	struct sdesp_xfrm *x, const struct sdesp_xfrm_config *config)
{
	unsigned own;
	int status;

	memset(x, 0, sizeof *x);
	if (config->io == NULL)
		return SDESP_ERR_ARG;
	x->base.vtable = &sdesp_xfrm_class;
	x->config = *config;
	status = claim(x, &own);
	if (status != SDESP_OK)
		return status;
	status = bury_all(x, own) == 0 ? find_features(x) : SDESP_ERR_BACKEND;
	if (status != SDESP_OK)
		x->config.io->release(x->config.io_ctx, own);
	x->open = status == SDESP_OK;
	return status;
}

/* Whatever is in our range, known here or not. */
void sdesp_xfrm_close(struct sdesp_xfrm *x)
{
	unsigned own = instance_of(x->reqid);
	struct sdesp_xfrm_leftovers left;

	if (!x->open)
		return;
	left.present = 0;
	(void)bury(x, &left, own);
	x->config.io->release(x->config.io_ctx, own);
	sdesp_wipe(x, sizeof *x);
}

const char *sdesp_xfrm_cause(const struct sdesp_xfrm *x)
{
	return x->cause;
}
