/*
 * The inside of a call over libre, shared by the files of this folder.
 * SPDX-License-Identifier: MIT
 *
 * A call has at most one transaction of ours (out) and one 2xx of ours that
 * waits for its ACK (reply) at a time; what it wants to send next waits in
 * want. libre's requests and timers point at the call, so it is not freed
 * before they are through: each open request holds a reference.
 */
#ifndef SDESP_LIBRE_CALL_H
#define SDESP_LIBRE_CALL_H

#include "ports/libre/sdesp_re.h"

#include "sdesp_libre.h"

#define AROUND_MAX 2048 /* octets of declined sections, each side of ours */

/* RFC 3261 17.1.1.1: how long a transaction can take. */
#define TRANSACTION_MS (64 * SIP_T1)

#define ALLOWED "INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"

struct sdesp_libre {
	struct sdesp_libre_config config;
	struct sip_lsnr *requests, *responses;
	struct list calls; /* struct sdesp_call */
	struct list forks; /* struct fork */
	bool touching, again;
};

enum phase {
	PHASE_INCOMING, /* the program is asked */
	PHASE_CALLING,  /* our INVITE is out */
	PHASE_ANSWERED, /* our 2xx is out, no ACK yet */
	PHASE_UP,
	PHASE_ENDING, /* the last message is on its way */
	PHASE_ENDED
};

/* What the call would like to send, best first; a mask. */
enum want {
	WANT_REKEY = 1,
	WANT_REFRESH = 2,
	WANT_ALIVE = 4, /* a session timer's refresh */
	WANT_MUST = 8   /* if it fails, the call is over */
};

/* What an own request carries. */
enum carried { CARRIED_NONE, CARRIED_REKEY, CARRIED_REFRESH };

struct out {
	struct sip_request *req;
	struct sip_loopstate loop;
	struct mbuf *body; /* NULL: none */
	bool update;       /* UPDATE, else INVITE */
	bool must;
	enum carried carried;
};

/* A 2xx of ours to an INVITE, sent until its ACK comes. */
struct reply {
	struct mbuf *mb; /* NULL: none waits */
	struct sip_msg *invite;
	struct sa dst;
	struct tmr resend, give_up;
	unsigned sent;
	bool offer; /* it carries our offer; the answer is in the ACK */
	bool last;  /* the stream was ended in it: BYE follows */
};

/* An ACK, kept for the 2xx that comes again. */
struct ack {
	struct sip_dialog *dlg;
	struct sip_request *req; /* while its way is being looked up */
	struct mbuf *mb;
	struct sa dst;
	enum sip_transp tp;
	uint32_t cseq;
};

/* Session timer, RFC 4028. */
struct expiry {
	uint32_t interval; /* seconds */
	uint32_t min_se;
	bool agreed; /* the peer counts, too */
	bool ours;   /* we refresh */
	struct tmr tmr;
};

/* Declined sections of the body, before and after ours. */
struct others {
	char before[AROUND_MAX], after[AROUND_MAX];
	size_t nbefore, nafter;
};

struct sdesp_call {
	struct le le;
	struct sdesp_libre *ua; /* NULL: it is gone, and nothing happens */
	enum phase phase;
	bool listed;        /* the ua holds a reference */
	bool owner;         /* of the Call-ID: we sent the first INVITE */
	bool begun;         /* there is a session */
	bool updates;       /* the peer takes UPDATE */
	bool secured;       /* the way of the signalling, as seen */
	bool setup_secured; /* the program's word */
	bool hung_up; /* CALLING, ANSWERED: end it once that is possible */

	struct sip_dialog *dlg; /* CALLING: none yet */
	struct sip_auth *auth;
	struct fork *fork; /* our INVITE's branches */
	struct ack *ack;   /* of our last INVITE that was answered */

	struct sdesp_session session;
	struct sdesp_call_setup setup; /* local: as we want it */
	struct sdesp_local offered;    /* as it stands in our open offer */
	struct sdesp_local agreed;     /* as the peer has agreed to */
	uint8_t direction;             /* when not on hold */

	uint64_t origin;
	uint32_t version;
	struct mbuf *text; /* the last body that we wrote */
	struct others others;

	struct sip_strans *st;  /* INCOMING: its transaction */
	struct sip_msg *invite; /* INCOMING: the request */
	struct reply reply;
	struct out out;
	struct sip_request *bye;
	bool bye_again; /* with credentials */

	unsigned want;   /* mask of enum want */
	unsigned failed; /* rekeys in a row */
	struct tmr tick, retry, closing;
	struct expiry expiry;

	struct sdesp_call_end end;
	char *end_text, *end_contact;
	struct sdesp_caller caller;
	char *from, *asserted[2], *target, *callid;
	const char *peer;
};

/* --- call.c ------------------------------------------------------------- */

