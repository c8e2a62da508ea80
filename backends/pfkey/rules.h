/*
 * Policies of one selector, out and in: both of them, or none.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PFKEY_RULES_H
#define SDESP_PFKEY_RULES_H

#include "request.h"

enum pfkey_verb { PFKEY_PUT, PFKEY_REPLACE, PFKEY_REMOVE };

/* One policy of a flow. As sdesp_pfkey_tell(). */
int sdesp_pfkey_rule(struct sdesp_pfkey *pf, enum pfkey_verb verb,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f);

/* Replace it, to undo what has failed. */
void sdesp_pfkey_undo_rule(struct sdesp_pfkey *pf,
	const struct pfkey_selector *sel, int inbound, enum pfkey_rule rule,
	const struct sdesp_pfkey_flow *f);

/* The policies of a selector that had none; f may be empty where the rule
 * says nothing of SAs. The inbound one is there before the other and is there
 * after it: where only that one says whose they are, it says it for both. */
int sdesp_pfkey_add_rules(struct sdesp_pfkey *pf,
	const struct pfkey_selector *sel, enum pfkey_rule out,
	enum pfkey_rule in, const struct sdesp_pfkey_flow *f);

/* Remove them, trying twice. */
int sdesp_pfkey_take_rules(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel);

/* Remove them, to undo what has failed. */
void sdesp_pfkey_undo_rules(
	struct sdesp_pfkey *pf, const struct pfkey_selector *sel);

#endif
