/* What SAs have to tell their session. SPDX-License-Identifier: MIT */
#ifndef SDESP_UDP_EVENTS_H
#define SDESP_UDP_EVENTS_H

#include "sdesp_udp.h"

/* The SA is this old now; its state never goes back. */
void sdesp_udp_aged(
	struct sdesp_udp *u, struct sdesp_udp_sa *sa, unsigned state);

/* An authentic packet has come in; newest: numbered above all before. */
void sdesp_udp_heard(struct sdesp_udp *u, struct sdesp_udp_sa *sa, int newest,
	const struct sdesp_addr *from, uint64_t now_ms);

/* The SA is about to have this remote address. */
void sdesp_udp_follow(struct sdesp_udp_sa *sa, const struct sdesp_addr *remote);

/* The method. */
int sdesp_udp_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev);

#endif
