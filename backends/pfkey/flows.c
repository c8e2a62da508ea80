/*
 * The methods that are about policies. A flow is spread over selectors, each
 * with a policy out and one in; either all of them are as asked, or all are
 * as they were. SPDX-License-Identifier: MIT
 */
#include "methods.h"

#include <string.h>

#include "base/ct.h"

#include "exchange.h"
#include "rules.h"
#include "table.h"

static enum pfkey_rule rule(const struct sdesp_pfkey_flow *f)
{
	return f->action == SDESP_PROTECT ? PFKEY_RULE_PROTECT
					  : PFKEY_RULE_BLOCK;
}

static int first(int a, int b)
{
	return a != SDESP_OK ? a : b;
}

static int same(const struct pfkey_selector *a, const struct pfkey_selector *b)
{
	return a->protocol == b->protocol &&
	       a->local_prefix == b->local_prefix &&
	       a->remote_prefix == b->remote_prefix &&
	       sdesp_addr_equal(&a->local, &b->local) &&
	       sdesp_addr_equal(&a->remote, &b->remote);
}

/* The next selector of a flow from n on, each once: ports may be in two of
 * its lines. As sdesp_pfkey_selector(). */
static int next(
	struct pfkey_selector *sel, const struct sdesp_flow *flow, unsigned *n)
{
	struct pfkey_selector before;
	unsigned i;
	int status;

	do {
		status = sdesp_pfkey_selector(sel, flow, *n);
		for (i = 0; status == 1 && i < *n; i++) {
			if (sdesp_pfkey_selector(&before, flow, i) == 1 &&
				same(&before, sel))
				break;
		}
		(*n)++;
	} while (status == 1 && i + 1 < *n);
	return status;
}

/* What is to become of one selector. Inbound there is nothing to replace but
 * where the SAs that are asked for have other ends now. */
static int replace(struct sdesp_pfkey *pf, const struct pfkey_selector *sel,
	const struct sdesp_pfkey_flow *to, int ends)
{
	int status = SDESP_OK;

	if (ends)
		status = sdesp_pfkey_rule(
			pf, PFKEY_REPLACE, sel, 1, PFKEY_RULE_PROTECT, to);
	if (status == SDESP_OK)
		status = sdesp_pfkey_rule(
			pf, PFKEY_REPLACE, sel, 0, rule(to), to);
	return status;
}

/* The first n selectors, as they were. */
static void put_back(struct sdesp_pfkey *pf, const struct sdesp_flow *flow,
	const struct sdesp_pfkey_flow *old, unsigned n, int ends)
{
	struct pfkey_selector sel;

	while (n-- > 0 && sdesp_pfkey_selector(&sel, flow, n) == 1) {
		if (old == NULL) {
			sdesp_pfkey_undo_rules(pf, &sel);
			continue;
		}
		sdesp_pfkey_undo_rule(pf, &sel, 0, rule(old), old);
		if (ends)
			sdesp_pfkey_undo_rule(
				pf, &sel, 1, PFKEY_RULE_PROTECT, old);
	}
}

/* From old, which is NULL when the selectors have no policy yet. */
static int apply(struct sdesp_pfkey *pf, const struct sdesp_pfkey_flow *to,
	const struct sdesp_pfkey_flow *old)
{
	int ends = old != NULL && !sdesp_flow_equal(&old->flow, &to->flow);
	struct pfkey_selector sel;
	unsigned n = 0;
	int status;

	while ((status = next(&sel, &to->flow, &n)) == 1) {
		if (old == NULL)
			status = sdesp_pfkey_add_rules(
				pf, &sel, rule(to), PFKEY_RULE_PROTECT, to);
		else
			status = replace(pf, &sel, to, ends);
		if (status != SDESP_OK) {
			/* Perhaps the last one was replaced after all. */
			put_back(pf, &to->flow, old, old == NULL ? n - 1 : n,
				ends);
			return status;
		}
	}
	return status;
}

/* The same selectors, in the same order: the flow of a peer that has moved. */
static int twins(const struct sdesp_flow *a, const struct sdesp_flow *b)
{
	struct pfkey_selector left, right;
	int status = 1;

	for (unsigned n = 0; status == 1; n++) {
		status = sdesp_pfkey_selector(&left, a, n);
		if (sdesp_pfkey_selector(&right, b, n) != status ||
			(status == 1 && !same(&left, &right)))
			return 0;
	}
	return 1;
}

/* Another flow with the selectors of this one: the one that has policies, or
 * one that waits for them. NULL = none. */
