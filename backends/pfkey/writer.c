/* Writing one PF_KEY message. RFC 2367 2. SPDX-License-Identifier: MIT */
#include "writer.h"

#include <string.h>

#include "base/be.h"

void sdesp_pfkey_put(struct pfkey_writer *w, const void *p, size_t len)
{
	if (w->status != SDESP_OK || len == 0)
		return;
	if (len > sizeof w->buf - w->len) {
		w->status = SDESP_ERR_SPACE;
		return;
	}
	memcpy(w->buf + w->len, p, len);
	w->len += len;
}

void sdesp_pfkey_put8(struct pfkey_writer *w, unsigned v)
{
	uint8_t n = (uint8_t)v;

	sdesp_pfkey_put(w, &n, sizeof n);
}

void sdesp_pfkey_put16(struct pfkey_writer *w, unsigned v)
{
	uint16_t n = (uint16_t)v;

	sdesp_pfkey_put(w, &n, sizeof n);
}

void sdesp_pfkey_put32(struct pfkey_writer *w, uint32_t v)
{
	sdesp_pfkey_put(w, &v, sizeof v);
}

void sdesp_pfkey_put64(struct pfkey_writer *w, uint64_t v)
{
	sdesp_pfkey_put(w, &v, sizeof v);
}

void sdesp_pfkey_put_be16(struct pfkey_writer *w, unsigned v)
{
	uint8_t n[2];

	sdesp_put16(n, (uint16_t)v);
	sdesp_pfkey_put(w, n, sizeof n);
}

/* In units of 8 octets, as all lengths here. */
static void put_len(struct pfkey_writer *w, size_t at, size_t octets)
{
	uint16_t n = (uint16_t)(octets / 8);

	if (w->status == SDESP_OK)
		memcpy(w->buf + at, &n, sizeof n);
}

/* KAME's kernels refuse one where policies are meant, OpenBSD's need it. */
static unsigned satype(const struct sdesp_pfkey_dialect *d, unsigned type)
{
	int policies = type >= KAME_SPDUPDATE && type <= KAME_SPDDUMP;

	return !d->flows && policies ? 0 : d->satype;
}

void sdesp_pfkey_begin(struct pfkey_writer *w,
	const struct sdesp_pfkey_dialect *d, unsigned type, uint32_t seq,
	uint32_t pid)
{
	w->d = d;
	w->status = SDESP_OK;
	w->len = 0;
	sdesp_pfkey_put8(w, PFKEY_V2);
	sdesp_pfkey_put8(w, type);
	sdesp_pfkey_put8(w, 0); /* errno */
	sdesp_pfkey_put8(w, satype(d, type));
	sdesp_pfkey_put32(w, 0); /* length, reserved */
	sdesp_pfkey_put32(w, seq);
	sdesp_pfkey_put32(w, pid);
}

int sdesp_pfkey_end(struct pfkey_writer *w)
{
	put_len(w, 4, w->len);
	return w->status;
}

void sdesp_pfkey_open_ext(struct pfkey_writer *w, unsigned type)
{
	w->ext = w->len;
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put16(w, type);
}

void sdesp_pfkey_close_ext(struct pfkey_writer *w)
{
	static const uint8_t zero[8];

	sdesp_pfkey_put(w, zero, (0 - w->len) & 7);
	put_len(w, w->ext, w->len - w->ext);
}

void sdesp_pfkey_put_sockaddr(struct pfkey_writer *w, unsigned family,
	const uint8_t *ip, unsigned port)
{
	static const uint8_t zero[8];
	unsigned af = family == 4 ? 2 : w->d->inet6;

	if (w->d->sa_len) {
		sdesp_pfkey_put8(w, family == 4 ? 16 : 28);
		sdesp_pfkey_put8(w, af);
	} else {
		sdesp_pfkey_put16(w, af);
	}
	sdesp_pfkey_put_be16(w, port);
	if (family == 4) {
		sdesp_pfkey_put(w, ip, 4);
		sdesp_pfkey_put(w, zero, 8);
	} else {
		sdesp_pfkey_put32(w, 0); /* flow */
		sdesp_pfkey_put(w, ip, 16);
		sdesp_pfkey_put32(w, 0); /* scope */
	}
}

void sdesp_pfkey_put_address(struct pfkey_writer *w, unsigned type,
	unsigned protocol, unsigned prefix, const struct sdesp_addr *addr)
{
	sdesp_pfkey_open_ext(w, type);
	sdesp_pfkey_put8(w, protocol);
	sdesp_pfkey_put8(w, prefix);
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put_sockaddr(w, addr->family, addr->ip, addr->port);
	sdesp_pfkey_close_ext(w);
}

void sdesp_pfkey_put_identities(
	struct pfkey_writer *w, unsigned instance, uint32_t spi)
{
	static const char digits[] = "0123456789abcdef";
	char name[] = SDESP_PFKEY_IDENTITY "#-########";
	size_t at = sizeof SDESP_PFKEY_IDENTITY - 1;

	name[at++] = digits[instance & 15];
	at++;
	for (unsigned i = 0; i < 8; i++)
		name[at++] = digits[spi >> (28 - 4 * i) & 15];
	for (unsigned i = 0; i < 2; i++) {
		sdesp_pfkey_open_ext(w, PFKEY_EXT_IDENTITY_SRC + i);
		sdesp_pfkey_put16(w, OPENBSD_IDENT_FQDN);
		sdesp_pfkey_put16(w, 0);
		sdesp_pfkey_put64(w, 0); /* id: none */
		sdesp_pfkey_put(w, name, sizeof name);
		sdesp_pfkey_close_ext(w);
	}
}
