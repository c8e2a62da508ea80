/*
 * A SIP message's body: its first line is the Content-Type, the rest is the
 * body. What is found lies within; an offer in it is declined section by
 * section, and what declines it has as many sections. SPDX-License-Identifier:
 * MIT
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "ports/libre/mime.h"
#include "sdesp_body.h"

#define ROOM 65536

static unsigned sections(struct sdesp_span text)
{
	struct sdesp_section section;
	struct sdesp_sdp sdp;
	unsigned n = 0;

	sdesp_sdp_init(&sdp, text.p, text.len);
	while (sdesp_sdp_next(&sdp, &section, NULL) != 0)
		n++;
	return n;
}

static void decline(struct sdesp_span sdp)
{
	static char before[ROOM], after[ROOM], whole[2 * ROOM + 256];
	static const struct sdesp_addr nobody = {4, {192, 0, 2, 1}, 0};
	struct sdesp_body body = {
		1, 1, nobody, {before, 0}, {NULL, 0}, {after, 0}};
	struct sdesp_text first, second, out;
	struct sdesp_section section;
	unsigned index = UINT32_MAX;

	if (sdesp_body_find(&section, NULL, sdp.p, sdp.len, NULL) == SDESP_OK)
		index = section.index;
	sdesp_text_init(&first, before, sizeof before);
	sdesp_text_init(&second, after, sizeof after);
	sdesp_body_decline(&first, &second, sdp.p, sdp.len, index);
	if (first.status != SDESP_OK || second.status != SDESP_OK)
		return;
	body.before.len = first.len;
	body.after.len = second.len;
	sdesp_text_init(&out, whole, sizeof whole);
	sdesp_body_write(&out, &body);
	FUZZ_CHECK(out.status == SDESP_OK);
	FUZZ_CHECK(
		sections(sdp) == sections((struct sdesp_span){whole, out.len}) +
					 (index != UINT32_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
	struct sdesp_span ctype, body, sdp;

	if (end == NULL)
		return 0;
	ctype.p = text;
	ctype.len = (size_t)(end - text);
	body.p = end + 1;
	body.len = size - ctype.len - 1;
	if (sdesp_sip_mime_find_sdp(&sdp, ctype, body) != MIME_SDP) {
		FUZZ_CHECK(sdp.p == NULL);
		return 0;
	}
	FUZZ_CHECK(sdp.p >= body.p && sdp.p + sdp.len <= body.p + body.len);
	decline(sdp);
	return 0;
}
