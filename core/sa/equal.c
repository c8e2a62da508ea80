/* Are two flows the same? SPDX-License-Identifier: MIT */
#include <string.h>

#include "sdesp_sa.h"

static int side_equal(
	const struct sdesp_ts_side *a, const struct sdesp_ts_side *b)
{
	return a->kind == b->kind && a->family == b->family &&
	       a->prefix_len == b->prefix_len && a->lo == b->lo &&
	       a->hi == b->hi && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

int sdesp_ts_equal(const struct sdesp_ts *a, const struct sdesp_ts *b)
{
	return a->protocol == b->protocol && side_equal(&a->local, &b->local) &&
	       side_equal(&a->remote, &b->remote);
}

int sdesp_flow_equal(const struct sdesp_flow *a, const struct sdesp_flow *b)
{
	if (a->mode != b->mode || a->udp != b->udp || a->nts != b->nts ||
		!sdesp_addr_equal(&a->local, &b->local) ||
		!sdesp_addr_equal(&a->remote, &b->remote))
		return 0;
	for (unsigned i = 0; i < a->nts; i++) {
		if (!sdesp_ts_equal(&a->ts[i], &b->ts[i]))
			return 0;
	}
	return 1;
}
