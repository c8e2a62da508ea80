/* What can happen in the world: signalling, time, backends' events.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/support/world.h"

void world_post(enum world_kind kind, unsigned from, unsigned to,
	const struct sdesp_text *text)
{
	struct world_message *m;

	if (world.nqueue == WORLD_MESSAGES)
		return;
	m = &world.queue[world.nqueue++];
	m->kind = kind;
	m->from = from;
	m->to = to;
	m->len = text ? text->len : 0;
	if (text)
		memcpy(m->text, text->buf, text->len);
}

/* The other end: B and C talk to A, A to B, and to C where it forks. */
static void post_offer(struct world_end *e, const struct sdesp_text *text)
{
	if (e->id != 0) {
		world_post(WORLD_OFFER, e->id, 0, text);
		return;
	}
	if (world_below(4) != 0)
		world_post(WORLD_OFFER, 0, 1, text);
	if (world_below(3) == 0)
		world_post(WORLD_OFFER, 0, 2, text);
}

void world_count(int status)
{
	world.failed_calls += status != SDESP_OK;
}

void world_offer(struct world_end *e, int refresh)
{
	char buf[WORLD_TEXT];
	struct sdesp_text text;
	int status;

	sdesp_text_init(&text, buf, sizeof buf);
	if (refresh && world_below(3) == 0)
		e->local.addr.port = (uint16_t)(4500 + world_below(4));
	if (refresh)
		e->local.direction =
			(uint8_t)(world_below(3) ? 0 : world_below(4));
	status = refresh ? sdesp_session_refresh(
				   &e->session, &e->local, world.now_ms, &text)
			 : sdesp_session_offer(
				   &e->session, &e->local, world.now_ms, &text);
	world_count(status);
	if (status == SDESP_OK)
		post_offer(e, &text);
	else
		WORLD_HOLDS(text.len == 0);
}

static void take_offer(struct world_end *e, struct world_message *m,
	const struct sdesp_section *section)
{
	char buf[WORLD_TEXT];
	struct sdesp_text text;
	struct sdesp_why why = {0};
	int status;

	sdesp_text_init(&text, buf, sizeof buf);
	status = sdesp_session_answer(
		&e->session, section, &e->local, world.now_ms, &text, &why);
	world_count(status);
	if (status != SDESP_OK) {
		WORLD_HOLDS(text.len == 0);
		WORLD_HOLDS(status > -20 || status <= -60 || why.what != NULL);
		world_post(WORLD_REFUSAL, e->id, m->from, NULL);
		return;
	}
	if (world_below(3) == 0)
		world_post(WORLD_ANSWER, e->id, m->from, &text);
	world_post(WORLD_FINAL, e->id, m->from, &text);
}

static void take_answer(struct world_end *e, struct world_message *m,
	const struct sdesp_section *section)
{
	struct sdesp_why why = {0};
	int status = sdesp_session_accept(&e->session, section,
		m->kind == WORLD_FINAL, world.now_ms, &why);

	world_count(status);
	WORLD_HOLDS(status > -20 || status <= -60 || why.what != NULL);
	if (m->kind == WORLD_FINAL)
		world_post(WORLD_ACK, e->id, m->from, NULL);
}

void world_deliver(struct world_message *m)
{
	struct world_end *e = &world.end[m->to];
	struct sdesp_section section;
	struct sdesp_why why;

	switch (m->kind) {
	case WORLD_ACK:
		world_count(sdesp_session_confirm(&e->session, world.now_ms));
		return;
	case WORLD_REFUSAL:
		sdesp_session_fail(&e->session, world.now_ms);
		return;
	default:
		break;
	}
	if (sdesp_sdp_find(&section, m->text, m->len, 0, &why) != 0)
		return;
	if (m->kind == WORLD_OFFER)
		take_offer(e, m, &section);
	else
		take_answer(e, m, &section);
}

/* Deliver, lose, repeat or damage a message, not always the oldest. */
void world_signal(void)
{
	struct world_message m;
	unsigned i;

	if (world.nqueue == 0)
		return;
	i = world_below(3) ? 0 : (unsigned)world_below(world.nqueue);
	m = world.queue[i];
	if (world_below(12) != 0) {
		world.nqueue--;
		memmove(&world.queue[i], &world.queue[i + 1],
			(world.nqueue - i) * sizeof world.queue[0]);
	}
	if (world_below(15) == 0)
		return;
	if (world_below(15) == 0 && m.len > 0 && m.len + 4 < sizeof m.text)
		dice_mutate(&world.dice, m.text, &m.len);
	world_deliver(&m);
}

void world_pass_time(void)
{
	static const uint32_t most[] = {500, 3000, 40000, 9000000};

	world.now_ms += world_below(most[world_below(4)]);
	for (unsigned i = 0; i < WORLD_ENDS; i++) {
		uint64_t next =
			sdesp_session_tick(&world.end[i].session, world.now_ms);

		WORLD_HOLDS(next > world.now_ms);
	}
}

void world_upset(struct world_end *e)
{
	struct sdesp_backend_event ev;
	struct fake_sa *sa = &e->backend.sas[world_below(4)];

	if (sa->state == SDESP_SA_NONE || sa->state == SDESP_SA_LARVAL)
		return;
	memset(&ev, 0, sizeof ev);
	ev.type = (uint8_t)world_below(SDESP_BACKEND_LOST + 1);
	ev.inbound = sa->inbound;
	ev.spi = sa->sa.spi;
	ev.local = sa->flow.local;
	ev.addr = sa->flow.remote;
	ev.addr.port = (uint16_t)(5000 + world_below(3));
	ev.quiet_ms = (uint32_t)world_below(5000);
	if (ev.type == SDESP_BACKEND_GONE)
		fake_backend_vanish(&e->backend, sa);
	(void)sdesp_session_notify(&e->session, &ev, world.now_ms);
}

void world_hear(struct world_end *e)
{
	struct sdesp_event ev;

	while (sdesp_session_event(&e->session, &ev)) {
		WORLD_HOLDS(ev.type >= SDESP_EV_ESTABLISHED);
		WORLD_HOLDS(ev.type <= SDESP_EV_FAILED);
		world.rekeyed += ev.type == SDESP_EV_REKEYED;
		if (ev.type == SDESP_EV_REFRESH_DUE && world_below(4) != 0)
			world_offer(e, 1);
		else if (ev.type == SDESP_EV_REKEY_DUE && world_below(4) != 0)
			world_offer(e, 0);
	}
}