struct sdesp_call *sdesp_call_alloc(struct sdesp_libre *ua);

/* The setup becomes the call's; the session begins. */
SDESP_CHECK int sdesp_call_begin(
	struct sdesp_call *call, const struct sdesp_call_setup *setup);

/* Take the session's events, send what is wanted, set the clock. After every
 * call of a session. */
void sdesp_call_pump(struct sdesp_call *call);

/* Remember why; the first reason stays. text may be NULL. */
void sdesp_call_why(struct sdesp_call *call, enum sdesp_call_why why,
	uint16_t scode, int status, const char *text);

/* Nothing more is to be sent: close, tell the program, as soon as libre is
 * back in its loop. */
void sdesp_call_end(struct sdesp_call *call);

/* The ua is going: no message, no handler. Drops its reference. */
void sdesp_call_kill(struct sdesp_call *call);

bool sdesp_call_alive(const struct sdesp_call *call);

/* For call->retry: go on with what is wanted. */
void sdesp_call_retry(void *arg);

uint64_t sdesp_call_now(void);

/* Let the program tick its backends. */
void sdesp_libre_touch(struct sdesp_libre *ua);

/* --- body.c ------------------------------------------------------------- */

/* Where the SDP of a message is: 0, and sdp->len 0 when it has no body that
 * counts; else the status code that refuses the message. */
uint16_t sdesp_sip_body_sdp(struct sdesp_span *sdp, const struct sip_msg *msg);

/* A body around a section, the same again while the text is the same. NULL:
 * no memory, or the section's status is bad. */
struct mbuf *sdesp_sip_body_make(
	struct sdesp_call *call, const struct sdesp_text *section);

/* A body that declines every section of an offer. */
struct mbuf *sdesp_sip_body_decline(
	struct sdesp_call *call, struct sdesp_span sdp);

/* The sections of an offer that are not ours. false: too many. */
bool sdesp_sip_body_others(
	struct others *others, struct sdesp_span sdp, unsigned index);

/* The headers of all our messages with Allow, further ones (CRLF included, may
 * be ""), then body, which may be NULL. */
struct mbuf *sdesp_sip_body_tail(const char *headers, const struct mbuf *body);

/* --- media.c: offers and answers of the session, as bodies -------------- */

/* An offer; its body, or NULL with the status. */
SDESP_CHECK int sdesp_sip_media_offer(
	struct sdesp_call *call, enum carried carried, struct mbuf **body);

/* Answer an offer. first: of the dialog. why is filled by refusals. */
SDESP_CHECK int sdesp_sip_media_answer(struct sdesp_call *call,
	struct sdesp_span sdp, bool first, bool secured, struct mbuf **body,
	struct sdesp_why *why);

/* Read an answer. A provisional one that will not do changes nothing. */
int sdesp_sip_media_accept(struct sdesp_call *call, struct sdesp_span sdp,
	bool final, struct sdesp_why *why);

/* Read the final answer of a message; *there: it has SDP. */
SDESP_CHECK int sdesp_sip_media_final(struct sdesp_call *call,
	const struct sip_msg *msg, bool *there, struct sdesp_why *why);

/* The open offer, either side's, came to nothing. */
void sdesp_sip_media_fail(struct sdesp_call *call);

/* --- warning.c ---------------------------------------------------------- */

#define WARNING_MAX 256

/* A Warning header with CRLF for a refusal. */
const char *sdesp_sip_warning_print(
	char text[WARNING_MAX], int status, const struct sdesp_why *why);

/* One line for people: reason phrase, and the Warning if there is one. */
char *sdesp_sip_warning_read(const struct sip_msg *msg);

/* May it be shown to people? No URI has a control character. */
bool sdesp_sip_printable(const struct pl *uri);

/* What and where, for people. */
const char *sdesp_sip_warning_text(
	char text[WARNING_MAX], int status, const struct sdesp_why *why);

/* --- secured.c ---------------------------------------------------------- */

void sdesp_sip_addr(struct sdesp_addr *addr, const struct sa *sa);

/* Did a request come over TLS or loopback on every hop? */
bool sdesp_sip_secured_request(const struct sip_msg *msg);

/* Does the first hop of a URI run over TLS or loopback for sure? */
bool sdesp_sip_secured_uri(const char *uri);

/* --- incoming.c --------------------------------------------------------- */

void sdesp_sip_incoming_invite(
	struct sdesp_libre *ua, const struct sip_msg *msg);

/* Options in Require that we do not have: answered with 420. */
bool sdesp_sip_incoming_demands(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg);

/* --- outgoing.c --------------------------------------------------------- */

/* Writes Contact; refuses a way that is not as secured as was said. */
sip_send_h sdesp_sip_contact;

/* --- fork.c ------------------------------------------------------------- */

/* What became of our INVITE: branches that answered, the winner apart. The
 * ua's, until sdesp_sip_fork_close() and some time have passed, or sdesp_sip_fork_drop(). */
