/*
 * A command in a process of its own, and what it says.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"

int demo_child_start(struct demo_child *c, const struct command *command,
	const struct options *o, const char *keylog)
{
	int line[2];

	memset(c, 0, sizeof *c);
	c->fd = -1;
	if (pipe(line) != 0) {
		note("demo: %s", strerror(errno));
		return -1;
	}
	fflush(stdout);
	c->pid = fork();
	if (c->pid == 0) {
		close(line[0]);
		if (dup2(line[1], STDOUT_FILENO) < 0)
			_exit(SYSTEM);
		close(line[1]);
		unsetenv("SDESP_KEYLOGFILE");
		if (keylog != NULL)
			setenv("SDESP_KEYLOGFILE", keylog, 1);
		alarm(DEMO_SECONDS + 2); /* whatever happens, it ends */
		exit(command->run(o));
	}
	close(line[1]);
	if (c->pid < 0) {
		close(line[0]);
		c->pid = 0;
		note("demo: %s", strerror(errno));
		return -1;
	}
	c->fd = line[0];
	return 0;
}

/* Take what is there; 0: the end. */
static int take(struct demo_child *c, int patience_ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, patience_ms) <= 0)
		return 1;
	n = read(c->fd, c->text + c->len, sizeof c->text - 1 - c->len);
	if (n <= 0)
		return 0;
	c->len += (size_t)n;
	return 1;
}

static const char *find(const struct demo_child *c, const char *begins)
{
	const char *p = c->text;

	while (p != NULL && *p != '\0') {
		if (strncmp(p, begins, strlen(begins)) == 0 &&
			strchr(p, '\n') != NULL)
			return p;
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return NULL;
}

const char *demo_child_said(struct demo_child *c, const char *begins)
{
	(void)take(c, 0);
	return find(c, begins);
}

const char *demo_child_line(
	struct demo_child *c, const char *begins, unsigned patience_ms)
{
	uint64_t limit = sdesp_posix_now_ms() + patience_ms;
	const char *line = find(c, begins);

	while (line == NULL && sdesp_posix_now_ms() < limit &&
		take(c, (int)(limit - sdesp_posix_now_ms())))
		line = find(c, begins);
	return line;
}

void demo_child_end(struct demo_child *c, int signal_number)
{
	int status = 0;

	if (c->pid == 0)
		return;
	if (signal_number != 0)
		kill(c->pid, signal_number);
	while (take(c, -1))
		;
	close(c->fd);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	c->code = WIFEXITED(status) ? WEXITSTATUS(status) : SYSTEM;
}
