/*
 * TCP between a session and the sockets of this host, for POSIX: a port of
 * ours leads to one of the peer ("forward"), a port that the peer asks for to
 * one on our loopback ("expose"). SPDX-License-Identifier: MIT
 *
 *	sdesp_relay_init(&relay, &lwip, watch, loop);
 *	sdesp_relay_forward(&relay, &at, 8080);
 *	sdesp_relay_expose(&relay, 8080);
 *	...
 *	sdesp_relay_ready(&relay, fd);         as watch() was told
 *	sdesp_relay_close(&relay);             before sdesp_lwip_close()
 *
 * It has no loop of its own: any will do. Each octet is acknowledged to the
 * one end when the other has taken it, so a slow reader slows its writer and
 * nothing piles up; the end of one direction, and a reset, go through.
 * Nothing blocks. One thread at a time, the session's.
 *
 * What is exposed is reached through this session alone, and only if its
 * selectors let the port in.
 */
#ifndef SDESP_RELAY_H
#define SDESP_RELAY_H

#include "sdesp_lwip.h"

/* Connections at a time; one beyond is reset, and counted. */
#ifndef SDESP_RELAY_LINKS
#define SDESP_RELAY_LINKS 32
#endif

/* Ports that are exposed or forwarded. */
#ifndef SDESP_RELAY_PORTS
#define SDESP_RELAY_PORTS 16
#endif

enum { SDESP_RELAY_READ = 1, SDESP_RELAY_WRITE = 2 };

/*
 * Call sdesp_relay_ready() when fd can be read, or written, or is in error,
 * as long as wanted (a sum of the above) says so; 0: no more, fd is closed
 * next or is not looked at for now. Level-triggered. Called whenever wanted
 * changes, from any call of the relay and of lwIP.
 */
typedef void sdesp_relay_watch_fn(void *ctx, int fd, unsigned wanted);

struct sdesp_relay;

/* Private. A connection and its other half. */
struct sdesp_relay_link {
	struct sdesp_relay *relay; /* NULL: free */
	struct tcp_pcb *pcb;       /* NULL: has ended */
	struct pbuf *pending;      /* from pcb, not taken by fd yet */
	int fd;
	uint8_t wanted;
	uint8_t pcb_joined, fd_joined; /* connected */
	uint8_t pcb_ended, fd_ended;   /* sends no more */
	uint8_t end_told;              /* to fd, of pcb's */
};

/* Private. fd leads to port of the peer, or pcb to port of our loopback. */
struct sdesp_relay_port {
	struct sdesp_relay *relay; /* NULL: free */
	struct tcp_pcb *pcb;
	int fd;
	uint16_t port;
};

struct sdesp_relay {
	unsigned links;   /* read only: open now */
	uint64_t relayed; /* connections that were taken, in all */
	uint64_t refused; /* too many, against the selectors, or nobody
			    * listens on our loopback */

	/* Private. */
	struct sdesp_lwip *lwip;
	sdesp_relay_watch_fn *watch;
	void *ctx;
	struct sdesp_relay_port port[SDESP_RELAY_PORTS];
	struct sdesp_relay_link link[SDESP_RELAY_LINKS];
	uint8_t octets[16384];
};

/* Begin, with no port. lwip and what ctx is must outlive it. */
void sdesp_relay_init(struct sdesp_relay *r, struct sdesp_lwip *lwip,
	sdesp_relay_watch_fn *watch, void *ctx);

/*
 * Let the peer connect to port of 127.0.0.1. What does not listen there looks
 * to the peer like a connection that is reset at once.
 *
 * SDESP_ERR_SPACE: too many ports, or no memory. SDESP_ERR_EXISTS: it is
 * exposed already.
 */
SDESP_CHECK int sdesp_relay_expose(struct sdesp_relay *r, uint16_t port);

/*
 * Listen at *at (port 0: any, written back) and lead each connection to port
 * of the peer. One that the selectors forbid is reset, and counted.
 *
 * SDESP_ERR_SPACE: too many ports. SDESP_ERR_BACKEND: errno says why.
 */
SDESP_CHECK int sdesp_relay_forward(
	struct sdesp_relay *r, struct sdesp_addr *at, uint16_t port);

/* Move what can be moved now. Descriptors that are not its own are fine. */
void sdesp_relay_ready(struct sdesp_relay *r, int fd);

/* End: all connections are reset, both ways, all ports closed. */
void sdesp_relay_close(struct sdesp_relay *r);

#endif
