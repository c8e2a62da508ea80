/*
 * Between the state file and a home. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/outbound.h"
#include "ports/posix/report.h"
#include "ports/posix/run_path.h"
#include "ports/posix/sdesp_posix.h"

/* Numbers that a kernel may still use between our last look and the end. */
#define KERNEL_MARGIN 65536

static int is_keyed(const struct state_sa *sa)
{
	return sa->state != SDESP_SA_NONE && sa->state != SDESP_SA_LARVAL;
}

/* What is left of a limit; 0 stays "none". */
static uint64_t rest_of(uint64_t limit, uint64_t used)
{
	if (limit == 0)
		return 0;
	return limit > used ? limit - used : 1;
}

/* A kernel counts the packets of an SA from 0, we know their numbers. */
static struct sdesp_sa shortened(
	const struct run_path *path, const struct state_sa *sa)
{
	struct sdesp_sa copy = sa->sa;
	uint64_t age = (path->st->clock_ms - sa->added_ms) / 1000;

	copy.soft.seconds = (uint32_t)rest_of(copy.soft.seconds, age);
	copy.hard.seconds = (uint32_t)rest_of(copy.hard.seconds, age);
	copy.soft.bytes = rest_of(copy.soft.bytes, sa->stats.bytes);
	copy.hard.bytes = rest_of(copy.hard.bytes, sa->stats.bytes);
	if (home_outlives(path->home)) {
		copy.soft.packets = rest_of(copy.soft.packets, sa->stats.seq);
		copy.hard.packets = rest_of(copy.hard.packets, sa->stats.seq);
	}
	return copy;
}

static void claim(struct run_path *path, unsigned i)
{
	struct state_sa *sa = &path->st->backend.sas[i];

	if (!is_keyed(sa) || sa->spent)
		return;
	if (sa->inbound && sa->unclean)
		note("SPI %08lx stays closed: a program died with its replay "
		     "window; rekey",
			(unsigned long)sa->sa.spi);
	else
		state_backend_claim(&path->st->backend, sa);
}

/* The exit code of a backend's status, with a message. */
static int explain(struct run_path *path, int status)
{
	struct sdesp_backend *be = path->home->backend;

	if (status == SDESP_OK)
		return DONE;
	if (status == SDESP_ERR_BACKEND && be->vtable->cause != NULL)
		return system_error(
			"%s: %s", path->st->path, be->vtable->cause(be));
	return refuse_status(path->st->path, 0, status, NULL);
}

static int take_over(struct run_path *path, unsigned i)
{
	struct state_sa *sa = &path->st->backend.sas[i];
	struct sdesp_backend *be = path->home->backend;
	struct sdesp_sa copy = shortened(path, sa);
	int status = be->vtable->sa_add(be, &sa->flow, &copy, sa->inbound);

	if (status == SDESP_OK)
		sa->lent = STATE_LIVE;
	if (status == SDESP_OK && sa->inbound && sa->replay.top > 0)
		status = home_resume_in(
			path->home, &sa->flow, &copy, &sa->replay);
	else if (status == SDESP_OK && !sa->inbound && sa->stats.seq > 0)
		status = home_resume_out(
			path->home, &sa->flow, &copy, sa->stats.seq);
	return explain(path, status);
}

/* The state file was made without regard to this home. */
static int check_features(struct run_path *path, const struct state_sa *sa)
{
	struct sdesp_backend *be = path->home->backend;
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->sa.suite);
	const char *lack = NULL;
	struct sdesp_features f;

	be->vtable->features(be, &f);
	if ((f.suites & SDESP_SUITE_BIT(sa->sa.suite)) == 0)
		lack = suite->name;
	else if ((f.modes & sa->flow.mode) == 0)
		lack = "this mode";
	else if (sa->sa.esn && !f.esn)
		lack = "64-bit sequence numbers";
	else if (sa->flow.udp ? !f.udp : !f.raw)
		lack = sa->flow.udp ? "ESP in UDP" : "ESP as IP protocol 50";
	else if (sa->flow.local.family == 4 ? !f.ipv4 : !f.ipv6)
		lack = sa->flow.local.family == 4 ? "IPv4" : "IPv6";
	if (lack == NULL)
		return DONE;
	return refuse("%s: --backend %s has no %s here; --backend tun does ESP "
		      "itself, or negotiate something else",
		path->st->path, home_name(path->home), lack);
}

