/*
 * The one who is asked. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* accept4, MSG_NOSIGNAL, open_memstream */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ports/posix/control.h"
#include "ports/posix/control_name.h"
#include "ports/posix/report.h"

#define REPLY_ROOM (1024 * 1024)

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
	fd = control_reach(name);
	if (fd >= 0) {
		close(fd);
		return system_error(
			"%s: another sdesp answers there", name->sun_path);
	}
	unlink(name->sun_path);
	return DONE;
}

int control_open(
	struct control *c, const char *path, const struct control_host *host)
{
	int code, fd, i;

	c->fd = -1;
	c->host = *host;
	c->next = 0;
	for (i = 0; i < CONTROL_LINKS; i++)
		c->links[i].fd = -1;
	if (control_name(&c->name, path) != 0)
		return refuse("%s: too long a path for a socket (at most %u "
			      "octets)",
			path, (unsigned)sizeof c->name.sun_path - 1);
	code = make_room(&c->name);
	if (code != DONE)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
		bind(fd, (const struct sockaddr *)&c->name, sizeof c->name) ==
			0 &&
		chmod(path, 0600) == 0 && listen(fd, 8) == 0 &&
		host->watch(host->ctx, fd, 1) == 0) {
		c->fd = fd;
		return DONE;
	}
	code = system_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return code;
}

static void drop(struct control *c, struct control_link *l)
{
	if (l->fd < 0)
		return;
	c->host.watch(c->host.ctx, l->fd, 0);
	close(l->fd);
	explicit_bzero(l->octets, l->len);
	l->fd = -1;
}

/* What does not fit into the socket is cut, and the other end sees it. */
static void reply(int fd, int code, char *messages, size_t nmessages,
	char *output, size_t noutput)
{
	char digit = (char)('0' + code);
	struct iovec parts[] = {
		{&digit, 1}, {messages, nmessages + 1}, {output, noutput + 1}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
	int room = REPLY_ROOM;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	(void)(sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
}

/* What the handler says goes to the one who asks. */
static int carry_out(
	struct control *c, const struct control_link *l, FILE *err, FILE *out)
{
	struct control_request request;
	const char *wrong = control_read(&request, l->octets, l->len);
	int code;

	report_to(err);
	code = wrong != NULL ? usage_error("bad request: %s", wrong)
			     : c->host.handle(c->host.ctx, &request, out);
	report_to(NULL);
	return code;
}

static void complete(struct control *c, struct control_link *l)
{
	char *messages = NULL, *output = NULL;
	size_t nmessages = 0, noutput = 0;
	FILE *err = open_memstream(&messages, &nmessages);
	FILE *out = open_memstream(&output, &noutput);
	int code = SYSTEM, whole = err != NULL && out != NULL;

	if (whole)
		code = carry_out(c, l, err, out);
	whole = (err != NULL && fclose(err) == 0) && whole;
	whole = (out != NULL && fclose(out) == 0) && whole;
	if (whole)
		reply(l->fd, code, messages, nmessages, output, noutput);
	if (output != NULL)
		explicit_bzero(output, noutput);
	free(messages);
	free(output);
	drop(c, l);
}

/* No good request fills the room; what does is refused as it is. */
static void take(struct control *c, struct control_link *l)
{
	ssize_t n = 1;

	while (n > 0 && l->len < sizeof l->octets) {
		n = recv(l->fd, l->octets + l->len, sizeof l->octets - l->len,
			MSG_DONTWAIT);
		l->len += n > 0 ? (size_t)n : 0;
	}
	if (n >= 0)
		complete(c, l);
	else if (errno != EAGAIN && errno != EINTR)
		drop(c, l);
}

static void greet(struct control *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_link *l = &c->links[c->next];

	if (fd < 0)
		return;
	if (!control_same_user(fd) || c->host.watch(c->host.ctx, fd, 1) != 0) {
		close(fd);
		return;
	}
	drop(c, l);
	l->fd = fd;
	l->len = 0;
	c->next = (c->next + 1) % CONTROL_LINKS;
}

void control_serve(struct control *c)
{
	int i;

	greet(c);
	for (i = 0; i < CONTROL_LINKS; i++) {
		if (c->links[i].fd >= 0)
			take(c, &c->links[i]);
	}
}

void control_close(struct control *c)
{
	int i;

	if (c->fd < 0)
		return;
	for (i = 0; i < CONTROL_LINKS; i++)
		drop(c, &c->links[i]);
	c->host.watch(c->host.ctx, c->fd, 0);
	unlink(c->name.sun_path);
	close(c->fd);
	c->fd = -1;
}
