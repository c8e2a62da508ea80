/* Policies without SAs. SPDX-License-Identifier: MIT */
#include "sdesp_xfrm_guard.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "backend.h"
#include "selector.h"
#include "talk.h"

#define DEVICE SDESP_XFRM_GUARD_PLACES /* its place */

/* Out first: the rest needs a mark. */
static const unsigned dirs[] = {
	XFRM_POLICY_OUT, XFRM_POLICY_IN, XFRM_POLICY_FWD};

#define DIRS (sizeof dirs / sizeof dirs[0])

static uint32_t owner_of(unsigned owner, unsigned place)
{
	return SDESP_XFRM_GUARD + owner * 256 + place;
}

/* What is there already is one of ours that a dead process left. */
static int add(struct sdesp_xfrm_guard *g, const struct xfrm_selector *sel,
	unsigned dir, unsigned action, uint32_t mark)
{
	struct xfrm_mark all = {mark, mark != 0 ? UINT32_MAX : 0};
	struct sdesp_nl m;
	int error;

	sdesp_xfrm_put_policy(&m, g->xfrm.request, sizeof g->xfrm.request,
		XFRM_MSG_NEWPOLICY, sel, dir, action, NULL);
	sdesp_xfrm_put_mark(&m, &all);
	error = sdesp_xfrm_talk(&g->xfrm, &m, "setting a policy", NULL);
	return error == -EEXIST ? 0 : error;
}

static void erase(struct sdesp_xfrm_guard *g, const struct xfrm_selector *sel,
	unsigned dir)
{
	struct sdesp_nl m;

	sdesp_xfrm_put_policy_name(&m, g->xfrm.request, sizeof g->xfrm.request,
		XFRM_MSG_DELPOLICY, sel, dir);
	(void)sdesp_xfrm_talk(&g->xfrm, &m, "deleting a policy", NULL);
}

/* Whether there are policies of this direction. */
static int has(const struct sdesp_xfrm_guard *g, unsigned family, unsigned dir)
{
	return dir == XFRM_POLICY_OUT ? family == AF_INET : g->mark != 0;
}

/* A kernel without IPv6 has no policies for it. */
static int let_device(struct sdesp_xfrm_guard *g, unsigned family, int device)
{
	struct xfrm_selector sel;
	int error = 0;

	memset(&sel, 0, sizeof sel);
	sel.family = (uint16_t)family;
	sel.user = owner_of(g->owner, DEVICE);
	for (size_t i = 0; i < DIRS && error == 0; i++) {
		int out = dirs[i] == XFRM_POLICY_OUT;

		sel.ifindex = out ? device : 0;
		if (has(g, family, dirs[i]))
			error = add(g, &sel, dirs[i], XFRM_POLICY_ALLOW,
				out ? 0 : g->mark);
	}
	return family == AF_INET6 && error == -EAFNOSUPPORT ? 0 : error;
}

int sdesp_xfrm_guard_init(struct sdesp_xfrm_guard *guard,
	const struct sdesp_xfrm_config *config, unsigned owner, unsigned device,
	uint32_t mark)
{
	int error;

	memset(guard, 0, sizeof *guard);
	guard->xfrm.config = *config;
	guard->owner = owner;
	guard->mark = mark;
	error = let_device(guard, AF_INET, (int)device);
	if (error == 0)
		error = let_device(guard, AF_INET6, (int)device);
	return error == 0 ? SDESP_OK : SDESP_ERR_BACKEND;
}

/* The policies of a flow, one after another; selectors are as packets that
 * leave have them. */
struct step {
	struct xfrm_selector list[SDESP_XFRM_SELECTORS], sel;
	unsigned n, at, dir;
};

static unsigned begin(struct step *s, const struct sdesp_xfrm_guard *g,
	const struct sdesp_flow *flow, unsigned place)
{
	memset(s, 0, sizeof *s);
	s->n = sdesp_xfrm_selectors(s->list, flow);
	for (unsigned i = 0; i < s->n; i++)
		s->list[i].user = owner_of(g->owner, place);
	return s->n;
}

static int next(struct step *s, const struct sdesp_xfrm_guard *g)
{
	do {
		if (s->at / DIRS == s->n)
			return 0;
		s->sel = s->list[s->at / DIRS];
		s->dir = dirs[s->at++ % DIRS];
	} while (!has(g, s->sel.family, s->dir));
	if (s->dir != XFRM_POLICY_OUT)
		sdesp_xfrm_selector_swap(&s->sel);
	return 1;
}

int sdesp_xfrm_guard_shut(struct sdesp_xfrm_guard *guard,
	const struct sdesp_flow *flow, unsigned place)
{
	char cause[sizeof guard->xfrm.cause];
	struct step s;
	int error = 0;

	if (begin(&s, guard, flow, place) == 0)
		return SDESP_ERR_UNSUPPORTED;
	while (error == 0 && next(&s, guard))
		error = add(guard, &s.sel, s.dir, XFRM_POLICY_BLOCK, 0);
	if (error == 0)
		return SDESP_OK;
	memcpy(cause, guard->xfrm.cause, sizeof cause);
	sdesp_xfrm_guard_let(guard, flow, place);
	memcpy(guard->xfrm.cause, cause, sizeof cause);
	return SDESP_ERR_BACKEND;
}

void sdesp_xfrm_guard_let(struct sdesp_xfrm_guard *guard,
	const struct sdesp_flow *flow, unsigned place)
{
	struct step s;

	(void)begin(&s, guard, flow, place);
	while (next(&s, guard))
		erase(guard, &s.sel, s.dir);
}

static void each(void *ctx, const struct sdesp_nl_msg *msg)
{
	struct sdesp_xfrm_leftovers *left = ctx;
	struct sdesp_xfrm_policy_seen seen;

	if (msg->type == XFRM_MSG_NEWPOLICY && left->n < SDESP_XFRM_BATCH &&
		sdesp_xfrm_read_policy(&seen, msg) == 0 &&
		seen.sel.user / 256 == owner_of(left->dead, 0) / 256)
		left->found[left->n++].policy = seen;
}

void sdesp_xfrm_guard_remove(struct sdesp_xfrm_guard *guard, unsigned owner)
{
	struct sdesp_xfrm_leftovers left;

	left.dead = owner;
	(void)sdesp_xfrm_sweep(&guard->xfrm, &left, XFRM_MSG_GETPOLICY, each);
}

const char *sdesp_xfrm_guard_cause(const struct sdesp_xfrm_guard *guard)
{
	return guard->xfrm.cause;
}
