/* The TUN device. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "sdesp_tun_io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(int fd)
{
	int keep = errno;

	if (fd >= 0)
		close(fd);
	errno = keep;
	return SDESP_ERR_BACKEND;
}

int sdesp_tun_io_open(struct sdesp_tun_io *io, const char *name)
{
	struct ifreq request;
	int fd;

	memset(io, 0, sizeof *io);
	io->device = io->out4 = io->out6 = -1;
	memset(&request, 0, sizeof request);
	if (strlen(name) >= sizeof request.ifr_name) {
		errno = ENAMETOOLONG;
		return SDESP_ERR_BACKEND;
	}
	memcpy(request.ifr_name, name, strlen(name));
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return fail(fd);
	io->device = fd;
	memcpy(io->name, request.ifr_name, sizeof io->name);
	return SDESP_OK;
}

int sdesp_tun_io_up(struct sdesp_tun_io *io, size_t mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;

	memset(&request, 0, sizeof request);
	memcpy(request.ifr_name, io->name, sizeof io->name);
	request.ifr_mtu = (int)mtu;
	if (fd < 0 || ioctl(fd, SIOCSIFMTU, &request) < 0 ||
		ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return fail(fd);
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail(fd);
	close(fd);
	return SDESP_OK;
}

/* One by one: a TUN device takes no more at a time. */
size_t sdesp_tun_io_answer(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	struct sdesp_tun_io *io = ctx;
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (pkts[i].status != SDESP_OK)
			continue;
		if (write(io->device, pkts[i].data, pkts[i].len) >= 0) {
			taken++;
			continue;
		}
		io->undelivered++;
		io->last_errno = errno;
	}
	return taken;
}
