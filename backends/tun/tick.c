/*
 * What time brings: first signs, keepalives, the end of SAs. RFC 3948 4,
 * SPEC 8.6, 8.7 and 9.3. SPDX-License-Identifier: MIT
 */
#include "events.h"
#include "seal.h"
#include "table.h"
#include "timer.h"

static uint64_t age(struct sdesp_tun *t, uint32_t slot, uint64_t now_ms)
{
	uint64_t next = sdesp_watch_tick(&sdesp_tun_sa(t, slot)->watch, now_ms);

	sdesp_tun_event_note(t, slot);
	return next;
}

/* The other end waits for a sign of the new SA. If it is lost, so be it. */
static void announce(struct sdesp_tun *t, uint32_t slot, uint64_t now_ms)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);
	uint32_t sa = sdesp_tun_policy_sa(t, p);

	p->announce = 0;
	if (sa == 0 || sdesp_tun_sa(t, sa)->watch.state == SDESP_SA_DEAD)
		return;
	sdesp_tun_send_dummy(t, slot);
	p->sent = 1;
	p->sent_ms = now_ms;
}

/* When the flow wants its next keepalive. One that has been let send once is
 * kept alive on hold, too (SPEC 10.5). */
static uint64_t sustain(struct sdesp_tun *t, uint32_t slot, uint64_t now_ms)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);

	if (p->announce)
		announce(t, slot, now_ms);
	if (!p->flow.udp)
		return UINT64_MAX;
	if (!p->sent) {
		if (sdesp_tun_policy_sa(t, p) == 0)
			return UINT64_MAX;
		p->sent = 1;
		p->sent_ms = now_ms;
	} else if (now_ms - p->sent_ms >= SDESP_TUN_KEEPALIVE_MS) {
		sdesp_tun_send_keepalive(t, slot);
		p->sent_ms = now_ms;
	}
	return p->sent_ms + SDESP_TUN_KEEPALIVE_MS;
}

/* Whoever is woken is due later than now, or not at all. */
uint64_t sdesp_tun_tick(struct sdesp_tun *t, uint64_t now_ms)
{
	struct sdesp_tun_timers *timers = &t->timers;

	while (timers->n > 0 && timers->heap[0].due_ms <= now_ms) {
		uint32_t id = timers->heap[0].id;
		uint32_t sas = t->config.max_sas;
		uint64_t next = id < sas ? age(t, id + 1, now_ms)
					 : sustain(t, id - sas + 1, now_ms);

		sdesp_tun_timer_set(timers, id, next);
	}
	return timers->n > 0 ? timers->heap[0].due_ms : UINT64_MAX;
}
