/*
 * The home for every program of the host, without the kernel's ESP: a TUN
 * device, and routing rules that lead into it. Linux.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ports/posix/guard.h"
#include "ports/posix/home_class.h"
#include "ports/posix/link.h"
#include "ports/posix/report.h"
#include "sdesp_posix.h"
#include "sdesp_tun_io.h"

#define SAS 256
#define PLACES 64 /* flows, each of a session */

struct tun_home {
	struct home base;
	struct sdesp_bearssl crypto;
	struct sdesp_tun tun;
	struct sdesp_tun_io io;
	struct guard guard;
	struct link link; /* that outer packets take */
	unsigned device;  /* index */
	void *memory;
	size_t size;
	struct sdesp_tun_buf *bufs;
	struct home_place places[PLACES];
};

static struct tun_home *self(const struct home *home)
{
	return (struct tun_home *)(uintptr_t)home;
}

/* --- opening -------------------------------------------------------------- */

struct lack {
	int error;
	const char *what;
};

static const struct lack lacks[] = {
	{ENOENT, "this kernel has no TUN (CONFIG_TUN, /dev/net/tun)"},
	{ENODEV, "this kernel has no TUN (CONFIG_TUN, /dev/net/tun)"},
	{ENXIO, "this kernel has no TUN (CONFIG_TUN, /dev/net/tun)"},
	{EPERM, "root, or CAP_NET_ADMIN and CAP_NET_RAW, is needed"},
	{EACCES, "root, or CAP_NET_ADMIN and CAP_NET_RAW, is needed"},
	{EOPNOTSUPP, "this kernel has no routing rules "
		     "(CONFIG_IP_MULTIPLE_TABLES)"},
	{EUSERS, "too many programs run --backend tun here"},
};

static int cannot(const char *what)
{
	const char *lack = "";
	size_t i;

	for (i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
		if (lacks[i].error == errno)
			lack = lacks[i].what;
	}
	return system_error("--backend tun: %s: %s%s%s; --backend udp needs "
			    "none of this, and carries UDP ports",
		what, strerror(errno), lack[0] != '\0' ? ": " : "", lack);
}

/* The peer's packets come from where, by the rules, no route leads. */
static int check_link(struct tun_home *h)
{
	char text[SDESP_ADDR_TEXT], setting[64];

	sdesp_addr_print(text, &h->base.local);
	if (!link_of(&h->link, &h->base.local))
		return refuse(
			"--backend tun: %s is no address of this host", text);
	if (h->base.local.family == 4 &&
		link_strict(setting, h->link.name) != NULL)
		return refuse("--backend tun: %s is 1: the kernel would drop "
			      "what the peer sends; make it 2: sysctl -w %s=2",
			setting, setting);
	return DONE;
}

/* Outer packets carry the mark that passes the rules, and need no policy. */
static int bypass(struct home *home, int fd, unsigned family)
{
	uint32_t value = GUARD_MARK;

	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &value, sizeof value) != 0)
		return SDESP_ERR_BACKEND;
	return self(home)->guard.has_policies ? sdesp_xfrm_bypass(fd, family)
					      : SDESP_OK;
}

static int open_sockets(struct tun_home *h, int udp)
{
	unsigned family = h->base.local.family, i;
	int ok = sdesp_tun_io_listen(&h->io, &h->base.local, udp, NULL) ==
			 SDESP_OK &&
		 bypass(&h->base, family == 4 ? h->io.out4 : h->io.out6,
			 family) == SDESP_OK;

	for (i = 0; ok && i < h->io.nsockets; i++)
		ok = bypass(&h->base, h->io.sockets[i].fd, family) == SDESP_OK;
	return ok ? DONE : cannot(udp ? "UDP socket" : "raw sockets");
}

static int open_guard(struct tun_home *h)
{
	if (guard_open(&h->guard) != 0)
		return cannot("routing rules");
	if (guard_open_policies(&h->guard, h->device) != 0)
		return system_error("--backend tun: %s",
			sdesp_xfrm_guard_cause(&h->guard.policies));
	if (!h->guard.has_policies)
		note("this kernel has no XFRM policies (CONFIG_XFRM_USER): a "
		     "socket tied to a link is past the routing rules");
	if (!h->guard.has_mark)
		note("nothing marks what the device brings in (CONFIG_XFRM_"
		     "USER, CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF and CAP_BPF "
		     "are needed): what comes from the peer in the clear is "
		     "not refused");
	return DONE;
}

