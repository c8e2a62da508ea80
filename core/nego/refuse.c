/* Saying why. SPDX-License-Identifier: MIT */
#include "nego/refuse.h"

int sdesp_refuse_line(struct sdesp_why *why, int status, unsigned line)
{
	return sdesp_why_set(why, status, line, line > 0 ? 1 : 0);
}
