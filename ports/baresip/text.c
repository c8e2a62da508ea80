/* See text.h. SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <string.h>

#include "sdesp_udp_socket.h"

static const char *const names[] = {
	"esp-crypto", "esp", "esp-ts", "esp-confirm"};

static bool is_ours(struct sdesp_span name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (sdesp_span_is(name, names[i]))
			return true;
	}
	return false;
}

static bool take_attribute(const char *name, const char *value, void *arg)
{
	struct text_section *text = arg;
	struct sdesp_pair *pair = &text->pairs[text->npairs];

	if (!is_ours(sdesp_span_of(name)))
		return false;
	if (text->npairs == TEXT_PAIRS) {
		text->full = true;
		return true;
	}
	pair->name = sdesp_span_of(name);
	pair->value = sdesp_span_of(value);
	text->npairs++;
	return false;
}

static unsigned index_of(
	const struct sdp_session *sdp, const struct sdp_media *media)
{
	unsigned index = 0;
	struct le *le;

	for (le = list_head(sdp_session_medial(sdp, false)); le != NULL;
		le = le->next) {
		if (le->data == media)
			break;
		index++;
	}
	return index;
}

/* libre holds directions as this end sees them. */
static enum sdesp_direction direction_of(const struct sdp_media *media)
{
	switch (sdp_media_rdir(media)) {
	case SDP_RECVONLY:
		return SDESP_SENDONLY;
	case SDP_SENDONLY:
		return SDESP_RECVONLY;
	case SDP_INACTIVE:
		return SDESP_INACTIVE;
	default:
		return SDESP_SENDRECV;
	}
}

int text_read(struct text_section *text, const struct sdp_session *sdp,
	const struct sdp_media *media)
{
	struct sockaddr_storage ss = {0};
	struct sdesp_addr addr = {0};
	const struct sa *raddr = sdp_media_raddr(media);

	memset(text, 0, sizeof *text);
	(void)sdp_media_rattr_apply(media, NULL, take_attribute, text);
	if (text->full)
		return EPROTO;
	memcpy(&ss, &raddr->u, sizeof raddr->u);
	if (sdesp_udp_from_sockaddr(&addr, &ss) != 0)
		addr.family = 0;
	/* In place the formats count for nothing here. */
	sdesp_section_from_pairs(&text->section, index_of(sdp, media),
		sdesp_span_of(sdp_media_name(media)), sdp_media_rport(media),
		sdesp_span_of(sdp_media_proto(media)), sdesp_span_of("0"),
		&addr, text->pairs, text->npairs);
	text->section.direction = (uint8_t)direction_of(media);
	return 0;
}

int text_local(struct sdesp_local *local, const struct mbuf *body,
	const struct sdp_media *media)
{
	struct sdesp_section section = {0}, next;
	struct sdesp_sdp sdp;
	int more;

	sdesp_sdp_init(&sdp, (const char *)body->buf, body->end);
	while ((more = sdesp_sdp_next(&sdp, &next, NULL)) > 0)
		section = next;
	if (more < 0 || section.conn.family == 0)
		return EBADMSG;
	memset(local, 0, sizeof *local);
	local->index = section.index;
	local->media = sdp_media_name(media);
	local->proto = sdp_media_proto(media);
	local->addr = section.conn;
	local->direction = section.direction;
	local->fmt = "0";
	return 0;
}

int text_append(struct mbuf *body, const struct sdesp_text *text)
{
	struct sdesp_section section;
	struct sdesp_attr attr;
	size_t cursor = 0;
	int err = 0;

	if (sdesp_sdp_find(&section, text->buf, text->len, 0, NULL) != 0)
		return EBADMSG;
	while (err == 0 && sdesp_section_next(&section, &cursor, &attr)) {
		if (!is_ours(attr.name))
			continue;
		err = mbuf_write_str(body, "a=");
		err |= mbuf_write_mem(body, (const uint8_t *)attr.name.p,
			(size_t)(attr.value.p - attr.name.p) + attr.value.len);
		err |= mbuf_write_str(body, "\r\n");
	}
	return err;
}
