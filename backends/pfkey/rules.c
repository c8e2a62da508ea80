/* Policies of one selector. SPDX-License-Identifier: MIT */
#include "rules.h"

#include "exchange.h"

/* Nothing is said of SAs where a policy goes. */
static const struct sdesp_pfkey_flow none;

static void ask(struct sdesp_pfkey *pf, struct pfkey_writer *w,
	enum pfkey_verb verb, const struct pfkey_selector *sel, int inbound,
	enum pfkey_rule rule, const struct sdesp_pfkey_flow *f)
{
	static const uint8_t kame[] = {
		KAME_SPDADD, KAME_SPDUPDATE, KAME_SPDDELETE};
	static const uint8_t openbsd[] = {
		OPENBSD_ADDFLOW, OPENBSD_ADDFLOW, OPENBSD_DELFLOW};

	sdesp_pfkey_ask(
		pf, w, pf->config.dialect->flows ? openbsd[verb] : kame[verb]);
	sdesp_pfkey_put_policy(w, sel, inbound, rule, &f->flow,
		f->reqid != 0 ? f->reqid : pf->reqid, f->spi);
}

int sdesp_pfkey_rule(struct sdesp_pfkey *pf, enum pfkey_verb verb,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f)
{
	struct pfkey_writer w;

	ask(pf, &w, verb, sel, inbound, rule, f);
	return sdesp_pfkey_tell(pf, &w);
}

void sdesp_pfkey_undo_rule(struct sdesp_pfkey *pf,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f)
{
	struct pfkey_writer w;

	ask(pf, &w, PFKEY_REPLACE, sel, inbound, rule, f);
	sdesp_pfkey_undo(pf, &w);
}

static void undo(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel, int inbound)
{
	struct pfkey_writer w;

	ask(pf, &w, PFKEY_REMOVE, sel, inbound, PFKEY_RULE_BLOCK, &none);
	sdesp_pfkey_undo(pf, &w);
}

int sdesp_pfkey_add_rules(struct sdesp_pfkey *pf,
	const struct pfkey_selector *sel, enum pfkey_rule out,
	enum pfkey_rule in, const struct sdesp_pfkey_flow *f)
{
	int status = sdesp_pfkey_rule(pf, PFKEY_PUT, sel, 1, in, f);

	if (status == SDESP_OK) {
		status = sdesp_pfkey_rule(pf, PFKEY_PUT, sel, 0, out, f);
		if (status == SDESP_OK)
			return status;
		if (pf->unsure)
			undo(pf, sel, 0);
	} else if (!pf->unsure) {
		return status;
	}
	undo(pf, sel, 1);
	return status;
}

/* A second time, if the first has failed: nothing may stay behind. */
static int take(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel, int inbound)
{
	int status = SDESP_ERR_BACKEND, tries = 0;

	while (tries++ < 2 && status != SDESP_OK && status != SDESP_ERR_GONE)
		status = sdesp_pfkey_rule(pf, PFKEY_REMOVE, sel, inbound,
			PFKEY_RULE_BLOCK, &none);
	return status;
}

int sdesp_pfkey_take_rules(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel)
{
	int out = take(pf, sel, 0), in = take(pf, sel, 1);

	return out != SDESP_OK ? out : in;
}

void sdesp_pfkey_undo_rules(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel)
{
	undo(pf, sel, 0);
	undo(pf, sel, 1);
}
