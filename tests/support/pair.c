/* SPDX-License-Identifier: MIT */
#include "tests/support/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pair_need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "test support: %s\n", what);
	exit(1);
}

const struct sdesp_crypto_class *const *pair_crypto(void)
{
	static struct sdesp_bearssl provider;

	if (provider.vtable == NULL)
		sdesp_bearssl_init(&provider);
	return &provider.vtable;
}

struct sdesp_ts_side pair_prefix(const char *ip, uint8_t bits)
{
	struct sdesp_addr addr;
	struct sdesp_ts_side side = {
		.kind = SDESP_TS_PREFIX, .prefix_len = bits, .hi = 65535};

	pair_need(sdesp_addr_parse(&addr, ip, strlen(ip)) == SDESP_OK, ip);
	side.family = addr.family;
	memcpy(side.ip, addr.ip, sizeof side.ip);
	return side;
}

void pair_tunnel(struct sdesp_flow *flow)
{
	flow->mode = SDESP_TUNNEL;
	flow->nts = 2;
	flow->ts[0].protocol = flow->ts[1].protocol = SDESP_TS_ANY_PROTOCOL;
	flow->ts[0].local = pair_prefix("10.0.0.0", 24);
	flow->ts[0].remote = pair_prefix("10.1.0.0", 16);
	flow->ts[1].local = pair_prefix("fd00::", 32);
	flow->ts[1].remote = pair_prefix("fd01::", 32);
}

void pair_start(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *in, const struct sdesp_sa *out)
{
	pair_need(be->vtable->sa_add(be, flow, in, 1) == SDESP_OK,
		"no inbound SA");
	pair_need(be->vtable->sa_add(be, flow, out, 0) == SDESP_OK,
		"no outbound SA");
	pair_need(be->vtable->policy_set(be, flow, SDESP_PROTECT, out->spi) ==
			  SDESP_OK,
		"no policy");
}
