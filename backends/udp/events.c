/*
 * Events, held by the SA that they are of, so that none can be lost for want
 * of room. SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT
 */
#include "events.h"

#include <string.h>

static uint8_t bit(unsigned type)
{
	return (uint8_t)(1U << type);
}

static void raise(struct sdesp_udp *u, struct sdesp_udp_sa *sa, unsigned type)
{
	sa->events |= bit(type);
	u->pending = 1;
}

static void raise_once(
	struct sdesp_udp *u, struct sdesp_udp_sa *sa, unsigned type)
{
	if ((sa->told & bit(type)) != 0)
		return;
	sa->told |= bit(type);
	raise(u, sa, type);
}

void sdesp_udp_aged(
	struct sdesp_udp *u, struct sdesp_udp_sa *sa, unsigned state)
{
	if (state <= sa->state)
		return;
	sa->state = (uint8_t)state;
	if (state == SDESP_SA_DYING)
		raise_once(u, sa, SDESP_BACKEND_SOFT);
	else if (state == SDESP_SA_DEAD)
		raise_once(u, sa, SDESP_BACKEND_HARD);
}

/* One numbered below others may be an old one, kept back by somebody: it says
 * nothing about where the peer is now. */
void sdesp_udp_heard(struct sdesp_udp *u, struct sdesp_udp_sa *sa, int newest,
	const struct sdesp_addr *from, uint64_t now_ms)
{
	raise_once(u, sa, SDESP_BACKEND_USED);
	if (sdesp_addr_equal(from, &sa->flow.remote)) {
		sa->heard = 1;
		sa->heard_ms = now_ms;
	} else if (newest) {
		sa->seen = *from;
		sa->seen_ms = now_ms;
		raise(u, sa, SDESP_BACKEND_MOVED);
	}
}

/* What was heard from the new address before now counts for it. */
void sdesp_udp_follow(struct sdesp_udp_sa *sa, const struct sdesp_addr *remote)
{
	if (sdesp_addr_equal(&sa->flow.remote, remote))
		return;
	sa->heard = sdesp_addr_equal(&sa->seen, remote) != 0;
	sa->heard_ms = sa->seen_ms;
	if (sa->heard)
		sa->events &= (uint8_t)~bit(SDESP_BACKEND_MOVED);
}

/* How long nothing had come from the address in use, on any SA,
 * when the SA was heard from elsewhere. */
static uint32_t quiet(const struct sdesp_udp *u, const struct sdesp_udp_sa *sa)
{
	uint64_t ms = UINT32_MAX;

	for (unsigned i = 0; i < SDESP_UDP_SAS; i++) {
		const struct sdesp_udp_sa *other = &u->sas[i];

		if (!other->heard || !sdesp_addr_equal(&other->flow.remote,
					     &sa->flow.remote))
			continue;
		if (other->heard_ms >= sa->seen_ms)
			return 0;
		if (sa->seen_ms - other->heard_ms < ms)
			ms = sa->seen_ms - other->heard_ms;
	}
	return (uint32_t)ms;
}

/* One event of an SA that has some, with what goes with it. */
static void take(const struct sdesp_udp *u, struct sdesp_udp_sa *sa,
	struct sdesp_backend_event *ev)
{
	unsigned type = SDESP_BACKEND_USED;

	while ((sa->events & bit(type)) == 0)
		type++;
	sa->events &= (uint8_t)~bit(type);

	memset(ev, 0, sizeof *ev);
	ev->type = (uint8_t)type;
	ev->inbound = sa->inbound;
	ev->spi = sa->spi;
	ev->local = sa->flow.local;
	if (type == SDESP_BACKEND_MOVED) {
		ev->addr = sa->seen;
		ev->quiet_ms = quiet(u, sa);
	}
}

/* Goes on behind the last one, so that no SA waits for ever. */
int sdesp_udp_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct sdesp_udp *u = (struct sdesp_udp *)be;

	for (unsigned i = 0; u->pending && i < SDESP_UDP_SAS; i++) {
		struct sdesp_udp_sa *sa = &u->sas[u->poll_at];

		u->poll_at = (u->poll_at + 1) % SDESP_UDP_SAS;
		if (sa->events != 0) {
			take(u, sa, ev);
			return 1;
		}
	}
	u->pending = 0;
	return 0;
}
