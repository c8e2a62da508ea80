/* The sockets of struct sdesp_tun_io. SPDX-License-Identifier: MIT */
#ifndef SDESP_TUN_SOCKET_H
#define SDESP_TUN_SOCKET_H

#include "sdesp_tun_io.h"

/* Read a batch from a receiving socket; how many packets. */
size_t sdesp_tun_receive(struct sdesp_tun_io *io, unsigned number,
	struct sdesp_tun_buf *bufs, struct sdesp_pkt *pkts,
	struct sdesp_tun_meta *meta);

/* Take from a socket what ICMP, or the kernel itself, said of path MTUs. */
void sdesp_tun_reports(int fd, struct sdesp_tun *tun, uint64_t now_ms);

/* 1 when the interface that the sending sockets are bound to is no more. */
int sdesp_tun_link_gone(const struct sdesp_tun_io *io);

#endif
