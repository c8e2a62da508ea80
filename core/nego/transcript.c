/*
 * T of SPEC 7.3. In a file of its own, so that the hash's state is off the
 * stack when the Diffie-Hellman computation needs it.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "nego/keys.h"

static void hash_name(const struct sdesp_kex_class *kex, struct sdesp_hash *h,
	const char *name)
{
	uint8_t len = (uint8_t)strlen(name);

	kex->hash_update(h, &len, 1);
	kex->hash_update(h, name, len);
}

/* T = SHA-256("SDESP-1" || 00 || H_offer || H_answer || ID) */
void sdesp_keys_transcript(
	uint8_t t[SDESP_HASH_LEN], const struct sdesp_keys_input *in)
{
	static const char label[] = "SDESP-1";
	const struct sdesp_kex_class *kex = in->kex;
	const struct sdesp_psk *psk = in->psk;
	const char *own = psk != NULL ? psk->own : "";
	const char *peer = psk != NULL ? psk->peer : "";
	struct sdesp_hash h;

	kex->hash_init(&h);
	kex->hash_update(&h, label, sizeof label);
	kex->hash_update(
		&h, in->offerer ? in->own_hash : in->peer_hash, SDESP_HASH_LEN);
	kex->hash_update(
		&h, in->offerer ? in->peer_hash : in->own_hash, SDESP_HASH_LEN);
	hash_name(kex, &h, in->offerer ? own : peer);
	hash_name(kex, &h, in->offerer ? peer : own);
	kex->hash_final(&h, t);
}
