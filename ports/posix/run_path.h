/*
 * The SAs of a state file, alive in a home. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_PATH_H
#define SDESP_CMD_RUN_PATH_H

#include "ports/posix/home.h"
#include "ports/posix/run_follow.h"
#include "ports/posix/state.h"

struct run_path {
	struct state *st;
	struct home *home;
	struct home_place place;
	struct run_follow follow;
};

/*
 * Open the home of this name (NULL: udp) and take over every SA: numbers go on
 * where the file is, and the file says first that they are now ours. deliver
 * and ctx are for the home. An exit code, with a message.
 */
int run_path_open(struct run_path *path, struct state *st, const char *backend,
	home_deliver *deliver, void *ctx);

/*
 * Let time pass, after reserving numbers for what may be sent until the next
 * call: at most OUTBOUND_BLOCK / 2 packets. *next is when to call again at the
 * latest. An exit code.
 */
int run_path_tick(struct run_path *path, uint64_t *next);

/* 1 while there is an SA to send with. */
int run_path_works(const struct run_path *path);

/* What the SAs have moved in this home. */
void run_path_count(const struct run_path *path, struct home_counters *c);

/* Give the SAs back to the file. Takes and returns an exit code. */
int run_path_close(struct run_path *path, int code);

#endif
