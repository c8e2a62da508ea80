/*
 * How the command speaks of failure: one line on standard error, one exit
 * code a cause. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_REPORT_H
#define SDESP_CMD_REPORT_H

#include <stdio.h>

#include "sdesp_status.h"

enum { DONE, REFUSED, USAGE, SYSTEM }; /* exit codes 0 to 3 */

#if defined(__GNUC__) || defined(__clang__)
#define LIKE_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define LIKE_PRINTF
#endif

/* Print "sdesp: ..." and return the exit code named. */
int refuse(const char *format, ...) LIKE_PRINTF;
int usage_error(const char *format, ...) LIKE_PRINTF;
int system_error(const char *format, ...) LIKE_PRINTF;

/* Where messages go from now on; NULL: standard error. */
void report_to(FILE *out);

/* Print a remark. */
void note(const char *format, ...) LIKE_PRINTF;

/* "file:line:column: what; expected ..." Returns REFUSED. */
int refuse_at(const char *file, unsigned line, unsigned column,
	const char *what, const char *expected);

/*
 * Explain a failed call of the core. A text is refused at the place that why
 * tells (line from otherwise), the rest is named by its status. Returns the
 * exit code of the status.
 */
int refuse_status(const char *file, unsigned from, int status,
	const struct sdesp_why *why);

#endif
