/*
 * Messages about SAs. RFC 2367 3.1, and what systems have added.
 * SPDX-License-Identifier: MIT
 */
#include "request.h"

#include <string.h>

#include "base/be.h"

static const struct sdesp_addr *src(const struct sdesp_pfkey_sa *at)
{
	return at->inbound ? &at->remote : &at->local;
}

static const struct sdesp_addr *dst(const struct sdesp_pfkey_sa *at)
{
	return at->inbound ? &at->local : &at->remote;
}

/* UDP ports have extensions of their own, here they are 0. Where the peer is
 * not known yet, it is anybody. */
static void put_end(struct pfkey_writer *w, unsigned type,
	const struct sdesp_addr *addr, unsigned family)
{
	static const uint8_t any[16];
	struct sdesp_addr a = {.family = (uint8_t)family};

	memcpy(a.ip, addr->family == family ? addr->ip : any, sizeof a.ip);
	if (w->d->flows)
		sdesp_pfkey_put_address(w, type, 0, 0, &a);
	else
		sdesp_pfkey_put_address(
			w, type, KAME_ANY_PROTOCOL, family == 4 ? 32 : 128, &a);
}

static void put_ends(struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	put_end(w, PFKEY_EXT_ADDRESS_SRC, src(at), at->local.family);
	put_end(w, PFKEY_EXT_ADDRESS_DST, dst(at), at->local.family);
}

static void put_mode(struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	if (w->d->flows)
		return;
	sdesp_pfkey_open_ext(w, KAME_EXT_SA2);
	sdesp_pfkey_put8(w, at->mode); /* IPSEC_MODE_*: the same numbers */
	sdesp_pfkey_put8(w, 0);
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put32(w, 0); /* sequence */
	sdesp_pfkey_put32(w, at->reqid);
	sdesp_pfkey_close_ext(w);
}

static void put_port(struct pfkey_writer *w, unsigned type, unsigned port)
{
	sdesp_pfkey_open_ext(w, type);
	sdesp_pfkey_put_be16(w, port);
	sdesp_pfkey_close_ext(w);
}

/* They are part of an SA's name on NetBSD. */
static void put_kame_natt(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	if (!at->udp || w->d->natt != NATT_KAME)
		return;
	sdesp_pfkey_open_ext(w, KAME_EXT_NAT_T_TYPE);
	sdesp_pfkey_put8(w, KAME_UDP_ENCAP);
	sdesp_pfkey_close_ext(w);
	put_port(w, KAME_EXT_NAT_T_SPORT, src(at)->port);
	put_port(w, KAME_EXT_NAT_T_DPORT, dst(at)->port);
}

void sdesp_pfkey_put_getspi(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	put_ends(w, at);
	sdesp_pfkey_open_ext(w, PFKEY_EXT_SPIRANGE);
	sdesp_pfkey_put32(w, at->spi); /* in host order, unlike in SAs */
	sdesp_pfkey_put32(w, at->spi);
	sdesp_pfkey_put32(w, 0);
	sdesp_pfkey_close_ext(w);
	put_mode(w, at);
	put_kame_natt(w, at);
}

static void put_spi(struct pfkey_writer *w, uint32_t spi)
{
	uint8_t n[4];

	sdesp_put32(n, spi);
	sdesp_pfkey_put(w, n, sizeof n);
}

/* An SA whose name alone counts, open. */
static void open_bare(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at, uint32_t f)
{
	sdesp_pfkey_open_ext(w, PFKEY_EXT_SA);
	put_spi(w, at->spi);
	sdesp_pfkey_put8(w, 0);
	sdesp_pfkey_put8(w, 1); /* SADB_SASTATE_MATURE */
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put32(w, f);
}

void sdesp_pfkey_put_name(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	open_bare(w, at, 0);
	sdesp_pfkey_close_ext(w);
	put_ends(w, at);
	put_kame_natt(w, at);
}

static uint32_t flags(const struct sdesp_pfkey_dialect *d,
	const struct sdesp_pfkey_sa *at, int esn)
{
	uint32_t f = esn ? d->esn : 0;

	if (d->flows && at->mode == SDESP_TUNNEL)
		f |= OPENBSD_TUNNEL;
	if (at->udp && d->natt == NATT_OPENBSD)
		f |= OPENBSD_UDPENCAP;
	if (at->udp && d->natt == NATT_MACOS)
		f |= MACOS_NATT;
	return f;
}

