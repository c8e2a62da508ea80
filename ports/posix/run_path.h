/*
 * The SAs of a state file, alive in the udp backend.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_PATH_H
#define SDESP_CMD_RUN_PATH_H

#include "backends/udp/sdesp_udp.h"
#include "backends/udp/sdesp_udp_socket.h"
#include "ports/posix/state.h"

struct run_path {
	struct state *st;
	struct sdesp_bearssl crypto;
	struct sdesp_udp udp;
	struct sdesp_udp_socket socket;
};

/*
 * Open the outer socket and take over every SA: numbers go on where the file
 * is, and the file says that the inbound windows are now ours. An exit code,
 * with a message.
 */
int run_path_open(struct run_path *path, struct state *st);

/*
 * Let time pass, after reserving numbers for what may be sent until the next
 * call: at most OUTBOUND_BLOCK / 2 packets. An exit code.
 */
int run_path_tick(struct run_path *path);

/* The id of the flow, for sdesp_udp_send(). */
uint32_t run_path_flow(struct run_path *path);

/* Give the SAs back to the file. Takes and returns an exit code. */
int run_path_close(struct run_path *path, int code);

#endif
