/* What the peer's section comes to. SPEC 5.2 and 5.3.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/ct.h"
#include "base/span.h"
#include "nego/address.h"
#include "nego/narrow.h"
#include "nego/refuse.h"
#include "session/session.h"

#define ROLE(role) (1u << (role))
#define ALL_ROLES (ROLE(SDESP_LIVE) | ROLE(SDESP_NEXT) | ROLE(SDESP_DRAIN))

/* A section under judgement. */
struct reading {
	const struct sdesp_session *s;
	struct sdesp_outcome *out;
	const struct sdesp_section *section;
	struct sdesp_why *why;
	struct sdesp_desc desc;
};

static int refuse(const struct reading *rd, int status, unsigned line,
	const char *what, const char *expected)
{
	return sdesp_refuse(rd->why, status, line, what, expected);
}

/* The section's medium and proto are those that this end speaks. */
static int read_media(struct reading *rd, unsigned index, const char *media,
	const char *proto, int status)
{
	const struct sdesp_section *section = rd->section;

	if (section->index != index)
		return refuse(rd, status, section->line,
			"this is another m= line than the offer's", NULL);
	if (!sdesp_span_is(section->media, media))
		return refuse(
			rd, status, section->line, "another medium", media);
	if (!sdesp_span_is(section->proto, proto))
		return refuse(rd, status, section->line,
			"another transport protocol", proto);
	return sdesp_desc_read(&rd->desc, section, rd->why);
}

static int holds_key(
	const struct sdesp_desc *desc, const uint8_t key[32], unsigned *line)
{
	for (unsigned i = 0; i < desc->ncrypto; i++) {
		if (sdesp_ct_equal(desc->crypto[i].key, key, 32)) {
			*line = desc->crypto_line[i];
			return 1;
		}
	}
	return 0;
}

/* Nothing of ours may come back, and nothing that still keys a pair. */
static int check_fresh(const struct reading *rd, unsigned roles)
{
	const struct sdesp_desc *desc = &rd->desc;
	unsigned line;

	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++) {
		const struct sdesp_held *held = &rd->s->held[i];
		int status;

		if ((roles >> i & 1) == 0 || held->keying.suite == 0)
			continue;
		if (holds_key(desc, held->keying.own, &line))
			return refuse(rd, SDESP_ERR_REFLECTED, line,
				"this is our own key", "one of the peer's own");
		status =
			i == rd->out->role ? SDESP_ERR_MIXED : SDESP_ERR_REUSED;
		if (desc->esp.spi == held->pair.spi_out)
			return refuse(rd, status, desc->esp_line,
				"this SPI is in use",
				"a new SPI with a new key");
		if (holds_key(desc, held->keying.peer, &line))
			return refuse(rd, status, line, "this key is in use",
				"a new key with a new SPI");
	}
	return SDESP_OK;
}

static int same_psk(
	const struct sdesp_session *s, unsigned psk, struct sdesp_span token)
{
	const struct sdesp_psk *record = sdesp_session_psk(s, psk);

	if (record == NULL)
		return token.p == NULL;
	return token.p != NULL && sdesp_span_is(token, record->token);
}

/* A refresh holds the line of the pair in use, whatever else there is. */
static int read_refresh(struct reading *rd, const struct sdesp_held *live)
{
	const struct sdesp_desc *desc = &rd->desc;
	const struct sdesp_keying *keying = &live->keying;
	unsigned modes = 0;

	if ((live->pair.parts & SDESP_PAIR_OUT) == 0)
		return refuse(rd, SDESP_ERR_MIXED, desc->esp_line,
			"the SPI is of a pair that has expired", "a rekey");
	for (unsigned i = 0; i < desc->nmodes; i++)
		modes |= desc->modes[i];
	if ((modes & live->pair.flow.mode) == 0)
		return refuse(rd, SDESP_ERR_NO_MODE, rd->section->line,
			"the mode in use is not among these", NULL);
	for (unsigned i = 0; i < desc->ncrypto; i++) {
		const struct sdesp_attr_crypto *line = &desc->crypto[i];

		if (line->suite == keying->suite &&
			line->method == keying->method &&
			line->esn == keying->esn &&
			same_psk(rd->s, keying->psk, line->psk) &&
			sdesp_ct_equal(line->key, keying->peer, 32)) {
			rd->out->refresh = 1;
			rd->out->tag = line->tag;
			return SDESP_OK;
		}
	}
	return refuse(rd, SDESP_ERR_MIXED, desc->esp_line,
		"the SPI is the one in use, but no line has its key",
		"all of a refresh, or a new SPI and a new key");
}

