/* Packets between device and sockets. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

nfds_t sdesp_tun_io_fds(
	const struct sdesp_tun_io *io, struct pollfd fds[SDESP_TUN_FDS])
{
	nfds_t n = 1;

	memset(fds, 0, SDESP_TUN_FDS * sizeof fds[0]);
	fds[0].fd = io->device;
	fds[0].events = POLLIN;
	for (unsigned i = 0; i < io->nsockets; i++, n++) {
		fds[n].fd = io->sockets[i].fd;
		fds[n].events = POLLIN;
	}
	return n;
}

/* How many; -1 when the device has gone. */
static int from_device(struct sdesp_tun_io *io, struct sdesp_tun *tun,
	struct sdesp_tun_buf *bufs, struct sdesp_pkt *pkts, uint64_t now_ms)
{
	size_t n = 0;
	ssize_t len = 0;

	while (n < SDESP_TUN_BATCH) {
		uint8_t *data = bufs[n].octets + SDESP_TUN_HEAD;

		len = read(io->device, data, SDESP_TUN_PACKET);
		if (len <= 0)
			break;
		memset(&pkts[n], 0, sizeof pkts[n]);
		pkts[n].data = data;
		pkts[n].len = (size_t)len;
		pkts[n].head = SDESP_TUN_HEAD;
		pkts[n].tail = SDESP_TUN_PACKET - (size_t)len + SDESP_TUN_TAIL;
		n++;
	}
	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		io->last_errno = errno;
		return -1;
	}
	sdesp_tun_output(tun, pkts, n, now_ms);
	return (int)n;
}

int sdesp_tun_io_serve(struct sdesp_tun_io *io, struct sdesp_tun *tun,
	struct sdesp_tun_buf *bufs, const struct pollfd *fds, uint64_t now_ms)
{
	struct sdesp_tun_meta meta[SDESP_TUN_BATCH];
	struct sdesp_pkt pkts[SDESP_TUN_BATCH];
	uint64_t unsent = io->unsent;
	int moved = 0;

	if (fds[0].revents != 0)
		moved = from_device(io, tun, bufs, pkts, now_ms);
	if (moved < 0)
		return SDESP_ERR_BACKEND;
	if (io->unsent != unsent) { /* larger than the link takes? */
		sdesp_tun_reports(io->out4, tun, now_ms);
		sdesp_tun_reports(io->out6, tun, now_ms);
		if (sdesp_tun_link_gone(io)) {
			io->last_errno = ENODEV;
			return SDESP_ERR_BACKEND;
		}
	}
	for (unsigned i = 0; i < io->nsockets; i++) {
		size_t n;

		if ((fds[i + 1].revents & POLLERR) != 0)
			sdesp_tun_reports(io->sockets[i].fd, tun, now_ms);
		if ((fds[i + 1].revents & POLLIN) == 0)
			continue;
		n = sdesp_tun_receive(io, i, bufs, pkts, meta);
		sdesp_tun_input(tun, pkts, meta, n, now_ms);
		moved += (int)sdesp_tun_io_answer(io, pkts, n);
	}
	return moved;
}
