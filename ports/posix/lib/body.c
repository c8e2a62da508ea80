/*
 * Whole SDP bodies around one section. SPDX-License-Identifier: MIT
 */
#include "sdesp_body.h"

#include <stdio.h>
#include <string.h>

#include "sdesp_session.h"

int sdesp_body_find(struct sdesp_section *section, const char *proto,
	const char *text, size_t len, struct sdesp_why *why)
{
	struct sdesp_sdp sdp;
	int more;

	sdesp_sdp_init(&sdp, text, len);
	while ((more = sdesp_sdp_next(&sdp, section, why)) == 1) {
		if (proto != NULL ? sdesp_span_is(section->proto, proto)
				  : sdesp_proto_find(section->proto) != NULL)
			return SDESP_OK;
	}
	memset(section, 0, sizeof *section);
	if (more < 0)
		return more;
	if (why != NULL) {
		memset(why, 0, sizeof *why);
		why->status = SDESP_ERR_MISSING;
		why->what = "no media section for ESP here";
		why->expected =
			"m=application <port> UDP/ESP transport, or the like";
	}
	return SDESP_ERR_MISSING;
}

static void put(struct sdesp_text *out, const char *p, size_t len)
{
	if (out->status != SDESP_OK || len == 0)
		return;
	if (out->cap - out->len < len) {
		out->status = SDESP_ERR_SPACE;
		return;
	}
	memcpy(out->buf + out->len, p, len);
	out->len += len;
}

void sdesp_body_decline(struct sdesp_text *before, struct sdesp_text *after,
	const char *text, size_t len, unsigned index)
{
	static const char any[] = "m=application 0 UDP none\r\n";
	struct sdesp_section section;
	struct sdesp_sdp sdp;
	unsigned i;

	sdesp_sdp_init(&sdp, text, len);
	for (i = 0;; i++) {
		int more = sdesp_sdp_next(&sdp, &section, NULL);
		struct sdesp_text *out = i < index ? before : after;

		if (more == 0)
			return;
		/* An m= line that cannot be read still takes its place. */
		if (more < 0)
			put(out, any, sizeof any - 1);
		else if (i != index)
			sdesp_section_reject(out, &section);
	}
}

void sdesp_body_write(struct sdesp_text *out, const struct sdesp_body *body)
{
	const char *family = body->addr.family == 6 ? "IP6" : "IP4";
	char ip[SDESP_ADDR_TEXT], head[256];
	int n;

	sdesp_addr_print(ip, &body->addr);
	n = snprintf(head, sizeof head,
		"v=0\r\no=- %llu %lu IN %s %s\r\ns=-\r\nc=IN %s %s\r\n"
		"t=0 0\r\n",
		(unsigned long long)body->id, (unsigned long)body->version,
		family, ip, family, ip);
	put(out, head, (size_t)n);
	put(out, body->before.p, body->before.len);
	put(out, body->section.p, body->section.len);
	put(out, body->after.p, body->after.len);
}
