/*
 * The home for every program of the host in the Linux kernel.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ports/posix/home_class.h"
#include "ports/posix/link.h"
#include "ports/posix/report.h"
#include "sdesp_posix.h"
#include "sdesp_udp_socket.h"
#include "sdesp_xfrm_socket.h"

#define PLACES SDESP_XFRM_FLOWS
#define KEEPALIVE_MS 20000 /* RFC 3948 4 */

struct xfrm_home {
	struct home base;
	struct sdesp_xfrm xfrm;
	struct sdesp_xfrm_socket socket;
	struct sdesp_udp_socket encap;
	uint64_t alive_ms; /* keepalives were last sent */
	struct home_place places[PLACES];
};

static struct xfrm_home *self(const struct home *home)
{
	return (struct xfrm_home *)(uintptr_t)home;
}

static int open_encap(struct xfrm_home *h)
{
	char text[SDESP_POSIX_ADDR_TEXT];

	if (sdesp_udp_socket_open(&h->encap, &h->base.local) != SDESP_OK)
		return system_error("%s: %s",
			sdesp_posix_print_addr(text, &h->base.local),
			strerror(errno));
	if (sdesp_xfrm_encap(h->encap.fd, h->base.local.family) == SDESP_OK)
		return DONE;
	return system_error("--backend xfrm: this kernel does not take ESP out "
			    "of UDP: %s; --backend tun and udp do it "
			    "themselves",
		strerror(errno));
}

static int open_xfrm(struct home *home, const struct home_config *config)
{
	struct xfrm_home *h = self(home);
	struct sdesp_xfrm_config own = {&sdesp_xfrm_socket_io, &h->socket};
	int status;

	h->encap.fd = -1;
	if (sdesp_xfrm_socket_open(&h->socket) != SDESP_OK)
		return system_error("--backend xfrm: %s: this kernel has no "
				    "XFRM (CONFIG_XFRM_USER); --backend tun "
				    "and udp do ESP themselves",
			strerror(errno));
	status = sdesp_xfrm_init(&h->xfrm, &own);
	if (status == SDESP_ERR_EXISTS)
		return system_error("--backend xfrm: %d programs run it here "
				    "already",
			SDESP_XFRM_INSTANCES);
	if (status != SDESP_OK)
		return system_error(
			"--backend xfrm: %s", sdesp_xfrm_cause(&h->xfrm));
	home->backend = &h->xfrm.base;
	return config->udp ? open_encap(h) : DONE;
}

static void close_xfrm(struct home *home)
{
	struct xfrm_home *h = self(home);

	if (home->failed)
		sdesp_xfrm_leave(&h->xfrm);
	else
		sdesp_xfrm_close(&h->xfrm);
	sdesp_udp_socket_close(&h->encap);
	sdesp_xfrm_socket_close(&h->socket);
}

static struct home_place *find(struct xfrm_home *h, const struct home_place *p)
{
	unsigned i;

	for (i = 0; i < PLACES; i++) {
		struct home_place *own = &h->places[i];

		if (p == NULL ? !own->up
			      : own->up &&
					sdesp_flow_equal(&own->flow, &p->flow))
			return own;
	}
	return NULL;
}

/* The policies are the backend's; what is up here is kept alive. */
static int up(struct home *home, const struct home_place *place)
{
	struct home_place *own = find(self(home), NULL);

	if (link_is_own(&place->flow.remote))
		return refuse("--backend xfrm: the peer is this host itself: "
			      "the kernel does no ESP on loopback; --backend "
			      "udp does");
	if (own == NULL)
		return refuse("--backend xfrm: too many sessions");
	*own = *place;
	return DONE;
}

static void down(struct home *home, const struct home_place *place)
{
	struct home_place *own = find(self(home), place);

	if (own != NULL)
		memset(own, 0, sizeof *own);
}

static unsigned fds(const struct home *home, int list[HOME_FDS])
{
	const struct xfrm_home *h = self(home);

	list[0] = h->socket.events;
	list[1] = h->encap.fd;
	return h->encap.fd >= 0 ? 2 : 1;
}

/* Events wait for sdesp_sessions_poll(). What comes behind a non-ESP marker is
 * nobody's. */
static int serve(struct home *home, uint64_t now_ms)
{
	uint8_t octets[64];
	int i;

	(void)now_ms;
	for (i = 0; i < SDESP_UDP_BATCH; i++) {
		if (self(home)->encap.fd < 0 ||
			recv(self(home)->encap.fd, octets, sizeof octets,
				MSG_DONTWAIT) < 0)
			break;
	}
	return DONE;
}

static void keep_alive(struct xfrm_home *h)
{
	uint8_t octet = 0xff;
	struct sdesp_pkt pkt;
	unsigned i;

	memset(&pkt, 0, sizeof pkt);
	pkt.data = &octet;
	pkt.len = 1;
	for (i = 0; i < PLACES; i++) {
		if (h->places[i].up && h->places[i].flow.udp)
			(void)sdesp_udp_socket_send(
				&h->encap, &h->places[i].flow.remote, &pkt, 1);
	}
}

static uint64_t tick(struct home *home, uint64_t now_ms)
{
	struct xfrm_home *h = self(home);

	if (h->alive_ms == 0)
		h->alive_ms = now_ms;
	if (h->encap.fd >= 0 && now_ms - h->alive_ms >= KEEPALIVE_MS) {
		h->alive_ms = now_ms;
		keep_alive(h);
	}
	return now_ms + SDESP_XFRM_POLL_MS;
}

static int bypass(struct home *home, int fd, unsigned family)
{
	(void)home;
	return sdesp_xfrm_bypass(fd, family);
}

static int resume_out(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	return sdesp_xfrm_resume(&self(home)->xfrm, flow, sa, 0, seq);
}

static int resume_in(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, const struct sdesp_replay *window)
{
	return sdesp_xfrm_resume(&self(home)->xfrm, flow, sa, 1, window->top);
}

static int window(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, struct sdesp_replay *window)
{
	struct sdesp_sa_stats stats;
	struct sdesp_backend *be = home->backend;
	int status = be->vtable->sa_query(be, flow, sa->spi, 1, &stats);
	uint64_t seq;

	if (status == SDESP_OK)
		status = sdesp_replay_init(window, sa->window);
	if (status != SDESP_OK || stats.seq == 0)
		return status;
	seq = stats.seq > sa->window ? stats.seq - sa->window : 0;
	while (seq < stats.seq)
		sdesp_replay_commit(window, ++seq);
	return SDESP_OK;
}

const struct home_class home_xfrm_class = {
	.name = "xfrm",
	.size = sizeof(struct xfrm_home),
	.kernel = 1,
	.open = open_xfrm,
	.close = close_xfrm,
	.fds = fds,
	.serve = serve,
	.tick = tick,
	.up = up,
	.down = down,
	.bypass = bypass,
	.resume_out = resume_out,
	.resume_in = resume_in,
	.window = window,
};
