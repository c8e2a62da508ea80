/*
 * The program of --exec. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "ports/posix/report.h"
#include "ports/posix/run_child.h"

#define PATIENCE 40 /* looks, of 50 ms */

static void become(char *const *argv, int tell)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	execvp(argv[0], argv);
	(void)(write(tell, &errno, sizeof errno) < 0);
	_exit(127);
}

/* The pipe closes with exec, or says why there was none. */
int run_child_start(struct run_child *c, char *const *argv)
{
	int ends[2], error = 0;

	if (pipe(ends) != 0)
		return system_error("--exec: %s", strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	c->pid = fork();
	if (c->pid == 0)
		become(argv, ends[1]);
	close(ends[1]);
	if (c->pid < 0)
		error = errno;
	while (c->pid > 0 && read(ends[0], &error, sizeof error) < 0 &&
		errno == EINTR)
		continue;
	close(ends[0]);
	if (error == 0)
		return DONE;
	if (c->pid > 0)
		waitpid(c->pid, &c->status, 0);
	c->pid = 0;
	return system_error("--exec %s: %s", argv[0], strerror(error));
}

int run_child_ended(struct run_child *c)
{
	if (c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->pid = 0;
	return c->pid == 0;
}

void run_child_ask(const struct run_child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGTERM);
}

void run_child_end(struct run_child *c)
{
	struct timespec pause = {0, 50000000};
	int i;

	if (run_child_ended(c))
		return;
	run_child_ask(c);
	for (i = 0; i < PATIENCE; i++) {
		if (run_child_ended(c))
			return;
		nanosleep(&pause, NULL);
	}
	kill(c->pid, SIGKILL);
	waitpid(c->pid, &c->status, 0);
	c->pid = 0;
}

int run_child_code(const struct run_child *c)
{
	if (WIFEXITED(c->status))
		return WEXITSTATUS(c->status);
	return 128 + WTERMSIG(c->status);
}
