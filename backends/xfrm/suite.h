/* How Linux names a suite and wants its keys. SPDX-License-Identifier: MIT */
#ifndef SDESP_XFRM_SUITE_H
#define SDESP_XFRM_SUITE_H

#include "netlink.h"
#include "sdesp_sa.h"

/* Append the algorithms of an SA with their keys. 0 when Linux has no such
 * suite: nothing is appended. */
int sdesp_xfrm_put_suite(struct sdesp_nl *m, const struct sdesp_sa *sa);

#endif
