/*
 * TCP through one call: lwIP above its flow, and a relay between lwIP and
 * sockets of this host. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/init.h>

#include "ports/lwip/sdesp_relay.h"
#include "ports/posix/ports.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua_lane.h"
#include "ports/posix/ua_say.h"

#define LANE_FDS (SDESP_RELAY_LINKS + SDESP_RELAY_PORTS)
#define MTU 1400 /* leaves room for a tunnel on the way */

struct ua_lane_fd {
	struct ua_lane *lane; /* NULL: free */
	int fd;
};

struct ua_lane {
	struct ua_lane_loop loop;
	struct sdesp_lwip lwip;
	struct sdesp_relay relay;
	struct ua_lane_fd fds[LANE_FDS];
};

void ua_lane_init(void)
{
	lwip_init();
}

uint64_t ua_lane_tick(uint64_t now_ms)
{
	return sdesp_lwip_tick(now_ms);
}

void ua_lane_ready(struct ua_lane_fd *f)
{
	struct ua_lane *lane = f->lane;

	if (lane == NULL)
		return;
	sdesp_relay_ready(&lane->relay, f->fd);
	lane->loop.touched(lane->loop.ctx);
}

static struct ua_lane_fd *find(struct ua_lane *lane, int fd, int fresh)
{
	struct ua_lane_fd *found = NULL;
	unsigned i;

	for (i = 0; i < LANE_FDS; i++) {
		if (lane->fds[i].lane == NULL)
			found = fresh ? &lane->fds[i] : found;
		else if (lane->fds[i].fd == fd)
			return &lane->fds[i];
	}
	return found;
}

/* The relay's wish; it never has more descriptors than fds has places. */
static void on_watch(void *ctx, int fd, unsigned wanted)
{
	struct ua_lane *lane = ctx;
	struct ua_lane_fd *f = find(lane, fd, wanted != 0);

	if (f == NULL)
		return;
	f->lane = wanted != 0 ? lane : NULL;
	f->fd = fd;
	if (lane->loop.watch(lane->loop.ctx, fd,
		    (wanted & SDESP_RELAY_READ) != 0,
		    (wanted & SDESP_RELAY_WRITE) != 0, f) != DONE)
		note("a connection is not served");
}

static int open_port(struct ua_lane *lane, struct port_word *w)
{
	char at[SDESP_POSIX_ADDR_TEXT];
	int status;

	if (!w->forward) {
		status = sdesp_relay_expose(&lane->relay, w->port);
		return status == SDESP_OK ? DONE
					  : system_error("--expose %u: %s",
						    (unsigned)w->port,
						    sdesp_status_text(status));
	}
	status = sdesp_relay_forward(&lane->relay, &w->at, w->port);
	sdesp_posix_print_addr(at, &w->at);
	if (status != SDESP_OK)
		return system_error("--forward %s: %s", at,
			status == SDESP_ERR_BACKEND
				? strerror(errno)
				: sdesp_status_text(status));
	ua_say("forwarding %s -> %u", at, (unsigned)w->port);
	return DONE;
}

static int open_ports(struct ua_lane *lane, const struct options *o)
{
	struct port_word words[PORT_WORDS];
	unsigned i, n;
	int code = port_words_read(words, &n, o);

	for (i = 0; code == DONE && i < n; i++)
		code = open_port(lane, &words[i]);
	return code;
}

int ua_lane_open(struct ua_lane **lane, const struct options *o,
	const struct ua_lane_loop *loop, struct sdesp_udp *udp,
	const struct sdesp_session_info *info)
{
	struct ua_lane *l = calloc(1, sizeof *l);
	struct sdesp_lwip_config config;
	int status, code;

	*lane = NULL;
	if (l == NULL)
		return system_error("no memory");
	l->loop = *loop;
	memset(&config, 0, sizeof config);
	config.udp = udp;
	config.flow = info->flow;
	config.suite = info->suite;
	config.mtu = MTU;
	config.now_ms = sdesp_posix_now_ms;
	status = sdesp_lwip_open(&l->lwip, &config);
	if (status != SDESP_OK) {
		free(l);
		return system_error(
			"TCP through the call: %s", sdesp_status_text(status));
	}
	sdesp_relay_init(&l->relay, &l->lwip, on_watch, l);
	code = open_ports(l, o);
	if (code == DONE)
		*lane = l;
	else
		ua_lane_close(l);
	return code;
}

int ua_lane_move(struct ua_lane *lane, const struct sdesp_session_info *info)
{
	int status =
		sdesp_lwip_move(&lane->lwip, &info->flow, info->suite, MTU);

	return status == SDESP_OK ? DONE
				  : system_error("TCP through the call: %s",
					    sdesp_status_text(status));
}

void ua_lane_close(struct ua_lane *lane)
{
	if (lane == NULL)
		return;
	sdesp_relay_close(&lane->relay);
	sdesp_lwip_close(&lane->lwip);
	free(lane);
}

int ua_lane_input(struct ua_lane *lane, struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta)
{
	if (lane == NULL || lane->lwip.id != meta->flow)
		return 0;
	(void)sdesp_lwip_input(&lane->lwip, pkt, meta); /* it counts */
	return 1;
}
