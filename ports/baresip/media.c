/* One stream: from baresip's handlers to a session's calls. See media.h.
 * SPDX-License-Identifier: MIT */
#include "media.h"

#include <errno.h>
#include <string.h>

#include "sdesp_posix.h"
#include "text.h"

/* An offer that has met no answer for so long has failed: SIP gives up an
 * INVITE after 32 s, and libre waits up to 5 s before it repeats one. */
#define OFFER_MS 40000

/* libre ends a call whose 2xx gets no ACK; so some time after our answer to a
 * re-INVITE it counts as confirmed. */
#define CONFIRM_MS 1000

#define BODY 4096

static const struct sdesp_policy *policy;

void media_init(const struct sdesp_policy *use)
{
	policy = use;
}

/* An offer of ours waits for its answer. */
static bool offering(const struct sdesp_session *s)
{
	struct sdesp_session_info now;

	sdesp_session_info(s, &now);
	return now.state == SDESP_OFFERED || now.state == SDESP_EARLY ||
	       now.state == SDESP_REKEY_OFFERED ||
	       now.state == SDESP_REKEY_EARLY ||
	       now.state == SDESP_REFRESH_OFFERED;
}

/* Say why; what keeps a call from being set up ends it. */
static void complain(struct menc_media *m, const char *what, int status,
	const struct sdesp_why *why)
{
	const char *expected = why->expected;
	char reason[160];

	if (why->what == NULL)
		(void)re_snprintf(reason, sizeof reason, "%s: %s: %s",
			sdp_media_name(m->sdp), what,
			sdesp_status_text(status));
	else
		(void)re_snprintf(reason, sizeof reason, "%s: %s: %s%s%s",
			sdp_media_name(m->sdp), what, why->what,
			expected != NULL ? "; expected " : "",
			expected != NULL ? expected : "");
	if (m->sess->established)
		warning("sdesp: %s\n", reason);
	else
		sess_end(m->sess, reason);
}

/* --- what we say ---------------------------------------------------------- */

static int offer(
	struct menc_media *m, struct sdesp_local *local, struct sdesp_text *out)
{
	struct sdesp_session *s = path_lock(m->path);
	uint64_t now = sdesp_posix_now_ms();
	struct sdesp_session_info was;
	int status;

	sdesp_session_info(s, &was);
	if (was.state == SDESP_CONFIRMED && !m->rekey)
		status = sdesp_session_refresh(s, local, now, out);
	else
		status = sdesp_session_offer(s, local, now, out);
	path_unlock(m->path);
	if (status == 0)
		m->rekey = false;
	return status;
}

static int answer(struct menc_media *m, struct sdesp_local *local,
	struct sdesp_text *out, struct sdesp_why *why)
{
	struct text_section peer;
	struct sdesp_session *s;
	uint64_t now = sdesp_posix_now_ms();
	int status;

	if (text_read(&peer, m->sess->sdp, m->sdp) != 0)
		return SDESP_ERR_LIMIT;
	s = path_lock(m->path);
	/* An offer of ours that libre was to repeat is dropped by now. */
	if (m->sess->established && offering(s))
		sdesp_session_fail(s, now);
	status = sdesp_session_answer(s, &peer.section, local, now, out, why);
	path_unlock(m->path);
	return status;
}

static int write_section(struct menc_media *m, bool is_offer,
	struct sdesp_local *local, struct mbuf *mb)
{
	struct sdesp_why why = {0};
	struct sdesp_text out;
	char text[BODY];
	int status;

	if (m->inner_port == 0)
		m->inner_port = local->addr.port;
	local->inner_port = m->inner_port;
	sdesp_text_init(&out, text, sizeof text);
	status =
		is_offer ? offer(m, local, &out) : answer(m, local, &out, &why);
	if (is_offer && status == SDESP_ERR_STATE && m->sess->established) {
		m->again = true;
		return EBUSY;
	}
	if (status != 0) {
		complain(m, is_offer ? "no offer" : "offer refused", status,
			&why);
		return EPROTO;
	}
	m->open_ms = sdesp_posix_now_ms();
	return text_append(mb, &out);
}

