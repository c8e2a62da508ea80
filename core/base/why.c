/* SPDX-License-Identifier: MIT */
#include "base/why.h"

int sdesp_why_set(
	struct sdesp_why *why, int status, unsigned line, unsigned column)
{
	if (why != NULL) {
		why->status = status;
		why->line = line;
		why->column = column;
		why->what = NULL;
		why->expected = NULL;
	}
	return status;
}
