/*
 * Random octets of the system, or none at all.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/random.h>
#endif

#include "ports/posix/sdesp_posix.h"

/* One call of the kernel's generator; -1 with ENOSYS where there is none. */
static ssize_t from_kernel(uint8_t *buf, size_t len)
{
#ifdef __linux__
	return getrandom(buf, len, 0);
#else
	if (len > 256)
		len = 256;
	return getentropy(buf, len) == 0 ? (ssize_t)len : -1;
#endif
}

static int read_all(int fd, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int from_device(uint8_t *buf, size_t len)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	int status;

	if (fd < 0)
		return -1;
	status = read_all(fd, buf, len);
	close(fd);
	return status;
}

int sdesp_posix_random(void *ctx, uint8_t *buf, size_t len)
{
	size_t done = 0;

	(void)ctx;
	while (done < len) {
		ssize_t n = from_kernel(buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == len || from_device(buf + done, len - done) == 0)
		return 0;
	memset(buf, 0, len);
	return -1;
}
