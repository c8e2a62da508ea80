/*
 * TCP through one call: the ports of --expose and --forward. Apart from the
 * rest, because lwIP's and libre's headers have the same names.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_LANE_H
#define SDESP_CMD_UA_LANE_H

#include "ports/posix/options.h"
#include "sdesp_session.h"
#include "sdesp_udp.h"

struct ua_lane;

/* What a descriptor is watched with; the lane's own. */
struct ua_lane_fd;

struct ua_lane_loop {
	/* Call ua_lane_ready(f) while fd is readable or writable, as wanted,
	 * or in error; neither: no more. An exit code. */
	int (*watch)(void *ctx, int fd, int readable, int writable,
		struct ua_lane_fd *f);
	/* Something was done: ua_lane_tick() may be due earlier. */
	void (*touched)(void *ctx);
	void *ctx;
};

/* Once in a process, before the rest. */
void ua_lane_init(void);

/* lwIP's timers; when to call again at the latest. */
uint64_t ua_lane_tick(uint64_t now_ms);

/* Begin, for an established session of the udp backend. An exit code, with a
 * message; *lane is then NULL. Of o expose and forward are looked at. */
int ua_lane_open(struct ua_lane **lane, const struct options *o,
	const struct ua_lane_loop *loop, struct sdesp_udp *udp,
	const struct sdesp_session_info *info);

/* The session was rekeyed or moved. An exit code. */
int ua_lane_move(struct ua_lane *lane, const struct sdesp_session_info *info);

/* End: connections are reset. NULL is fine. */
void ua_lane_close(struct ua_lane *lane);

void ua_lane_ready(struct ua_lane_fd *f);

/* Take a packet if it is this lane's: 1, or 0. NULL has none. */
int ua_lane_input(struct ua_lane *lane, struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta);

#endif
