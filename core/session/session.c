/* A session's beginning, look and end. SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <string.h>

#include "base/be.h"
#include "base/ct.h"
#include "base/span.h"
#include "nego/local.h"

#define DEFAULT_SECONDS (8 * 3600)
#define DEFAULT_WINDOW 64

#define PSK_KEY_MIN 16
#define PSK_KEY_MAX 64
#define NAME_MAX 64 /* of a token, of a party */

#define SPI_TRIES 16
#define SPI_UDP 0xc0000000 /* RFC 7983: clear of STUN, DTLS, TURN, RTP */

void sdesp_policy_init(struct sdesp_policy *policy)
{
	static const struct sdesp_proposal proposals[] = {
		{SDESP_AES_128_GCM_16, SDESP_X25519, 0},
		{SDESP_AES_256_GCM_16, SDESP_X25519, 0},
		{SDESP_CHACHA20_POLY1305, SDESP_X25519, 0},
		{SDESP_AES_128_GCM_16, SDESP_INLINE, 0},
		{SDESP_AES_256_GCM_16, SDESP_INLINE, 0},
		{SDESP_CHACHA20_POLY1305, SDESP_INLINE, 0},
	};

	memset(policy, 0, sizeof *policy);
	memcpy(policy->proposals, proposals, sizeof proposals);
	policy->nproposals = sizeof proposals / sizeof proposals[0];
	policy->move = SDESP_MOVE_NAT;
	policy->window = DEFAULT_WINDOW;
	policy->hard.seconds = DEFAULT_SECONDS;
}

static int name_good(const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0;

	return len > 0 && len <= NAME_MAX;
}

static int psk_good(const struct sdesp_psk *psk)
{
	return name_good(psk->token) &&
	       sdesp_span_token(sdesp_span_of(psk->token)) &&
	       name_good(psk->own) && name_good(psk->peer) &&
	       !sdesp_span_is(sdesp_span_of(psk->own), psk->peer) &&
	       psk->key != NULL && psk->key_len >= PSK_KEY_MIN &&
	       psk->key_len <= PSK_KEY_MAX;
}

static int policy_good(const struct sdesp_policy *policy)
{
	if (policy->nproposals < 1 || policy->nproposals > SDESP_MAX_CRYPTO ||
		policy->move > SDESP_MOVE_ALWAYS || policy->window < 32 ||
		policy->window > SDESP_MAX_WINDOW)
		return 0;
	for (unsigned i = 0; i < policy->nproposals; i++) {
		const struct sdesp_proposal *proposal = &policy->proposals[i];

		if (sdesp_suite_by_id(proposal->suite) == NULL ||
			(proposal->method != SDESP_X25519 &&
				proposal->method != SDESP_INLINE) ||
			proposal->esn > 1)
			return 0;
	}
	for (size_t i = 0; i < policy->npsks; i++) {
		if (!psk_good(&policy->psks[i]))
			return 0;
	}
	return policy->npsks < UINT8_MAX &&
	       (policy->psk_offer == NULL ||
		       sdesp_psk_find(
			       policy, sdesp_span_of(policy->psk_offer)) != 0);
}

int sdesp_session_init(struct sdesp_session *s,
	const struct sdesp_policy *policy, struct sdesp_backend *backend,
	const struct sdesp_port *port)
{
	memset(s, 0, sizeof *s);
	s->state = SDESP_CLOSED;
	if (!policy_good(policy))
		return SDESP_ERR_ARG;
	s->policy = policy;
	s->backend = backend;
	s->port = port;
	s->state = SDESP_IDLE;
	return SDESP_OK;
}

const struct sdesp_keying *sdesp_session_live(const struct sdesp_session *s)
{
	const struct sdesp_keying *keying = &s->held[SDESP_LIVE].keying;

	return keying->suite != SDESP_SUITE_NONE ? keying : NULL;
}

int sdesp_session_local(const struct sdesp_session *s,
	const struct sdesp_local *local, struct sdesp_floor *floor)
{
	memset(floor, 0, sizeof *floor);
	floor->policy = s->policy;
	s->backend->vtable->features(s->backend, &floor->features);
	floor->secured = local->secured;
	floor->live = sdesp_session_live(s);
	if (s->proto != NULL &&
		(s->index != local->index ||
			!sdesp_span_is(sdesp_span_of(local->media), s->media) ||
			!sdesp_span_is(
				sdesp_span_of(local->proto), s->proto->name)))
		return SDESP_ERR_ARG;
	return sdesp_local_check(local, &floor->features, s->policy->loopback);
}