/*
 * The peer's address, and whether we may send to it. One that its SDP named
 * before is where its packets were last seen to come from.
 */
static int read_address(
	struct reading *rd, const struct sdesp_addr *own, unsigned direction)
{
	const struct sdesp_session *s = rd->s;
	const struct sdesp_held *before = &s->held[rd->out->role];
	struct sdesp_held *held = &rd->out->held;
	struct sdesp_addr conn = rd->section->conn;
	const char *wrong;

	if (!held->pair.flow.udp)
		conn.port = 0;
	held->quiet = rd->section->direction == SDESP_SENDONLY ||
		      rd->section->direction == SDESP_INACTIVE ||
		      direction == SDESP_RECVONLY ||
		      direction == SDESP_INACTIVE;
	if (rd->out->refresh && sdesp_address_unspecified(&conn)) {
		held->quiet = 1;
		conn = before->said;
	}
	wrong = sdesp_address_refusal(
		&conn, own, held->pair.flow.udp, s->policy->loopback);
	if (wrong != NULL)
		return refuse(rd, SDESP_ERR_ADDRESS, rd->section->line, wrong,
			"the address of one other host");
	held->said = conn;
	held->pair.flow.remote = conn;
	if (before->keying.suite != 0 &&
		sdesp_addr_equal(&conn, &before->said)) {
		held->pair.flow.remote = before->pair.flow.remote;
		held->natted = before->natted;
	}
	return SDESP_OK;
}

/* Modes in the offer's order: the first in which both ends agree on traffic. */
static int narrow(struct reading *rd, const struct sdesp_local *local,
	unsigned backend_modes)
{
	const struct sdesp_desc *desc = &rd->desc;
	struct sdesp_flow *flow = &rd->out->held.pair.flow;
	unsigned ours = 0, common = 0;

	for (unsigned i = 0; i < local->nmodes; i++)
		ours |= local->modes[i] & backend_modes;
	for (unsigned i = 0; i < desc->nmodes; i++) {
		if ((desc->modes[i] & ours) == 0)
			continue;
		common = 1;
		flow->mode = desc->modes[i];
		if (sdesp_ts_narrow(flow, desc->ts, desc->nts, local->ts,
			    local->nts) > 0)
			return SDESP_OK;
	}
	if (common)
		return refuse(rd, SDESP_ERR_NO_TS,
			desc->ts_line != 0 ? desc->ts_line : rd->section->line,
			"nothing of this traffic is allowed here", NULL);
	return refuse(rd, SDESP_ERR_NO_MODE, rd->section->line,
		"no mode of these is supported here",
		ours == SDESP_TUNNEL ? "tunnel" : "transport");
}

static void take_line(
	struct reading *rd, const struct sdesp_attr_crypto *line, unsigned psk)
{
	struct sdesp_outcome *out = rd->out;

	out->tag = line->tag;
	out->window = line->window;
	out->seconds = line->seconds;
	out->held.keying.suite = line->suite;
	out->held.keying.method = line->method;
	out->held.keying.esn = line->esn;
	out->held.keying.psk = (uint8_t)psk;
	memcpy(out->held.keying.peer, line->key, sizeof line->key);
	out->held.pair.spi_out = rd->desc.esp.spi;
}

