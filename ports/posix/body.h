/*
 * Whole SDP bodies around one section. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_BODY_H
#define SDESP_CMD_BODY_H

#include "ports/posix/file.h"
#include "ports/posix/options.h"
#include "ports/posix/state.h"

/* A body as it was read, with the name that messages give it. */
struct body {
	const char *file;
	char text[FILE_SDP_MAX];
	size_t len;
};

/* Read FILE, "-" is standard input. An exit code, with a message. */
int body_read(struct body *body, const char *file);

/*
 * The section that the option --index names, else the first whose proto is
 * one of ours. An exit code, with a message.
 */
int body_section(struct sdesp_section *section, const struct body *body,
	const struct option_number *index);

/*
 * Fill st->before and st->after with declined sections so that ours is the
 * one at index of as many as the offer has. REFUSED: they are too many.
 */
int body_decline_others(
	struct state *st, const struct body *offer, unsigned index);

/*
 * Write v= to t=, what stands before our section, it, and what stands after
 * it. Raises the o= line's version. out sticks.
 */
void body_write(struct sdesp_text *out, struct state *st, const char *section,
	size_t len);

#endif
