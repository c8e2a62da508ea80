/*
 * The program of --exec. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_CHILD_H
#define SDESP_CMD_RUN_CHILD_H

#include <sys/types.h>

struct run_child {
	pid_t pid;  /* 0 = none, or it has ended */
	int status; /* of waitpid() */
};

/* Start argv[0], found by PATH. An exit code, with a message. If we are killed
 * it gets SIGTERM, where the system can do that. */
int run_child_start(struct run_child *c, char *const *argv);

/* 1 when it has ended; does not wait. */
int run_child_ended(struct run_child *c);

/* Ask it to end. */
void run_child_ask(const struct run_child *c);

/* End it: ask, and after two seconds no longer. */
void run_child_end(struct run_child *c);

/* The exit code that it ended with; 128 and the number for a signal. */
int run_child_code(const struct run_child *c);

#endif
