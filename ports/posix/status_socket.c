/*
 * One question, one answer. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* MSG_NOSIGNAL, open_memstream */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/report.h"
#include "ports/posix/status_socket.h"

#define WAIT_SECONDS 5
#define ANSWER_MAX (1024 * 1024)

static int make_name(struct sockaddr_un *name, const char *path)
{
	size_t len = strlen(path);

	memset(name, 0, sizeof *name);
	name->sun_family = AF_UNIX;
	if (len >= sizeof name->sun_path)
		return refuse("%s: too long a path for a socket (at most %u "
			      "octets)",
			path, (unsigned)sizeof name->sun_path - 1);
	memcpy(name->sun_path, path, len);
	return DONE;
}

/* A connected socket, or -1 with errno: nobody is there. */
static int reach(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), keep;

	if (fd < 0 ||
		connect(fd, (const struct sockaddr *)name, sizeof *name) == 0)
		return fd;
	keep = errno;
	close(fd);
	errno = keep;
	return -1;
}

/* Only a socket that nobody listens at makes room. */
static int make_room(const struct sockaddr_un *name)
{
	struct stat info;
	int fd;

	if (lstat(name->sun_path, &info) != 0)
		return DONE;
	if (!S_ISSOCK(info.st_mode))
		return refuse(
			"%s: is in the way of our socket", name->sun_path);
	fd = reach(name);
	if (fd >= 0) {
		close(fd);
		return system_error(
			"%s: another sdesp answers there", name->sun_path);
	}
	unlink(name->sun_path);
	return DONE;
}

int status_socket_open(struct status_socket *s, const char *path)
{
	int code, fd;

	s->fd = -1;
	code = make_name(&s->name, path);
	if (code == DONE)
		code = make_room(&s->name);
	if (code != DONE)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
		bind(fd, (const struct sockaddr *)&s->name, sizeof s->name) ==
			0 &&
		chmod(path, 0600) == 0 && listen(fd, 8) == 0) {
		s->fd = fd;
		return DONE;
	}
	code = system_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return code;
}

void status_socket_serve(
	struct status_socket *s, status_writer *write, void *ctx)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (fd < 0)
		return;
	out = open_memstream(&text, &len);
	if (out != NULL) {
		int octets = ANSWER_MAX;

		write(ctx, out, 1);
		fputc('\0', out);
		write(ctx, out, 0);
		fputc('\0', out);
		/* What does not fit is cut, and the other end sees it. */
		(void)setsockopt(
			fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
		if (fclose(out) == 0)
			(void)(send(fd, text, len, MSG_NOSIGNAL) < 0);
		free(text);
	}
	close(fd);
}

void status_socket_close(struct status_socket *s)
{
	if (s->fd < 0)
		return;
	unlink(s->name.sun_path);
	close(s->fd);
	s->fd = -1;
}

static size_t read_all(int fd, char *text, size_t cap)
{
	struct timeval wait = {WAIT_SECONDS, 0};
	size_t len = 0;
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	do {
		n = recv(fd, text + len, cap - len, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (len < cap && (n > 0 || (n < 0 && errno == EINTR)));
	return len;
}

int status_socket_ask(const char *path, int json)
{
	static char text[ANSWER_MAX];
	struct sockaddr_un name;
	int fd, code = make_name(&name, path);
	const char *second;
	size_t len;

	if (code != DONE)
		return code;
	fd = reach(&name);
	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return -1;
	if (fd < 0)
		return system_error("%s: %s", path, strerror(errno));
	len = read_all(fd, text, sizeof text);
	close(fd);
	second = memchr(text, '\0', len);
	if (second == NULL || second + 1 == text + len || text[len - 1] != '\0')
		return system_error("%s: no whole answer came", path);
	fputs(json ? text : second + 1, stdout);
	return DONE;
}