static int judge_offer(struct reading *rd, const struct sdesp_floor *floor,
	const struct sdesp_local *local)
{
	const struct sdesp_session *s = rd->s;
	const struct sdesp_desc *desc = &rd->desc;
	struct sdesp_outcome *out = rd->out;
	unsigned line, psk;
	int status;

	status = read_media(
		rd, local->index, local->media, local->proto, SDESP_ERR_VALUE);
	if (status != SDESP_OK)
		return status;

	/* While our answer is open, the pair that it installed may be the one
	 * that the peer goes by. */
	if ((s->state == SDESP_ANSWERED || s->state == SDESP_REKEY_ANSWERED) &&
		desc->esp.spi == s->held[SDESP_NEXT].pair.spi_out)
		out->role = SDESP_NEXT;
	if (s->held[out->role].keying.suite != SDESP_SUITE_NONE &&
		desc->esp.spi == s->held[out->role].pair.spi_out) {
		status = read_refresh(rd, &s->held[out->role]);
		if (status != SDESP_OK)
			return status;
		return read_address(rd, &local->addr, local->direction);
	}
	status = sdesp_session_may(s, SDESP_IN_PEER_OFFER);
	if (status == SDESP_OK)
		status = check_fresh(rd, ALL_ROLES);
	if (status == SDESP_OK)
		status = read_address(rd, &local->addr, local->direction);
	if (status == SDESP_OK)
		status = sdesp_choose_line(&line, &psk, floor, desc, rd->why);
	if (status != SDESP_OK)
		return status;
	take_line(rd, &desc->crypto[line], psk);
	if (desc->proto->inner == SDESP_GENERIC)
		return narrow(rd, local, floor->features.modes);
	out->held.pair.flow.mode = SDESP_TRANSPORT;
	sdesp_ts_in_place(&out->held.pair.flow, desc->proto->inner,
		local->inner_port, desc->esp.port);
	return SDESP_OK;
}

/* Which of our lines the answer accepts; it adds nothing and leaves nothing
 * out. */
static int match_line(struct reading *rd)
{
	const struct sdesp_own_offer *offer = &rd->s->offer;
	const struct sdesp_attr_crypto *line = &rd->desc.crypto[0];
	const struct sdesp_proposal *own;
	const char *what = NULL;

	if (line->tag > offer->nlines)
		return refuse(rd, SDESP_ERR_MISMATCH, rd->desc.crypto_line[0],
			"the tag is none of the offer's", NULL);
	own = &offer->lines[line->tag - 1];
	if (line->suite != own->suite)
		what = "the suite is not the one offered with this tag";
	else if (line->method != own->method)
		what = "the method is not the one offered with this tag";
	else if (line->esn != own->esn)
		what = "ESN is not as offered";
	else if (!same_psk(rd->s, offer->psk, line->psk))
		what = "PSK= is not as offered";
	if (what != NULL)
		return refuse(rd, SDESP_ERR_MISMATCH, rd->desc.crypto_line[0],
			what, "the accepted line's own");
	rd->out->line = (uint8_t)(line->tag - 1);
	take_line(rd, line, offer->psk);
	return SDESP_OK;
}

static int check_reflected(const struct reading *rd)
{
	const struct sdesp_own_offer *offer = &rd->s->offer;
	unsigned line;

	for (unsigned i = 0; i < offer->nlines; i++) {
		if (holds_key(&rd->desc, sdesp_offer_key(offer, i), &line))
			return refuse(rd, SDESP_ERR_REFLECTED, line,
				"this is our own key", "one of the peer's own");
	}
	return SDESP_OK;
}

static int match_flow(struct reading *rd)
{
	const struct sdesp_own_offer *offer = &rd->s->offer;
	const struct sdesp_desc *desc = &rd->desc;
	struct sdesp_flow *flow = &rd->out->held.pair.flow;
	unsigned modes = 0;

	for (unsigned i = 0; i < offer->nmodes; i++)
		modes |= offer->modes[i];
	if (desc->nmodes != 1 || (modes & desc->modes[0]) == 0 ||
		(desc->proto->inner == SDESP_GENERIC &&
			!sdesp_span_token(rd->section->fmt)))
		return refuse(rd, SDESP_ERR_MISMATCH, rd->section->line,
			"the answer does not name one of the modes offered",
			"exactly one of them");
	flow->mode = desc->modes[0];
	if (desc->proto->inner != SDESP_GENERIC) {
		sdesp_ts_in_place(flow, desc->proto->inner, offer->inner_port,
			desc->esp.port);
		return SDESP_OK;
	}
	if (sdesp_ts_accept(flow, desc->ts, desc->nts, offer->flow.ts,
		    offer->flow.nts) == 0)
		return refuse(rd, SDESP_ERR_MISMATCH,
			desc->ts_line != 0 ? desc->ts_line : rd->section->line,
			"the selectors go beyond those offered",
			"lines that are each within one offered line");
	return SDESP_OK;
}

