/* The tables of SAs and policies. SPDX-License-Identifier: MIT */
#include "table.h"

#include <string.h>

static const struct sdesp_addr *destination(const struct sdesp_xfrm_sa *sa)
{
	return sa->inbound ? &sa->local : &sa->remote;
}

struct sdesp_xfrm_sa *sdesp_xfrm_find_dst(
	struct sdesp_xfrm *x, const struct sdesp_addr *dst, uint32_t spi)
{
	for (size_t i = 0; i < SDESP_XFRM_SAS; i++) {
		struct sdesp_xfrm_sa *sa = &x->sas[i];

		if (sa->state != SDESP_SA_NONE && sa->spi == spi &&
			sdesp_addr_same_ip(destination(sa), dst))
			return sa;
	}
	return NULL;
}

struct sdesp_xfrm_sa *sdesp_xfrm_find(struct sdesp_xfrm *x,
	const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find_dst(
		x, inbound ? &flow->local : &flow->remote, spi);

	return sa != NULL && sa->inbound == (inbound != 0) ? sa : NULL;
}

struct sdesp_xfrm_sa *sdesp_xfrm_find_free(struct sdesp_xfrm *x)
{
	for (size_t i = 0; i < SDESP_XFRM_SAS; i++) {
		if (x->sas[i].state == SDESP_SA_NONE)
			return &x->sas[i];
	}
	return NULL;
}

void sdesp_xfrm_enter(struct sdesp_xfrm_sa *sa, const struct sdesp_flow *flow,
	uint32_t spi, uint32_t reqid, int inbound, unsigned state)
{
	memset(sa, 0, sizeof *sa);
	sa->state = (uint8_t)state;
	sa->inbound = inbound != 0;
	sa->mode = flow->mode;
	sa->udp = flow->udp;
	sa->spi = spi;
	sa->reqid = reqid;
	sa->local = flow->local;
	sa->remote = flow->remote;
}

void sdesp_xfrm_sa_ident(
	struct sdesp_xfrm_ident *id, const struct sdesp_xfrm_sa *sa)
{
	memset(id, 0, sizeof *id);
	id->src = sa->inbound ? sa->remote : sa->local;
	id->dst = *destination(sa);
	id->spi = sa->spi;
	id->reqid = sa->reqid;
	id->mode = sa->mode;
	id->udp = sa->udp;
}

struct sdesp_xfrm_policy *sdesp_xfrm_find_policy(
	struct sdesp_xfrm *x, const struct sdesp_flow *flow)
{
	for (size_t i = 0; i < SDESP_XFRM_FLOWS; i++) {
		if (x->policies[i].used &&
			sdesp_flow_equal(&x->policies[i].flow, flow))
			return &x->policies[i];
	}
	return NULL;
}

static int has_reqid(const struct sdesp_xfrm *x, uint32_t reqid)
{
	for (size_t i = 0; i < SDESP_XFRM_FLOWS; i++) {
		if (x->policies[i].used && x->policies[i].reqid == reqid)
			return 1;
	}
	for (size_t i = 0; i < SDESP_XFRM_SAS; i++) {
		if (x->sas[i].state != SDESP_SA_NONE &&
			x->sas[i].reqid == reqid)
			return 1;
	}
	return 0;
}

/* The first of the range is for SPIs that have no flow yet. */
uint32_t sdesp_xfrm_free_reqid(const struct sdesp_xfrm *x)
{
	uint32_t reqid = x->reqid + x->skip + 1;

	while (has_reqid(x, reqid))
		reqid++;
	return reqid;
}
