/* Policies. SPDX-License-Identifier: MIT */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include "backend.h"
#include "selector.h"
#include "talk.h"

/* A flow's selectors. */
struct list {
	unsigned n;
	struct xfrm_selector sel[SDESP_XFRM_SELECTORS];
};

/* Forwarding matters to tunnels alone, and harms no other flow. */
static const unsigned dirs[] = {
	XFRM_POLICY_OUT, XFRM_POLICY_IN, XFRM_POLICY_FWD};

#define DIRS (sizeof dirs / sizeof dirs[0])

static void list_of(struct list *list, const struct sdesp_flow *flow)
{
	list->n = sdesp_xfrm_selectors(list->sel, flow);
}

static int same(const struct xfrm_selector *a, const struct xfrm_selector *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* Whether a flow has this selector, and where. */
static int has(const struct sdesp_flow *flow, const struct xfrm_selector *sel,
	unsigned *at)
{
	struct list list;

	list_of(&list, flow);
	for (*at = 0; *at < list.n; (*at)++) {
		if (same(&list.sel[*at], sel))
			return 1;
	}
	return 0;
}

/* Another flow with this selector: its owner; else, unless only an owner will
 * do, any. *bit is its place there. */
static struct sdesp_xfrm_policy *other_with(struct sdesp_xfrm *x,
	const struct sdesp_xfrm_policy *p, const struct xfrm_selector *sel,
	int owner_only, uint32_t *bit)
{
	struct sdesp_xfrm_policy *any = NULL;

	for (size_t i = 0; i < SDESP_XFRM_FLOWS; i++) {
		struct sdesp_xfrm_policy *other = &x->policies[i];
		unsigned at;

		if (other == p || !other->used || !has(&other->flow, sel, &at))
			continue;
		if ((other->owns >> at & 1) == 0 && owner_only)
			continue;
		*bit = (uint32_t)1 << at;
		if ((other->owns >> at & 1) != 0)
			return other;
		any = other;
	}
	return any;
}

static unsigned kernel_action(const struct sdesp_xfrm_policy *p)
{
	return p->action == SDESP_PROTECT ? XFRM_POLICY_ALLOW
					  : XFRM_POLICY_BLOCK;
}

/* The kernel's selector of one direction. */
static struct xfrm_selector turned(
	const struct xfrm_selector *sel, unsigned dir)
{
	struct xfrm_selector seen = *sel;

	if (dir != XFRM_POLICY_OUT)
		sdesp_xfrm_selector_swap(&seen);
	return seen;
}

static int write_one(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct xfrm_selector *sel, unsigned dir, unsigned type,
	unsigned action)
{
	struct xfrm_selector seen = turned(sel, dir);
	int out = dir == XFRM_POLICY_OUT;
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;

	sdesp_xfrm_ident(&id, &p->flow, p->spi, p->reqid, !out);
	sdesp_xfrm_put_policy(&m, x->request, sizeof x->request, type, &seen,
		dir, out ? action : XFRM_POLICY_ALLOW, &id);
	return sdesp_xfrm_talk(x, &m, "setting a policy", NULL);
}

/* Make the kernel's policies of a selector those of p: the first ndirs. */
static int update(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct xfrm_selector *sel, size_t ndirs)
{
	int error = 0;

	for (size_t i = 0; i < ndirs && error == 0; i++)
		error = write_one(x, p, sel, dirs[i], XFRM_MSG_UPDPOLICY,
			kernel_action(p));
	return error;
}

/* Twice, as with an SA. */
static int erase_one(
	struct sdesp_xfrm *x, const struct xfrm_selector *sel, unsigned dir)
{
	struct xfrm_selector seen = turned(sel, dir);
	int error = -EAGAIN;

	for (int i = 0; i < 2 && error != 0 && error != -ENOENT; i++) {
		struct sdesp_nl m;

		sdesp_xfrm_put_policy_name(&m, x->request, sizeof x->request,
			XFRM_MSG_DELPOLICY, &seen, dir);
		error = sdesp_xfrm_talk(x, &m, "deleting a policy", NULL);
	}
	return error;
}

/* Remove the first ndirs policies of a selector: all that can be. The first
 * error. */
static int erase(
	struct sdesp_xfrm *x, const struct xfrm_selector *sel, size_t ndirs)
{
	int first = 0;

	for (size_t i = 0; i < ndirs; i++) {
		int error = erase_one(x, sel, dirs[i]);

		if (first == 0)
			first = error;
	}
	return first;
}

/* What policy_set does to one selector. */
enum step { LEAVE, CHANGE, TAKE_OVER, ADD, INHERIT };

/* Add one policy. One that a dead process left becomes ours, and is closed all
 * the time. What neighbours ask is open: there another index is wanted, which
 * an update would not make. */
static int add_one(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct xfrm_selector *sel, unsigned dir, enum step *step)
{
	struct xfrm_selector seen = turned(sel, dir);
	int error =
		write_one(x, p, sel, dir, XFRM_MSG_NEWPOLICY, kernel_action(p));

	if (error != -EEXIST || !sdesp_xfrm_is_left(x, &seen, dir))
		return error;
	*step = INHERIT;
	x->heir = 1;
	if (sdesp_xfrm_is_neighbours(sel)) {
		(void)erase_one(x, sel, dir);
		return write_one(x, p, sel, dir, XFRM_MSG_NEWPOLICY, 0);
	}
	return write_one(x, p, sel, dir, XFRM_MSG_UPDPOLICY, kernel_action(p));
}

/* Add the policies of a selector that no flow owns; all or none, but what was
 * inherited stays in any case. */
static int add(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct xfrm_selector *sel, enum step *step)
{
	for (size_t i = 0; i < DIRS; i++) {
		char cause[sizeof x->cause];
		int error = add_one(x, p, sel, dirs[i], step);

		if (error == 0)
			continue;
		if (*step == INHERIT)
			return error;
		memcpy(cause, x->cause, sizeof cause);
		(void)erase(x, sel, i);
		memcpy(x->cause, cause, sizeof cause);
		return error;
	}
	return 0;
}

static enum step step_for(
	int owned, const struct sdesp_xfrm_policy *owner, unsigned action)
{
	if (owned)
		return CHANGE;
	if (owner == NULL)
		return ADD;
	/* Nothing leaves there in the clear either. */
	return action == SDESP_PROTECT ? TAKE_OVER : LEAVE;
}

static int do_step(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct xfrm_selector *sel, enum step *step)
{
	switch (*step) {
	case CHANGE:
		return update(x, p, sel, 1);
	case TAKE_OVER:
		return update(x, p, sel, DIRS);
	case ADD:
		return add(x, p, sel, step);
	default:
		return 0;
	}
}

/* p is as it was before. */
static void undo_step(struct sdesp_xfrm *x, const struct sdesp_xfrm_policy *p,
	const struct sdesp_xfrm_policy *owner, const struct xfrm_selector *sel,
	enum step step)
{
	if (step == CHANGE)
		(void)update(x, p, sel, 1);
	else if (step == TAKE_OVER)
		(void)update(x, owner, sel, DIRS);
	else if (step == ADD)
		(void)erase(x, sel, DIRS);
}

/* All selectors of p, whose owns is still what it was; *old is p before. */
static int set_all(struct sdesp_xfrm *x, struct sdesp_xfrm_policy *p,
	const struct sdesp_xfrm_policy *old, const struct list *list)
{
	struct sdesp_xfrm_policy *owner[SDESP_XFRM_SELECTORS];
	enum step step[SDESP_XFRM_SELECTORS] = {LEAVE};
	uint32_t bit[SDESP_XFRM_SELECTORS];
	char cause[sizeof x->cause];
	int error = 0;
	unsigned i;

	for (i = 0; i < list->n && error == 0; i++) {
		owner[i] = other_with(x, p, &list->sel[i], 1, &bit[i]);
		step[i] = step_for(p->owns >> i & 1, owner[i], p->action);
		error = do_step(x, p, &list->sel[i], &step[i]);
	}
	if (error != 0) {
		/* What failed to be added was added in no direction. */
		if (step[--i] != ADD)
			i++;
		memcpy(cause, x->cause, sizeof cause);
		while (i-- > 0)
			undo_step(x, old, owner[i], &list->sel[i], step[i]);
		memcpy(x->cause, cause, sizeof cause);
		return error;
	}
	for (i = 0; i < list->n; i++) {
		if (step[i] == LEAVE)
			continue;
		p->owns |= (uint32_t)1 << i;
		if (step[i] == TAKE_OVER)
			owner[i]->owns &= ~bit[i];
	}
	return 0;
}

uint32_t sdesp_xfrm_reqid(struct sdesp_xfrm *x, const struct sdesp_flow *flow)
{
	struct sdesp_xfrm_policy *p = sdesp_xfrm_find_policy(x, flow);
	struct list list;
	uint32_t bit;

	list_of(&list, flow);
	for (unsigned i = 0; i < list.n && p == NULL; i++)
		p = other_with(x, NULL, &list.sel[i], 0, &bit);
	return p != NULL ? p->reqid : sdesp_xfrm_free_reqid(x);
}

static struct sdesp_xfrm_policy *free_policy(struct sdesp_xfrm *x)
{
	for (size_t i = 0; i < SDESP_XFRM_FLOWS; i++) {
		if (!x->policies[i].used)
			return &x->policies[i];
	}
	return NULL;
}

static int refuse(struct sdesp_xfrm *x, const char *why)
{
	size_t len = strlen(why);

	memcpy(x->cause, why, len + 1);
	return SDESP_ERR_UNSUPPORTED;
}

int sdesp_xfrm_policy_set(struct sdesp_backend *be,
	const struct sdesp_flow *flow, enum sdesp_action action, uint32_t spi)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_policy *p = sdesp_xfrm_find_policy(x, flow), old;
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find(x, flow, spi, 0);
	int status = sdesp_xfrm_check_flow(x, flow);
	uint32_t reqid;
	struct list list;

	if (status != SDESP_OK)
		return status;
	list_of(&list, flow);
	if (list.n == 0)
		return refuse(x, "the kernel's policies cannot say these "
				 "selectors: too many blocks of ports, or "
				 "protocol 0");
	if (action == SDESP_PROTECT && sa == NULL)
		return SDESP_ERR_GONE;
	reqid = sdesp_xfrm_reqid(x, flow);
	if (p == NULL)
		p = free_policy(x);
	if (p == NULL)
		return SDESP_ERR_SPACE;
	old = *p;
	if (!p->used) {
		memset(p, 0, sizeof *p);
		p->used = 1;
		p->flow = *flow;
		p->reqid = reqid;
	}
	p->action = (uint8_t)action;
	p->spi = action == SDESP_PROTECT ? spi : 0;
	status = set_all(x, p, &old, &list);
	if (status == 0)
		return SDESP_OK;
	*p = old;
	if (status == -EEXIST)
		return refuse(x, "another program has a policy with a selector "
				 "of this flow (ip xfrm policy)");
	return SDESP_ERR_BACKEND;
}

