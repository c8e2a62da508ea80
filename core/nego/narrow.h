/*
 * Traffic selectors: what both ends allow. SPEC 6.2 to 6.4.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_NEGO_NARROW_H
#define SDESP_NEGO_NARROW_H

#include "sdesp_sa.h"

/* A line as the other end sees it: the sides change places. */
void sdesp_ts_swap(struct sdesp_ts *ts);

/* The line that stands for none: any self any peer any. */
void sdesp_ts_default(struct sdesp_ts *ts);

/*
 * The intersection of two lines, both as we see them, in the mode and address
 * family of flow: 1 and *ts, or 0 when it is empty or one of them cannot serve
 * in that mode. ts may be a or b. SPEC 6.2.
 */
int sdesp_ts_intersect(struct sdesp_ts *ts, const struct sdesp_ts *a,
	const struct sdesp_ts *b, const struct sdesp_flow *flow);

/*
 * Answerer: put into flow what grants (as we see them) allow of the offered
 * lines (as the peer wrote them; none = the default). The order is that of
 * the offer; duplicates and what is over SDESP_MAX_TS are left out. Returns
 * how many there are; 0 = no agreement.
 */
unsigned sdesp_ts_narrow(struct sdesp_flow *flow, const struct sdesp_ts *offer,
	unsigned noffer, const struct sdesp_ts *grants, unsigned ngrants);

/*
 * Offerer: put the answered lines (as the peer wrote them; none = the
 * default) into flow. 0 when one of them is not within a single line of what
 * was offered (as we see it); otherwise their number.
 */
unsigned sdesp_ts_accept(struct sdesp_flow *flow, const struct sdesp_ts *answer,
	unsigned nanswer, const struct sdesp_ts *offer, unsigned noffer);

/* The selectors of media in place, between two inner ports; inner is an
 * enum sdesp_inner_kind. remote_port 0 = not known yet. */
void sdesp_ts_in_place(struct sdesp_flow *flow, unsigned inner,
	unsigned local_port, unsigned remote_port);

#endif
