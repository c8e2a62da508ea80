/* What SAs have to tell their session. SPDX-License-Identifier: MIT */
#ifndef SDESP_UDP_EVENTS_H
#define SDESP_UDP_EVENTS_H

#include "sdesp_udp.h"

/* Something may have happened to the SA's watch. */
void sdesp_udp_note(struct sdesp_udp *u, const struct sdesp_udp_sa *sa);

/* The method. */
int sdesp_udp_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev);

#endif
