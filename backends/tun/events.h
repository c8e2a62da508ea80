/* What SAs have to tell their session, in the order in which they began to
 * have something to tell. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_EVENTS_H
#define SDESP_TUN_EVENTS_H

#include "sdesp_tun.h"

/* Something may have happened to the SA's watch. */
void sdesp_tun_event_note(struct sdesp_tun *t, uint32_t slot);

/* The SA goes away. */
void sdesp_tun_event_cancel(struct sdesp_tun *t, uint32_t slot);

/* The method. */
int sdesp_tun_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev);

#endif
