/*
 * What this module uses of baresip 1.0.0, declared by hand: Debian ships the
 * program without its headers. Layouts and signatures were checked against
 * the program (which fields it reads, which registers it fills); libre's own
 * come from libre-dev.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BARESIP_ABI_H
#define SDESP_BARESIP_ABI_H

/* As libre was built: else its bool is another type. */
#ifndef HAVE_STDBOOL_H
#define HAVE_STDBOOL_H 1
#endif
#ifndef HAVE_INTTYPES_H
#define HAVE_INTTYPES_H 1
#endif
#include <re.h>

struct call;
struct ua;
struct account;
struct stream;
struct commands;

/* --- media encryption --- */

/* Ours to define. baresip holds them with mem_ref() and mem_deref(). */
struct menc_sess;
struct menc_media;

enum menc_event {
	MENC_EVENT_SECURE, /* prm names the stream: "audio" or "video" */
	MENC_EVENT_VERIFY_REQUEST,
	MENC_EVENT_PEER_VERIFIED
};

typedef void(menc_event_h)(enum menc_event event, const char *prm,
	const struct stream *strm, void *arg);
typedef void(menc_error_h)(int err, void *arg);

/* Once a call, before its streams; arg of the handlers is the call. */
typedef int(menc_sess_h)(struct menc_sess **sessp, struct sdp_session *sdp,
	bool offerer, menc_event_h *eventh, menc_error_h *errorh, void *arg);

/* Once when a stream is made, and again whenever the peer's SDP was read.
 * rtcpsock is NULL when RTCP shares the RTP socket. */
typedef int(menc_media_h)(struct menc_media **mp, struct menc_sess *sess,
	struct rtp_sock *rtp, struct udp_sock *rtpsock,
	struct udp_sock *rtcpsock, const struct sa *raddr_rtp,
	const struct sa *raddr_rtcp, struct sdp_media *sdpm,
	const struct stream *strm);

struct menc {
	struct le le;
	const char *id;        /* of ";mediaenc=" */
	const char *sdp_proto; /* of the m= line */
	bool wait_secure;      /* send nothing before MENC_EVENT_SECURE */
	menc_sess_h *sessh;
	menc_media_h *mediah;
	void *later[1]; /* appended by later versions; NULL = none */
};

struct list *baresip_mencl(void);
void menc_register(struct list *mencl, struct menc *menc);
void menc_unregister(struct menc *menc);

/* --- calls --- */

/* Numbers differ between versions: compare the name, uag_event_str(). */
typedef int ua_event;
typedef void(ua_event_h)(struct ua *ua, ua_event ev, struct call *call,
	const char *prm, void *arg);

int uag_event_register(ua_event_h *eh, void *arg);
void uag_event_unregister(ua_event_h *eh);
const char *uag_event_str(ua_event ev);
struct list *uag_list(void);
struct list *ua_calls(const struct ua *ua);
void ua_hangup(
	struct ua *ua, struct call *call, uint16_t scode, const char *reason);
struct account *ua_account(const struct ua *ua);
const char *account_mediaenc(const struct account *acc);
int account_set_mediaenc(struct account *acc, const char *mencid);

/* Encode SDP and send it in a re-INVITE. */
int call_modify(struct call *call);

/* --- the rest --- */

struct cmd {
	const char *name;
	char key; /* 0 = none */
	int flags;
	const char *desc;
	re_printf_h *h;
};

struct commands *baresip_commands(void);
int cmd_register(
	struct commands *commands, const struct cmd *cmdv, size_t cmdc);
void cmd_unregister(struct commands *commands, const struct cmd *cmdv);

struct conf *conf_cur(void);

void info(const char *fmt, ...);
void warning(const char *fmt, ...);

#endif
