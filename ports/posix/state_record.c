/*
 * What is in a state file, in which order:
 *
 *	"sdesp state 1" LF, length of the whole in 4 octets, clock, o= line,
 *	bodies' texts, settings, SAs, policies, session, SHA-256 of all before
 *
 * Integers are big-endian. The digest finds damage; mode 0600 keeps strangers
 * out. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/codec.h"
#include "ports/posix/state_record.h"

static const char magic[] = "sdesp state 1\n";

#define MAGIC (sizeof magic - 1)
#define DIGEST 32

static void addr(struct codec *c, struct sdesp_addr *a)
{
	codec_u8(c, &a->family);
	if (a->family != 0 && a->family != 4 && a->family != 6)
		c->bad = 1;
	codec_octets(c, a->ip, sizeof a->ip);
	codec_u16(c, &a->port);
}

static void side(struct codec *c, struct sdesp_ts_side *s)
{
	codec_up_to(c, &s->kind, SDESP_TS_PREFIX);
	codec_u8(c, &s->family);
	codec_up_to(c, &s->prefix_len, s->family == 4 ? 32 : 128);
	codec_octets(c, s->ip, sizeof s->ip);
	codec_u16(c, &s->lo);
	codec_u16(c, &s->hi);
}

static void selectors(struct codec *c, struct sdesp_ts *ts, uint8_t *n)
{
	unsigned i;

	codec_up_to(c, n, SDESP_MAX_TS);
	for (i = 0; i < *n; i++) {
		codec_u16(c, &ts[i].protocol);
		side(c, &ts[i].local);
		side(c, &ts[i].remote);
	}
}

static void flow(struct codec *c, struct sdesp_flow *f)
{
	addr(c, &f->local);
	addr(c, &f->remote);
	codec_up_to(c, &f->mode, SDESP_TUNNEL);
	codec_up_to(c, &f->udp, 1);
	selectors(c, f->ts, &f->nts);
}

static void limits(struct codec *c, struct sdesp_limits *l)
{
	codec_u64(c, &l->packets);
	codec_u64(c, &l->bytes);
	codec_u32(c, &l->seconds);
}

static void replay(struct codec *c, struct sdesp_replay *r)
{
	unsigned i;

	codec_u64(c, &r->top);
	codec_u32(c, &r->size);
	codec_u32(c, &r->words);
	codec_u32(c, &r->head);
	if (r->words > SDESP_REPLAY_WORDS || r->size > SDESP_MAX_WINDOW ||
		(r->words > 0 && r->head >= r->words)) {
		c->bad = 1;
		r->words = 0;
	}
	for (i = 0; i < r->words; i++)
		codec_u32(c, &r->map[i]);
}

static void stats(struct codec *c, struct sdesp_sa_stats *s)
{
	codec_up_to(c, &s->state, SDESP_SA_DEAD);
	codec_u64(c, &s->seq);
	codec_u64(c, &s->packets);
	codec_u64(c, &s->bytes);
	codec_u64(c, &s->replays);
	codec_u64(c, &s->icv_failures);
	codec_u64(c, &s->malformed);
}

static void one_sa(struct codec *c, struct state_sa *s)
{
	codec_up_to(c, &s->state, SDESP_SA_DEAD);
	if (s->state == SDESP_SA_NONE)
		return;
	codec_up_to(c, &s->inbound, 1);
	codec_up_to(c, &s->spent, 1);
	codec_up_to(c, &s->unclean, 1);
	codec_up_to(c, &s->used, 1);
	flow(c, &s->flow);
	codec_u32(c, &s->sa.spi);
	codec_up_to(c, &s->sa.suite, SDESP_SUITE_END - 1);
	if (s->state != SDESP_SA_LARVAL && s->sa.suite == SDESP_SUITE_NONE)
		c->bad = 1;
	codec_up_to(c, &s->sa.esn, 1);
	codec_u16(c, &s->sa.window);
	limits(c, &s->sa.soft);
	limits(c, &s->sa.hard);
	codec_octets(c, s->sa.keymat, sizeof s->sa.keymat);
	codec_u64(c, &s->added_ms);
	stats(c, &s->stats);
	replay(c, &s->replay);
}

static void psk(struct codec *c, struct psk_record *r)
{
	codec_string(c, r->token, sizeof r->token);
	codec_string(c, r->own, sizeof r->own);
	codec_string(c, r->peer, sizeof r->peer);
	codec_up_to(c, &r->key_len, sizeof r->key);
	codec_octets(c, r->key, r->key_len);
}

static void local(struct codec *c, struct sdesp_local *l)
{
	uint32_t index = l->index;

	codec_u32(c, &index);
	l->index = index;
	addr(c, &l->addr);
	codec_up_to(c, &l->secured, 1);
	codec_up_to(c, &l->direction, SDESP_INACTIVE);
	codec_u16(c, &l->inner_port);
	codec_up_to(c, &l->nmodes, 2);
	codec_octets(c, l->modes, sizeof l->modes);
	selectors(c, l->ts, &l->nts);
}

static void settings(struct codec *c, struct settings *s)
{
	unsigned i;

	codec_up_to(c, &s->nsuites, sizeof s->suites);
	codec_octets(c, s->suites, sizeof s->suites);
	codec_up_to(c, &s->nmethods, sizeof s->methods);
	codec_octets(c, s->methods, sizeof s->methods);
	codec_up_to(c, &s->esn, ESN_ONLY);
	codec_up_to(c, &s->loopback, 1);
	codec_u16(c, &s->window);
	limits(c, &s->hard);
	codec_up_to(c, &s->npsks, SETTINGS_PSKS);
	for (i = 0; i < s->npsks; i++)
		psk(c, &s->psks[i]);
	codec_string(c, s->psk_offer, sizeof s->psk_offer);
	codec_string(c, s->media, sizeof s->media);
	codec_string(c, s->proto, sizeof s->proto);
	codec_string(c, s->fmt, sizeof s->fmt);
	local(c, &s->local);
}

static void policy(struct codec *c, struct state_policy *p)
{
	codec_up_to(c, &p->used, 1);
	if (!p->used)
		return;
	codec_up_to(c, &p->action, SDESP_PROTECT);
	codec_u32(c, &p->spi);
	flow(c, &p->flow);
}

static void record(struct codec *c, struct state *st)
{
	unsigned i;

	codec_u64(c, &st->clock_ms);
	codec_u64(c, &st->origin);
	codec_u32(c, &st->version);
	codec_string(c, st->before, sizeof st->before);
	codec_string(c, st->after, sizeof st->after);
	settings(c, &st->settings);
	for (i = 0; i < STATE_SAS; i++)
		one_sa(c, &st->backend.sas[i]);
	for (i = 0; i < STATE_POLICIES; i++)
		policy(c, &st->backend.policies[i]);
}

static void digest(uint8_t out[DIGEST], const uint8_t *p, size_t len)
{
	struct sdesp_hash h;

	sdesp_bearssl_kex.hash_init(&h);
	sdesp_bearssl_kex.hash_update(&h, p, len);
	sdesp_bearssl_kex.hash_final(&h, out);
}

int state_record_write(struct state_record *r, struct state *st)
{
	struct codec c = {r->octets, sizeof r->octets - DIGEST, 0, 1, 0};
	uint32_t total = 0, len = 0;
	size_t session_len;
	int status;

	codec_octets(&c, (void *)(uintptr_t)magic, MAGIC);
	codec_u32(&c, &total);
	record(&c, st);
	if (c.bad || c.len - c.at < 4)
		return SDESP_ERR_SPACE;
	session_len = c.len - c.at - 4;
	if (session_len > STATE_SESSION_MAX)
		session_len = STATE_SESSION_MAX;
	status = sdesp_session_save(
		&st->session, r->octets + c.at + 4, &session_len);
	if (status != SDESP_OK)
		return status;
	len = (uint32_t)session_len;
	codec_u32(&c, &len);
	r->len = c.at + session_len + DIGEST;

	total = (uint32_t)r->len;
	c.at = MAGIC;
	codec_u32(&c, &total);
	digest(r->octets + r->len - DIGEST, r->octets, r->len - DIGEST);
	return SDESP_OK;
}

const char *state_record_read(struct state_record *r, struct state *st)
{
	struct codec c = {r->octets, 0, 0, 0, 0};
	uint8_t sum[DIGEST];
	uint32_t total = 0, len = 0;

	if (r->len < MAGIC || memcmp(r->octets, magic, MAGIC) != 0)
		return "not a state file of sdesp (version 1)";
	c.len = r->len;
	c.at = MAGIC;
	codec_u32(&c, &total);
	if (c.bad || total < MAGIC + 4 + DIGEST || total > r->len)
		return "cut short";
	if (total < r->len)
		return "longer than it says";
	c.len = r->len - DIGEST;
	digest(sum, r->octets, c.len);
	if (memcmp(sum, r->octets + c.len, DIGEST) != 0)
		return "damaged: its SHA-256 is wrong";
	record(&c, st);
	codec_u32(&c, &len);
	if (c.bad || len != c.len - c.at || len > sizeof st->saved)
		return "not as this sdesp writes it";
	codec_octets(&c, st->saved, len);
	st->saved_len = len;
	return NULL;
}
