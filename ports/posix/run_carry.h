/*
 * Datagrams of applications on loopback, through the udp home and back.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_CARRY_H
#define SDESP_CMD_RUN_CARRY_H

#include "ports/posix/home.h"
#include "ports/posix/run_ports.h"
#include "sdesp_udp_socket.h"

struct run_carry {
	struct run_ports ports;
	const struct sdesp_session *session;
	struct sdesp_udp *udp;
	struct sdesp_session_info info; /* ports.selectors are in it */
	size_t largest; /* payload that fits the peer's buffers */
	unsigned long lost;
	struct sdesp_udp_buf buf;
};

/* Open what -L and --expose name, and watch it. An exit code, with a
 * message. */
int run_carry_open(struct run_carry *c, const struct sdesp_session *session,
	struct sdesp_udp *udp, struct sdesp_loop *loop,
	const struct options *o);

/* A home_deliver; ctx is the struct run_carry. */
void run_carry_deliver(
	void *ctx, struct sdesp_pkt *pkt, const struct sdesp_udp_meta *meta);

/* Close the ports; say what was lost. */
void run_carry_close(struct run_carry *c);

#endif
