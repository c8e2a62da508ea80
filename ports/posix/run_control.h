/*
 * What sdesp run does for other commands: status, rekey, refresh.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_RUN_CONTROL_H
#define SDESP_CMD_RUN_CONTROL_H

#include "ports/posix/control.h"
#include "ports/posix/run_path.h"
#include "ports/posix/sdesp_posix.h"

struct run_control {
	struct run_path *path;
	struct sdesp_loop *loop;
	struct control control;
	int code; /* of the path: DONE while it works */
};

/* Listen beside the state file. That nobody can ask stops nothing: it is
 * said. */
void run_control_open(
	struct run_control *r, struct run_path *path, struct sdesp_loop *loop);

/* Also where it was not opened, if all octets are zero. */
void run_control_close(struct run_control *r);

#endif
