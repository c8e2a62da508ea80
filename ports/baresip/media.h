/*
 * Calls and their streams, as baresip's media encryption handlers see them.
 * SPDX-License-Identifier: MIT
 *
 * One struct menc_sess a call, one struct menc_media and one ESP session
 * (SPEC 9.4) a stream. baresip does not say which SIP message it is at. What
 * a session must be told follows from when its handlers run:
 *
 *	offer or answer is encoded  the encode handler of the stream's SDP
 *	the peer's SDP was decoded  menc_media_h
 *	2xx or ACK of the INVITE    the event CALL_ESTABLISHED
 *	ACK of a re-INVITE          nothing: see passed() in media.c
 *	failure of a re-INVITE      nothing: likewise
 */
#ifndef SDESP_BARESIP_MEDIA_H
#define SDESP_BARESIP_MEDIA_H

#include "path.h"

struct menc_sess {
	struct le le; /* of all calls */
	struct sdp_session *sdp;
	menc_event_h *eventh;
	struct call *call; /* what the handlers' arg is */
	struct list streams;
	bool established; /* the INVITE has had its 2xx and ACK */
	struct tmr tmr;   /* the end, or a re-INVITE, from the main loop */
	char reason[192]; /* of the end; empty: none */
};

struct menc_media {
	struct le le;           /* of the call's streams */
	struct menc_sess *sess; /* outlives us: the stream holds it too */
	struct sdp_media *sdp;
	const struct stream *strm;
	struct path *path;
	struct mbuf *said;   /* our lines of the open offer or first answer */
	uint16_t inner_port; /* 0: no offer or answer so far */
	bool rekey;          /* the next offer makes new keys */
	bool again;          /* an offer could not be made: later */
	uint64_t open_ms;    /* when the open offer or answer was written */
};

/* The handlers of struct menc. */
menc_sess_h media_session;
menc_media_h media_stream;

void media_init(const struct sdesp_policy *policy);
struct list *media_calls(void);

/* The event CALL_ESTABLISHED. */
void media_established(struct menc_sess *sess);

/* Make new keys: a re-INVITE as soon as one can be sent. */
void media_rekey(struct menc_media *m);

/* --- sess.c --------------------------------------------------------------- */

/* End the call from the main loop, 488 where it is not established. */
void sess_end(struct menc_sess *sess, const char *reason);

/* Send a re-INVITE from the main loop. */
void sess_offer(struct menc_sess *sess);

#endif
