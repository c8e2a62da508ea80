/*
 * A network of memory: UDP backends, sessions between them, a netif of one
 * lwIP above each end, and a clock that only this moves.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LWIP_NET_H
#define TESTS_LWIP_NET_H

#include "sdesp_lwip.h"
#include "tests/support/dice.h"

#define NET_HOSTS 3
#define NET_SESSIONS 4
#define NET_ITEMS 1024
#define NET_MTU 1500

/* A backend at an address. */
struct net_host {
	struct net *net;
	struct sdesp_addr addr;
	struct sdesp_udp udp;
};

/* One end of a session. */
struct net_end {
	struct net_host *host; /* NULL: closed */
	struct sdesp_flow flow;
	struct sdesp_sa in, out;
	struct sdesp_lwip lwip;
};

struct net_session {
	struct net_end end[2];
	uint32_t old_in[2]; /* SPIs, 0 = none: until net_settled() */
	struct sdesp_flow old_flow[2];
};

struct net_item {
	struct sdesp_addr from, to;
	size_t len;
	uint8_t octets[SDESP_PKT_HEAD + NET_MTU + SDESP_PKT_TAIL];
};

struct net {
	unsigned nhosts;
	struct net_host host[NET_HOSTS];
	unsigned nsessions;
	struct net_session session[NET_SESSIONS];
	unsigned lost, doubled, swapped; /* per mille */
	struct dice dice;
	uint32_t next_spi;
	size_t longest; /* UDP payload so far */
	size_t n;
	struct net_item item[NET_ITEMS]; /* on the way */
};

extern uint64_t net_now_ms;

/* Blocks of memory that lwIP holds; on a host it takes all of its there. */
extern long net_blocks;

/* Start lwIP, once; then an empty network without faults. */
void net_init(struct net *net);

/* The i-th host, at an address. */
struct net_host *net_host(struct net *net, const char *ip, uint16_t port);

/* A session of TCP and UDP from any to any port, established, between two
 * hosts. */
struct net_session *net_join(struct net *net, struct net_host *a,
	struct net_host *b, unsigned suite);

/* New keys; what is on its way under the old ones still arrives, until
 * net_settled(). */
void net_rekey(struct net *net, struct net_session *s, unsigned suite);
void net_settled(struct net_session *s);

/* Close the netif of one end, or both, and their SAs. */
void net_close(struct net_session *s, unsigned end);

/* Deliver what is on the way and let lwIP work; where nothing is on the way,
 * time jumps to what is due next. */
void net_step(struct net *net);

/* Let so much time pass. */
void net_wait(struct net *net, uint64_t ms);

/* Hand one TCP segment or other payload from an end to ESP as it is; the
 * status. */
int net_raw(struct net_end *end, unsigned next_header, const void *data,
	size_t len);

#endif
