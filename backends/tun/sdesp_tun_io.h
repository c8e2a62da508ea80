/*
 * The device and sockets under sdesp_tun.h, for Linux.
 * SPDX-License-Identifier: MIT
 *
 *	sdesp_tun_io_open(&io, "sdesp%d");
 *	sdesp_tun_io_listen(&io, &local, 1, "eth0");
 *	config.send = sdesp_tun_io_send;
 *	config.answer = sdesp_tun_io_answer; config.ctx = &io;
 *	sdesp_tun_init(&tun, &config, memory, size);
 *	sdesp_tun_io_up(&io, mtu);
 *	for (;;) {
 *		n = sdesp_tun_io_fds(&io, fds);
 *		poll(fds, n, ...);
 *		sdesp_tun_io_serve(&io, &tun, bufs, fds, now_ms);
 *	}
 *
 * Addresses and routes are the caller's (ip-route(8)): what is to be protected
 * is routed into the device. In transport mode that is the peer itself,
 *
 *	ip route add PEER dev sdesp0 src OWN
 *
 * and outer packets pass it by since they are sent by the link that
 * sdesp_tun_io_listen() names; reverse path filtering of that link must be
 * loose or off (net.ipv4.conf.LINK.rp_filter not 1), as the peer's packets
 * come from where no route of its own leads.
 *
 * Opening wants CAP_NET_ADMIN and CAP_NET_RAW. Nothing here blocks or retries
 * without bound: what the kernel does not take is dropped and counted.
 */
#ifndef SDESP_TUN_IO_H
#define SDESP_TUN_IO_H

#include <poll.h>

#include "sdesp_tun.h"

/* Octets of the largest packet, either way. */
#define SDESP_TUN_PACKET 65535

/* Receiving sockets of one instance: raw and UDP, IPv4 and IPv6. */
#define SDESP_TUN_SOCKETS 4

/* What poll(2) is asked about: the device and the sockets. */
#define SDESP_TUN_FDS (1 + SDESP_TUN_SOCKETS)

struct sdesp_tun_buf {
	uint8_t octets[SDESP_TUN_HEAD + SDESP_TUN_PACKET + SDESP_TUN_TAIL];
};

struct sdesp_tun_io {
	int device;     /* -1 = none */
	char name[16];  /* of the device */
	int out4, out6; /* raw sockets that send; -1 = none */
	int link;       /* index of the interface they are bound to; 0 = none */
	unsigned nsockets;
	struct {
		int fd;
		uint8_t family, udp;
	} sockets[SDESP_TUN_SOCKETS];

	/* Read only. Packets that were dropped here. */
	uint64_t truncated;   /* longer than SDESP_TUN_PACKET */
	uint64_t full;        /* EAGAIN, ENOBUFS, ENOMEM while sending */
	uint64_t unsent;      /* any other error while sending */
	uint64_t undelivered; /* not taken by the device */
	int last_errno;       /* of the last of these; 0 = none so far */
};

/*
 * Make a TUN device; name is a pattern or, for a persistent device, its name.
 * SDESP_ERR_BACKEND: errno says why (ENOENT, ENODEV: no TUN in this kernel;
 * EPERM: no CAP_NET_ADMIN; EBUSY: in use), and nothing is open.
 */
SDESP_CHECK int sdesp_tun_io_open(struct sdesp_tun_io *io, const char *name);

/* Set the device's MTU and bring it up. SDESP_ERR_BACKEND as above. */
SDESP_CHECK int sdesp_tun_io_up(struct sdesp_tun_io *io, size_t mtu);

/*
 * Receive raw ESP for a local address, or with udp 1 what comes to its port
 * (0 takes any, which is written back); and send by the interface of name
 * link, which may be NULL where no route to a peer leads into the device.
 * SDESP_ERR_BACKEND as above. SDESP_ERR_SPACE: SDESP_TUN_SOCKETS are open.
 */
SDESP_CHECK int sdesp_tun_io_listen(struct sdesp_tun_io *io,
	struct sdesp_addr *local, int udp, const char *link);

void sdesp_tun_io_close(struct sdesp_tun_io *io);

/* Fill in what to poll(2) for; how many. */
nfds_t sdesp_tun_io_fds(
	const struct sdesp_tun_io *io, struct pollfd fds[SDESP_TUN_FDS]);

/*
 * Move one batch each way, from what poll(2) has found ready; also what ICMP
 * said of path MTUs. bufs are SDESP_TUN_BATCH, for this call only. Returns how
 * many packets were moved. SDESP_ERR_BACKEND: the device has gone, or a packet
 * was to be sent and the link has; last_errno says which (ENODEV: the link).
 * Close and open anew: neither comes back under its old number.
 */
SDESP_CHECK int sdesp_tun_io_serve(struct sdesp_tun_io *io,
	struct sdesp_tun *tun, struct sdesp_tun_buf *bufs,
	const struct pollfd *fds, uint64_t now_ms);

/* The functions of struct sdesp_tun_config; ctx is the io. */
size_t sdesp_tun_io_send(void *ctx, const struct sdesp_pkt *pkts, size_t n);
size_t sdesp_tun_io_answer(void *ctx, const struct sdesp_pkt *pkts, size_t n);

#endif