/* A selector that another flow has too is that one's from now on. */
int sdesp_xfrm_policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_policy *p = sdesp_xfrm_find_policy(x, flow);
	struct list list;
	int first = 0;

	if (!x->open || p == NULL)
		return SDESP_ERR_GONE;
	list_of(&list, flow);
	for (unsigned i = 0; i < list.n; i++) {
		const struct xfrm_selector *sel = &list.sel[i];
		struct sdesp_xfrm_policy *heir;
		uint32_t bit;
		int error;

		if ((p->owns >> i & 1) == 0)
			continue;
		heir = other_with(x, p, sel, 0, &bit);
		if (heir != NULL) {
			heir->owns |= bit;
			error = update(x, heir, sel, DIRS);
		} else {
			error = erase(x, sel, DIRS);
		}
		if (first == 0)
			first = error;
	}
	memset(p, 0, sizeof *p);
	return sdesp_xfrm_status(first);
}

int sdesp_xfrm_claim(struct sdesp_xfrm *x, const struct sdesp_flow *flow)
{
	struct sdesp_xfrm_policy *own = sdesp_xfrm_find_policy(x, flow);
	struct list list;

	list_of(&list, flow);
	for (unsigned i = 0; i < list.n; i++) {
		const struct sdesp_xfrm_policy *other;
		uint32_t bit;

		other = other_with(x, own, &list.sel[i], 1, &bit);
		if (other != NULL &&
			!sdesp_addr_equal(&other->flow.remote, &flow->remote))
			return refuse(x, "a session with another peer has the "
					 "same selector: what is for one would "
					 "go to the other");
	}
	return SDESP_OK;
}