static int set_policy(struct run_path *path, const struct state_policy *p)
{
	struct sdesp_backend *be = path->home->backend;
	int status = be->vtable->policy_set == NULL
			     ? SDESP_OK
			     : be->vtable->policy_set(
				       be, &p->flow, p->action, p->spi);

	return explain(path, status);
}

static int block_all(struct run_path *path)
{
	const struct state_backend *b = &path->st->backend;
	int code = DONE;
	unsigned i;

	for (i = 0; code == DONE && i < STATE_POLICIES; i++) {
		struct state_policy p = b->policies[i];

		p.action = SDESP_BLOCK;
		p.spi = 0;
		if (p.used)
			code = set_policy(path, &p);
	}
	return code;
}

/* In the order of a session (sdesp_sa_pair.h): a flow is blocked before it has
 * SAs. */
static int take_over_all(struct run_path *path)
{
	struct state_backend *b = &path->st->backend;
	unsigned i;
	int code;

	b->outlives = home_outlives(path->home) != 0;
	for (i = 0; i < STATE_SAS; i++)
		claim(path, i);
	code = state_store(path->st);
	b->live = path->home->backend;
	if (code == DONE)
		code = block_all(path);
	for (i = 0; code == DONE && i < STATE_SAS; i++) {
		if (b->sas[i].lent == STATE_CLAIMED)
			code = take_over(path, i);
	}
	for (i = 0; code == DONE && i < STATE_POLICIES; i++) {
		if (b->policies[i].used)
			code = set_policy(path, &b->policies[i]);
	}
	return code;
}

static int bring_up(struct run_path *path)
{
	struct sdesp_session_info info;

	sdesp_session_info(&path->st->session, &info);
	return info.spi_out == 0 ? DONE
				 : home_up(path->home, &path->place, &info);
}

int run_path_open(struct run_path *path, struct state *st, const char *backend,
	home_deliver *deliver, void *ctx)
{
	struct home_config config;
	struct state_sa *out;
	int code = outbound_find(st, &out);

	memset(path, 0, sizeof *path);
	path->st = st;
	if (code != DONE)
		return code;
	memset(&config, 0, sizeof config);
	config.local = out->flow.local;
	config.udp = out->flow.udp;
	config.deliver = deliver;
	config.ctx = ctx;
	path->follow.spi_out = out->sa.spi;
	code = home_open(&path->home, backend, &config);
	if (code == DONE && home_udp(path->home) != NULL &&
		out->flow.mode != SDESP_TRANSPORT)
		code = refuse("%s: this session is a tunnel; --backend udp "
			      "forwards ports in transport mode, --backend tun "
			      "and xfrm carry tunnels",
			st->path);
	if (code == DONE)
		code = check_features(path, out);
	if (code == DONE)
		code = take_over_all(path);
	if (code == DONE)
		code = bring_up(path);
	if (path->home != NULL)
		path->home->failed = code != DONE;
	return code;
}

/* Twice what may be sent until the next look is always on the disk. */
static int reserve_numbers(struct run_path *path)
{
	struct state_backend *b = &path->st->backend;
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		struct state_sa *sa = &b->sas[i];
		struct sdesp_sa_stats now;
		int code;

		if (!is_keyed(sa) || sa->inbound || sa->spent ||
			b->base.vtable->sa_query(&b->base, &sa->flow,
				sa->sa.spi, 0, &now) != SDESP_OK ||
			now.seq + OUTBOUND_BLOCK / 2 < sa->stats.seq)
			continue;
		code = outbound_reserve(path->st, sa, now.seq);
		if (code != DONE)
			return code;
	}
	return DONE;
}

