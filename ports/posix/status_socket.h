/*
 * How sdesp status asks a command that runs: a stream socket in the file
 * system, mode 0600. Whoever connects gets one answer and the end: the sessions
 * as JSON, an octet 0, the same for people, an octet 0.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_STATUS_SOCKET_H
#define SDESP_CMD_STATUS_SOCKET_H

#include <stdio.h>
#include <sys/un.h>

struct status_socket {
	int fd; /* to watch for reading; -1 = none */
	struct sockaddr_un name;
};

/* Writes the sessions, in one form or the other. */
typedef void status_writer(void *ctx, FILE *out, int json);

/* Where a command with this state file answers. */
#define STATUS_SUFFIX ".sock"

/*
 * Listen at a path; what a dead process left there goes. An exit code, with a
 * message; s->fd is -1 when it is not DONE.
 */
int status_socket_open(struct status_socket *s, const char *path);

/* Answer one who asks, when the socket is readable. Never waits. */
void status_socket_serve(
	struct status_socket *s, status_writer *write, void *ctx);

/* Close and remove it. */
void status_socket_close(struct status_socket *s);

/*
 * Ask at a path and print the answer to standard output. DONE; another exit
 * code, with a message; or -1: nobody answers there.
 */
int status_socket_ask(const char *path, int json);

#endif
