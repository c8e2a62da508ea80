/*
 * The keys of an offer and its answer, and the proof that both ends have the
 * same. SPEC 7. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/ct.h"
#include "nego/refuse.h"
#include "session/session.h"

int sdesp_key_answer(const struct sdesp_session *s, struct sdesp_keys *keys,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	const struct sdesp_outcome *outcome, const uint8_t secret[32],
	struct sdesp_text *out, size_t start)
{
	const struct sdesp_keying *keying = &outcome->held.keying;
	uint8_t own_hash[SDESP_HASH_LEN], peer_hash[SDESP_HASH_LEN];
	uint8_t confirm[SDESP_CONFIRM_LEN];
	struct sdesp_keys_input in = {s->port->kex, keying->method, 0, secret,
		keying->peer, sdesp_session_psk(s, keying->psk), own_hash,
		peer_hash};
	int status = sdesp_hash_own(own_hash, s, out, start, local);

	if (status != SDESP_OK)
		return status;
	sdesp_canon_hash(peer_hash, offer, s->port->kex);
	status = sdesp_keys_derive(keys, &in);
	if (status != SDESP_OK)
		return status;
	sdesp_keys_confirm(confirm, keys);
	sdesp_attr_confirm_print(out, confirm);
	return out->status;
}

int sdesp_key_outcome(const struct sdesp_session *s, struct sdesp_keys *keys,
	struct sdesp_outcome *outcome, const uint8_t peer_hash[SDESP_HASH_LEN],
	const struct sdesp_section *answer, struct sdesp_why *why)
{
	const struct sdesp_own_offer *offer = &s->offer;
	struct sdesp_keying *keying = &outcome->held.keying;
	uint8_t confirm[SDESP_CONFIRM_LEN];
	struct sdesp_keys_input in = {s->port->kex, keying->method, 1,
		offer->secret[outcome->line], keying->peer,
		sdesp_session_psk(s, keying->psk), offer->hash, peer_hash};

	memcpy(keying->own, sdesp_offer_key(offer, outcome->line), 32);
	if (sdesp_keys_derive(keys, &in) != SDESP_OK)
		return sdesp_refuse(why, SDESP_ERR_KEX, answer->line,
			"the key exchange comes to zero", "an honest share");
	sdesp_keys_confirm(confirm, keys);
	if (sdesp_ct_equal(confirm, outcome->confirm, sizeof confirm))
		return SDESP_OK;
	sdesp_wipe(keys, sizeof *keys);
	return sdesp_refuse(why, SDESP_ERR_CONFIRM, answer->line,
		"a=esp-confirm is wrong: the keys of both ends differ",
		"the sections as they were written");
}
