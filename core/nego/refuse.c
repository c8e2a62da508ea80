/* Saying why. SPDX-License-Identifier: MIT */
#include "nego/refuse.h"

#include <stddef.h>

int sdesp_refuse(struct sdesp_why *why, int status, unsigned line,
	const char *what, const char *expected)
{
	if (why != NULL) {
		why->status = status;
		why->line = line;
		why->column = line > 0 ? 1 : 0;
		why->what = what;
		why->expected = expected;
	}
	return status;
}
