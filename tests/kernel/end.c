/* One end of a session in a namespace. SPDX-License-Identifier: MIT */
#include "end.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "end_tun.h"
#include "net.h"
#include "sdesp_posix.h"

#define ENCAP_PORT 4500

int end_wrong(struct end *e, const char *what, int status)
{
	static char text[2][400];
	const char *cause = e->backend != NULL && e->kind == END_XFRM
				    ? sdesp_xfrm_cause(&e->xfrm)
				    : "";

	if (e->error == NULL) {
		snprintf(text[e->ns], sizeof text[0], "%s: %s; %s", what,
			sdesp_status_name(status), cause);
		e->error = text[e->ns];
	}
	return 0;
}

static int open_xfrm(struct end *e)
{
	struct sdesp_xfrm_config config = {
		&sdesp_xfrm_socket_io, &e->xfrm_socket};
	int status;

	net_enter(e->ns);
	status = sdesp_xfrm_socket_open(&e->xfrm_socket);
	if (status != SDESP_OK)
		return end_wrong(e, strerror(errno), status);
	e->backend = &e->xfrm.base;
	status = sdesp_xfrm_init(&e->xfrm, &config);
	return status == SDESP_OK || end_wrong(e, "init", status);
}

int end_open(struct end *e, int ns, enum end_kind kind)
{
	memset(e, 0, sizeof *e);
	e->ns = ns;
	e->kind = kind;
	e->encap = -1;
	e->udp_socket.fd = -1;
	sdesp_posix_port(&e->port);
	sdesp_bearssl_init(&e->crypto);
	if (kind == END_XFRM)
		return open_xfrm(e);
	return kind == END_TUN ? end_tun_open(e) : 1;
}

void end_close(struct end *e)
{
	if (e->kind == END_XFRM) {
		sdesp_xfrm_close(&e->xfrm);
		sdesp_xfrm_socket_close(&e->xfrm_socket);
	}
	if (e->kind == END_TUN)
		end_tun_close(e);
}

uint32_t end_suites(struct end *e)
{
	struct sdesp_features f;

	if (e->kind != END_XFRM)
		return e->crypto.vtable->suites;
	e->backend->vtable->features(e->backend, &f);
	return f.suites;
}

static void set_traffic(struct end *e, const struct terms *terms)
{
	struct sdesp_ts *ts = &e->local.ts[0];
	int tunnel = terms->mode == SDESP_TUNNEL;
	struct sdesp_addr own = net_inner(e->ns, terms->family);
	struct sdesp_addr peer = net_inner(!e->ns, terms->family);

	e->local.modes[0] = terms->mode;
	e->local.nmodes = 1;
	e->local.nts = 1;
	ts->protocol = SDESP_TS_ANY_PROTOCOL;
	ts->local.hi = ts->remote.hi = UINT16_MAX;
	ts->local.kind = tunnel ? SDESP_TS_PREFIX : SDESP_TS_SELF;
	ts->remote.kind = tunnel ? SDESP_TS_PREFIX : SDESP_TS_PEER;
	if (!tunnel)
		return;
	ts->local.family = ts->remote.family = terms->family;
	ts->local.prefix_len = ts->remote.prefix_len = 16;
	memcpy(ts->local.ip, own.ip, 2);
	memcpy(ts->remote.ip, peer.ip, 2);
}

static int open_udp(struct end *e)
{
	struct sdesp_udp_config config;
	int status;

	net_enter(e->ns);
	memset(&config, 0, sizeof config);
	config.crypto = &e->crypto.vtable;
	config.send = sdesp_udp_socket_send;
	config.send_ctx = &e->udp_socket;
	status = sdesp_udp_socket_open(&e->udp_socket, &e->local.addr);
	if (status == SDESP_OK)
		status = sdesp_udp_init(&e->udp, &config);
	e->backend = &e->udp.base;
	return status == SDESP_OK || end_wrong(e, "UDP socket", status);
}

int end_begin(struct end *e, const struct terms *terms)
{
	int status;

	e->error = NULL;
	e->rekeyed = e->due = e->expired = e->failed = 0;
	sdesp_policy_init(&e->policy);
	e->policy.nproposals = 1;
	e->policy.proposals[0].suite = terms->suite;
	e->policy.proposals[0].method = SDESP_X25519;
	e->policy.proposals[0].esn = terms->esn;
	if (terms->hard != 0)
		e->policy.hard.packets = terms->hard;
	memset(&e->local, 0, sizeof e->local);
	e->local.media = "application";
	e->local.proto = terms->udp ? "UDP/ESP" : "ESP";
	e->local.addr = net_outer(e->ns, terms->family);
	e->local.addr.port = terms->udp ? ENCAP_PORT : 9;
	set_traffic(e, terms);
	if (e->kind == END_UDP && !open_udp(e))
		return 0;
	if (e->kind == END_TUN && !end_tun_begin(e, terms))
		return 0;
	if (e->kind == END_XFRM && terms->udp) {
		e->encap = net_socket(e->ns, SOCK_DGRAM, &e->local.addr);
		if (sdesp_xfrm_encap(e->encap, terms->family) != SDESP_OK)
			return end_wrong(e, strerror(errno), SDESP_ERR_BACKEND);
	}
	status = sdesp_session_init(
		&e->session, &e->policy, e->backend, &e->port);
	return status == SDESP_OK || end_wrong(e, "session", status);
}

