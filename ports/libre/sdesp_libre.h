/*
 * Calls with one ESP section over libre's SIP (RFC 3261, 3264, 3311, 4028):
 * the map of docs/integrating.md, done. SPDX-License-Identifier: MIT
 *
 *	sip_alloc(&sip, ...); sip_transp_add(sip, ...);    libre's own
 *	sdesp_libre_alloc(&ua, &config);
 *	sdesp_call_make(&call, ua, &target, &setup);       or config.incoming
 *	re_main(...);                                      handlers are called
 *	sdesp_call_hangup(call);                           .closed comes last
 *	mem_deref(ua); sip_close(sip, true); mem_deref(sip);
 *
 * Everything runs in libre's thread, inside re_main() or before it. A struct
 * sdesp_call is libre's: counted memory. It is the adapter's from the moment
 * it is there until the closed handler has returned; a program that keeps it
 * longer takes mem_ref(). Handlers may call anything here, hangup included.
 * Sessions run on the clock of sdesp_posix_now_ms().
 *
 * What is done without being asked: ACK, retransmission, CANCEL, 491 and its
 * retries, digest answers, session timers, rekeys that are due, refreshes that
 * are due, BYE when one fails, ACK and BYE for the losers of a fork. A peer
 * that demands 100rel gets 420: this end has no PRACK.
 */
#ifndef SDESP_LIBRE_H
#define SDESP_LIBRE_H

#include "sdesp_session.h"

struct sip;
struct sip_msg;
struct tls;

struct sdesp_libre; /* all calls of one SIP stack */
struct sdesp_call;

enum sdesp_libre_transport {
	SDESP_LIBRE_UDP,
	SDESP_LIBRE_TCP,
	SDESP_LIBRE_TLS
};

/* Who calls. Texts end with NUL and live as long as the call. */
struct sdesp_caller {
	const char *from; /* URI of From; anybody can write one there */
	/* URIs of P-Asserted-Identity as received, NULL = none: to be looked
	 * at only when source is a trusted proxy's (RFC 3325 section 5). */
	const char *asserted[2];
	const char *target;       /* the request's URI */
	struct sdesp_addr source; /* whom the request came from */
	uint8_t transport;        /* enum sdesp_libre_transport */
	uint8_t secured; /* 1: it came over TLS or loopback on every hop that
			  * its Via fields name */
};

/*
 * How a call's ESP section is to be. policy, backend and the strings in local
 * must live until the closed handler was called; the struct itself is copied.
 * local.index need not be set: it follows the peer's offer. local.secured is
 * added to what the adapter sees itself: leave it 0, unless the program knows
 * more (an operator's word).
 */
struct sdesp_call_setup {
	const struct sdesp_policy *policy;
	struct sdesp_backend *backend;
	struct sdesp_local local;
	void *arg; /* of the handlers below, for this call */
};

/* Where an outgoing call goes. Strings are copied. */
struct sdesp_call_target {
	const char *uri;   /* "sip:..."; ";transport=tcp" or tls in it counts */
	const char *from;  /* our URI */
	const char *route; /* URI of the first hop; NULL = uri itself */
	uint8_t offerless; /* 1: INVITE without SDP, the peer offers */
};

enum sdesp_call_why {
	SDESP_CALL_HUNG_UP,      /* this end, or the program, ended it */
	SDESP_CALL_BYE,          /* the peer ended it */
	SDESP_CALL_CANCELED,     /* the caller did before it was answered */
	SDESP_CALL_REFUSED,      /* by a final response of 300 or more: scode */
	SDESP_CALL_NO_AGREEMENT, /* the section was refused: status, text */
	SDESP_CALL_TIMEOUT,   /* no response, no ACK, or the session expired */
	SDESP_CALL_TRANSPORT, /* nothing can be sent: error */
	SDESP_CALL_BACKEND    /* status: the session's backend failed */
};

/* Valid during the closed handler. */
struct sdesp_call_end {
	enum sdesp_call_why why;
	uint16_t scode;      /* SIP status sent or received; 0 = none */
	int status;          /* enum sdesp_status; 0 = none */
	int error;           /* errno; 0 = none */
	const char *text;    /* one line for people, never NULL: the reason
			   * phrase, the peer's Warning, the refusal */
	const char *contact; /* 3xx: where else to try; else NULL */
};

struct sdesp_libre_config {
	struct sip *sip;
	const struct sdesp_port *port; /* must outlive the calls */
	const char *user; /* user part of Contact, or a whole URI */

	/* Session timer (RFC 4028), in seconds; 0 takes 1800 and 90. An
	 * interval below 90 is for tests alone. */
	uint32_t session_expires, min_se;

	uint8_t update; /* 1: rekey and refresh by UPDATE where the peer takes
			 * it; 0: by re-INVITE */

	/* NULL, or: user name and password for a realm, both allocated with
	 * libre (str_dup); 0, or errno. */
	int (*auth)(char **user, char **password, const char *realm, void *arg);

