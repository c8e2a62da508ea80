/*
 * A session that lives in another process. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/control.h"
#include "ports/posix/exchange.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"

int exchange_change(struct state *st, const struct options *o)
{
	struct sdesp_addr at = st->settings.local.addr;
	int code = settings_change(&st->settings, o);

	if (code == DONE && st->backend.live != NULL &&
		!sdesp_addr_equal(&at, &st->settings.local.addr))
		return refuse("%s: sdesp run holds the address in use; end it "
			      "for another --local",
			st->path);
	return code;
}

int exchange_ask(const struct options *o, enum control_verb verb,
	const struct body *body)
{
	struct control_request request;
	char path[FILE_PATH];
	int code = settings_check_change(o);

	if (code != DONE ||
		(size_t)snprintf(path, sizeof path, "%s" CONTROL_SUFFIX,
			o->state) >= sizeof path)
		return code != DONE ? code : -1;
	memset(&request, 0, sizeof request);
	request.verb = verb;
	request.local = o->local;
	request.direction = o->direction;
	if (body != NULL) {
		request.name = body->file;
		request.body = body->text;
		request.len = body->len;
	}
	return control_ask(path, &request);
}
