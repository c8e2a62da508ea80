/*
 * Reading and writing whole SDP bodies. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/body.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "sdesp_body.h"

int body_read(struct body *body, const char *file)
{
	body->file = strcmp(file, "-") == 0 ? "<stdin>" : file;
	return file_read(file, body->text, sizeof body->text, &body->len);
}

int body_section(struct sdesp_section *section, const struct body *body,
	const struct option_number *index)
{
	struct sdesp_why why;
	int status;

	memset(&why, 0, sizeof why);
	if (index->given)
		status = sdesp_sdp_find(section, body->text, body->len,
			(unsigned)index->value, &why);
	else
		status = sdesp_body_find(
			section, NULL, body->text, body->len, &why);
	if (status != SDESP_OK)
		return refuse_status(body->file, 1, status, &why);
	if (sdesp_proto_find(section->proto) == NULL)
		return refuse_at(body->file, section->line, 1,
			"this section is not for ESP",
			"a proto such as UDP/ESP");
	return DONE;
}

int body_decline_others(
	struct state *st, const struct body *offer, unsigned index)
{
	struct sdesp_text before, after;

	sdesp_text_init(&before, st->before, sizeof st->before - 1);
	sdesp_text_init(&after, st->after, sizeof st->after - 1);
	sdesp_body_decline(&before, &after, offer->text, offer->len, index);
	if (before.status != SDESP_OK || after.status != SDESP_OK)
		return refuse_at(offer->file, 1, 1, "too many media sections",
			"no more than 2 KiB of m= lines");
	st->before[before.len] = '\0';
	st->after[after.len] = '\0';
	return DONE;
}

void body_write(struct sdesp_text *out, struct state *st, const char *section,
	size_t len)
{
	struct sdesp_body body = {st->origin, ++st->version,
		st->settings.local.addr, sdesp_span_of(st->before),
		{section, len}, sdesp_span_of(st->after)};

	sdesp_body_write(out, &body);
}
