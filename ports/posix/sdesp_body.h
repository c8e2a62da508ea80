/*
 * Whole SDP bodies (RFC 8866) around one section of ours, whatever carries
 * them. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BODY_H
#define SDESP_BODY_H

#include "sdesp_sdp.h"

struct sdesp_body {
	uint64_t id;      /* sess-id of the o= line, one a dialog */
	uint32_t version; /* sess-version: one more when the text changes */
	struct sdesp_addr addr; /* for o= and the session's c= */
	struct sdesp_span before, section, after; /* media sections */
};

/*
 * The first section with this proto; NULL: with any of ours. Its spans point
 * into text. SDESP_ERR_MISSING: none is there; SDESP_ERR_SYNTAX: an m= line
 * before it cannot be read. section is then zeroed; why may be NULL.
 */
SDESP_CHECK int sdesp_body_find(struct sdesp_section *section,
	const char *proto, const char *text, size_t len, struct sdesp_why *why);

/*
 * Decline every section of an offer but the one at index (RFC 3264 6): those
 * before it go to before, the others to after. An index beyond the last
 * declines all, into before. Errors stick in both texts.
 */
void sdesp_body_decline(struct sdesp_text *before, struct sdesp_text *after,
	const char *text, size_t len, unsigned index);

/* Append v= to t= and the media sections. out sticks. */
void sdesp_body_write(struct sdesp_text *out, const struct sdesp_body *body);

#endif
