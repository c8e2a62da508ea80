/*
 * Between libre's SDP objects and a session's sections. SPEC 3.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BARESIP_TEXT_H
#define SDESP_BARESIP_TEXT_H

#include "abi.h"
#include "sdesp.h"

/* Lines of ours that a section may have before it is refused unread: more
 * than SPEC 11 asks for, so that the session says what is wrong. */
#define TEXT_PAIRS 32

/* The peer's section; must not be moved, lives as long as what media holds. */
struct text_section {
	struct sdesp_section section;
	struct sdesp_pair pairs[TEXT_PAIRS];
	size_t npairs;
	bool full;
};

/*
 * What the peer said of a medium in the body that was decoded last. Returns
 * 0, or EPROTO: it has more lines of ours than TEXT_PAIRS.
 */
int text_read(struct text_section *text, const struct sdp_session *sdp,
	const struct sdp_media *media);

/*
 * What our body under construction says of its last section: index, address,
 * port, direction. media and proto point into the SDP object. Returns 0, or
 * EBADMSG: there is none that can be read.
 */
int text_local(struct sdesp_local *local, const struct mbuf *body,
	const struct sdp_media *media);

/* Append the lines of ours in a section that a session wrote, octet for
 * octet. Returns 0 or an errno. */
int text_append(struct mbuf *body, const struct sdesp_text *section);

#endif
