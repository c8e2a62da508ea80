/*
 * Events, held by the SA that they are of, so that none can be lost for want
 * of room. SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT
 */
#include "events.h"

#include "table.h"

void sdesp_udp_note(struct sdesp_udp *u, const struct sdesp_udp_sa *sa)
{
	if (sa->watch.events != 0)
		u->pending = 1;
}

/* Goes on behind the last one, so that no SA waits for ever. */
int sdesp_udp_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct sdesp_udp *u = (struct sdesp_udp *)be;

	for (unsigned i = 0; u->pending && i < SDESP_UDP_SAS; i++) {
		struct sdesp_udp_sa *sa = &u->sas[u->poll_at];

		u->poll_at = (u->poll_at + 1) % SDESP_UDP_SAS;
		if (sa->watch.events == 0)
			continue;
		sdesp_watch_take(&sa->watch, sdesp_udp_silence(u, sa),
			&sa->flow.remote, ev);
		ev->inbound = sa->inbound;
		ev->spi = sa->spi;
		ev->local = sa->flow.local;
		return 1;
	}
	u->pending = 0;
	return 0;
}
