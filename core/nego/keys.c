/* The key schedule of SPEC 7. SPDX-License-Identifier: MIT */
#include "nego/keys.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"

int sdesp_keys_derive(
	struct sdesp_keys *keys, const struct sdesp_keys_input *in)
{
	const struct sdesp_psk *psk = in->psk;
	uint8_t ikm[64];
	size_t len = 32;
	int zero = 0;

	if (in->method == SDESP_X25519) {
		in->kex->x25519(ikm, in->secret, in->peer);
		zero = sdesp_ct_zero(ikm, 32);
	} else {
		memcpy(ikm, in->offerer ? in->secret : in->peer, 32);
		memcpy(ikm + 32, in->offerer ? in->peer : in->secret, 32);
		len = 64;
	}
	keys->kex = in->kex;
	sdesp_keys_transcript(keys->t, in);
	in->kex->hkdf_extract(&keys->prk, psk != NULL ? psk->key : NULL,
		psk != NULL ? psk->key_len : 0, ikm, len);
	sdesp_wipe(ikm, sizeof ikm);
	if (zero) {
		sdesp_wipe(keys, sizeof *keys);
		return SDESP_ERR_KEX;
	}
	return SDESP_OK;
}

/* HKDF-Expand(PRK, T || label || spi, len) */
static void expand(uint8_t *out, size_t len, const struct sdesp_keys *keys,
	const char label[3], const uint8_t *spi, size_t spi_len)
{
	uint8_t info[SDESP_HASH_LEN + 3 + 4];

	memcpy(info, keys->t, SDESP_HASH_LEN);
	memcpy(info + SDESP_HASH_LEN, label, 3);
	memcpy(info + SDESP_HASH_LEN + 3, spi, spi_len);
	keys->kex->hkdf_expand(
		out, len, &keys->prk, info, SDESP_HASH_LEN + 3 + spi_len);
}

void sdesp_keys_confirm(
	uint8_t confirm[SDESP_CONFIRM_LEN], const struct sdesp_keys *keys)
{
	expand(confirm, SDESP_CONFIRM_LEN, keys, "cfm", keys->t, 0);
}

void sdesp_keys_keymat(uint8_t *keymat, size_t len,
	const struct sdesp_keys *keys, int to_offerer, uint32_t spi)
{
	uint8_t octets[4];

	sdesp_put32(octets, spi);
	expand(keymat, len, keys, to_offerer ? "a2o" : "o2a", octets,
		sizeof octets);
}