int end_is_empty(struct end *e, unsigned sas, unsigned flows)
{
	const struct sdesp_backend_class *v = e->backend->vtable;
	struct sdesp_flow flow;
	int status = SDESP_OK;

	memset(&flow, 0, sizeof flow);
	flow.mode = SDESP_TRANSPORT;
	flow.udp = 1;
	flow.local = flow.remote = net_outer(e->ns, 4);
	for (unsigned i = 0; i < sas && status == SDESP_OK; i++)
		status = v->spi_reserve(e->backend, &flow, SDESP_SPI_MIN + i);
	for (unsigned i = 0; i < flows && status == SDESP_OK; i++) {
		flow.remote.port = (uint16_t)(1 + i);
		status = v->policy_set(e->backend, &flow, SDESP_BLOCK, 0);
	}
	return status == SDESP_OK || end_wrong(e, "SAs left over", status);
}

int end_finish(struct end *e)
{
	int status = sdesp_session_close(&e->session), empty = 1;

	if (e->encap >= 0)
		close(e->encap);
	e->encap = -1;
	if (e->kind == END_UDP) {
		empty = end_is_empty(e, SDESP_UDP_SAS, SDESP_UDP_FLOWS);
		sdesp_udp_close(&e->udp);
		sdesp_udp_socket_close(&e->udp_socket);
	}
	if (e->kind == END_TUN)
		empty = end_tun_finish(e);
	if (!empty)
		return 0;
	return status == SDESP_OK || end_wrong(e, "close", status);
}

static int section_of(struct sdesp_section *section,
	const struct sdesp_text *text, struct sdesp_why *why)
{
	return sdesp_sdp_find(section, text->buf, text->len, 0, why);
}

int ends_agree(struct end *offerer, struct end *answerer,
	int (*step)(void *ctx), void *ctx)
{
	char offer_octets[2048], answer_octets[2048];
	struct sdesp_text offer, answer;
	struct sdesp_section section;
	struct sdesp_why why = {0, 0, 0, "", ""};
	int status;

	sdesp_text_init(&offer, offer_octets, sizeof offer_octets);
	sdesp_text_init(&answer, answer_octets, sizeof answer_octets);
	status = sdesp_session_offer(
		&offerer->session, &offerer->local, net_now_ms(), &offer);
	if (status != SDESP_OK)
		return end_wrong(offerer, "offer", status);
	if (step != NULL && !step(ctx))
		return end_wrong(offerer, "traffic after the offer", 0);
	status = section_of(&section, &offer, &why);
	if (status == SDESP_OK)
		status = sdesp_session_answer(&answerer->session, &section,
			&answerer->local, net_now_ms(), &answer, &why);
	if (status != SDESP_OK)
		return end_wrong(answerer,
			why.what != NULL && *why.what ? why.what : "answer",
			status);
	if (step != NULL && !step(ctx))
		return end_wrong(offerer, "traffic after the answer", 0);
	status = section_of(&section, &answer, &why);
	if (status == SDESP_OK)
		status = sdesp_session_accept(
			&offerer->session, &section, 1, net_now_ms(), &why);
	if (status != SDESP_OK)
		return end_wrong(offerer, "accept", status);
	if (step != NULL && !step(ctx))
		return end_wrong(offerer, "traffic after acceptance", 0);
	status = sdesp_session_confirm(&answerer->session, net_now_ms());
	if (status != SDESP_OK && status != SDESP_ERR_STATE)
		return end_wrong(answerer, "confirm", status);
	return 1;
}

/* What the user-space end gets besides what a test waits for. */
static void count(struct end *e)
{
	struct sdesp_event ev;

	while (sdesp_session_event(&e->session, &ev)) {
		e->rekeyed += ev.type == SDESP_EV_REKEYED;
		e->due += ev.type == SDESP_EV_REKEY_DUE;
		e->expired += ev.type == SDESP_EV_EXPIRED;
		e->failed += ev.type == SDESP_EV_FAILED ||
			     ev.type == SDESP_EV_REKEY_FAILED;
	}
}

void end_turn(struct end *e)
{
	struct sdesp_session *all[1];
	int status;

	all[0] = &e->session;
	status = sdesp_sessions_poll(e->backend, all, 1, net_now_ms());
	if (status < 0)
		(void)end_wrong(e, "poll", status);
	sdesp_session_tick(&e->session, net_now_ms());
	if (e->kind == END_UDP)
		sdesp_udp_tick(&e->udp, net_now_ms());
	if (e->kind == END_TUN)
		sdesp_tun_tick(&e->tun, net_now_ms());
	count(e);
}

void ends_wait(struct end *a, struct end *b, unsigned ms)
{
	uint64_t until = net_now_ms() + ms;

	while (net_now_ms() < until) {
		end_turn(a);
		end_turn(b);
		net_sleep_ms(10);
	}
}
