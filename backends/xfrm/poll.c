/*
 * Events: notices of the kernel, and what only its counters show.
 * SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "base/ct.h"
#include "talk.h"

#define NOTICES_MAX 1024 /* in one call, so that it ends under a flood */

static void raise(struct sdesp_xfrm_sa *sa, unsigned type)
{
	sa->events |= (uint8_t)(1U << type);
}

/* The kernel's word on an SA that is said to have ended: the same SPI may
 * have come back since. */
static int is_gone(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa)
{
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;

	sdesp_xfrm_sa_ident(&id, sa);
	return sdesp_xfrm_ask(x, &id, &seen, NULL) == -ESRCH;
}

/* The newest place that the peer was seen at; what it is worth is looked into
 * when all notices are read. */
static void mapped(struct sdesp_xfrm_sa *sa, const struct sdesp_addr *from)
{
	if (!sa->inbound || !sa->udp || sdesp_addr_equal(from, &sa->remote))
		return;
	sa->far++;
	sa->mapped = 1;
	sa->seen = *from;
}

static void take(struct sdesp_xfrm *x, const struct sdesp_xfrm_notice *notice)
{
	struct sdesp_xfrm_sa *sa =
		sdesp_xfrm_find_dst(x, &notice->dst, notice->spi);

	if (notice->type == SDESP_XFRM_FLUSHED)
		x->lost = 1;
	if (sa == NULL || sa->state == SDESP_SA_LARVAL)
		return;
	if (notice->type == SDESP_XFRM_SOFT)
		raise(sa, SDESP_BACKEND_SOFT);
	else if (notice->type == SDESP_XFRM_HARD && is_gone(x, sa))
		raise(sa, SDESP_BACKEND_HARD);
	else if (notice->type == SDESP_XFRM_DELETED && is_gone(x, sa))
		raise(sa, SDESP_BACKEND_GONE);
	else if (notice->type == SDESP_XFRM_MAPPED)
		mapped(sa, &notice->from);
}

/* One datagram into x->notice. */
static int receive(struct sdesp_xfrm *x, struct sdesp_nl_rest *rest)
{
	int n = x->config.io->receive(
		x->config.io_ctx, 1, x->notice, sizeof x->notice, 0);

	rest->p = x->notice;
	rest->len = 0;
	if (n == -ENOBUFS || n == -EMSGSIZE || n > (int)sizeof x->notice) {
		x->lost = 1;
		return 1;
	}
	if (n > 0)
		rest->len = (size_t)n;
	return n > 0 ? 1 : n;
}

int sdesp_xfrm_take_notice(
	struct sdesp_xfrm *x, uint32_t seq, struct sdesp_nl_msg *deleted)
{
	uint32_t own = x->config.io->port(x->config.io_ctx);
	struct sdesp_xfrm_notice notices[8];
	struct sdesp_nl_rest rest;
	struct sdesp_nl_msg msg;
	unsigned n = 0;
	int more = receive(x, &rest);

	if (more != 1)
		return more;
	while (n < sizeof notices / sizeof notices[0] &&
		sdesp_nl_next(&msg, &rest) == 1) {
		if (msg.port != own)
			sdesp_xfrm_read_notice(&notices[n++], &msg);
		else if (deleted != NULL && msg.type == XFRM_MSG_DELSA &&
			 msg.seq == seq)
			*deleted = msg;
	}
	if (rest.len > 0)
		x->lost = 1;
	if (deleted != NULL && deleted->body != NULL)
		return 1;
	/* SAs of others come with their keys; and x->notice is needed. */
	sdesp_wipe(x->notice, sizeof x->notice);
	for (unsigned i = 0; i < n; i++)
		take(x, &notices[i]);
	return 1;
}

/* One event of an SA that has some. */
static void hand_over(struct sdesp_xfrm_sa *sa, struct sdesp_backend_event *ev)
{
	unsigned type = SDESP_BACKEND_USED;

	while ((sa->events >> type & 1) == 0)
		type++;
	sa->events &= (uint8_t) ~(1U << type);
	memset(ev, 0, sizeof *ev);
	ev->type = (uint8_t)type;
	ev->inbound = sa->inbound;
	ev->spi = sa->spi;
	ev->local = sa->local;
	if (type == SDESP_BACKEND_MOVED) {
		ev->addr = sa->seen;
		ev->quiet_ms = sa->quiet_ms;
	}
}

static int next_event(struct sdesp_xfrm *x, struct sdesp_backend_event *ev)
{
	if (x->lost) {
		x->lost = 0;
		memset(ev, 0, sizeof *ev);
		ev->type = SDESP_BACKEND_LOST;
		return 1;
	}
	for (size_t i = 0; i < SDESP_XFRM_SAS; i++) {
		if (x->sas[i].state == SDESP_SA_NONE || x->sas[i].events == 0)
			continue;
		hand_over(&x->sas[i], ev);
		return 1;
	}
	return 0;
}

/* Read the notices that wait. 0 or a negative errno. */
static int drain(struct sdesp_xfrm *x)
{
	int more = 1;

	for (unsigned i = 0; i < NOTICES_MAX && more == 1; i++)
		more = sdesp_xfrm_take_notice(x, 0, NULL);
	return more < 0 ? more : 0;
}

/*
 * Read the counters of an inbound SA. Each packet from elsewhere has a notice,
 * the others came from remote. Those of which a notice comes only while we
 * look are counted as well, so that none is taken for one from remote.
 */
static void look(struct sdesp_xfrm *x, struct sdesp_xfrm_sa *sa)
{
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;
	uint64_t packets, now, quiet;

	sdesp_xfrm_sa_ident(&id, sa);
	if (sdesp_xfrm_ask(x, &id, &seen, NULL) != 0 || drain(x) != 0)
		return;
	now = x->config.io->now_ms(x->config.io_ctx);
	packets = seen.info.curlft.packets;
	if (packets > 0 && !sa->used) {
		sa->used = 1;
		raise(sa, SDESP_BACKEND_USED);
	}
	if (packets > sa->far && packets - sa->far > sa->near) {
		sa->near = packets - sa->far;
		sa->heard = 1;
		sa->heard_ms = now;
		sa->highest = seen.in;
	}
	if (!sa->mapped || seen.in <= sa->highest)
		return;
	sa->mapped = 0;
	quiet = now - sa->heard_ms;
	sa->quiet_ms =
		sa->heard && quiet < UINT32_MAX ? (uint32_t)quiet : UINT32_MAX;
	raise(sa, SDESP_BACKEND_MOVED);
}

/* First packets of SAs, and peers seen elsewhere. */
static void look_around(struct sdesp_xfrm *x)
{
	uint64_t now = x->config.io->now_ms(x->config.io_ctx);

	if (now - x->asked_ms < SDESP_XFRM_POLL_MS)
		return;
	x->asked_ms = now;
	for (size_t i = 0; i < SDESP_XFRM_SAS; i++) {
		struct sdesp_xfrm_sa *sa = &x->sas[i];

		if (sa->inbound && sa->state == SDESP_SA_MATURE &&
			(sa->mapped || !sa->used))
			look(x, sa);
	}
}

int sdesp_xfrm_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	int error;

	if (!x->open)
		return SDESP_ERR_BACKEND;
	if (next_event(x, ev))
		return 1;
	error = drain(x);
	if (error != 0) {
		sdesp_xfrm_blame(x, "waiting for events", error, "", 0);
		return SDESP_ERR_BACKEND;
	}
	look_around(x);
	return next_event(x, ev);
}
