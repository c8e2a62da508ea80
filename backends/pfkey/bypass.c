/* Signalling past all SAs. SPDX-License-Identifier: MIT */
#include <string.h>

#include "methods.h"
#include "rules.h"

static const struct sdesp_pfkey_flow none;

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
		status = sdesp_pfkey_add_rules(
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
		(void)sdesp_pfkey_take_rules(pf, &sel);
		pf->bypasses[i].used = 0;
	}
}
