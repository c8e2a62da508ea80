/*
 * The home of all calls' SAs in libre's loop. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua.h"

#define MOST_MS 1000 /* between two looks */

struct ua_path {
	struct ua *ua;
	struct home *home;
	int fds[HOME_FDS];
	unsigned nfds;
	struct tmr tick;
};

struct home *ua_path_home(struct ua *ua)
{
	return ua->path->home;
}

static void on_packet(
	void *ctx, struct sdesp_pkt *pkt, const struct sdesp_udp_meta *meta)
{
	struct ua *ua = ctx;
	unsigned i = 0;

	while (i < UA_CALLS && !ua_lane_input(ua->call[i].lane, pkt, meta))
		i++;
}

static void poll_backend(struct ua_path *p)
{
	if (sdesp_libre_poll(p->ua->calls, p->home->backend) == SDESP_OK)
		return;
	note("the backend's source of events is gone");
	ua_end(p->ua, SYSTEM);
}

/* Events first; what sessions did because of them is the backend's to see. */
static void on_tick(void *arg)
{
	struct ua_path *p = arg;
	uint64_t now, next, other;

	poll_backend(p);
	now = sdesp_posix_now_ms();
	next = home_tick(p->home, now);
	if (home_udp(p->home) != NULL) {
		other = ua_lane_tick(now);
		next = other < next ? other : next;
	}
	next = next > now ? next - now : 0;
	tmr_start(&p->tick, next < MOST_MS ? next : MOST_MS, on_tick, p);
}

static void on_readable(int flags, void *arg)
{
	struct ua_path *p = arg;

	(void)flags;
	if (home_serve(p->home, sdesp_posix_now_ms()) != DONE)
		ua_end(p->ua, SYSTEM);
	ua_path_touch(p->ua);
}

void ua_path_touch(struct ua *ua)
{
	tmr_start(&ua->path->tick, 0, on_tick, ua->path);
}

int ua_path_open(struct ua *ua)
{
	const struct ua_config *c = &ua->config;
	struct ua_path *p = calloc(1, sizeof *p);
	struct home_config config;
	unsigned i;
	int code;

	if (p == NULL)
		return system_error("no memory");
	ua->path = p;
	p->ua = ua;
	tmr_init(&p->tick);
	memset(&config, 0, sizeof config);
	config.local = c->settings.local.addr;
	config.udp = 1;
	config.deliver = on_packet;
	config.ctx = ua;
	code = home_open(&p->home, c->o->backend, &config);
	if (code != DONE)
		return code;
	if (home_udp(p->home) != NULL)
		ua_lane_init();
	else if (c->o->forward.n > 0)
		return usage_error("--forward goes with --backend udp; here "
				   "programs reach the peer's ports "
				   "themselves");
	p->nfds = home_fds(p->home, p->fds);
	for (i = 0; i < p->nfds; i++) {
		if (fd_listen(p->fds[i], FD_READ, on_readable, p) != 0)
			return system_error("too many descriptors");
	}
	return DONE;
}

void ua_path_close(struct ua *ua)
{
	struct ua_path *p = ua->path;
	unsigned i;

	if (p == NULL)
		return;
	tmr_cancel(&p->tick);
	for (i = 0; i < p->nfds; i++)
		fd_close(p->fds[i]);
	home_close(p->home);
	free(p);
	ua->path = NULL;
}

static void on_lane(int flags, void *arg)
{
	(void)flags;
	ua_lane_ready(arg);
}

static int watch_lane(
	void *ctx, int fd, int readable, int writable, struct ua_lane_fd *f)
{
	(void)ctx;
	if (!readable && !writable) {
		fd_close(fd);
		return DONE;
	}
	return fd_listen(fd,
		       (readable ? FD_READ : 0) | (writable ? FD_WRITE : 0) |
			       FD_EXCEPT,
		       on_lane, f) == 0
		       ? DONE
		       : SYSTEM;
}

static void touch_lane(void *ctx)
{
	ua_path_touch(ctx);
}

int ua_path_up(struct ua *ua, struct ua_call *call)
{
	struct home *home = ua->path->home;
	const struct options *o = ua->config.o;
	const struct ua_lane_loop loop = {watch_lane, touch_lane, ua};
	int code = home_up(home, &call->place, &call->info);

	if (code != DONE || home_udp(home) == NULL ||
		o->forward.n + o->expose.n == 0)
		return code;
	if (call->lane != NULL)
		return ua_lane_move(call->lane, &call->info);
	return ua_lane_open(&call->lane, o, &loop, home_udp(home), &call->info);
}

void ua_path_down(struct ua *ua, struct ua_call *call)
{
	ua_lane_close(call->lane);
	call->lane = NULL;
	home_down(ua->path->home, &call->place);
}