	/* An INVITE has come. Now or later the program calls one of
	 * sdesp_call_accept() and sdesp_call_reject(); until then nothing of
	 * the body was looked at and the caller has only seen 100. NULL: every
	 * call is refused with 480. */
	void (*incoming)(struct sdesp_call *call,
		const struct sdesp_caller *caller, void *arg);

	/* NULL, or: sessions were called; tick the backends (see
	 * sdesp_udp_tick()). Not for calls of sdesp_libre_poll(). */
	void (*touched)(void *arg);
	void *arg; /* of the three above */

	/* With arg of the setup (NULL before there is one). event and progress
	 * may be NULL. */

	/* 1xx to an outgoing call. */
	void (*progress)(struct sdesp_call *call, unsigned scode, void *arg);

	/* The session's events as they come, ESTABLISHED and REKEYED too.
	 * REKEY_DUE and REFRESH_DUE are seen to already. */
	void (*event)(struct sdesp_call *call, const struct sdesp_event *event,
		void *arg);

	/* The session is closed, its SAs are deleted, the last message has
	 * left. Once for every call that sdesp_call_make() gave or incoming
	 * was shown; must not be NULL. */
	void (*closed)(struct sdesp_call *call,
		const struct sdesp_call_end *end, void *arg);
};

/*
 * Begin: listen to the stack's requests. One for each struct sip. config is
 * copied. ua is counted memory; when the last reference goes, so do all calls,
 * their SAs deleted, without a message or a handler: sdesp_libre_hangup() and
 * patience are the polite way.
 *
 * SDESP_ERR_ARG    something mandatory is NULL, or an interval too short
 * SDESP_ERR_SPACE  no memory
 */
SDESP_CHECK int sdesp_libre_alloc(
	struct sdesp_libre **ua, const struct sdesp_libre_config *config);

/* How many calls there are, those that are ending included. */
unsigned sdesp_libre_calls(const struct sdesp_libre *ua);

/* sdesp_call_hangup() for every call. */
void sdesp_libre_hangup(struct sdesp_libre *ua);

/*
 * Hand a backend's events to the calls: when its descriptor is readable, and
 * after it was called. Negative: as sdesp_sessions_poll().
 */
SDESP_CHECK int sdesp_libre_poll(
	struct sdesp_libre *ua, struct sdesp_backend *backend);

/*
 * Let a TLS context of libre demand that servers prove to be host (a DNS name
 * or an IP literal), by the authorities of tls_add_ca(). libre alone proves
 * nothing. SDESP_ERR_ARG: host cannot be set.
 */
SDESP_CHECK int sdesp_libre_verify(struct tls *tls, const char *host);

/*
 * Call. *call is valid at once; what becomes of it the handlers tell, never
 * during this call.
 *
 * SDESP_ERR_ARG      a URI or the setup does not do
 * SDESP_ERR_SPACE    no memory
 * SDESP_ERR_BACKEND  libre cannot send there (unknown transport, no route)
 * as sdesp_session_init() and sdesp_session_offer()
 */
SDESP_CHECK int sdesp_call_make(struct sdesp_call **call,
	struct sdesp_libre *ua, const struct sdesp_call_target *target,
	const struct sdesp_call_setup *setup);

/* 180: people are asked. Only before accept or reject. */
SDESP_CHECK int sdesp_call_ring(struct sdesp_call *call);

/*
 * Take an incoming call: answer its offer, or offer when it had none, in 200.
 * When no agreement is possible the caller gets 488 and a Warning (415, 400
 * for bodies that are none of ours), and closed follows; returns 0 then too.
 *
 * SDESP_ERR_STATE  not an incoming call that waits
 * SDESP_ERR_ARG    as sdesp_session_init(); answered with 500
 */
SDESP_CHECK int sdesp_call_accept(
	struct sdesp_call *call, const struct sdesp_call_setup *setup);

/* Refuse it: 300 to 699. reason is the phrase of the status line. closed
 * follows. SDESP_ERR_STATE as above; SDESP_ERR_ARG: scode. */
SDESP_CHECK int sdesp_call_reject(
	struct sdesp_call *call, uint16_t scode, const char *reason);

/* End it: CANCEL, 480 or BYE, as is right now. closed follows, once the peer
 * has answered or cannot be reached. Again is fine. */
void sdesp_call_hangup(struct sdesp_call *call);

/*
 * New keys; hold (1) or resume (0); our address is another one. As soon as no
 * other offer is open, and again after glare. rekeyed, or the session's info,
 * says when it is done. SDESP_ERR_STATE: the call is not established.
 */
SDESP_CHECK int sdesp_call_rekey(struct sdesp_call *call);
SDESP_CHECK int sdesp_call_hold(struct sdesp_call *call, int hold);
SDESP_CHECK int sdesp_call_move(
	struct sdesp_call *call, const struct sdesp_addr *addr);

/* As sdesp_session_info(); state SDESP_CLOSED and zeros once it is closed. */
void sdesp_call_info(
	const struct sdesp_call *call, struct sdesp_session_info *info);

/* Call-ID; valid as long as the call. */
const char *sdesp_call_id(const struct sdesp_call *call);

/* The other end's URI: To of our call, From of theirs. */
const char *sdesp_call_peer(const struct sdesp_call *call);

#endif
