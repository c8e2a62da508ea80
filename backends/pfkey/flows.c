/*
 * The methods that are about policies. A flow is spread over selectors, each
 * with a policy out and one in; either all of them are as asked, or all are
 * as they were. SPDX-License-Identifier: MIT
 */
#include "methods.h"

#include <string.h>

#include "base/ct.h"

#include "exchange.h"
#include "request.h"
#include "table.h"

enum verb { PUT, REPLACE, REMOVE };

static unsigned request(const struct sdesp_pfkey *pf, enum verb verb)
{
	static const uint8_t kame[] = {
		KAME_SPDADD, KAME_SPDUPDATE, KAME_SPDDELETE};
	static const uint8_t openbsd[] = {
		OPENBSD_ADDFLOW, OPENBSD_ADDFLOW, OPENBSD_DELFLOW};

	return pf->config.dialect->flows ? openbsd[verb] : kame[verb];
}

static void ask(struct sdesp_pfkey *pf, struct pfkey_writer *w, enum verb verb,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f)
{
	sdesp_pfkey_ask(pf, w, request(pf, verb));
	sdesp_pfkey_put_policy(
		w, sel, inbound, rule, &f->flow, f->reqid, f->spi);
}

static int change(struct sdesp_pfkey *pf, enum verb verb,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f)
{
	struct pfkey_writer w;

	ask(pf, &w, verb, sel, inbound, rule, f);
	return sdesp_pfkey_tell(pf, &w);
}

static void undo(struct sdesp_pfkey *pf, enum verb verb,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f)
{
	struct pfkey_writer w;

	ask(pf, &w, verb, sel, inbound, rule, f);
	sdesp_pfkey_undo(pf, &w);
}

/* Nothing is said of SAs where a policy goes, or lets all pass. */
static const struct sdesp_pfkey_flow none;

/* The policies of a selector that had none, out and in. */
static int add(struct sdesp_pfkey *pf, const struct pfkey_selector *sel,
	enum pfkey_rule out, enum pfkey_rule in,
	const struct sdesp_pfkey_flow *f)
{
	int status = change(pf, PUT, sel, 0, out, f);

	if (status == SDESP_OK) {
		status = change(pf, PUT, sel, 1, in, f);
		if (status == SDESP_OK)
			return status;
		if (pf->unsure)
			undo(pf, REMOVE, sel, 1, PFKEY_RULE_BLOCK, &none);
	} else if (!pf->unsure) {
		return status;
	}
	undo(pf, REMOVE, sel, 0, PFKEY_RULE_BLOCK, &none);
	return status;
}

static int first(int a, int b)
{
	return a != SDESP_OK ? a : b;
}

/* A second time, if the first has failed: nothing may stay behind. */
static int take(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel, int inbound)
{
	int status = SDESP_ERR_BACKEND, tries = 0;

	while (tries++ < 2 && status != SDESP_OK && status != SDESP_ERR_GONE)
		status = change(
			pf, REMOVE, sel, inbound, PFKEY_RULE_BLOCK, &none);
	return status;
}

static int take_away(struct sdesp_pfkey *pf, const struct pfkey_selector *sel)
{
	int in = take(pf, sel, 1);

	return first(in, take(pf, sel, 0));
}

