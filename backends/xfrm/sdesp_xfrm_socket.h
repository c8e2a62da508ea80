/*
 * The netlink sockets under sdesp_xfrm.h, and the UDP socket above it.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_XFRM_SOCKET_H
#define SDESP_XFRM_SOCKET_H

#include "sdesp_xfrm.h"

struct sdesp_xfrm_socket {
	int requests;
	int events; /* for poll(2): readable when there is an event */
	uint32_t port;
	int held[SDESP_XFRM_INSTANCES]; /* -1 = not by us */
};

/* What sdesp_xfrm_config.io is for a socket, its io_ctx. */
extern const struct sdesp_xfrm_io sdesp_xfrm_socket_io;

/*
 * Open in the network namespace of this thread, which they stay in.
 * SDESP_ERR_BACKEND: errno says why (EPROTONOSUPPORT: a kernel without XFRM);
 * nothing is open.
 */
SDESP_CHECK int sdesp_xfrm_socket_open(struct sdesp_xfrm_socket *s);

void sdesp_xfrm_socket_close(struct sdesp_xfrm_socket *s);

/*
 * Let a socket of this family (4 or 6) past all policies, either way: for
 * signalling between hosts that protect everything else, for the socket of
 * sdesp_xfrm_encap(). SDESP_ERR_BACKEND: errno says why.
 */
SDESP_CHECK int sdesp_xfrm_bypass(int fd, unsigned family);

/*
 * Let the kernel take the ESP out of what a UDP socket receives; whatever has
 * flow.local of a flow with UDP must have one, bound to that port, while the
 * flow lives. Keepalives (one octet FF, every 20 s where nothing else is
 * sent, SPEC 8.7) are sent from it by its owner; those received are dropped
 * by the kernel, what is behind a non-ESP marker is the owner's, everything
 * else is taken for ESP. SDESP_ERR_BACKEND as above.
 */
SDESP_CHECK int sdesp_xfrm_encap(int fd, unsigned family);

#endif