/* Of the stream's SDP: our lines go behind its attributes. An error here
 * keeps the whole body from leaving. */
static int encode(struct mbuf *mb, bool is_offer, void *arg)
{
	struct menc_media *m = arg;
	struct sdesp_local local;
	size_t start = mb->end;
	int err;

	/* Encoded again, before it was agreed on: the same octets. */
	if (m->said != NULL)
		return mbuf_write_mem(mb, m->said->buf, m->said->end);
	err = text_local(&local, mb, m->sdp);
	if (err == 0)
		err = write_section(m, is_offer, &local, mb);
	if (err != 0 || m->sess->established)
		return err;
	m->said = mbuf_alloc(mb->end - start);
	if (m->said == NULL)
		return ENOMEM;
	return mbuf_write_mem(m->said, mb->buf + start, mb->end - start);
}

/* --- what the peer says --------------------------------------------------- */

static int accept_answer(
	struct menc_media *m, struct sdesp_session *s, int final)
{
	struct sdesp_why why = {0};
	struct text_section peer;
	int status = SDESP_ERR_LIMIT;

	if (text_read(&peer, m->sess->sdp, m->sdp) == 0)
		status = sdesp_session_accept(
			s, &peer.section, final, sdesp_posix_now_ms(), &why);
	if (status != 0 && final)
		complain(m, "answer refused", status, &why);
	return status;
}

/* Port 0, which libre also makes of another transport than ours. */
static bool declined(const struct menc_media *m)
{
	return sdp_media_rport(m->sdp) == 0;
}

/* The peer's SDP was decoded: an answer if we have offered. Until the call is
 * established there is no telling 183 from 200; media_established() is. */
static void heard(struct menc_media *m)
{
	struct sdesp_session *s = path_lock(m->path);
	struct sdesp_session_info is;

	sdesp_session_info(s, &is);
	if (declined(m) && m->sess->established && is.spi_out != 0)
		(void)sdesp_session_close(s); /* SPEC 10.5 */
	else if (!declined(m) && offering(s))
		(void)accept_answer(m, s, m->sess->established);
	path_unlock(m->path);
}

/* Does this stream run, inside ESP? */
static bool settle(struct menc_media *m)
{
	struct sdesp_session *s = path_lock(m->path);
	uint64_t now = sdesp_posix_now_ms();
	struct sdesp_session_info is;
	int status = SDESP_OK;

	if (declined(m))
		sdesp_session_fail(s, now);
	else if (offering(s))
		status = accept_answer(m, s, 1);
	sdesp_session_info(s, &is);
	if (is.state == SDESP_ANSWERED)
		status = sdesp_session_confirm(s, now);
	sdesp_session_info(s, &is);
	path_unlock(m->path);
	m->said = mem_deref(m->said);
	return status == SDESP_OK && is.state == SDESP_CONFIRMED;
}

void media_established(struct menc_sess *sess)
{
	struct le *le;
	bool any = false;

	for (le = list_head(&sess->streams); le != NULL; le = le->next) {
		if (settle(le->data))
			any = true;
	}
	sess->established = true;
	if (!any)
		sess_end(sess, "the peer does not take media inside ESP");
}

/* --- what the session says ------------------------------------------------ */

/* baresip starts the stream, and shows prm. */
static void secured(struct menc_media *m)
{
	struct sdesp_session_info now;
	char prm[64];

	path_info(m->path, &now);
	(void)re_snprintf(prm, sizeof prm, "%s,ESP,%s", sdp_media_name(m->sdp),
		sdesp_suite_by_id(now.suite)->name);
	m->sess->eventh(MENC_EVENT_SECURE, prm, m->strm, m->sess->call);
}

