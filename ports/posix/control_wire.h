/*
 * What is asked of a command that runs, and what it replies, as octets.
 * SPDX-License-Identifier: MIT
 *
 *	request  verb NUL local NUL direction NUL name NUL body NUL
 *	reply    exit code as a digit, messages NUL, output NUL
 *
 * Each ends with its direction of the connection; the last NUL tells that it
 * was not cut. A text that is not given is empty.
 */
#ifndef SDESP_CMD_CONTROL_WIRE_H
#define SDESP_CMD_CONTROL_WIRE_H

#include <stddef.h>

#include "ports/posix/file.h"

#define CONTROL_TEXT_MAX 127  /* local, direction */
#define CONTROL_NAME_MAX 4095 /* of a file */
#define CONTROL_BODY_MAX FILE_SDP_MAX

/* More than any good request has. */
#define CONTROL_REQUEST_MAX (CONTROL_BODY_MAX + CONTROL_NAME_MAX + 512)

enum control_verb {
	CONTROL_STATUS,
	CONTROL_JSON, /* status, for programs */
	CONTROL_REKEY,
	CONTROL_REFRESH,
	CONTROL_WITHDRAW,
	CONTROL_ANSWER,
	CONTROL_ACCEPT,
	CONTROL_VERBS
};

struct control_request {
	unsigned verb;         /* enum control_verb */
	const char *local;     /* --local; NULL: not given */
	const char *direction; /* --direction; NULL: not given */
	const char *name;      /* of the body, in messages */
	const char *body;      /* SDP */
	size_t len;
};

/*
 * Read a request: its texts point into octets. NULL, or what is wrong; then
 * *request is as it was.
 */
const char *control_read(
	struct control_request *request, const char *octets, size_t len);

/* Write one; its size, or 0: it is larger than a request may be. */
size_t control_write(char octets[CONTROL_REQUEST_MAX],
	const struct control_request *request);

struct control_reply {
	int code; /* an exit code */
	const char *messages;
	const char *output;
};

/* Read a reply: its texts point into octets. 0; or -1: it is no whole one. */
int control_read_reply(
	struct control_reply *reply, const char *octets, size_t len);

#endif