struct fork *sdesp_sip_fork_alloc(
	struct sdesp_libre *ua, struct sip_dialog *base, struct sip_auth *auth);
struct sip_dialog *sdesp_sip_fork_base(const struct fork *fork);

/* The dialog of the branch that answered first; the others' 2xx are taken from
 * now on, for as long as they may come. NULL: the message does not do. */
struct sip_dialog *sdesp_sip_fork_win(
	struct fork *fork, const struct sip_msg *msg);

/* No branch is wanted any more. */
void sdesp_sip_fork_close(struct fork *fork);

/* Forget it now. */
void sdesp_sip_fork_drop(struct fork *fork);

/* A 2xx to an INVITE that no transaction waits for. */
bool sdesp_sip_fork_response(struct sdesp_libre *ua, const struct sip_msg *msg);

/* --- ack.c -------------------------------------------------------------- */

/* Send an ACK and keep it; body may be NULL. *ackp is replaced. */
int sdesp_sip_ack_send(struct ack **ackp, struct sip *sip,
	struct sip_dialog *dlg, struct sip_auth *auth, uint32_t cseq,
	const struct mbuf *body);
bool sdesp_sip_ack_matches(const struct ack *ack, const struct sip_msg *msg);
void sdesp_sip_ack_again(const struct ack *ack, struct sip *sip);

/* --- reply.c ------------------------------------------------------------ */

/* Send a 2xx to an INVITE until its ACK comes. *st may be NULL. false: it
 * cannot be sent. */
bool sdesp_sip_reply_send(struct sdesp_call *call, struct sip_strans **st,
	const struct sip_msg *msg, const struct mbuf *body, bool offer);
/* Headers and body of a 2xx that settles the session timer. */
struct mbuf *sdesp_sip_reply_tail(struct sdesp_call *call,
	const struct sip_msg *msg, const struct mbuf *body);

void sdesp_sip_reply_drop(struct sdesp_call *call);
void sdesp_sip_reply_ack(struct sdesp_call *call, const struct sip_msg *msg);

/* A final refusal, headers as for sdesp_sip_body_tail(). */
void sdesp_sip_reply_refuse(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode, const char *reason,
	const char *headers);

/* What OPTIONS asks for. RFC 3261 11.2. */
void sdesp_sip_reply_options(struct sdesp_libre *ua, const struct sip_msg *msg);

/* The refusal of a body. */
void sdesp_sip_reply_no_body(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode);

/* The refusal of an offer, by its status. */
void sdesp_sip_reply_no_agreement(struct sdesp_libre *ua,
	struct sip_strans **st, const struct sip_msg *msg, int status,
	const struct sdesp_why *why);

/* --- again.c ------------------------------------------------------------ */

/*
 * Send a request of ours once more, as it was but for its headers, if the
 * response asks for that: credentials, a longer interval. false: it does not,
 * or it has before.
 */
bool sdesp_sip_again(struct sdesp_call *call, const struct sip_msg *msg,
	int (*send)(struct sdesp_call *call));

/* --- offer.c: our requests within the dialog ---------------------------- */

/* Send what is wanted, if now is the time. */
void sdesp_sip_offer_next(struct sdesp_call *call);

/* --- dialog.c: the peer's requests within the dialog -------------------- */

bool sdesp_sip_dialog_request(
	struct sdesp_call *call, const struct sip_msg *msg);

/* --- bye.c -------------------------------------------------------------- */

void sdesp_sip_bye_send(struct sdesp_call *call);

/* End an established call, for this reason. */
void sdesp_sip_bye_because(struct sdesp_call *call, enum sdesp_call_why why,
	int status, const char *text);

/* --- timer.c: RFC 4028 -------------------------------------------------- */

#define TIMER_HEADERS 128

/* Headers of a first INVITE (first), or of a request within the dialog. */
const char *sdesp_sip_timer_offer(
	char text[TIMER_HEADERS], const struct sdesp_call *call, bool first);

/* Is the interval that a request asks for too short? */
bool sdesp_sip_timer_too_short(
	const struct sdesp_call *call, const struct sip_msg *msg);

/* The number that a header begins with; 0 = none. */
uint32_t sdesp_sip_timer_seconds(const struct sip_hdr *hdr);

/* Settle the interval by a request; the headers of its 2xx. */
const char *sdesp_sip_timer_answer(char text[TIMER_HEADERS],
	struct sdesp_call *call, const struct sip_msg *msg);

/* Settle the interval by the 2xx to our request. */
void sdesp_sip_timer_accept(struct sdesp_call *call, const struct sip_msg *msg);

/* 422 has come: take its Min-SE. false: there is no better one. */
bool sdesp_sip_timer_raise(struct sdesp_call *call, const struct sip_msg *msg);

#endif
