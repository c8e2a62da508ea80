/*
 * Who is to be woken when. SPDX-License-Identifier: MIT
 *
 * An id is that of an SA (slot - 1) or, from max_sas on, of a policy.
 */
#ifndef SDESP_TUN_TIMER_H
#define SDESP_TUN_TIMER_H

#include "sdesp_tun.h"

/* Set, change or, with UINT64_MAX, stop the alarm of id. */
void sdesp_tun_timer_set(
	struct sdesp_tun_timers *t, uint32_t id, uint64_t due_ms);

#endif
