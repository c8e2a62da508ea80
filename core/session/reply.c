/*
 * An answer with new keys: drawn, written, derived, installed. SPEC 5.2.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/ct.h"
#include "nego/write.h"
#include "session/session.h"

/* Our half of the keys, fresh for this answer. */
static int draw(const struct sdesp_session *s, uint8_t secret[32],
	struct sdesp_keying *keying)
{
	int status = sdesp_session_random(s, secret, 32);

	if (status != SDESP_OK)
		return status;
	if (keying->method == SDESP_X25519)
		s->port->kex->x25519(keying->own, secret, NULL);
	else
		memcpy(keying->own, secret, 32);
	return SDESP_OK;
}

static void write_answer(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_local *local, const struct sdesp_outcome *outcome)
{
	const struct sdesp_flow *flow = &outcome->held.pair.flow;
	const struct sdesp_keying *keying = &outcome->held.keying;
	const struct sdesp_proto *proto =
		sdesp_proto_find(sdesp_span_of(local->proto));
	struct sdesp_proposal proposal = {
		keying->suite, keying->method, keying->esn};

	sdesp_write_media(out, local, proto, &flow->mode, 1);
	sdesp_write_crypto(
		out, s, &proposal, outcome->tag, keying->psk, keying->own);
	sdesp_write_esp(
		out, local, proto, s->held[SDESP_NEXT].pair.spi_in, flow);
}

int sdesp_reply(struct sdesp_session *s, const struct sdesp_section *offer,
	const struct sdesp_local *local, struct sdesp_outcome *outcome,
	uint64_t now_ms, struct sdesp_text *out)
{
	size_t start = out->len;
	struct sdesp_keys keys;
	uint8_t secret[32];
	int status = draw(s, secret, &outcome->held.keying);

	if (status != SDESP_OK)
		return status;
	s->held[SDESP_NEXT].pair.flow = outcome->held.pair.flow;
	status = sdesp_session_reserve(s);
	if (status == SDESP_OK) {
		write_answer(out, s, local, outcome);
		status = sdesp_key_answer(
			s, &keys, offer, local, outcome, secret, out, start);
	}
	sdesp_wipe(secret, sizeof secret);
	if (status == SDESP_OK)
		status = sdesp_install(s, outcome, &keys, 0, now_ms);
	sdesp_wipe(&keys, sizeof keys);
	if (status == SDESP_OK)
		return SDESP_OK;
	sdesp_drop(s);
	return sdesp_unwrite(out, start, status);
}
