/*
 * How other commands ask one that runs: a stream socket in the file system,
 * mode 0600, for the same user only. Whoever connects makes one request
 * (control_wire.h) and gets one reply. Nobody is waited for: a request is
 * carried out once it is there as a whole, and whoever keeps one back makes
 * room for those who come later. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_CONTROL_H
#define SDESP_CMD_CONTROL_H

#include <stdio.h>
#include <sys/un.h>

#include "ports/posix/control_wire.h"

#define CONTROL_LINKS 4 /* requests that may be on their way */

/* Where a command with this state file listens. */
#define CONTROL_SUFFIX ".sock"

/* Carry a request out: output to out, messages by report.h. Returns what the
 * one who asks is to exit with. */
typedef int control_handler(
	void *ctx, const struct control_request *request, FILE *out);

/* Watch fd for reading, or no more: then call control_serve(). 0, or -1. */
typedef int control_watch(void *ctx, int fd, int on);

struct control_host {
	control_handler *handle;
	control_watch *watch;
	void *ctx;
};

struct control_link {
	int fd; /* -1: free */
	size_t len;
	char octets[CONTROL_REQUEST_MAX];
};

struct control {
	int fd; /* -1: not open */
	struct sockaddr_un name;
	struct control_host host;
	struct control_link links[CONTROL_LINKS];
	unsigned next; /* the link that is oldest */
};

/*
 * Listen at a path; what a dead process left there goes. An exit code, with a
 * message; c->fd is -1 when it is not DONE.
 */
int control_open(
	struct control *c, const char *path, const struct control_host *host);

/* Take what has come, carry out what is complete. Never waits. */
void control_serve(struct control *c);

/* Close and remove it. */
void control_close(struct control *c);

/*
 * Ask at a path; print messages and output. The exit code that came; SYSTEM or
 * REFUSED, with a message; or -1: nobody listens there.
 */
int control_ask(const char *path, const struct control_request *request);

#endif
