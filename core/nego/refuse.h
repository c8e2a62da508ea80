/* Saying why. SPDX-License-Identifier: MIT */
#ifndef SDESP_NEGO_REFUSE_H
#define SDESP_NEGO_REFUSE_H

#include "sdesp_status.h"

/* Fill why, which may be NULL; returns status. */
int sdesp_refuse(struct sdesp_why *why, int status, unsigned line,
	const char *what, const char *expected);

#endif
