/* What of ours is in the kernel. SPDX-License-Identifier: MIT */
#include "table.h"

#include <string.h>

#define OUTBOUND (SDESP_PFKEY_REQIDS - 1u) /* the first is of inbound SAs */

#if SDESP_PFKEY_SAS < 1 || SDESP_PFKEY_SAS >= SDESP_PFKEY_REQIDS
#error "SDESP_PFKEY_SAS must be 1 to 255: every SA has a request id"
#endif

struct sdesp_pfkey_sa *sdesp_pfkey_find(struct sdesp_pfkey *pf,
	const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		struct sdesp_pfkey_sa *sa = &pf->sas[i];

		if (sa->state == SDESP_SA_NONE || sa->spi != spi ||
			sa->inbound != (inbound != 0))
			continue;
		if (inbound || sdesp_addr_same_ip(&sa->remote, &flow->remote))
			return sa;
	}
	return NULL;
}

void sdesp_pfkey_name(struct sdesp_pfkey_sa *sa, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	memset(sa, 0, sizeof *sa);
	sa->inbound = inbound != 0;
	sa->spi = spi;
	sa->mode = flow->mode;
	sa->udp = flow->udp;
	sa->local = flow->local;
	sa->remote = flow->remote;
}

struct sdesp_pfkey_sa *sdesp_pfkey_new(struct sdesp_pfkey *pf,
	const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		if (pf->sas[i].state != SDESP_SA_NONE)
			continue;
		sdesp_pfkey_name(&pf->sas[i], flow, spi, inbound);
		return &pf->sas[i];
	}
	return NULL;
}

uint16_t sdesp_pfkey_reqid(const struct sdesp_pfkey *pf, uint32_t spi)
{
	for (unsigned i = 0; i <= SDESP_PFKEY_SAS; i++) {
		uint16_t id = (uint16_t)(pf->reqid + 1 +
					 (spi % OUTBOUND + i) % OUTBOUND);
		unsigned at = 0;

		while (at < SDESP_PFKEY_SAS &&
			(pf->sas[at].state == SDESP_SA_NONE ||
				pf->sas[at].reqid != id))
			at++;
		if (at == SDESP_PFKEY_SAS)
			return id;
	}
	return 0;
}

struct sdesp_pfkey_flow *sdesp_pfkey_find_flow(
	struct sdesp_pfkey *pf, const struct sdesp_flow *flow)
{
	for (unsigned i = 0; i < SDESP_PFKEY_FLOWS; i++) {
		if (pf->flows[i].used &&
			sdesp_flow_equal(&pf->flows[i].flow, flow))
			return &pf->flows[i];
	}
	return NULL;
}
