/*
 * lwIP above a session: TCP and UDP of a program, or of a device that has no
 * other stack, run inside the session's ESP. No TUN device, no privilege.
 * SPEC 8.5, 8.8. SPDX-License-Identifier: MIT
 *
 * One struct sdesp_lwip is a netif of lwIP over one flow of transport mode of
 * the UDP backend. Any number of them share one lwIP and one backend:
 *
 *	lwip_init();                              once in a process
 *	...                                       the session is established:
 *	sdesp_lwip_open(&l, &config);
 *	sdesp_lwip_listen(&l, 8080, &pcb);        or
 *	sdesp_lwip_connect(&l, 8080, done, arg, &pcb);
 *	tcp_accept(pcb, ...); tcp_recv(...);      lwIP's raw interface
 *
 *	sdesp_udp_input(&udp, pkts, meta, n, now_ms);
 *	sdesp_lwip_input(&l, &pkts[i], &meta[i]); where meta[i].flow == l.id
 *	sdesp_lwip_tick(now_ms);                  when due
 *
 *	sdesp_lwip_move(&l, &flow, suite, mtu);   the session rekeyed or moved
 *	sdesp_lwip_close(&l);                     the session is closed
 *
 * Addresses. ESP in transport mode carries no inner IP header: what belongs
 * to a session is known by its SPI, and several peers may even have the same
 * outer address. lwIP wants an address for each end, so each netif gives its
 * own: 240.0.N.1 for this end and 240.0.N.2 for the peer, N the number of the
 * netif, whatever the outer family is. They are never on the wire; TCP's
 * checksum is changed to that over the outer addresses when a segment leaves,
 * and written anew when one comes: a NAT may have broken it, and the ICV has
 * proved more. 240.0.0.0/4 is reserved (RFC 1112 4): no network has it, and
 * lwIP never forwards to it.
 *
 * A packet that came in has exactly those two addresses, so it reaches what
 * listens on this netif, or on any, and never another session. Only TCP and
 * UDP go through, and nothing that the selectors of the flow refuse. PCBs of
 * sdesp_lwip_listen() and sdesp_lwip_connect() are bound to the netif: they
 * talk through this session or not at all. A program that makes its own calls
 * tcp_bind() with the netif's address, and tcp_bind_netif().
 *
 * Threads. Backend, sessions and lwIP are used by one thread at a time. The
 * plain way, the only one with NO_SYS=1, is one loop that calls lwip_init()
 * and sdesp_lwip_tick() and starts no lwIP thread. Where there is one
 * (tcpip_init()), hold lwIP's core lock in every call of the backend, of its
 * sessions and of this header.
 *
 * lwIP needs LWIP_IPV4, LWIP_TCP and (for UDP) LWIP_UDP; nothing here
 * allocates but what lwIP does for its PCBs and pbufs.
 */
#ifndef SDESP_LWIP_H
#define SDESP_LWIP_H

#include "lwip/netif.h"
#include "lwip/tcp.h"

#include "sdesp_udp.h"

/* Octets of the largest packet as lwIP sees it: IPv4 header, TCP or UDP. */
#ifndef SDESP_LWIP_MTU
#define SDESP_LWIP_MTU 1500
#endif

/* TCP connections of one netif. At the limit a new one takes the place of one
 * in TIME-WAIT; when there is none, the peer's SYNs are dropped. */
#ifndef SDESP_LWIP_CONNECTIONS
#define SDESP_LWIP_CONNECTIONS 64
#endif

struct sdesp_lwip_config {
	struct sdesp_udp *udp;
	struct sdesp_flow flow;   /* of the session, transport mode */
	unsigned suite;           /* enum sdesp_suite_id of its SAs */
	size_t mtu;               /* octets of an outer IP packet */
	uint64_t (*now_ms)(void); /* the backend's clock */
};

struct sdesp_lwip {
	struct netif netif; /* lwIP's; read only */
	ip_addr_t peer;     /* what to connect to; read only */
	uint32_t id;        /* as sdesp_udp_flow(); read only */

	/* Packets, read only. */
	uint64_t received; /* handed to lwIP */
	uint64_t dropped;  /* not: malformed, too many SYNs, no memory */
	uint64_t sent;
	uint64_t unsent; /* refused by the backend, or neither TCP nor UDP */

	/* Private. */
	struct sdesp_udp *udp;
	uint64_t (*now_ms)(void);
	struct sdesp_flow flow;
	uint16_t patch; /* what turns a checksum into that over flow */
	uint16_t next_port;
	uint8_t octets[SDESP_UDP_HEAD + SDESP_LWIP_MTU + SDESP_PKT_TAIL];
};

/*
 * Add the netif, up and ready. config->flow must have a policy in the backend
 * (the session is established). config is copied.
 *
 * SDESP_ERR_ARG    not transport mode, no such suite, or mtu leaves no room
 * SDESP_ERR_GONE   the backend has no such flow
 * SDESP_ERR_SPACE  lwIP has all the netifs that it can have
 * l is then not to be used, and not to be closed.
 */
SDESP_CHECK int sdesp_lwip_open(
	struct sdesp_lwip *l, const struct sdesp_lwip_config *config);

/*
 * The session has moved or was rekeyed. Connections stay; those that are open
 * keep their segment size. Errors as above; l then goes on as it was.
 */
SDESP_CHECK int sdesp_lwip_move(struct sdesp_lwip *l,
	const struct sdesp_flow *flow, unsigned suite, size_t mtu);

/*
 * Remove the netif. Its TCP connections end: each one's tcp_err() function is
 * called with ERR_ABRT, the peer gets an RST if the session can still send.
 * Close listening and UDP PCBs before. Not from a callback of lwIP.
 */
void sdesp_lwip_close(struct sdesp_lwip *l);

/*
 * Hand a packet that sdesp_udp_input() passed as SDESP_OK to lwIP, whose
 * callbacks run now. It is copied; its octets are changed.
 *
 * SDESP_ERR_GONE         another flow's
 * SDESP_ERR_UNSUPPORTED  neither TCP nor UDP
 * SDESP_ERR_SHORT        less than a header
 * SDESP_ERR_SPACE        too long, too many connections, or lwIP has no memory
 */
int sdesp_lwip_input(struct sdesp_lwip *l, struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta);

/* Run lwIP's timers, those of all netifs. Returns when to call again at the
 * latest. */
uint64_t sdesp_lwip_tick(uint64_t now_ms);

/*
 * A PCB that takes the peer's connections to port, through this session only.
 * Give it tcp_accept(); tcp_close() ends it.
 *
 * SDESP_ERR_EXISTS: something has this port. SDESP_ERR_SPACE: no memory.
 */
SDESP_CHECK int sdesp_lwip_listen(
	struct sdesp_lwip *l, uint16_t port, struct tcp_pcb **pcb);

/*
 * Connect to a port of the peer through this session only, from a port that
 * the selectors allow. The PCB has arg; connected is called as tcp_connect()
 * says, and what tcp_err() is given when that fails.
 *
 * SDESP_ERR_SELECTOR: the selectors allow no such connection.
 * SDESP_ERR_SPACE: too many connections, no memory, or no port is free.
 */
SDESP_CHECK int sdesp_lwip_connect(struct sdesp_lwip *l, uint16_t port,
	tcp_connected_fn connected, void *arg, struct tcp_pcb **pcb);

#endif
