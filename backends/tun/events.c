/*
 * A queue through the SAs that have events: it needs no room of its own.
 * SPDX-License-Identifier: MIT
 */
#include "events.h"

#include "table.h"

void sdesp_tun_event_note(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);

	if (sa->queued || sa->watch.events == 0)
		return;
	sa->queued = 1;
	sa->after = 0;
	sa->before = t->last_event;
	if (t->last_event != 0)
		sdesp_tun_sa(t, t->last_event)->after = slot;
	else
		t->first_event = slot;
	t->last_event = slot;
}

void sdesp_tun_event_cancel(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);

	if (!sa->queued)
		return;
	sa->queued = 0;
	if (sa->before != 0)
		sdesp_tun_sa(t, sa->before)->after = sa->after;
	else
		t->first_event = sa->after;
	if (sa->after != 0)
		sdesp_tun_sa(t, sa->after)->before = sa->before;
	else
		t->last_event = sa->before;
	sa->before = sa->after = 0;
}

/* An SA that has more to tell goes to the end. */
int sdesp_tun_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct sdesp_tun *t = (struct sdesp_tun *)be;
	uint32_t slot;
	int taken = 0;

	while ((slot = t->first_event) != 0 && !taken) {
		struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);

		sdesp_tun_event_cancel(t, slot);
		taken = sdesp_watch_take(&sa->watch, sdesp_tun_silence(t, sa),
			&sa->flow.remote, ev);
		if (taken) {
			ev->inbound = sa->inbound;
			ev->spi = sa->spi;
			ev->local = sa->flow.local;
		}
		sdesp_tun_event_note(t, slot);
	}
	return taken;
}
