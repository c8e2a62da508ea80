/*
 * The one who asks. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* MSG_NOSIGNAL */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/posix/control.h"
#include "ports/posix/control_name.h"
#include "ports/posix/report.h"

#define REPLY_MAX (1024 * 1024)

/* All of it, and the end. What the other end does not take, it will reply
 * to. */
static void send_all(int fd, const char *octets, size_t len)
{
	size_t sent = 0;
	ssize_t n;

	do {
		n = send(fd, octets + sent, len - sent, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
	} while (sent < len && (n > 0 || (n < 0 && errno == EINTR)));
	shutdown(fd, SHUT_WR);
}

static size_t receive_all(int fd, char *text, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = recv(fd, text + len, cap - len, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (len < cap && (n > 0 || (n < 0 && errno == EINTR)));
	return len;
}

static int talk(int fd, const char *path, const char *request, size_t size)
{
	static char text[REPLY_MAX];
	struct control_reply reply;
	size_t len;

	if (!control_same_user(fd))
		return refuse("%s: another user's program is there", path);
	send_all(fd, request, size);
	len = receive_all(fd, text, sizeof text);
	if (control_read_reply(&reply, text, len) != 0)
		return system_error("%s: no whole reply came", path);
	fputs(reply.messages, stderr);
	fputs(reply.output, stdout);
	return reply.code;
}

int control_ask(const char *path, const struct control_request *request)
{
	static char octets[CONTROL_REQUEST_MAX];
	size_t size = control_write(octets, request);
	struct sockaddr_un name;
	int fd, code;

	if (control_name(&name, path) != 0)
		return -1;
	fd = control_reach(&name);
	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return -1;
	if (fd < 0)
		return system_error("%s: %s", path, strerror(errno));
	if (size == 0)
		code = refuse("%s: the request is too long", path);
	else
		code = talk(fd, path, octets, size);
	close(fd);
	return code;
}
