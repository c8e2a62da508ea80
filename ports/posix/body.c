/*
 * Reading and writing whole SDP bodies. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ports/posix/body.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"

int body_read(struct body *body, const char *file)
{
	body->file = strcmp(file, "-") == 0 ? "<stdin>" : file;
	return file_read(file, body->text, sizeof body->text, &body->len);
}

static int first_of_ours(struct sdesp_section *section, const struct body *body)
{
	struct sdesp_sdp sdp;
	struct sdesp_why why;
	int more;

	sdesp_sdp_init(&sdp, body->text, body->len);
	while ((more = sdesp_sdp_next(&sdp, section, &why)) != 0) {
		if (more < 0)
			return refuse_status(body->file, 1, more, &why);
		if (sdesp_proto_find(section->proto) != NULL)
			return DONE;
	}
	return refuse_at(body->file, 1, 1, "no media section for ESP here",
		"m=application <port> UDP/ESP transport, or the like");
}

int body_section(struct sdesp_section *section, const struct body *body,
	const struct option_number *index)
{
	struct sdesp_why why;
	int status;

	if (!index->given)
		return first_of_ours(section, body);
	memset(&why, 0, sizeof why);
	status = sdesp_sdp_find(
		section, body->text, body->len, (unsigned)index->value, &why);
	if (status != SDESP_OK)
		return refuse_status(body->file, 1, status, &why);
	if (sdesp_proto_find(section->proto) == NULL)
		return refuse_at(body->file, section->line, 1,
			"this section is not for ESP",
			"a proto such as UDP/ESP");
	return DONE;
}

/* An m= line that cannot be read still takes its place in the answer. */
static void decline(struct sdesp_text *out, const struct sdesp_section *section)
{
	static const char any[] = "m=application 0 UDP none\r\n";

	if (section->media.p != NULL)
		sdesp_section_reject(out, section);
	else if (out->cap - out->len >= sizeof any - 1) {
		memcpy(out->buf + out->len, any, sizeof any - 1);
		out->len += sizeof any - 1;
	} else {
		out->status = SDESP_ERR_SPACE;
	}
}

int body_decline_others(
	struct state *st, const struct body *offer, unsigned index)
{
	struct sdesp_text before, after;
	struct sdesp_section section;
	struct sdesp_sdp sdp;
	struct sdesp_why why;
	unsigned i;

	sdesp_text_init(&before, st->before, sizeof st->before - 1);
	sdesp_text_init(&after, st->after, sizeof st->after - 1);
	sdesp_sdp_init(&sdp, offer->text, offer->len);
	for (i = 0;; i++) {
		int more = sdesp_sdp_next(&sdp, &section, &why);

		if (more == 0)
			break;
		if (more < 0)
			memset(&section, 0, sizeof section);
		if (i != index)
			decline(i < index ? &before : &after, &section);
	}
	if (before.status != SDESP_OK || after.status != SDESP_OK)
		return refuse_at(offer->file, 1, 1, "too many media sections",
			"no more than 2 KiB of m= lines");
	st->before[before.len] = '\0';
	st->after[after.len] = '\0';
	return DONE;
}

static void put(struct sdesp_text *out, const char *p, size_t len)
{
	if (out->status != SDESP_OK)
		return;
	if (out->cap - out->len < len) {
		out->status = SDESP_ERR_SPACE;
		return;
	}
	memcpy(out->buf + out->len, p, len);
	out->len += len;
}

void body_write(struct sdesp_text *out, struct state *st, const char *section,
	size_t len)
{
	const struct sdesp_addr *a = &st->settings.local.addr;
	const char *family = a->family == 6 ? "IP6" : "IP4";
	char ip[SDESP_ADDR_TEXT], head[256];
	int n;

	sdesp_addr_print(ip, a);
	n = snprintf(head, sizeof head,
		"v=0\r\no=- %llu %lu IN %s %s\r\ns=-\r\nc=IN %s %s\r\n"
		"t=0 0\r\n",
		(unsigned long long)st->origin, (unsigned long)++st->version,
		family, ip, family, ip);
	put(out, head, (size_t)n);
	put(out, st->before, strlen(st->before));
	put(out, section, len);
	put(out, st->after, strlen(st->after));
}
