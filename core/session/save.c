/*
 * A session as octets and back: a magic, the limits it was built with, every
 * field in big-endian order, and a hash over all of it.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/be.h"
#include "base/ct.h"
#include "session/session.h"

static const uint8_t magic[] = {'s', 'd', 'e', 's', 'p', 0, 2, SDESP_MAX_TS,
	SDESP_MAX_CRYPTO, SDESP_MAX_EVENTS};

#define PROTO_TEXT 20 /* longest name of a proto, and a NUL */

/*
 * One walk over all fields serves both ways. Beyond cap only len grows. A
 * value out of its range sets bad.
 */
struct blob {
	uint8_t *out;      /* saving, else NULL */
	const uint8_t *in; /* loading, else NULL */
	size_t len, cap;
	int bad;
};

static void octets(struct blob *b, void *p, size_t n)
{
	size_t at = b->len;

	b->len += n;
	if (b->len > b->cap)
		return;
	if (b->in != NULL)
		memcpy(p, b->in + at, n);
	else
		memcpy(b->out + at, p, n);
}

static void u8(struct blob *b, uint8_t *v, unsigned max)
{
	octets(b, v, 1);
	if (*v > max)
		b->bad = 1;
}

static void u16(struct blob *b, uint16_t *v)
{
	uint8_t be[2];

	sdesp_put16(be, *v);
	octets(b, be, sizeof be);
	if (b->in != NULL)
		*v = sdesp_get16(be);
}

static void u32(struct blob *b, uint32_t *v)
{
	uint8_t be[4];

	sdesp_put32(be, *v);
	octets(b, be, sizeof be);
	if (b->in != NULL)
		*v = sdesp_get32(be);
}

static void u64(struct blob *b, uint64_t *v)
{
	uint8_t be[8];

	sdesp_put64(be, *v);
	octets(b, be, sizeof be);
	if (b->in != NULL)
		*v = sdesp_get64(be);
}

static void family(struct blob *b, uint8_t *v)
{
	u8(b, v, 6);
	if (*v != 0 && *v != 4 && *v != 6)
		b->bad = 1;
}

static void addr(struct blob *b, struct sdesp_addr *a)
{
	family(b, &a->family);
	octets(b, a->ip, sizeof a->ip);
	u16(b, &a->port);
}

static void side(struct blob *b, struct sdesp_ts_side *ts)
{
	u8(b, &ts->kind, SDESP_TS_PREFIX);
	family(b, &ts->family);
	u8(b, &ts->prefix_len, 128);
	octets(b, ts->ip, sizeof ts->ip);
	u16(b, &ts->lo);
	u16(b, &ts->hi);
}

static void flow(struct blob *b, struct sdesp_flow *f)
{
	addr(b, &f->local);
	addr(b, &f->remote);
	u8(b, &f->mode, SDESP_TUNNEL);
	u8(b, &f->udp, 1);
	u8(b, &f->nts, SDESP_MAX_TS);
	for (unsigned i = 0; i < SDESP_MAX_TS; i++) {
		u16(b, &f->ts[i].protocol);
		side(b, &f->ts[i].local);
		side(b, &f->ts[i].remote);
	}
}

static void held(struct blob *b, struct sdesp_held *h, unsigned npsks)
{
	flow(b, &h->pair.flow);
	u32(b, &h->pair.spi_in);
	u32(b, &h->pair.spi_out);
	u8(b, &h->pair.parts, 2 * SDESP_PAIR_POLICY - 1);
	u8(b, &h->keying.suite, SDESP_SUITE_END - 1);
	u8(b, &h->keying.method, SDESP_INLINE);
	u8(b, &h->keying.esn, 1);
	u8(b, &h->keying.psk, npsks);
	octets(b, h->keying.own, sizeof h->keying.own);
	octets(b, h->keying.peer, sizeof h->keying.peer);
	addr(b, &h->said);
	u8(b, &h->natted, 1);
	u8(b, &h->quiet, 1);
	u8(b, &h->warned, 1);
	u64(b, &h->since_ms);
	u64(b, &h->soft_ms);
	u64(b, &h->hard_ms);
}

static void before(struct blob *b, struct sdesp_before *was)
{
	u8(b, &was->held, 1);
	u8(b, &was->quiet, 1);
	u8(b, &was->natted, 1);
	addr(b, &was->local);
	addr(b, &was->remote);
	addr(b, &was->said);
	u64(b, &was->until_ms);
}

static void own_offer(
	struct blob *b, struct sdesp_own_offer *offer, unsigned npsks)
{
	flow(b, &offer->flow);
	u8(b, &offer->nmodes, 2);
	u8(b, &offer->modes[0], SDESP_TUNNEL);
	u8(b, &offer->modes[1], SDESP_TUNNEL);
	u8(b, &offer->direction, SDESP_INACTIVE);
	u8(b, &offer->soft_percent, 100);
	u8(b, &offer->nlines, SDESP_MAX_CRYPTO);
	u8(b, &offer->psk, npsks);
	for (unsigned i = 0; i < SDESP_MAX_CRYPTO; i++) {
		u8(b, &offer->lines[i].suite, SDESP_SUITE_END - 1);
		u8(b, &offer->lines[i].method, SDESP_INLINE);
		u8(b, &offer->lines[i].esn, 1);
	}
	octets(b, offer->share, sizeof offer->share);
	octets(b, offer->secret, sizeof offer->secret);
	octets(b, offer->hash, sizeof offer->hash);
	u16(b, &offer->inner_port);
}