static struct sdesp_pfkey_flow *twin_of(
	struct sdesp_pfkey *pf, const struct sdesp_flow *flow, int waits)
{
	for (unsigned i = 0; i < SDESP_PFKEY_FLOWS; i++) {
		struct sdesp_pfkey_flow *f = &pf->flows[i];

		if (f->used && f->waits == waits &&
			!sdesp_flow_equal(&f->flow, flow) &&
			twins(&f->flow, flow))
			return f;
	}
	return NULL;
}

static int holds(
	const struct sdesp_flow *flow, const struct pfkey_selector *sel)
{
	struct pfkey_selector own;

	for (unsigned n = 0; sdesp_pfkey_selector(&own, flow, n) == 1; n++) {
		if (same(&own, sel))
			return 1;
	}
	return 0;
}

/* Kernels know policies by their selectors alone, and OpenBSD replaces what
 * is there. */
static int check_others(struct sdesp_pfkey *pf, const struct sdesp_flow *flow)
{
	struct pfkey_selector sel;

	for (unsigned n = 0; sdesp_pfkey_selector(&sel, flow, n) == 1; n++) {
		for (unsigned i = 0; i < SDESP_PFKEY_FLOWS; i++) {
			if (pf->flows[i].used && !pf->flows[i].waits &&
				holds(&pf->flows[i].flow, &sel))
				return sdesp_pfkey_blame(pf, "policy",
					"another flow has this selector");
		}
	}
	return SDESP_OK;
}

static struct sdesp_pfkey_flow *free_flow(struct sdesp_pfkey *pf)
{
	for (unsigned i = 0; i < SDESP_PFKEY_FLOWS; i++) {
		if (!pf->flows[i].used)
			return &pf->flows[i];
	}
	return NULL;
}

/*
 * Into its slot, once the kernel has it. While a twin has policies, this flow
 * may wait for them: until then they let nothing of its own through, whose
 * outbound SA they do not name.
 */
static int put(struct sdesp_pfkey *pf, struct sdesp_pfkey_flow *slot,
	struct sdesp_pfkey_flow *to)
{
	struct sdesp_pfkey_flow *old = slot->used && !slot->waits ? slot : NULL;
	int status = SDESP_OK;

	if (old == NULL && to->action == SDESP_BLOCK)
		to->waits = twin_of(pf, &to->flow, 0) != NULL;
	if (old == NULL && !to->waits)
		status = check_others(pf, &to->flow);
	if (status == SDESP_OK && !to->waits)
		status = apply(pf, to, old);
	if (status == SDESP_OK)
		*slot = *to;
	return status;
}

int sdesp_pfkey_policy_set(struct sdesp_backend *be,
	const struct sdesp_flow *flow, enum sdesp_action action, uint32_t spi)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_flow *slot = sdesp_pfkey_find_flow(pf, flow);
	struct sdesp_pfkey_flow to = {.used = 1, .flow = *flow};
	const struct sdesp_pfkey_sa *sa = NULL;
	int status = sdesp_pfkey_check_flow(pf, flow);

	to.action = (uint8_t)action;
	if (status != SDESP_OK)
		return status;
	if (action == SDESP_PROTECT) {
		sa = sdesp_pfkey_find(pf, flow, spi, 0);
		if (sa == NULL)
			return SDESP_ERR_GONE;
		to.reqid = sa->reqid;
		to.spi = spi;
	}
	if (slot == NULL)
		slot = free_flow(pf);
	if (slot == NULL)
		return SDESP_ERR_SPACE;
	status = put(pf, slot, &to);
	/* A policy that is there is somebody else's. */
	return status == SDESP_ERR_EXISTS || status == SDESP_ERR_GONE
		       ? SDESP_ERR_BACKEND
		       : status;
}

/* The policies that a flow leaves to its twin let nothing through. */
static int inherit(struct sdesp_pfkey *pf, struct sdesp_pfkey_flow *heir,
	const struct sdesp_pfkey_flow *from)
{
	int status = apply(pf, heir, from);

	if (status != SDESP_OK)
		status = apply(pf, heir, from);
	heir->waits = 0;
	return status;
}

int sdesp_pfkey_policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_flow *f = sdesp_pfkey_find_flow(pf, flow);
	struct sdesp_pfkey_flow *heir;
	struct pfkey_selector sel;
	unsigned n = 0;
	int status = SDESP_OK;

	if (f == NULL)
		return SDESP_ERR_GONE;
	heir = f->waits ? NULL : twin_of(pf, flow, 1);
	if (heir != NULL)
		status = inherit(pf, heir, f);
	while (heir == NULL && !f->waits && next(&sel, flow, &n) == 1)
		status = first(status, sdesp_pfkey_take_rules(pf, &sel));
	sdesp_wipe(f, sizeof *f);
	return status;
}