/* What libre does not tell; an offer that had to wait. */
static void passed(struct menc_media *m)
{
	uint64_t now = sdesp_posix_now_ms();
	struct sdesp_session_info was;
	int status;

	path_info(m->path, &was);
	if (!m->sess->established)
		return;
	if (was.state == SDESP_CONFIRMED && m->again) {
		m->again = false;
		sess_offer(m->sess);
	} else if (was.state == SDESP_REKEY_ANSWERED &&
		   now - m->open_ms >= CONFIRM_MS) {
		status = sdesp_session_confirm(path_lock(m->path), now);
		path_release(m->path);
		if (status != 0)
			sess_end(m->sess, sdesp_status_text(status));
	} else if (now - m->open_ms >= OFFER_MS &&
		   was.state != SDESP_CONFIRMED && was.state != SDESP_CLOSED) {
		sdesp_session_fail(path_lock(m->path), now);
		path_release(m->path);
	}
}

static void on_event(const struct sdesp_event *ev, void *arg)
{
	static const char *const said[] = {
		[SDESP_EV_ESTABLISHED] = "media runs inside ESP",
		[SDESP_EV_REKEYED] = "new keys are in use",
		[SDESP_EV_REKEY_DUE] = "new keys are due",
		[SDESP_EV_REKEY_FAILED] = "the new keys came to nothing",
		[SDESP_EV_REFRESH_DUE] = "the new keys were refused",
		[SDESP_EV_EXPIRED] = "the keys have expired: nothing is sent",
		[SDESP_EV_PEER_MOVED] = "the peer has moved",
		[SDESP_EV_FAILED] = "ESP has failed"};
	struct menc_media *m = arg;

	if (ev == NULL) {
		passed(m);
		return;
	}
	if (ev->type < ARRAY_SIZE(said) && said[ev->type] != NULL)
		info("sdesp: %s: %s (SPI in %08x, out %08x)\n",
			sdp_media_name(m->sdp), said[ev->type], ev->spi_in,
			ev->spi_out);
	if (ev->type == SDESP_EV_ESTABLISHED)
		secured(m);
	else if (ev->type == SDESP_EV_REKEY_DUE)
		media_rekey(m);
	else if (ev->type == SDESP_EV_REFRESH_DUE)
		m->again = true;
	else if (ev->type == SDESP_EV_FAILED)
		sess_end(m->sess, said[SDESP_EV_FAILED]);
}

void media_rekey(struct menc_media *m)
{
	m->rekey = true;
	m->again = true;
}

/* --- life ----------------------------------------------------------------- */

static void destructor(void *arg)
{
	struct menc_media *m = arg;

	list_unlink(&m->le);
	sdp_media_set_encode_handler(m->sdp, NULL, NULL);
	path_retire(m->path);
	mem_deref(m->sdp);
	mem_deref(m->said);
}

static int start(struct menc_media **mp, struct menc_sess *sess,
	struct udp_sock *rtpsock, struct udp_sock *rtcpsock,
	struct sdp_media *sdpm, const struct stream *strm)
{
	struct menc_media *m = mem_zalloc(sizeof *m, destructor);
	int err;

	if (m == NULL)
		return ENOMEM;
	m->sess = sess;
	m->sdp = mem_ref(sdpm);
	m->strm = strm;
	err = path_alloc(&m->path, rtpsock, rtcpsock, policy, on_event, m);
	if (err != 0) {
		mem_deref(m);
		return err;
	}
	list_append(&sess->streams, &m->le, m);
	sdp_media_set_encode_handler(sdpm, encode, m);
	*mp = m;
	return 0;
}

int media_stream(struct menc_media **mp, struct menc_sess *sess,
	struct rtp_sock *rtp, struct udp_sock *rtpsock,
	struct udp_sock *rtcpsock, const struct sa *raddr_rtp,
	const struct sa *raddr_rtcp, struct sdp_media *sdpm,
	const struct stream *strm)
{
	(void)raddr_rtp;
	(void)raddr_rtcp;
	if (policy == NULL)
		return EPERM; /* the configuration was refused */
	/* RTCP that comes out of ESP goes up through the RTP socket. */
	rtcp_enable_mux(rtp, true);
	if (*mp == NULL)
		return start(mp, sess, rtpsock, rtcpsock, sdpm, strm);
	heard(*mp);
	return 0;
}
