/* Our offers: first, rekey, refresh. SPEC 5.1. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/ct.h"
#include "nego/local.h"
#include "nego/write.h"
#include "sa/lifetime.h"
#include "sdp/line.h"
#include "session/session.h"

/* The last offerer goes first when a lifetime ends: 80 to 95 % of it. */
#define SOFT_LEAST 80
#define SOFT_SPREAD 16

#define DEFAULT_SECONDS (8 * 3600) /* as the peer expects, unless told */

const uint8_t *sdesp_offer_key(
	const struct sdesp_own_offer *offer, unsigned line)
{
	return offer->lines[line].method == SDESP_X25519 ? offer->share
							 : offer->secret[line];
}

void sdesp_offer_wipe(struct sdesp_session *s)
{
	sdesp_wipe(&s->offer, sizeof s->offer);
}

int sdesp_unwrite(struct sdesp_text *text, size_t start, int status)
{
	sdesp_wipe(text->buf + start, text->len - start);
	text->len = start;
	return status;
}

/* Our lives are said only where they are shorter than the peer expects. */
void sdesp_write_crypto(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_proposal *proposal, uint32_t tag, unsigned psk,
	const uint8_t own[32])
{
	const struct sdesp_limits *hard = &s->policy->hard;
	const struct sdesp_psk *record = sdesp_session_psk(s, psk);
	struct sdesp_attr_crypto line;

	memset(&line, 0, sizeof line);
	line.tag = tag;
	line.suite = proposal->suite;
	line.method = proposal->method;
	line.esn = proposal->esn;
	memcpy(line.key, own, sizeof line.key);
	if (hard->packets != 0 &&
		hard->packets < sdesp_lifetime_packets(proposal->esn))
		line.life = hard->packets + 1;
	if (hard->seconds != DEFAULT_SECONDS)
		line.seconds = hard->seconds;
	if (record != NULL)
		line.psk = sdesp_span_of(record->token);
	sdesp_attr_crypto_print(out, &line);
	sdesp_wipe(&line, sizeof line);
}

int sdesp_hash_own(uint8_t hash[SDESP_HASH_LEN], const struct sdesp_session *s,
	const struct sdesp_text *text, size_t start,
	const struct sdesp_local *local)
{
	struct sdesp_span line, rest = {text->buf + start, text->len - start};
	struct sdesp_section section;

	if (text->status != SDESP_OK)
		return text->status;
	memset(&section, 0, sizeof section);
	if (!sdesp_line_next(&line, &rest) ||
		sdesp_line_media(&section, line, 1, NULL) != SDESP_OK)
		return SDESP_ERR_ARG;
	section.body = rest;
	section.index = local->index;
	sdesp_canon_hash(hash, &section, s->port->kex);
	return SDESP_OK;
}

static int short_icv(const struct sdesp_proposal *proposal)
{
	return sdesp_suite_by_id(proposal->suite)->strength ==
	       SDESP_STRENGTH_SHORT_ICV;
}

/* The proposals that policy, backend, signalling and the live pair allow; a
 * suite with a short ICV comes last wherever policy has it. */
static int choose(
	struct sdesp_own_offer *offer, const struct sdesp_floor *floor)
{
	const struct sdesp_policy *policy = floor->policy;
	const struct sdesp_proposal *own = policy->proposals;

	offer->psk = 0;
	if (policy->psk_offer != NULL)
		offer->psk = (uint8_t)sdesp_psk_find(
			policy, sdesp_span_of(policy->psk_offer));
	for (unsigned i = 0; i < 2u * policy->nproposals; i++) {
		const struct sdesp_proposal *p = &own[i % policy->nproposals];

		if (short_icv(p) == (i >= policy->nproposals) &&
			sdesp_floor_check(floor, p, offer->psk) == SDESP_OK)
			offer->lines[offer->nlines++] = *p;
	}
	return offer->nlines > 0 ? SDESP_OK : SDESP_ERR_POLICY;
}

/* All X25519 lines share one share; every inline line has its own secret. */
static int draw(struct sdesp_session *s)
{
	struct sdesp_own_offer *offer = &s->offer;
	uint8_t(*scalar)[32] = NULL;

	for (unsigned i = 0; i < offer->nlines; i++) {
		uint8_t(*secret)[32] = &offer->secret[i];

		if (offer->lines[i].method == SDESP_X25519 && scalar != NULL) {
			memcpy(*secret, *scalar, sizeof *secret);
			continue;
		}
		if (sdesp_session_random(s, *secret, sizeof *secret) !=
			SDESP_OK)
			return SDESP_ERR_RANDOM;
		if (offer->lines[i].method == SDESP_X25519)
			scalar = secret;
	}
	if (scalar != NULL)
		s->port->kex->x25519(offer->share, *scalar, NULL);
	offer->soft_percent =
		(uint8_t)(SOFT_LEAST + sdesp_session_dice(s, SOFT_SPREAD));
	return SDESP_OK;
}