/* Rounded up, at most what fits the field. */
static unsigned window(const struct sdesp_pfkey_dialect *d,
	const struct sdesp_pfkey_sa *at, const struct sdesp_sa *sa)
{
	unsigned n = (sa->window + d->window_unit - 1U) / d->window_unit;

	if (!at->inbound)
		return 0;
	return n < 255 ? n : 255;
}

/* The peer's port, in host order; intervals and our port as the system has
 * them. */
static void put_macos_port(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	sdesp_pfkey_put16(w, at->udp ? at->remote.port : 0);
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put32(w, 0);
}

static void put_core(struct pfkey_writer *w, const struct sdesp_pfkey_sa *at,
	const struct sdesp_sa *sa, const struct pfkey_algorithm *a)
{
	sdesp_pfkey_open_ext(w, PFKEY_EXT_SA);
	put_spi(w, sa->spi);
	sdesp_pfkey_put8(w, window(w->d, at, sa));
	sdesp_pfkey_put8(w, 1); /* SADB_SASTATE_MATURE */
	sdesp_pfkey_put8(w, a->auth);
	sdesp_pfkey_put8(w, a->encrypt);
	sdesp_pfkey_put32(w, flags(w->d, at, sa->esn));
	if (at->udp && w->d->natt == NATT_MACOS)
		put_macos_port(w, at);
	sdesp_pfkey_close_ext(w);
}

/* Packets, as the field holds them. */
static uint32_t counted(
	const struct pfkey_writer *w, const struct sdesp_limits *limits)
{
	if (!w->d->counts)
		return 0;
	return limits->packets < UINT32_MAX ? (uint32_t)limits->packets
					    : UINT32_MAX;
}

static int limited(
	const struct pfkey_writer *w, const struct sdesp_limits *limits)
{
	return counted(w, limits) != 0 || limits->bytes != 0 ||
	       limits->seconds != 0;
}

static void put_lifetime(struct pfkey_writer *w, unsigned type,
	const struct sdesp_limits *limits)
{
	sdesp_pfkey_open_ext(w, type);
	sdesp_pfkey_put32(w, counted(w, limits));
	sdesp_pfkey_put64(w, limits->bytes);
	sdesp_pfkey_put64(w, limits->seconds); /* since it was added */
	sdesp_pfkey_put64(w, 0);               /* since its first use */
	sdesp_pfkey_close_ext(w);
}

/* KAME's kernels refuse one without the other; 0 is no limit. */
static void put_lifetimes(struct pfkey_writer *w,
	const struct sdesp_limits *hard, const struct sdesp_limits *soft)
{
	int both = !w->d->flows && (limited(w, hard) || limited(w, soft));

	if (both || limited(w, hard))
		put_lifetime(w, PFKEY_EXT_LIFETIME_HARD, hard);
	if (both || limited(w, soft))
		put_lifetime(w, PFKEY_EXT_LIFETIME_SOFT, soft);
}

static void put_key(
	struct pfkey_writer *w, unsigned type, const uint8_t *key, size_t len)
{
	/* KAME wants a cipher key to be there, and empty where it is NULL's. */
	if (len == 0 && (w->d->flows || type != PFKEY_EXT_KEY_ENCRYPT))
		return;
	sdesp_pfkey_open_ext(w, type);
	sdesp_pfkey_put16(w, (unsigned)len * 8);
	sdesp_pfkey_put16(w, 0);
	sdesp_pfkey_put(w, key, len);
	sdesp_pfkey_close_ext(w);
}

static void put_peer_port(
	struct pfkey_writer *w, const struct sdesp_pfkey_sa *at)
{
	if (at->udp && w->d->natt == NATT_OPENBSD)
		put_port(w, OPENBSD_EXT_UDPENCAP, at->remote.port);
}