void sdesp_session_bind(
	struct sdesp_session *s, const struct sdesp_local *local)
{
	s->index = local->index;
	s->proto = sdesp_proto_find(sdesp_span_of(local->proto));
	memcpy(s->media, local->media, strlen(local->media) + 1);
}

int sdesp_session_random(const struct sdesp_session *s, void *buf, size_t len)
{
	if (s->port->random(s->port->ctx, buf, len) == SDESP_OK)
		return SDESP_OK;
	sdesp_wipe(buf, len);
	return SDESP_ERR_RANDOM;
}

uint32_t sdesp_session_dice(const struct sdesp_session *s, uint32_t n)
{
	uint8_t octets[4];

	if (sdesp_session_random(s, octets, sizeof octets) != SDESP_OK)
		return 0;
	return sdesp_get32(octets) % n;
}

/* 256 values in 2^32 are refused: a second draw is never needed twice. */
int sdesp_session_reserve(struct sdesp_session *s)
{
	struct sdesp_sa_pair *pair = &s->held[SDESP_NEXT].pair;
	int status = SDESP_ERR_EXISTS;

	for (int i = 0; i < SPI_TRIES && status == SDESP_ERR_EXISTS; i++) {
		uint8_t octets[4];
		uint32_t spi;

		status = sdesp_session_random(s, octets, sizeof octets);
		if (status != SDESP_OK)
			return status;
		spi = sdesp_get32(octets);
		if (pair->flow.udp)
			spi |= SPI_UDP;
		status = SDESP_ERR_EXISTS;
		if (spi >= SDESP_SPI_MIN)
			status = sdesp_sa_pair_reserve(pair, s->backend, spi);
	}
	return status;
}

const struct sdesp_psk *sdesp_session_psk(
	const struct sdesp_session *s, unsigned psk)
{
	return psk != 0 ? &s->policy->psks[psk - 1] : NULL;
}

/* Which pair the caller should know of: the one that sends, or will. */
static const struct sdesp_held *shown(const struct sdesp_session *s)
{
	int first = sdesp_session_live(s) == NULL;

	return &s->held[s->switched || first ? SDESP_NEXT : SDESP_LIVE];
}

void sdesp_session_info(
	const struct sdesp_session *s, struct sdesp_session_info *info)
{
	const struct sdesp_held *held = shown(s);
	const struct sdesp_held *drain = &s->held[SDESP_DRAIN];
	unsigned parts = held->pair.parts;

	memset(info, 0, sizeof *info);
	info->state = s->state;
	info->suite = held->keying.suite;
	info->method = held->keying.method;
	info->esn = held->keying.esn;
	info->psk = held->keying.psk != 0;
	info->held = held->quiet;
	if ((parts & SDESP_PAIR_IN) != 0)
		info->spi_in = held->pair.spi_in;
	if ((parts & SDESP_PAIR_OUT) != 0)
		info->spi_out = held->pair.spi_out;
	if ((drain->pair.parts & SDESP_PAIR_IN) != 0)
		info->spi_drain = drain->pair.spi_in;
	info->since_ms = held->since_ms;
	info->rekey_ms = held->soft_ms;
	info->expire_ms = held->hard_ms;
	info->flow = held->pair.flow;
}

int sdesp_session_close(struct sdesp_session *s)
{
	int status = SDESP_OK;

	/* The newest first: a policy that it shares is the older one's. */
	static const uint8_t order[] = {SDESP_NEXT, SDESP_LIVE, SDESP_DRAIN};

	for (size_t i = 0; i < sizeof order; i++) {
		struct sdesp_held *held = &s->held[order[i]];
		int failed = SDESP_OK;

		if (held->pair.parts != 0)
			failed = sdesp_sa_pair_delete(&held->pair, s->backend);
		if (status == SDESP_OK)
			status = failed;
	}
	sdesp_wipe(s, sizeof *s);
	s->state = SDESP_CLOSED;
	return status;
}