static enum pfkey_rule rule(const struct sdesp_pfkey_flow *f)
{
	return f->action == SDESP_PROTECT ? PFKEY_RULE_PROTECT
					  : PFKEY_RULE_BLOCK;
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

/* The first n selectors, as they were. */
static void put_back(struct sdesp_pfkey *pf, const struct sdesp_flow *flow,
	const struct sdesp_pfkey_flow *old, unsigned n)
{
	struct pfkey_selector sel;

	while (n-- > 0 && sdesp_pfkey_selector(&sel, flow, n) == 1) {
		if (old != NULL) {
			undo(pf, REPLACE, &sel, 0, rule(old), old);
		} else {
			undo(pf, REMOVE, &sel, 1, PFKEY_RULE_BLOCK, &none);
			undo(pf, REMOVE, &sel, 0, PFKEY_RULE_BLOCK, &none);
		}
	}
}

/* From old, which is NULL when the flow has no policy yet. */
static int apply(struct sdesp_pfkey *pf, const struct sdesp_pfkey_flow *to,
	const struct sdesp_pfkey_flow *old)
{
	struct pfkey_selector sel;
	unsigned n = 0;
	int status;

	while ((status = next(&sel, &to->flow, &n)) == 1) {
		if (old == NULL)
			status =
				add(pf, &sel, rule(to), PFKEY_RULE_PROTECT, to);
		else
			status = change(pf, REPLACE, &sel, 0, rule(to), to);
		if (status != SDESP_OK) {
			/* Perhaps the last one was replaced after all. */
			put_back(pf, &to->flow, old, old == NULL ? n - 1 : n);
			return status;
		}
	}
	return status;
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
			if (pf->flows[i].used &&
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

int sdesp_pfkey_policy_set(struct sdesp_backend *be,
	const struct sdesp_flow *flow, enum sdesp_action action, uint32_t spi)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_flow *old = sdesp_pfkey_find_flow(pf, flow);
	struct sdesp_pfkey_flow *slot = old != NULL ? old : free_flow(pf);
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
		return SDESP_ERR_SPACE;
	if (old == NULL)
		status = check_others(pf, flow);
	if (status == SDESP_OK)
		status = apply(pf, &to, old);
	if (status == SDESP_OK)
		*slot = to;
	/* A policy that is there is somebody else's. */
	return status == SDESP_ERR_EXISTS || status == SDESP_ERR_GONE
		       ? SDESP_ERR_BACKEND
		       : status;
}

int sdesp_pfkey_policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_flow *f = sdesp_pfkey_find_flow(pf, flow);
	struct pfkey_selector sel;
	unsigned n = 0;
	int status = SDESP_OK;

	if (f == NULL)
		return SDESP_ERR_GONE;
	while (next(&sel, flow, &n) == 1)
		status = first(status, take_away(pf, &sel));
	sdesp_wipe(f, sizeof *f);
	return status;
}

static void bypass_selector(
	struct pfkey_selector *sel, const struct sdesp_pfkey_bypass *b)
{
	uint8_t prefix = b->local.family == 4 ? 32 : 128;

	memset(sel, 0, sizeof *sel);
	sel->protocol = b->protocol;
	sel->local = b->local;
	sel->remote = b->remote;
	sel->local_prefix = sel->remote_prefix = prefix;
}

int sdesp_pfkey_add_bypass(struct sdesp_backend *be, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_bypass b = {.used = 1,
		.protocol = (uint8_t)protocol,
		.local = *local,
		.remote = *remote};
	struct pfkey_selector sel;
	int status;

	if (local->family != remote->family ||
		(local->family != 4 && local->family != 6))
		return SDESP_ERR_UNSUPPORTED;
	for (unsigned i = 0; i < SDESP_PFKEY_BYPASSES; i++) {
		if (pf->bypasses[i].used)
			continue;
		bypass_selector(&sel, &b);
		status = add(
			pf, &sel, PFKEY_RULE_BYPASS, PFKEY_RULE_BYPASS, &none);
		if (status == SDESP_OK)
			pf->bypasses[i] = b;
		return status;
	}
	return SDESP_ERR_SPACE;
}

void sdesp_pfkey_delete_bypasses(struct sdesp_pfkey *pf)
{
	for (unsigned i = 0; i < SDESP_PFKEY_BYPASSES; i++) {
		struct pfkey_selector sel;

		if (!pf->bypasses[i].used)
			continue;
		bypass_selector(&sel, &pf->bypasses[i]);
		(void)take_away(pf, &sel);
		pf->bypasses[i].used = 0;
	}
}
