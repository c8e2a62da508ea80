/* TCP connections of a netif. SPDX-License-Identifier: MIT */
#ifndef SDESP_LWIP_CONNECTIONS_H
#define SDESP_LWIP_CONNECTIONS_H

#include "sdesp_lwip.h"

/* May there be one more connection? 1, where need be in the place of one in
 * TIME-WAIT, or 0. */
int sdesp_lwip_make_room(struct sdesp_lwip *l);

/* Free those in TIME-WAIT: lwIP leaves them behind when a netif goes. */
void sdesp_lwip_forget(struct sdesp_lwip *l);

#endif