static void event(struct blob *b, struct sdesp_event *ev)
{
	uint8_t status = (uint8_t)-ev->status;

	u8(b, &ev->type, SDESP_EV_FAILED);
	u8(b, &status, 127);
	if (b->in != NULL)
		ev->status = -(int)status;
	u32(b, &ev->spi_in);
	u32(b, &ev->spi_out);
	addr(b, &ev->addr);
}

/* The dialog's section: its proto by name, since the row is a pointer. */
static void section(struct blob *b, struct sdesp_session *s)
{
	char name[PROTO_TEXT] = "";
	uint32_t index = s->index;

	if (s->proto != NULL)
		memcpy(name, s->proto->name, strlen(s->proto->name));
	octets(b, name, sizeof name);
	octets(b, s->media, sizeof s->media);
	u32(b, &index);
	if (b->in == NULL)
		return;
	s->index = index;
	name[sizeof name - 1] = '\0';
	s->proto = sdesp_proto_find(sdesp_span_of(name));
	if (s->media[sizeof s->media - 1] != '\0' ||
		(s->proto == NULL && s->state != SDESP_IDLE &&
			s->state != SDESP_CLOSED))
		b->bad = 1;
}

static void session(struct blob *b, struct sdesp_session *s)
{
	unsigned npsks = (unsigned)s->policy->npsks;
	uint8_t start[sizeof magic];

	memcpy(start, magic, sizeof start);
	octets(b, start, sizeof start);
	if (memcmp(start, magic, sizeof start) != 0)
		b->bad = 1;
	u8(b, &s->state, SDESP_CLOSED);
	section(b, s);
	u8(b, &s->caller, 1);
	u8(b, &s->accepted, 1);
	u8(b, &s->switched, 1);
	u8(b, &s->confirmed, 1);
	u8(b, &s->has_moved, 1);
	u8(b, &s->nevents, SDESP_MAX_EVENTS);
	octets(b, s->answer_hash, sizeof s->answer_hash);
	u64(b, &s->moved_ms);
	u64(b, &s->switch_ms);
	for (unsigned i = 0; i < SDESP_HELD_ROLES; i++)
		held(b, &s->held[i], npsks);
	before(b, &s->before);
	own_offer(b, &s->offer, npsks);
	for (unsigned i = 0; i < SDESP_MAX_EVENTS; i++)
		event(b, &s->events[i]);
}

/* What the offer's lines say must be there, once it is known how many. */
static int lines_good(const struct sdesp_own_offer *offer)
{
	for (unsigned i = 0; i < offer->nlines; i++) {
		if (offer->lines[i].suite == SDESP_SUITE_NONE ||
			offer->lines[i].method == 0)
			return 0;
	}
	return 1;
}

static void hash(uint8_t digest[SDESP_HASH_LEN],
	const struct sdesp_kex_class *kex, const uint8_t *buf, size_t len)
{
	struct sdesp_hash h;

	kex->hash_init(&h);
	kex->hash_update(&h, buf, len);
	kex->hash_final(&h, digest);
}

int sdesp_session_save(const struct sdesp_session *s, uint8_t *buf, size_t *len)
{
	struct blob b = {buf, NULL, 0, *len, 0};

	if (s->policy == NULL)
		return SDESP_ERR_STATE;
	/* Saving only reads: no field is written through this pointer. */
	session(&b, (struct sdesp_session *)s);
	*len = b.len + SDESP_HASH_LEN;
	if (*len > b.cap) {
		sdesp_wipe(buf, b.cap);
		return SDESP_ERR_SPACE;
	}
	hash(buf + b.len, s->port->kex, buf, b.len);
	return SDESP_OK;
}

int sdesp_session_load(struct sdesp_session *s,
	const struct sdesp_policy *policy, struct sdesp_backend *backend,
	const struct sdesp_port *port, const uint8_t *buf, size_t len)
{
	struct blob b = {NULL, buf, 0, 0, 0};
	uint8_t digest[SDESP_HASH_LEN];
	int status = sdesp_session_init(s, policy, backend, port);

	if (status != SDESP_OK)
		return status;
	if (len > SDESP_HASH_LEN) {
		b.cap = len - SDESP_HASH_LEN;
		hash(digest, port->kex, buf, b.cap);
		b.bad = memcmp(digest, buf + b.cap, sizeof digest) != 0;
		session(&b, s);
	}
	if (b.bad || b.len != b.cap || len <= SDESP_HASH_LEN ||
		!lines_good(&s->offer)) {
		sdesp_wipe(s, sizeof *s);
		s->state = SDESP_CLOSED;
		return SDESP_ERR_SYNTAX;
	}
	return SDESP_OK;
}