static int take_confirm(struct reading *rd)
{
	const struct sdesp_desc *desc = &rd->desc;

	if (!desc->has_confirm)
		return refuse(rd, SDESP_ERR_CONFIRM, rd->section->line,
			"the answer has no a=esp-confirm line",
			"a=esp-confirm:<32 hex digits>");
	memcpy(rd->out->confirm, desc->confirm, sizeof desc->confirm);
	return SDESP_OK;
}

static int judge_answer(struct reading *rd)
{
	const struct sdesp_session *s = rd->s;
	const struct sdesp_own_offer *offer = &s->offer;
	const struct sdesp_desc *desc = &rd->desc;
	int status = read_media(
		rd, s->index, s->media, s->proto->name, SDESP_ERR_MISMATCH);

	if (status != SDESP_OK)
		return status;
	if (desc->ncrypto + desc->nvoid > 1)
		return refuse(rd, SDESP_ERR_REPEATED,
			desc->crypto_line[desc->ncrypto - 1],
			"the answer has more than one esp-crypto line",
			"exactly one, the accepted one");
	if (s->state == SDESP_REFRESH_OFFERED) {
		if (desc->esp.spi != s->held[SDESP_LIVE].pair.spi_out)
			return refuse(rd, SDESP_ERR_MIXED, desc->esp_line,
				"the answer to a refresh has another SPI",
				"the SPI in use");
		status = read_refresh(rd, &s->held[SDESP_LIVE]);
	} else {
		status = check_reflected(rd);
		if (status == SDESP_OK)
			status = check_fresh(
				rd, ROLE(SDESP_LIVE) | ROLE(SDESP_DRAIN));
		if (status == SDESP_OK)
			status = match_line(rd);
	}
	if (status == SDESP_OK)
		status = read_address(rd, &offer->flow.local, offer->direction);
	if (status != SDESP_OK || rd->out->refresh)
		return status;
	status = match_flow(rd);
	return status == SDESP_OK ? take_confirm(rd) : status;
}

static void begin(struct reading *rd, const struct sdesp_session *s,
	struct sdesp_outcome *out, const struct sdesp_section *section,
	struct sdesp_why *why, int udp, const struct sdesp_addr *own)
{
	memset(out, 0, sizeof *out);
	rd->s = s;
	rd->out = out;
	rd->section = section;
	rd->why = why;
	out->role = SDESP_LIVE;
	out->held.pair.flow.udp = (uint8_t)udp;
	out->held.pair.flow.local = *own;
	if (!udp)
		out->held.pair.flow.local.port = 0;
}

static int finish(struct reading *rd, int status)
{
	sdesp_wipe(&rd->desc, sizeof rd->desc);
	if (status != SDESP_OK)
		sdesp_wipe(rd->out, sizeof *rd->out);
	return status;
}

int sdesp_read_offer(const struct sdesp_session *s, struct sdesp_outcome *out,
	const struct sdesp_floor *floor, const struct sdesp_section *offer,
	const struct sdesp_local *local, struct sdesp_why *why)
{
	struct reading rd;

	begin(&rd, s, out, offer, why,
		sdesp_proto_find(sdesp_span_of(local->proto))->udp,
		&local->addr);
	return finish(&rd, judge_offer(&rd, floor, local));
}

int sdesp_read_answer(const struct sdesp_session *s, struct sdesp_outcome *out,
	const struct sdesp_section *answer, struct sdesp_why *why)
{
	struct reading rd;

	begin(&rd, s, out, answer, why, s->offer.flow.udp,
		&s->offer.flow.local);
	return finish(&rd, judge_answer(&rd));
}
