/*
 * Saying why a text is refused. Every text of a refusal passes one of the two
 * things here that know SDESP_WITH_REASONS. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_WHY_H
#define SDESP_BASE_WHY_H

#include <stddef.h>

#include "sdesp_config.h"
#include "sdesp_status.h"

/* Fill why, which may be NULL, but for its texts; returns status. */
int sdesp_why_set(
	struct sdesp_why *why, int status, unsigned line, unsigned column);

/* Add the texts. Inline, so that where they are not wanted nobody holds
 * them. why may be NULL. */
static inline void sdesp_why_say(
	struct sdesp_why *why, const char *what, const char *expected)
{
	if (SDESP_WITH_REASONS && why != NULL) {
		why->what = what;
		why->expected = expected;
	}
}

/* A text on its way to sdesp_why_say(). */
#if SDESP_WITH_REASONS
#define SDESP_REASON(text) text
#else
#define SDESP_REASON(text) ""
#endif

#endif
