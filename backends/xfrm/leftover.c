/*
 * What processes left that are dead. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "backend.h"

#define ROUNDS 100000
#define HALF (SDESP_XFRM_RANGE / 2)

unsigned sdesp_xfrm_instance(uint32_t reqid)
{
	uint32_t instance = (reqid - SDESP_XFRM_REQID) / SDESP_XFRM_RANGE;

	return reqid >= SDESP_XFRM_REQID && instance < SDESP_XFRM_INSTANCES
		       ? instance
		       : SDESP_XFRM_INSTANCES;
}

static int is_dead(struct sdesp_xfrm_leftovers *left, uint32_t reqid)
{
	unsigned instance = sdesp_xfrm_instance(reqid);

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
				sdesp_xfrm_put_policy_name(&m, x->request,
					sizeof x->request, XFRM_MSG_DELPOLICY,
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
	unsigned instance, int policies)
{
	int error;

	left->dead = instance;
	error = sdesp_xfrm_sweep(x, left, XFRM_MSG_GETSA, each_sa);
	if (error == 0 && policies)
		error = sdesp_xfrm_sweep(
			x, left, XFRM_MSG_GETPOLICY, each_policy);
	return error;
}

/* Ours, then each other that has something and that nobody holds: one at a
 * time, so that a process that begins now finds a free one. */
int sdesp_xfrm_bury(struct sdesp_xfrm *x, int policies)
{
	const struct sdesp_xfrm_io *io = x->config.io;
	unsigned own = sdesp_xfrm_instance(x->reqid);
	struct sdesp_xfrm_leftovers left;
	int error;

	left.present = 0;
	error = bury(x, &left, own, policies);
	for (unsigned i = 0; i < SDESP_XFRM_INSTANCES && error == 0; i++) {
		if (i == own || (left.present >> i & 1) == 0 ||
			io->claim(x->config.io_ctx, i) != 0)
			continue;
		error = bury(x, &left, i, policies);
		io->release(x->config.io_ctx, i);
	}
	return error;
}

static void each_half(void *ctx, const struct sdesp_nl_msg *msg)
{
	struct sdesp_xfrm *x = ctx;
	struct sdesp_xfrm_policy_seen seen;

	if (msg->type == XFRM_MSG_NEWPOLICY &&
		sdesp_xfrm_read_policy(&seen, msg) == 0 &&
		sdesp_xfrm_instance(seen.reqid) ==
			sdesp_xfrm_instance(x->reqid))
		x->skip = seen.reqid - x->reqid < HALF ? HALF : 0;
}

int sdesp_xfrm_find_half(struct sdesp_xfrm *x)
{
	struct sdesp_nl m;

	sdesp_xfrm_put_dump(
		&m, x->request, sizeof x->request, XFRM_MSG_GETPOLICY);
	return sdesp_xfrm_dump(x, &m, "looking for leftovers", each_half, x);
}

int sdesp_xfrm_is_left(
	struct sdesp_xfrm *x, const struct xfrm_selector *sel, unsigned dir)
{
	const struct sdesp_xfrm_io *io = x->config.io;
	struct sdesp_xfrm_policy_seen seen;
	struct sdesp_nl_msg reply;
	struct sdesp_nl m;
	unsigned instance;

	sdesp_xfrm_put_policy_name(&m, x->request, sizeof x->request,
		XFRM_MSG_GETPOLICY, sel, dir);
	if (sdesp_xfrm_talk(x, &m, "looking at a policy", &reply) != 0 ||
		sdesp_xfrm_read_policy(&seen, &reply) != 0)
		return 0;
	instance = sdesp_xfrm_instance(seen.reqid);
	if (instance == sdesp_xfrm_instance(x->reqid))
		return 1;
	if (instance == SDESP_XFRM_INSTANCES ||
		io->claim(x->config.io_ctx, instance) != 0)
		return 0;
	io->release(x->config.io_ctx, instance);
	return 1;
}
