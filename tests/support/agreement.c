/* Two ends of a dialog. SPDX-License-Identifier: MIT */
#include "agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void end_init(struct end *e, const char *ip, unsigned port, uint64_t seed)
{
	struct sdesp_ts *ts = &e->local.ts[0];

	memset(e, 0, sizeof *e);
	fake_port_init(&e->port, seed);
	fake_backend_init(&e->backend);
	sdesp_policy_init(&e->policy);
	e->local.media = "application";
	e->local.proto = "UDP/ESP";
	if (sdesp_addr_parse(&e->local.addr, ip, strlen(ip)) != SDESP_OK)
		abort();
	e->local.addr.port = (uint16_t)port;
	e->local.modes[0] = SDESP_TRANSPORT;
	e->local.nmodes = 1;
	e->local.nts = 1;
	ts->protocol = SDESP_TS_ANY_PROTOCOL;
	ts->local.kind = SDESP_TS_SELF;
	ts->remote.kind = SDESP_TS_PEER;
	ts->local.hi = ts->remote.hi = UINT16_MAX;
	if (sdesp_session_init(&e->session, &e->policy, &e->backend.base,
		    &e->port.port) != SDESP_OK)
		abort();
}

static int written(struct end *e, const struct sdesp_text *out, int status)
{
	e->len = status == SDESP_OK ? out->len : 0;
	e->text[e->len] = '\0';
	return status;
}

int end_offer(struct end *e, uint64_t now_ms)
{
	struct sdesp_text out;

	sdesp_text_init(&out, e->text, sizeof e->text - 1);
	return written(e, &out,
		sdesp_session_offer(&e->session, &e->local, now_ms, &out));
}

int end_refresh(struct end *e, uint64_t now_ms)
{
	struct sdesp_text out;

	sdesp_text_init(&out, e->text, sizeof e->text - 1);
	return written(e, &out,
		sdesp_session_refresh(&e->session, &e->local, now_ms, &out));
}

static int read_section(struct sdesp_section *section, const char *text,
	unsigned index, struct sdesp_why *why)
{
	int status = sdesp_sdp_find(section, text, strlen(text), 0, why);

	section->index = index;
	return status;
}

int end_answer_text(struct end *e, const char *text, uint64_t now_ms)
{
	struct sdesp_section section;
	struct sdesp_text out;
	int status = read_section(&section, text, e->local.index, &e->why);

	if (status != SDESP_OK)
		return status;
	memset(&e->why, 0, sizeof e->why);
	sdesp_text_init(&out, e->text, sizeof e->text - 1);
	return written(e, &out,
		sdesp_session_answer(&e->session, &section, &e->local, now_ms,
			&out, &e->why));
}

int end_accept_text(struct end *e, const char *text, int final, uint64_t now_ms)
{
	struct sdesp_section section;
	int status = read_section(&section, text, e->local.index, &e->why);

	if (status != SDESP_OK)
		return status;
	memset(&e->why, 0, sizeof e->why);
	return sdesp_session_accept(
		&e->session, &section, final, now_ms, &e->why);
}

int end_answer(struct end *e, const struct end *from, uint64_t now_ms)
{
	return end_answer_text(e, from->text, now_ms);
}

int end_accept(
	struct end *e, const struct end *from, int final, uint64_t now_ms)
{
	return end_accept_text(e, from->text, final, now_ms);
}

void edit(char *text, size_t cap, const char *from, const char *to)
{
	char *at = strstr(text, from);
	size_t len = strlen(text) + strlen(to) - strlen(from);

	if (at == NULL || len >= cap) {
		fprintf(stderr, "\"%s\" is not in:\n%s", from, text);
		exit(1);
	}
	memmove(at + strlen(to), at + strlen(from),
		strlen(at + strlen(from)) + 1);
	memcpy(at, to, strlen(to));
}

unsigned end_event(struct end *e)
{
	struct sdesp_event event;

	return sdesp_session_event(&e->session, &event) ? event.type : 0;
}

int end_saw(struct end *e, unsigned type)
{
	int saw = 0;

	for (unsigned next = end_event(e); next != 0; next = end_event(e))
		saw |= next == type;
	return saw;
}

struct sdesp_session_info end_info(const struct end *e)
{
	struct sdesp_session_info info;

	sdesp_session_info(&e->session, &info);
	return info;
}

int agree(struct end *offerer, struct end *answerer, uint64_t now_ms)
{
	int status = end_offer(offerer, now_ms);

	if (status == SDESP_OK)
		status = end_answer(answerer, offerer, now_ms);
	if (status == SDESP_OK)
		status = end_accept(offerer, answerer, 1, now_ms);
	if (status == SDESP_OK)
		status = sdesp_session_confirm(&answerer->session, now_ms);
	return status;
}

/* What a sends arrives at b: one SA with one key, and a uses it. */
static int one_way(struct end *a, struct end *b)
{
	struct sdesp_session_info from = end_info(a), to = end_info(b);
	const struct fake_sa *out =
		fake_backend_find(&a->backend, from.spi_out, 0);
	const struct fake_sa *in = fake_backend_find(&b->backend, to.spi_in, 1);

	return out != NULL && in != NULL && from.spi_out == to.spi_in &&
	       out->sa.suite == in->sa.suite && out->sa.esn == in->sa.esn &&
	       memcmp(out->sa.keymat, in->sa.keymat, SDESP_KEYMAT_MAX) == 0 &&
	       fake_backend_sends(&a->backend, &from.flow) == from.spi_out;
}

int agreed(struct end *a, struct end *b)
{
	return one_way(a, b) && one_way(b, a) && a->backend.misuse == NULL &&
	       b->backend.misuse == NULL;
}
