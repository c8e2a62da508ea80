/* Saying why. SPDX-License-Identifier: MIT */
#ifndef SDESP_NEGO_REFUSE_H
#define SDESP_NEGO_REFUSE_H

#include "base/why.h"

/* Refuse a whole line, or with line 0 a whole text. Fills why, which may be
 * NULL, but for the texts; returns status. */
int sdesp_refuse_line(struct sdesp_why *why, int status, unsigned line);

/* The same, with the texts. */
static inline int sdesp_refuse(struct sdesp_why *why, int status, unsigned line,
	const char *what, const char *expected)
{
	(void)sdesp_refuse_line(why, status, line);
	sdesp_why_say(why, what, expected);
	return status;
}

#endif