int run_path_tick(struct run_path *path, uint64_t *next)
{
	int code = reserve_numbers(path);

	if (code == DONE)
		code = state_tick(path->st);
	if (code == DONE)
		code = run_follow(&path->follow, path->st);
	if (code == DONE)
		code = bring_up(path);
	*next = home_tick(path->home, sdesp_posix_now_ms());
	return code;
}

int run_path_works(const struct run_path *path)
{
	struct sdesp_session_info info;

	sdesp_session_info(&path->st->session, &info);
	return info.spi_out != 0 &&
	       state_backend_find(&path->st->backend, info.spi_out, 0) != NULL;
}

/* A home in the kernel keeps no books but those of its SAs. */
void run_path_count(const struct run_path *path, struct home_counters *c)
{
	const struct state_backend *b = &path->st->backend;
	struct sdesp_backend *be = path->home->backend;
	unsigned i;

	home_count(path->home, c);
	if (!home_outlives(path->home))
		return;
	c->sent = b->gone[0].packets;
	c->received = b->gone[1].packets;
	c->replays = b->gone[1].replays;
	c->forged = b->gone[1].icv_failures;
	for (i = 0; i < STATE_SAS; i++) {
		const struct state_sa *sa = &b->sas[i];
		struct sdesp_sa_stats now;

		if (sa->lent != STATE_LIVE || !is_keyed(sa) ||
			be->vtable->sa_query(be, &sa->flow, sa->sa.spi,
				sa->inbound, &now) != SDESP_OK)
			continue;
		c->sent += sa->inbound ? 0 : now.packets;
		c->received += sa->inbound ? now.packets : 0;
		c->replays += now.replays;
		c->forged += now.icv_failures;
	}
}

static void count(struct sdesp_sa_stats *kept, const struct sdesp_sa_stats *now)
{
	kept->state = now->state;
	kept->bytes += now->bytes;
	kept->replays += now->replays;
	kept->icv_failures += now->icv_failures;
	kept->malformed += now->malformed;
}

static void give_back(struct run_path *path, unsigned i)
{
	struct state_sa *sa = &path->st->backend.sas[i];
	struct sdesp_backend *be = path->home->backend;
	struct sdesp_sa_stats now;

	if (!is_keyed(sa) || be->vtable->sa_query(be, &sa->flow, sa->sa.spi,
				     sa->inbound, &now) != SDESP_OK)
		return;
	if (!sa->inbound) {
		count(&sa->stats, &now);
		sa->stats.packets = now.seq;
		sa->stats.seq = now.seq;
		if (home_outlives(path->home) && now.seq > 0)
			sa->stats.seq += KERNEL_MARGIN;
	} else if (home_window(path->home, &sa->flow, &sa->sa, &sa->replay) ==
		   SDESP_OK) {
		count(&sa->stats, &now);
		sa->stats.packets += now.packets;
		sa->stats.seq = sa->replay.top;
		sa->used = sa->stats.packets > 0;
	} else {
		return;
	}
	sa->state = now.state;
	state_backend_unclaim(sa);
}

int run_path_close(struct run_path *path, int code)
{
	struct state_backend *b = &path->st->backend;
	unsigned i;
	int stored;

	if (b->live == NULL) {
		home_close(path->home);
		return code;
	}
	b->live = NULL;
	if (home_outlives(path->home)) /* numbers are read once it is still */
		(void)block_all(path);
	for (i = 0; i < STATE_SAS; i++) {
		if (b->sas[i].lent == STATE_LIVE)
			give_back(path, i);
		else if (b->sas[i].lent == STATE_CLAIMED)
			state_backend_unclaim(&b->sas[i]);
	}
	home_down(path->home, &path->place);
	home_close(path->home);
	stored = state_store(path->st);
	return stored == DONE ? code : stored;
}
