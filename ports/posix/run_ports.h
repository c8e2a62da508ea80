/*
 * Clear UDP on this host's loopback, on either side of the tunnel that is an
 * SA pair: -L sockets that applications send to, and a socket for each remote
 * port that talks to an exposed one. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_PORTS_H
#define SDESP_CMD_RUN_PORTS_H

#include "ports/posix/options.h"
#include "ports/posix/sdesp_posix.h"

#define RUN_FLOWS 128

struct run_listener {
	int fd;
	uint16_t remote_port; /* inside ESP */
};

/* Who talks to whom: a client of a listener, or a remote port with one of our
 * exposed ports. */
struct run_flow {
	uint8_t used;
	struct run_listener *listener;    /* NULL: exposed */
	int fd;                           /* exposed: its socket */
	struct sdesp_addr client;         /* of the listener */
	uint16_t local_port, remote_port; /* inside ESP */
	uint64_t last_ms;
};

struct run_ports {
	struct run_listener listeners[LIST_MAX];
	unsigned nlisteners;
	uint16_t exposed[LIST_MAX];
	unsigned nexposed;
	struct run_flow flows[RUN_FLOWS];
	const struct sdesp_flow *selectors;
	struct sdesp_loop *loop;
	sdesp_loop_fn *readable; /* told of every socket here */
	void *ctx;
	unsigned long undeliverable;
};

/* Read -L and --expose, open the listeners and watch them. An exit code, with
 * a message. */
int run_ports_open(struct run_ports *ports, const struct options *o);

/*
 * Take one datagram of the application from fd: its octets and the ports it
 * has inside ESP. 1, or 0 when there is none (any more).
 */
int run_ports_receive(struct run_ports *ports, int fd, uint8_t *data,
	size_t cap, size_t *len, uint16_t *local_port, uint16_t *remote_port);

/* Hand a datagram from inside ESP to the application that it is for. */
void run_ports_deliver(struct run_ports *ports, const uint8_t *data, size_t len,
	uint16_t local_port, uint16_t remote_port);

void run_ports_close(struct run_ports *ports);

#endif
