/*
 * What time brings: first signs, keepalives, the end of SAs. RFC 3948 4,
 * SPEC 8.6, 8.7 and 9.3. SPDX-License-Identifier: MIT
 */
#include "events.h"
#include "table.h"

/* The other end waits for a sign of the new SA. If it is lost, so be it. */
static void announce(
	struct sdesp_udp *u, struct sdesp_udp_policy *p, uint64_t now_ms)
{
	uint8_t buf[SDESP_PKT_HEAD + SDESP_PKT_TAIL];
	struct sdesp_pkt pkt = {.data = buf + SDESP_PKT_HEAD,
		.head = SDESP_PKT_HEAD,
		.tail = SDESP_PKT_TAIL,
		.next_header = 59};
	unsigned slot = (unsigned)(p - u->policies) + 1;

	p->announce = 0;
	sdesp_udp_output(u, sdesp_udp_policy_id(u, slot), &pkt, 1, now_ms);
}

static void keepalive(struct sdesp_udp *u, const struct sdesp_addr *to)
{
	uint8_t octet = 0xff;
	struct sdesp_pkt pkt = {.data = &octet, .len = 1};

	u->config.send(u->config.send_ctx, to, &pkt, 1);
	u->counters.keepalives_sent++;
}

/* When the flow wants its next keepalive. One that has been let send once is
 * kept alive on hold, too (SPEC 10.5). */
static uint64_t sustain(
	struct sdesp_udp *u, struct sdesp_udp_policy *p, uint64_t now_ms)
{
	if (p->announce)
		announce(u, p, now_ms);
	if (!p->sent) {
		if (p->sa == 0)
			return UINT64_MAX;
		p->sent = 1;
		p->sent_ms = now_ms;
	} else if (now_ms - p->sent_ms >= SDESP_UDP_KEEPALIVE_MS) {
		keepalive(u, &p->flow.remote);
		p->sent_ms = now_ms;
	}
	return p->sent_ms + SDESP_UDP_KEEPALIVE_MS;
}

uint64_t sdesp_udp_tick(struct sdesp_udp *u, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX, due;

	for (unsigned i = 0; i < SDESP_UDP_SAS; i++) {
		due = sdesp_watch_tick(&u->sas[i].watch, now_ms);
		sdesp_udp_note(u, &u->sas[i]);
		if (due < next)
			next = due;
	}
	for (unsigned i = 0; i < SDESP_UDP_FLOWS; i++) {
		due = sustain(u, &u->policies[i], now_ms);
		if (due < next)
			next = due;
	}
	return next;
}
