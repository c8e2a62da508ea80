/*
 * Between the state file and the udp backend. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/outbound.h"
#include "ports/posix/report.h"
#include "ports/posix/run_path.h"
#include "ports/posix/sdesp_posix.h"

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

static struct sdesp_sa shortened(const struct state_sa *sa, uint64_t now_ms)
{
	struct sdesp_sa copy = sa->sa;
	uint64_t age = (now_ms - sa->added_ms) / 1000;

	copy.soft.seconds = (uint32_t)rest_of(copy.soft.seconds, age);
	copy.hard.seconds = (uint32_t)rest_of(copy.hard.seconds, age);
	copy.soft.bytes = rest_of(copy.soft.bytes, sa->stats.bytes);
	copy.hard.bytes = rest_of(copy.hard.bytes, sa->stats.bytes);
	return copy;
}

static int take_over(struct run_path *path, struct state_sa *sa)
{
	struct sdesp_backend *be = &path->udp.base;
	struct sdesp_sa copy = shortened(sa, path->st->clock_ms);
	int status;

	if (sa->inbound && sa->unclean) {
		note("SPI %08lx stays closed: a program died with its replay "
		     "window; rekey",
			(unsigned long)sa->sa.spi);
		return DONE;
	}
	status = be->vtable->sa_add(be, &sa->flow, &copy, sa->inbound);
	if (status == SDESP_OK && sa->inbound)
		status = sdesp_udp_resume_in(
			&path->udp, sa->sa.spi, &sa->replay);
	else if (status == SDESP_OK)
		status = sdesp_udp_resume_out(
			&path->udp, &sa->flow, &copy, sa->stats.seq);
	if (status != SDESP_OK)
		return refuse_status(path->st->path, 0, status, NULL);
	if (sa->inbound)
		sa->unclean = 1;
	return DONE;
}

static int take_over_all(struct run_path *path)
{
	struct state_backend *b = &path->st->backend;
	struct sdesp_backend *be = &path->udp.base;
	unsigned i;

	for (i = 0; i < STATE_SAS; i++) {
		int code = is_keyed(&b->sas[i]) && !b->sas[i].spent
				   ? take_over(path, &b->sas[i])
				   : DONE;

		if (code != DONE)
			return code;
	}
	for (i = 0; i < STATE_POLICIES; i++) {
		const struct state_policy *p = &b->policies[i];
		int status = !p->used ? SDESP_OK
				      : be->vtable->policy_set(be, &p->flow,
						p->action, p->spi);

		if (status != SDESP_OK)
			return refuse_status(path->st->path, 0, status, NULL);
	}
	b->live = be;
	return state_store(path->st);
}

int run_path_open(struct run_path *path, struct state *st)
{
	struct sdesp_udp_config config;
	struct sdesp_addr local;
	struct state_sa *out;
	char text[SDESP_POSIX_ADDR_TEXT];
	int code = outbound_find(st, &out);

	path->st = st;
	path->socket.fd = -1;
	if (code != DONE)
		return code;
	if (!out->flow.udp)
		return refuse("%s: this session is ESP as IP protocol 50, "
			      "which needs the kernel (sdesp sa --format "
			      "ip-xfrm); run does ESP in UDP",
			st->path);
	if (out->flow.mode != SDESP_TRANSPORT)
		return refuse("%s: this session is a tunnel; run forwards "
			      "ports in transport mode",
			st->path);
	sdesp_bearssl_init(&path->crypto);
	local = out->flow.local;
	if (sdesp_udp_socket_open(&path->socket, &local) != SDESP_OK)
		return system_error("%s: %s",
			sdesp_posix_print_addr(text, &out->flow.local),
			strerror(path->socket.last_errno));
	memset(&config, 0, sizeof config);
	config.crypto = &path->crypto.vtable;
	config.send = sdesp_udp_socket_send;
	config.send_ctx = &path->socket;
	config.keylog = sdesp_posix_keylog;
	if (sdesp_udp_init(&path->udp, &config) != SDESP_OK)
		return system_error("the udp backend does not start");
	return take_over_all(path);
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

int run_path_tick(struct run_path *path)
{
	int code = reserve_numbers(path);

	if (code == DONE)
		code = state_tick(path->st);
	(void)sdesp_udp_tick(&path->udp, sdesp_posix_now_ms());
	return code;
}

uint32_t run_path_flow(struct run_path *path)
{
	struct sdesp_session_info info;

	sdesp_session_info(&path->st->session, &info);
	return sdesp_udp_flow(&path->udp, &info.flow);
}

static void give_back(struct run_path *path, struct state_sa *sa)
{
	struct sdesp_backend *be = &path->udp.base;
	struct sdesp_sa_stats now, *kept = &sa->stats;

	if (be->vtable->sa_query(
		    be, &sa->flow, sa->sa.spi, sa->inbound, &now) != SDESP_OK)
		return;
	kept->state = sa->state = now.state;
	kept->bytes += now.bytes;
	kept->replays += now.replays;
	kept->icv_failures += now.icv_failures;
	kept->malformed += now.malformed;
	if (!sa->inbound) {
		kept->packets = now.seq;
		kept->seq = now.seq;
	} else if (sdesp_udp_window(&path->udp, sa->sa.spi, &sa->replay) ==
		   SDESP_OK) {
		kept->packets += now.packets;
		kept->seq = sa->replay.top;
		sa->used = kept->packets > 0;
		sa->unclean = 0;
	}
}

int run_path_close(struct run_path *path, int code)
{
	struct state_backend *b = &path->st->backend;
	unsigned i;
	int stored;

	if (b->live == NULL) {
		sdesp_udp_socket_close(&path->socket);
		return code;
	}
	b->live = NULL;
	for (i = 0; i < STATE_SAS; i++) {
		if (is_keyed(&b->sas[i]))
			give_back(path, &b->sas[i]);
	}
	sdesp_udp_close(&path->udp);
	sdesp_udp_socket_close(&path->socket);
	stored = state_store(path->st);
	return stored == DONE ? code : stored;
}
