/* One connection of a relay. SPDX-License-Identifier: MIT */
#ifndef SDESP_LWIP_LINK_H
#define SDESP_LWIP_LINK_H

#include "sdesp_relay.h"

/* A free one for this descriptor, or NULL: there is none. */
struct sdesp_relay_link *sdesp_link_new(struct sdesp_relay *r, int fd);

/* It has this PCB, whose callbacks are the link's from now on. */
void sdesp_link_adopt(struct sdesp_relay_link *link, struct tcp_pcb *pcb);

/* Its PCB is connected: what tcp_connect() calls, with the link as arg. */
err_t sdesp_link_joined(void *arg, struct tcp_pcb *pcb, err_t err);

/* Its descriptor is ready for something. */
void sdesp_link_ready(struct sdesp_relay_link *link);

/* Say anew what is wanted of its descriptor. */
void sdesp_link_watch(struct sdesp_relay_link *link);

/* Break it, both ways. */
void sdesp_link_reset(struct sdesp_relay_link *link);

#endif