void sdesp_pfkey_put_sa(struct pfkey_writer *w, const struct sdesp_pfkey_sa *at,
	const struct sdesp_sa *sa, const struct pfkey_algorithm *algorithm)
{
	const struct sdesp_suite *s = sdesp_suite_by_id(sa->suite);
	size_t cipher = (size_t)s->key_len + s->salt_len;

	put_core(w, at, sa, algorithm);
	put_lifetimes(w, &sa->hard, &sa->soft);
	put_ends(w, at);
	put_key(w, PFKEY_EXT_KEY_AUTH, sa->keymat + cipher, s->auth_len);
	put_key(w, PFKEY_EXT_KEY_ENCRYPT, sa->keymat, cipher);
	put_mode(w, at);
	put_kame_natt(w, at);
	if (w->d->window_ext && at->inbound) {
		sdesp_pfkey_open_ext(w, KAME_EXT_SA_REPLAY);
		sdesp_pfkey_put32(w, sa->window);
		sdesp_pfkey_close_ext(w);
	}
	put_peer_port(w, at);
	if (w->d->flows)
		sdesp_pfkey_put_identities(
			w, sdesp_pfkey_instance(at->reqid), at->spi);
}

static void put_new_ends(struct pfkey_writer *w, unsigned to_src,
	unsigned to_dst, const struct sdesp_pfkey_sa *at)
{
	put_end(w, to_src, src(at), at->local.family);
	put_end(w, to_dst, dst(at), at->local.family);
}

static void put_update(struct pfkey_writer *w,
	const struct sdesp_pfkey_sa *from, const struct sdesp_pfkey_sa *to,
	int same_ips)
{
	open_bare(w, from, 0);
	sdesp_pfkey_close_ext(w);
	put_lifetimes(w, &from->hard, &from->soft);
	put_ends(w, from);
	put_mode(w, from);
	put_kame_natt(w, to);
	if (!same_ips)
		put_new_ends(w, KAME_EXT_NEW_ADDRESS_SRC,
			KAME_EXT_NEW_ADDRESS_DST, to);
}

/* The kernel reads the long SA whether it is one or not. */
static void put_migrate(struct pfkey_writer *w,
	const struct sdesp_pfkey_sa *from, const struct sdesp_pfkey_sa *to)
{
	open_bare(w, from, flags(w->d, to, 0));
	put_macos_port(w, to);
	sdesp_pfkey_close_ext(w);
	put_ends(w, from);
	put_new_ends(w, MACOS_EXT_MIGRATE_SRC, MACOS_EXT_MIGRATE_DST, to);
}

/* With a source it takes the proxy for the destination, there or not. */
static void put_proxy(struct pfkey_writer *w, const struct sdesp_pfkey_sa *from,
	const struct sdesp_pfkey_sa *to, int same_ips)
{
	open_bare(w, from, 0);
	sdesp_pfkey_close_ext(w);
	if (!same_ips)
		put_new_ends(
			w, PFKEY_EXT_ADDRESS_SRC, PFKEY_EXT_ADDRESS_PROXY, to);
	put_end(w, PFKEY_EXT_ADDRESS_DST, dst(from), from->local.family);
	put_peer_port(w, to);
}

/* What GET has told of it, and other ports. */
static void put_ports(struct pfkey_writer *w, const struct sdesp_pfkey_sa *to,
	const struct pfkey_message *got)
{
	static const uint8_t types[] = {PFKEY_EXT_SA, PFKEY_EXT_LIFETIME_HARD,
		PFKEY_EXT_LIFETIME_SOFT, PFKEY_EXT_ADDRESS_SRC,
		PFKEY_EXT_ADDRESS_DST, PFKEY_EXT_KEY_AUTH,
		PFKEY_EXT_KEY_ENCRYPT, KAME_EXT_SA2};

	for (size_t i = 0; i < sizeof types; i++)
		sdesp_pfkey_put(
			w, got->ext[types[i]].p, got->ext[types[i]].len);
	put_kame_natt(w, to);
}

void sdesp_pfkey_put_move(struct pfkey_writer *w,
	const struct sdesp_pfkey_sa *from, const struct sdesp_pfkey_sa *to,
	const struct pfkey_message *got)
{
	int same_ips = sdesp_addr_same_ip(&from->local, &to->local) &&
		       sdesp_addr_same_ip(&from->remote, &to->remote);

	switch (w->d->move) {
	case MOVE_UPDATE:
		put_update(w, from, to, same_ips);
		break;
	case MOVE_MIGRATE:
		put_migrate(w, from, to);
		break;
	case MOVE_PROXY:
		put_proxy(w, from, to, same_ips);
		break;
	default:
		put_ports(w, to, got);
		break;
	}
}
