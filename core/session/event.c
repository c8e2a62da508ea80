/* What the caller is told. SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <string.h>

static void forget(struct sdesp_session *s, unsigned i)
{
	s->nevents--;
	memmove(&s->events[i], &s->events[i + 1],
		(s->nevents - i) * sizeof s->events[0]);
}

/* The oldest of a kind, or the oldest of all. */
static unsigned oldest(const struct sdesp_session *s, unsigned type)
{
	for (unsigned i = 0; i < s->nevents; i++) {
		if (s->events[i].type == type)
			return i;
	}
	return 0;
}

void sdesp_event_push(struct sdesp_session *s, enum sdesp_event_type type,
	int status, const struct sdesp_held *held,
	const struct sdesp_addr *addr)
{
	struct sdesp_event *event;

	if (s->nevents == SDESP_MAX_EVENTS)
		forget(s, oldest(s, type));
	event = &s->events[s->nevents++];
	memset(event, 0, sizeof *event);
	event->type = (uint8_t)type;
	event->status = status;
	event->spi_in = held->pair.spi_in;
	event->spi_out = held->pair.spi_out;
	if (addr != NULL)
		event->addr = *addr;
}

int sdesp_session_event(struct sdesp_session *s, struct sdesp_event *event)
{
	if (s->nevents == 0)
		return 0;
	*event = s->events[0];
	forget(s, 0);
	return 1;
}
