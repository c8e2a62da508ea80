/*
 * What both ends of the control socket do. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_CONTROL_NAME_H
#define SDESP_CMD_CONTROL_NAME_H

#include <sys/un.h>

/* 0; or -1: the path is too long for a socket. */
int control_name(struct sockaddr_un *name, const char *path);

/* A socket connected to it that waits ten seconds at most, or -1 with errno. */
int control_reach(const struct sockaddr_un *name);

/* 1: the process at the other end is the same user's. */
int control_same_user(int fd);

#endif
