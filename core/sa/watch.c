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

/* An address that nobody was heard from yet can be any. */
static int about(
	const struct sdesp_silence *silence, const struct sdesp_addr *remote)
{
	return silence != NULL &&
	       (silence->remote.family == 0 ||
		       sdesp_addr_equal(&silence->remote, remote));
}

static void note(struct sdesp_silence *silence, const struct sdesp_addr *remote,
	uint64_t heard_ms)
{
	if (!about(silence, remote))
		return;
	if (silence->remote.family == 0 || heard_ms > silence->heard_ms)
		silence->heard_ms = heard_ms;
	silence->remote = *remote;
}

/* Of an SA that was heard from elsewhere at a time. */
static uint32_t quiet(const struct sdesp_silence *silence,
	const struct sdesp_addr *remote, uint64_t seen_ms)
{
	uint64_t ms;

	if (!about(silence, remote))
		return 0;
	if (silence->remote.family == 0)
		return UINT32_MAX;
	if (silence->heard_ms >= seen_ms)
		return 0;
	ms = seen_ms - silence->heard_ms;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX - 1;
}

/* One numbered below others may be an old one, kept back by somebody: it says
 * nothing about where the peer is now. */
void sdesp_watch_heard(struct sdesp_watch *w, struct sdesp_silence *silence,
	const struct sdesp_addr *remote, int newest,
	const struct sdesp_addr *from, uint64_t now_ms)
{
	raise_once(w, SDESP_BACKEND_USED);
	if (sdesp_addr_equal(from, remote)) {
		note(silence, remote, now_ms);
	} else if (newest) {
		w->seen = *from;
		w->seen_ms = now_ms;
		w->events |= bit(SDESP_BACKEND_MOVED);
	}
}

/* What was heard from the new address before now counts for it. */
void sdesp_watch_follow(struct sdesp_watch *w, struct sdesp_silence *silence,
	const struct sdesp_addr *old, const struct sdesp_addr *remote)
{
	if (sdesp_addr_equal(old, remote))
		return;
	if (about(silence, old))
		memset(silence, 0, sizeof *silence);
	if (!sdesp_addr_equal(&w->seen, remote))
		return;
	note(silence, remote, w->seen_ms);
	w->events &= (uint8_t)~bit(SDESP_BACKEND_MOVED);
}

int sdesp_watch_take(struct sdesp_watch *w, const struct sdesp_silence *silence,
	const struct sdesp_addr *remote, struct sdesp_backend_event *ev)
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
		ev->quiet_ms = quiet(silence, remote, w->seen_ms);
	}
	return 1;
}
