/*
 * Where a control socket is, and whose. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* struct ucred; getpeereid() of the BSDs */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ports/posix/control_name.h"

#define WAIT_SECONDS 10

int control_name(struct sockaddr_un *name, const char *path)
{
	size_t len = strlen(path);

	memset(name, 0, sizeof *name);
	name->sun_family = AF_UNIX;
	if (len >= sizeof name->sun_path)
		return -1;
	memcpy(name->sun_path, path, len);
	return 0;
}

int control_reach(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), keep;
	struct timeval wait = {WAIT_SECONDS, 0};

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (connect(fd, (const struct sockaddr *)name, sizeof *name) == 0)
		return fd;
	keep = errno;
	close(fd);
	errno = keep;
	return -1;
}

int control_same_user(int fd)
{
#ifdef SO_PEERCRED
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.uid == geteuid();
#else
	uid_t uid;
	gid_t gid;

	return getpeereid(fd, &uid, &gid) == 0 && uid == geteuid();
#endif
}