const struct xfrm_selector *sdesp_xfrm_inside(
	struct xfrm_selector *hull, const struct sdesp_flow *flow)
{
	struct list list;

	list_of(&list, flow);
	if (flow->mode != SDESP_TRANSPORT || list.n == 0)
		return NULL;
	sdesp_xfrm_selector_hull(hull, list.sel, list.n);
	sdesp_xfrm_selector_swap(hull);
	return hull;
}

/* Write the outbound policies that lead to an SA. */
static int write_leading(
	struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa, unsigned action)
{
	int error = 0;

	for (size_t k = 0; k < SDESP_XFRM_FLOWS; k++) {
		const struct sdesp_xfrm_policy *p = &x->policies[k];
		struct list list;

		if (!p->used || p->action != SDESP_PROTECT ||
			p->spi != sa->spi ||
			!sdesp_addr_same_ip(&p->flow.remote, &sa->remote))
			continue;
		list_of(&list, &p->flow);
		for (unsigned i = 0; i < list.n && error == 0; i++) {
			if ((p->owns >> i & 1) != 0)
				error = write_one(x, p, &list.sel[i],
					XFRM_POLICY_OUT, XFRM_MSG_UPDPOLICY,
					action);
		}
	}
	return error;
}

int sdesp_xfrm_stop(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa)
{
	return write_leading(x, sa, XFRM_POLICY_BLOCK);
}

void sdesp_xfrm_go_on(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa)
{
	(void)write_leading(x, sa, XFRM_POLICY_ALLOW);
}
