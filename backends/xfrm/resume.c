/*
 * SAs that were used before, by another program. SPDX-License-Identifier: MIT
 */
#include "backend.h"
#include "talk.h"

int sdesp_xfrm_resume(struct sdesp_xfrm *x, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound, uint64_t seq)
{
	struct sdesp_xfrm_sa *own = sdesp_xfrm_find(x, flow, sa->spi, inbound);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl m;

	if (own == NULL || own->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_xfrm_sa_ident(&id, own);
	sdesp_xfrm_put_numbers(
		&m, x->request, sizeof x->request, &id, sa, inbound, seq);
	return sdesp_xfrm_status(
		sdesp_xfrm_talk(x, &m, "setting an SA's numbers", NULL));
}
