/*
 * The pair as lines of Wireshark's esp_sa table.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"
#include "sdesp_keylog.h"

static int print_one(FILE *out, const struct state_sa *sa)
{
	char line[SDESP_KEYLOG_LINE];
	size_t len = sizeof line;
	int status =
		sdesp_keylog_line(line, &len, &sa->flow, &sa->sa, sa->inbound);

	if (status != SDESP_OK)
		return refuse("wireshark: %s", sdesp_status_text(status));
	fwrite(line, 1, len, out);
	explicit_bzero(line, sizeof line);
	return DONE;
}

int sa_print_wireshark(FILE *out, const struct sa_pair *pair)
{
	int code = print_one(out, pair->in);

	return code == DONE ? print_one(out, pair->out) : code;
}
