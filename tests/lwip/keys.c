/* SPDX-License-Identifier: MIT */
#include "tests/lwip/keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/udp_pair.h"

struct sdesp_flow keys_flow(
	const struct sdesp_addr *a, const struct sdesp_addr *b)
{
	struct sdesp_flow flow = udp_flow();

	flow.local = *a;
	flow.remote = *b;
	flow.ts[0].local.lo = 0;
	flow.ts[0].local.hi = 65535;
	flow.ts[1] = flow.ts[0];
	flow.ts[1].protocol = 6;
	flow.nts = 2;
	return flow;
}

void keys_install(struct sdesp_udp *udp, const struct sdesp_flow *flow,
	const struct sdesp_sa *in, const struct sdesp_sa *out)
{
	struct sdesp_backend *be = &udp->base;

	if (be->vtable->sa_add(be, flow, in, 1) == SDESP_OK &&
		be->vtable->sa_add(be, flow, out, 0) == SDESP_OK &&
		be->vtable->policy_set(be, flow, SDESP_PROTECT, out->spi) ==
			SDESP_OK)
		return;
	fprintf(stderr, "keys: not installed\n");
	exit(1);
}

const struct sdesp_crypto_class *const *keys_crypto(void)
{
	static struct sdesp_bearssl provider;

	if (provider.vtable == NULL)
		sdesp_bearssl_init(&provider);
	return &provider.vtable;
}
