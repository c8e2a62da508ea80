/*
 * The SDP in a SIP message's body (RFC 3261 7.4, RFC 2046 5.1). Pure: no
 * libre, nothing allocated. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_LIBRE_MIME_H
#define SDESP_LIBRE_MIME_H

#include "sdesp_sdp.h"

enum mime_result {
	MIME_SDP,    /* *sdp is there, within body */
	MIME_OTHER,  /* a good body of types that are not for us: 415 */
	MIME_BROKEN, /* not what its Content-Type says: 400 */
};

/*
 * ctype is the value of Content-Type, body the message's body, any octets.
 * Of a multipart body it is the first part that is application/sdp and sent
 * as it is, down to the third multipart within another.
 */
enum mime_result sdesp_sip_mime_find_sdp(struct sdesp_span *sdp,
	struct sdesp_span ctype, struct sdesp_span body);

#endif
