/*
 * The socket under sdesp_udp.h, for POSIX. SPDX-License-Identifier: MIT
 *
 *	sdesp_udp_socket_open(&sock, &local);
 *	config.send = sdesp_udp_socket_send; config.send_ctx = &sock;
 *	sdesp_udp_init(&udp, &config);
 *	poll(... sock.fd ...);
 *	n = sdesp_udp_socket_receive(&sock, bufs, pkts, meta, BATCH);
 *	sdesp_udp_input(&udp, pkts, meta, n, now_ms);
 *
 * Nothing here blocks or retries without bound: what the kernel does not take
 * is dropped and counted.
 */
#ifndef SDESP_UDP_SOCKET_H
#define SDESP_UDP_SOCKET_H

#include <sys/socket.h>

#include "sdesp_udp.h"

/* Octets of the largest UDP payload that is received; a longer one is
 * dropped and counted. */
#ifndef SDESP_UDP_DATAGRAM
#define SDESP_UDP_DATAGRAM 2048
#endif

/* Datagrams that go to the kernel in one call where it has such calls. */
#define SDESP_UDP_BATCH 32

/* Room for one datagram, with what sealing and opening need around it. Also
 * good for sending: the payload begins at SDESP_UDP_HEAD. */
struct sdesp_udp_buf {
	uint8_t octets[SDESP_UDP_HEAD + SDESP_UDP_DATAGRAM + SDESP_PKT_TAIL];
};

struct sdesp_udp_socket {
	int fd;         /* -1 = none; for poll(2) */
	uint8_t family; /* 4 or 6 */

	/* Read only. Datagrams that were dropped here. */
	uint64_t truncated; /* longer than SDESP_UDP_DATAGRAM */
	uint64_t unnamed;   /* from no IP address */
	uint64_t full;      /* EAGAIN, ENOBUFS, ENOMEM while sending */
	uint64_t unsent;    /* any other error while sending */
	uint64_t refused;   /* errors while receiving: ECONNREFUSED and such */
	int last_errno;     /* of the last of these; 0 = none so far */
};

/*
 * Open a nonblocking socket bound to *local; port 0 takes any, which is
 * written back. An IPv6 socket bound to :: also serves IPv4 where the system
 * allows. SDESP_ERR_BACKEND: errno says why, s->fd is -1.
 */
SDESP_CHECK int sdesp_udp_socket_open(
	struct sdesp_udp_socket *s, struct sdesp_addr *local);

/* Take an open UDP socket of the caller's, made nonblocking here. family is
 * what it was opened with. SDESP_ERR_BACKEND as above. */
SDESP_CHECK int sdesp_udp_socket_attach(
	struct sdesp_udp_socket *s, int fd, unsigned family);

void sdesp_udp_socket_close(struct sdesp_udp_socket *s);

/*
 * Read at most n datagrams (and at most SDESP_UDP_BATCH): pkts[i] spans the
 * payload in one of n bufs, ready for sdesp_udp_input(), meta[i].from is its
 * source. Returns how many; 0 when there are none now. Truncated ones are
 * left out. Go on when poll(2) says so: one call says nothing of the rest.
 */
size_t sdesp_udp_socket_receive(struct sdesp_udp_socket *s,
	struct sdesp_udp_buf *bufs, struct sdesp_pkt *pkts,
	struct sdesp_udp_meta *meta, size_t n);

/* The send function of struct sdesp_udp_config; ctx is the socket. */
size_t sdesp_udp_socket_send(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n);

/*
 * Addresses as a socket opened with family (4 or 6) takes them: IPv4 on an
 * IPv6 socket is mapped. Returns the size, 0 when the socket cannot reach it.
 */
socklen_t sdesp_udp_to_sockaddr(struct sockaddr_storage *ss,
	const struct sdesp_addr *addr, unsigned family);

/* And back, unmapped. SDESP_ERR_UNSUPPORTED: not IP; *addr is untouched. */
SDESP_CHECK int sdesp_udp_from_sockaddr(
	struct sdesp_addr *addr, const struct sockaddr_storage *ss);

#endif