/* What of local an answer will be held against. */
static void remember(struct sdesp_own_offer *offer,
	const struct sdesp_local *local, const struct sdesp_features *features)
{
	sdesp_local_flow(&offer->flow, local);
	offer->direction = local->direction;
	offer->inner_port = local->inner_port;
	offer->nmodes = 0;
	for (unsigned i = 0; i < local->nmodes; i++) {
		if ((features->modes & local->modes[i]) != 0)
			offer->modes[offer->nmodes++] = local->modes[i];
	}
	if (offer->nmodes == 0)
		offer->modes[offer->nmodes++] = SDESP_TRANSPORT;
}

static void write_offer(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_local *local)
{
	const struct sdesp_own_offer *offer = &s->offer;
	const struct sdesp_proto *proto =
		sdesp_proto_find(sdesp_span_of(local->proto));

	sdesp_write_media(out, local, proto, offer->modes, offer->nmodes);
	for (unsigned i = 0; i < offer->nlines; i++)
		sdesp_write_crypto(out, s, &offer->lines[i], i + 1, offer->psk,
			sdesp_offer_key(offer, i));
	sdesp_write_esp(out, local, proto, s->held[SDESP_NEXT].pair.spi_in,
		&offer->flow);
}

static int make_offer(struct sdesp_session *s, const struct sdesp_local *local,
	const struct sdesp_floor *floor, struct sdesp_text *out)
{
	size_t start = out->len;
	int status;

	remember(&s->offer, local, &floor->features);
	status = choose(&s->offer, floor);
	if (status == SDESP_OK)
		status = draw(s);
	if (status != SDESP_OK)
		return status;
	s->held[SDESP_NEXT].pair.flow = s->offer.flow;
	status = sdesp_session_reserve(s);
	if (status != SDESP_OK)
		return status;
	write_offer(out, s, local);
	status = sdesp_hash_own(s->offer.hash, s, out, start, local);
	return status == SDESP_OK ? status : sdesp_unwrite(out, start, status);
}

int sdesp_session_offer(struct sdesp_session *s,
	const struct sdesp_local *local, uint64_t now_ms,
	struct sdesp_text *out)
{
	struct sdesp_floor floor;
	int status = sdesp_session_may(s, SDESP_IN_OFFER);

	(void)now_ms;
	if (status == SDESP_OK)
		status = sdesp_session_local(s, local, &floor);
	if (status == SDESP_OK && out->status != SDESP_OK)
		status = out->status;
	if (status != SDESP_OK)
		return status;
	status = make_offer(s, local, &floor, out);
	if (status != SDESP_OK) {
		sdesp_offer_wipe(s);
		sdesp_drop(s);
		return status;
	}
	if (s->state == SDESP_IDLE)
		s->caller = 1;
	s->accepted = 0;
	s->before.held = 0;
	sdesp_session_bind(s, local);
	sdesp_session_go(s, SDESP_IN_OFFER);
	return SDESP_OK;
}

void sdesp_write_refresh(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_local *local, uint32_t tag)
{
	const struct sdesp_held *live = &s->held[SDESP_LIVE];
	const struct sdesp_keying *keying = &live->keying;
	struct sdesp_proposal proposal = {
		keying->suite, keying->method, keying->esn};

	sdesp_write_media(out, local, s->proto, &live->pair.flow.mode, 1);
	sdesp_write_crypto(out, s, &proposal, tag, keying->psk, keying->own);
	sdesp_write_esp(
		out, local, s->proto, live->pair.spi_in, &live->pair.flow);
}

int sdesp_session_refresh(struct sdesp_session *s,
	const struct sdesp_local *local, uint64_t now_ms,
	struct sdesp_text *out)
{
	size_t start = out->len;
	struct sdesp_floor floor;
	int status = sdesp_session_may(s, SDESP_IN_REFRESH);

	(void)now_ms;
	if (status == SDESP_OK &&
		(s->held[SDESP_LIVE].pair.parts & SDESP_PAIR_OUT) == 0)
		status = SDESP_ERR_STATE;
	if (status == SDESP_OK)
		status = sdesp_session_local(s, local, &floor);
	if (status != SDESP_OK)
		return status;
	sdesp_write_refresh(out, s, local, 1);
	if (out->status != SDESP_OK)
		return sdesp_unwrite(out, start, out->status);
	remember(&s->offer, local, &floor.features);
	s->accepted = 0;
	s->before.held = 0;
	sdesp_session_go(s, SDESP_IN_REFRESH);
	return SDESP_OK;
}