static int open_backend(struct tun_home *h)
{
	struct sdesp_tun_config config;

	sdesp_bearssl_init(&h->crypto);
	memset(&config, 0, sizeof config);
	config.crypto = &h->crypto.vtable;
	config.send = sdesp_tun_io_send;
	config.answer = sdesp_tun_io_answer;
	config.ctx = &h->io;
	config.link_mtu = h->link.mtu > UINT16_MAX ? UINT16_MAX : h->link.mtu;
	config.max_sas = SAS;
	config.max_flows = PLACES;
	config.keylog = sdesp_posix_keylog;
	if (sdesp_posix_random(
		    NULL, (uint8_t *)&config.seed, sizeof config.seed) != 0)
		return system_error("the system gives no random octets");
	h->size = sdesp_tun_memory(SAS, PLACES);
	h->memory = malloc(h->size);
	h->bufs = calloc(SDESP_TUN_BATCH, sizeof *h->bufs);
	if (h->memory == NULL || h->bufs == NULL ||
		sdesp_tun_init(&h->tun, &config, h->memory, h->size) !=
			SDESP_OK)
		return system_error("--backend tun: no memory");
	h->base.backend = &h->tun.base;
	return DONE;
}

static int open_tun(struct home *home, const struct home_config *config)
{
	struct tun_home *h = self(home);
	struct link device;
	int code;

	h->io.device = h->io.out4 = h->io.out6 = -1;
	h->guard.fd = h->guard.held = -1;
	code = check_link(h);
	if (code != DONE)
		return code;
	if (sdesp_tun_io_open(&h->io, "sdesp%d") != SDESP_OK ||
		!link_named(&device, h->io.name))
		return cannot("/dev/net/tun");
	home->device = h->io.name;
	h->device = device.index;
	code = open_guard(h);
	if (code == DONE)
		code = open_sockets(h, config->udp);
	return code == DONE ? open_backend(h) : code;
}

static void close_tun(struct home *home)
{
	struct tun_home *h = self(home);

	guard_close(&h->guard, home->failed);
	sdesp_tun_io_close(&h->io);
	if (h->base.backend != NULL)
		sdesp_tun_close(&h->tun);
	free(h->memory);
	free(h->bufs);
}

/* --- what is up ----------------------------------------------------------- */

static size_t least_mtu(const struct tun_home *h)
{
	size_t least = SIZE_MAX, i;

	for (i = 0; i < PLACES; i++) {
		const struct home_place *p = &h->places[i];
		size_t mtu;

		if (!p->up)
			continue;
		mtu = sdesp_tun_mtu(
			sdesp_suite_by_id(p->suite), &p->flow, h->link.mtu);
		least = mtu < least ? mtu : least;
	}
	return least;
}

/* Does another flow lead the same traffic, or (any) to the same prefix? */
static int is_led(
	const struct tun_home *h, const struct guard_traffic *t, int any)
{
	struct guard_traffic other;
	unsigned i, j;

	for (i = 0; i < PLACES; i++) {
		const struct home_place *p = &h->places[i];

		for (j = 0; p->up && j < p->flow.nts; j++) {
			guard_traffic(&other, &p->flow, &p->flow.ts[j]);
			if (guard_equal(&other, t) ||
				(any && other.bits == t->bits &&
					sdesp_addr_equal(&other.to, &t->to)))
				return 1;
		}
	}
	return 0;
}

static struct home_place *find(struct tun_home *h, const struct home_place *p)
{
	unsigned i;

	for (i = 0; i < PLACES; i++) {
		struct home_place *own = &h->places[i];

		if (p == NULL ? !own->up
			      : own->up && own->suite == p->suite &&
					sdesp_flow_equal(&own->flow, &p->flow))
			return own;
	}
	return NULL;
}

static void down(struct home *home, const struct home_place *place)
{
	struct tun_home *h = self(home);
	struct home_place *own = find(h, place);
	struct guard_traffic t;
	unsigned i;

	if (own == NULL)
		return;
	memset(own, 0, sizeof *own);
	guard_unshut(&h->guard, &place->flow, (unsigned)(own - h->places));
	for (i = 0; i < place->flow.nts; i++) {
		guard_traffic(&t, &place->flow, &place->flow.ts[i]);
		if (!is_led(h, &t, 0))
			guard_let(&h->guard, &t);
		if (!is_led(h, &t, 1))
			guard_let_route(&h->guard, &t, h->device);
	}
}

/* Where programs of this host send from: the outer address, or one that they
 * have within the local prefix. */
