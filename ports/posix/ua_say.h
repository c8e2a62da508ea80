/*
 * Facts on standard output, a line each, at once.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_SAY_H
#define SDESP_CMD_UA_SAY_H

#include "ports/posix/report.h"

void ua_say(const char *format, ...) LIKE_PRINTF;

#endif
