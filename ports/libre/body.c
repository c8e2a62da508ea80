/* Bodies of our messages, and of theirs. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

#include "ports/libre/mime.h"
#include "sdesp_body.h"

#define SECTION_ROOM 4096
#define BODY_MAX (SECTION_ROOM + 2 * AROUND_MAX + 256)

static struct sdesp_span span_of_pl(const struct pl *pl)
{
	struct sdesp_span span = {pl->p, pl->l};

	return span;
}

/* Over UDP the body ends where Content-Length says, and a datagram that ends
 * before that was cut (RFC 3261 18.3). */
static bool whole(struct sdesp_span *body, const struct sip_msg *msg)
{
	uint32_t said;

	body->p = (const char *)mbuf_buf(msg->mb);
	body->len = mbuf_get_left(msg->mb);
	if (msg->clen.p == NULL)
		return true;
	said = pl_u32(&msg->clen);
	if (said > body->len)
		return false;
	body->len = said;
	return true;
}

/* RFC 3261 8.2.3: then one that is none of ours does not matter. */
static bool is_optional(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr =
		sip_msg_hdr(msg, SIP_HDR_CONTENT_DISPOSITION);
	struct pl handling;

	return hdr != NULL &&
	       msg_param_decode(&hdr->val, "handling", &handling) == 0 &&
	       pl_strcasecmp(&handling, "optional") == 0;
}

uint16_t sdesp_sip_body_sdp(struct sdesp_span *sdp, const struct sip_msg *msg)
{
	const struct sip_hdr *ctype = sip_msg_hdr(msg, SIP_HDR_CONTENT_TYPE);
	const struct sip_hdr *coding =
		sip_msg_hdr(msg, SIP_HDR_CONTENT_ENCODING);
	static const struct sdesp_span none;
	struct sdesp_span body;

	*sdp = none;
	if (!whole(&body, msg))
		return 400;
	if (body.len == 0)
		return 0;
	if (coding != NULL && pl_strcasecmp(&coding->val, "identity") != 0)
		return 415;
	switch (sdesp_sip_mime_find_sdp(
		sdp, ctype != NULL ? span_of_pl(&ctype->val) : none, body)) {
	case MIME_SDP:
		return 0;
	case MIME_OTHER:
		return is_optional(msg) ? 0 : 415;
	default:
		return 400;
	}
}

static struct mbuf *written(const struct sdesp_text *text)
{
	struct mbuf *mb = NULL;

	if (text->status == SDESP_OK)
		mb = mbuf_alloc(text->len);
	if (mb == NULL)
		return NULL;
	if (mbuf_write_mem(mb, (const uint8_t *)text->buf, text->len) != 0)
		return mem_deref(mb);
	mb->pos = 0;
	return mb;
}

static bool same_text(const struct mbuf *mb, const struct sdesp_text *text)
{
	return mb != NULL && mbuf_get_left(mb) == text->len &&
	       memcmp(mbuf_buf(mb), text->buf, text->len) == 0;
}

/* The version counts texts: one that has not changed keeps its own. */
static struct mbuf *make(struct sdesp_call *call, struct sdesp_span before,
	struct sdesp_span section, struct sdesp_span after)
{
	struct sdesp_body body = {call->origin, call->version,
		call->setup.local.addr, before, section, after};
	char buf[BODY_MAX];
	struct sdesp_text text;

	sdesp_text_init(&text, buf, sizeof buf);
	sdesp_body_write(&text, &body);
	if (same_text(call->text, &text))
		return mem_ref(call->text);
	body.version = ++call->version;
	sdesp_text_init(&text, buf, sizeof buf);
	sdesp_body_write(&text, &body);
	mem_deref(call->text);
	call->text = written(&text);
	return mem_ref(call->text);
}

struct mbuf *sdesp_sip_body_make(
	struct sdesp_call *call, const struct sdesp_text *section)
{
	struct sdesp_span before = {call->others.before, call->others.nbefore};
	struct sdesp_span after = {call->others.after, call->others.nafter};
	struct sdesp_span ours = {section->buf, section->len};

	if (section->status != SDESP_OK)
		return NULL;
	return make(call, before, ours, after);
}

struct mbuf *sdesp_sip_body_decline(
	struct sdesp_call *call, struct sdesp_span sdp)
{
	char buf[2 * AROUND_MAX];
	struct sdesp_text all, none;
	struct sdesp_span empty = {buf, 0}, declined = {buf, 0};

	sdesp_text_init(&all, buf, sizeof buf);
	sdesp_text_init(&none, buf, 0);
	sdesp_body_decline(&all, &none, sdp.p, sdp.len, UINT32_MAX);
	if (all.status != SDESP_OK)
		return NULL;
	declined.len = all.len;
	return make(call, empty, declined, empty);
}

bool sdesp_sip_body_others(
	struct others *others, struct sdesp_span sdp, unsigned index)
{
	struct sdesp_text before, after;

	sdesp_text_init(&before, others->before, sizeof others->before);
	sdesp_text_init(&after, others->after, sizeof others->after);
	sdesp_body_decline(&before, &after, sdp.p, sdp.len, index);
	others->nbefore = before.len;
	others->nafter = after.len;
	return before.status == SDESP_OK && after.status == SDESP_OK;
}

struct mbuf *sdesp_sip_body_tail(const char *headers, const struct mbuf *body)
{
	struct mbuf *mb = mbuf_alloc(1024);
	size_t len = body != NULL ? mbuf_get_left(body) : 0;
	int err;

	if (mb == NULL)
		return NULL;
	err = mbuf_printf(mb,
		"Allow: " ALLOWED "\r\nSupported: timer\r\n"
		"%s%sContent-Length: %zu\r\n\r\n",
		headers, len > 0 ? "Content-Type: application/sdp\r\n" : "",
		len);
	if (err == 0 && len > 0)
		err = mbuf_write_mem(mb, mbuf_buf(body), len);
	if (err != 0)
		return mem_deref(mb);
	mb->pos = 0;
	return mb;
}
