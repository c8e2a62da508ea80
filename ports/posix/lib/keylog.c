/*
 * Keys to a file, for Wireshark, if somebody asked for it.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/sdesp_posix.h"
#include "sdesp_keylog.h"

/* Not all systems have a call for it, nor the same. */
static void wipe(char *p, size_t n)
{
	volatile char *octets = p;

	while (n-- > 0)
		*octets++ = 0;
}

void sdesp_posix_keylog(void *ctx, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	const char *path = ctx != NULL ? ctx : getenv("SDESP_KEYLOGFILE");
	char line[SDESP_KEYLOG_LINE];
	size_t len = sizeof line;
	int fd;

	if (path == NULL || path[0] == '\0' ||
		sdesp_keylog_line(line, &len, flow, sa, inbound) != SDESP_OK)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		/* One write: lines of several programs do not mix. That it
		 * fails is no reason to stop the traffic. */
		ssize_t n = write(fd, line, len);

		(void)n;
		close(fd);
	}
	wipe(line, sizeof line);
}
