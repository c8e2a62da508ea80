/*
 * From selectors to what a routing rule can tell. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/guard.h"

enum { UDP = 17 };

/* linux/fib_rules.h has no ranges with port 0 or 65535. */
static void ports(uint16_t *lo, uint16_t *hi, const struct sdesp_ts_side *side)
{
	if (side->hi == UINT16_MAX)
		return;
	*lo = side->lo != 0 ? side->lo : 1;
	*hi = side->hi != 0 ? side->hi : 1;
}

void guard_traffic(struct guard_traffic *t, const struct sdesp_flow *flow,
	const struct sdesp_ts *ts)
{
	memset(t, 0, sizeof *t);
	t->to = flow->remote;
	t->to.port = 0;
	t->bits = t->to.family == 4 ? 32 : 128;
	if (ts->remote.kind == SDESP_TS_PREFIX) {
		t->to.family = ts->remote.family;
		memcpy(t->to.ip, ts->remote.ip, sizeof t->to.ip);
		t->bits = ts->remote.prefix_len;
	}
	if (flow->mode == SDESP_TUNNEL || ts->protocol > 255)
		return;
	t->protocol = (uint8_t)ts->protocol;
	if (!sdesp_protocol_has_ports(ts->protocol))
		return;
	ports(&t->remote_lo, &t->remote_hi, &ts->remote);
	if (t->to.family == 4 || ts->protocol == UDP)
		ports(&t->local_lo, &t->local_hi, &ts->local);
}

int guard_equal(const struct guard_traffic *a, const struct guard_traffic *b)
{
	return sdesp_addr_equal(&a->to, &b->to) && a->bits == b->bits &&
	       a->protocol == b->protocol && a->local_lo == b->local_lo &&
	       a->local_hi == b->local_hi && a->remote_lo == b->remote_lo &&
	       a->remote_hi == b->remote_hi;
}