static void source_of(struct sdesp_addr *src, const struct sdesp_flow *flow,
	const struct sdesp_ts *ts)
{
	struct sdesp_addr prefix;
	char text[SDESP_ADDR_TEXT];

	*src = flow->local;
	if (ts->local.kind != SDESP_TS_PREFIX)
		return;
	memset(&prefix, 0, sizeof prefix);
	prefix.family = ts->local.family;
	memcpy(prefix.ip, ts->local.ip, sizeof prefix.ip);
	if (link_within(src, &prefix, ts->local.prefix_len))
		return;
	memset(src, 0, sizeof *src);
	sdesp_addr_print(text, &prefix);
	note("no address of this host is in %s/%u: its own programs cannot "
	     "use the tunnel, only what it forwards",
		text, (unsigned)ts->local.prefix_len);
}

/* Nothing of the flow goes another way, nor comes. */
static int shut(
	struct tun_home *h, const struct sdesp_flow *flow, unsigned place)
{
	int status = guard_shut(&h->guard, flow, place);

	if (status == SDESP_ERR_UNSUPPORTED)
		note("XFRM policies cannot say these selectors (too many "
		     "blocks of ports, or protocol 0): what comes in the clear "
		     "from the peer is not refused");
	else if (status != SDESP_OK)
		return system_error("--backend tun: %s",
			sdesp_xfrm_guard_cause(&h->guard.policies));
	return DONE;
}

static int lead(struct tun_home *h, const struct sdesp_flow *flow)
{
	struct guard_traffic t;
	struct sdesp_addr src;
	unsigned i;

	for (i = 0; i < flow->nts; i++) {
		guard_traffic(&t, flow, &flow->ts[i]);
		source_of(&src, flow, &flow->ts[i]);
		if (guard_lead(&h->guard, &t, h->device, &src) != 0)
			return cannot("routing rules");
	}
	return DONE;
}

static int up(struct home *home, const struct home_place *place)
{
	struct tun_home *h = self(home);
	struct home_place *own = find(h, NULL);
	int code;

	if (link_is_own(&place->flow.remote))
		return refuse("--backend tun: the peer is this host itself: "
			      "what is sent to it takes no device; --backend "
			      "udp carries it");
	if (own == NULL)
		return refuse("--backend tun: too many sessions");
	*own = *place;
	if (sdesp_tun_io_up(&h->io, least_mtu(h)) != SDESP_OK)
		code = cannot("the device's MTU");
	else
		code = lead(h, &place->flow);
	if (code == DONE)
		code = shut(h, &place->flow, (unsigned)(own - h->places));
	if (code != DONE)
		down(home, place);
	else
		guard_settle(&h->guard);
	return code;
}

/* --- running -------------------------------------------------------------- */

static unsigned fds(const struct home *home, int list[HOME_FDS])
{
	struct pollfd own[SDESP_TUN_FDS];
	nfds_t i, n = sdesp_tun_io_fds(&self(home)->io, own);

	for (i = 0; i < n; i++)
		list[i] = own[i].fd;
	return (unsigned)n;
}

static int serve(struct home *home, uint64_t now_ms)
{
	struct tun_home *h = self(home);
	struct pollfd own[SDESP_TUN_FDS];
	nfds_t n = sdesp_tun_io_fds(&h->io, own);

	if (poll(own, n, 0) <= 0)
		return DONE;
	if (sdesp_tun_io_serve(&h->io, &h->tun, h->bufs, own, now_ms) >= 0)
		return DONE;
	return system_error("%s: the device has gone: %s", h->io.name,
		strerror(h->io.last_errno));
}

static uint64_t tick(struct home *home, uint64_t now_ms)
{
	return sdesp_tun_tick(&self(home)->tun, now_ms);
}

static int resume_out(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	return sdesp_tun_resume_out(&self(home)->tun, flow, sa, seq);
}

static int resume_in(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, const struct sdesp_replay *window)
{
	(void)flow;
	return sdesp_tun_resume_in(&self(home)->tun, sa->spi, window);
}

static int window(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, struct sdesp_replay *window)
{
	(void)flow;
	return sdesp_tun_window(&self(home)->tun, sa->spi, window);
}

static void count(struct home *home, struct home_counters *c)
{
	const struct sdesp_tun_counters *own = &self(home)->tun.counters;

	c->sent = own->sealed;
	c->received = own->opened;
	c->replays = own->replays;
	c->forged = own->forged;
	c->others = own->unknown_spi + own->foreign + own->runts +
		    own->malformed + own->selector_in;
}

const struct home_class home_tun_class = {
	.name = "tun",
	.size = sizeof(struct tun_home),
	.open = open_tun,
	.close = close_tun,
	.fds = fds,
	.serve = serve,
	.tick = tick,
	.up = up,
	.down = down,
	.bypass = bypass,
	.resume_out = resume_out,
	.resume_in = resume_in,
	.window = window,
	.count = count,
};
