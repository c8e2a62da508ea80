/* Events and age of one SA. SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT */
#include "sdesp_watch.h"

#include <string.h>

static uint8_t bit(unsigned type)
{
	return (uint8_t)(1U << type);
}

static void raise_once(struct sdesp_watch *w, unsigned type)
{
	if ((w->told & bit(type)) != 0)
		return;
	w->told |= bit(type);
	w->events |= bit(type);
}

void sdesp_watch_aged(struct sdesp_watch *w, unsigned state)
{
	if (state <= w->state)
		return;
	w->state = (uint8_t)state;
	if (state == SDESP_SA_DYING)
		raise_once(w, SDESP_BACKEND_SOFT);
	else if (state == SDESP_SA_DEAD)
		raise_once(w, SDESP_BACKEND_HARD);
}

uint64_t sdesp_watch_tick(struct sdesp_watch *w, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX, soft_ms, hard_ms;

	if (w->state != SDESP_SA_MATURE && w->state != SDESP_SA_DYING)
		return next;
	if (!w->timed) {
		w->timed = 1;
		w->since_ms = now_ms;
	}
	soft_ms = w->since_ms + (uint64_t)w->soft_s * 1000;
	hard_ms = w->since_ms + (uint64_t)w->hard_s * 1000;
	if (w->hard_s != 0 && now_ms >= hard_ms) {
		sdesp_watch_aged(w, SDESP_SA_DEAD);
		return next;
	}
	if (w->hard_s != 0)
		next = hard_ms;
	if (w->soft_s != 0 && now_ms >= soft_ms)
		sdesp_watch_aged(w, SDESP_SA_DYING);
	else if (w->soft_s != 0 && soft_ms < next)
		next = soft_ms;
	return next;
}

static uint32_t quiet(const struct sdesp_watch *w, uint64_t now_ms)
{
	uint64_t ms = now_ms - w->heard_ms;

	return w->heard && ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* One numbered below others may be an old one, kept back by somebody: it says
 * nothing about where the peer is now. */
void sdesp_watch_heard(struct sdesp_watch *w, const struct sdesp_addr *remote,
	int newest, const struct sdesp_addr *from, uint64_t now_ms)
{
	raise_once(w, SDESP_BACKEND_USED);
	if (sdesp_addr_equal(from, remote)) {
		w->heard = 1;
		w->heard_ms = now_ms;
		w->quiet_ms = 0;
	} else if (newest) {
		if (w->heir && !w->heard) {
			w->heard = 1;
			w->heard_ms = now_ms;
		}
		w->quiet_ms = quiet(w, now_ms);
		w->seen = *from;
		w->seen_ms = now_ms;
		w->events |= bit(SDESP_BACKEND_MOVED);
	}
}

/* What was heard from the new address before now counts for it. */
void sdesp_watch_follow(struct sdesp_watch *w, const struct sdesp_addr *old,
	const struct sdesp_addr *remote)
{
	if (sdesp_addr_equal(old, remote))
		return;
	w->heard = sdesp_addr_equal(&w->seen, remote) != 0;
	w->heard_ms = w->seen_ms;
	if (w->heard)
		w->events &= (uint8_t)~bit(SDESP_BACKEND_MOVED);
}

int sdesp_watch_take(struct sdesp_watch *w, struct sdesp_backend_event *ev)
{
	unsigned type = SDESP_BACKEND_USED;

	if (w->events == 0)
		return 0;
	while ((w->events & bit(type)) == 0)
		type++;
	w->events &= (uint8_t)~bit(type);

	memset(ev, 0, sizeof *ev);
	ev->type = (uint8_t)type;
	if (type == SDESP_BACKEND_MOVED) {
		ev->addr = w->seen;
		ev->quiet_ms = w->quiet_ms;
	}
	return 1;
}
