/*
 * One ESP media section of one dialog: offer/answer, keys, SA life cycle.
 * SPEC 5, 9 and 10. SPDX-License-Identifier: MIT
 *
 * A session is the caller's memory, fields private. Nothing it is given is
 * kept but policy, backend and port, which must outlive it. One thread at a
 * time. now_ms is any clock in milliseconds that does not run backwards; the
 * same one in every call of a session.
 *
 * Calls that fail leave session, backend and peer as they were, unless their
 * text says otherwise. A text that must be refused gives a status from -20 to
 * -59 and fills why, which may be NULL.
 */
#ifndef SDESP_SESSION_H
#define SDESP_SESSION_H

#include "sdesp_attr.h"
#include "sdesp_backend.h"
#include "sdesp_port.h"

/* One combination that we offer and accept. */
struct sdesp_proposal {
	uint8_t suite;  /* enum sdesp_suite_id */
	uint8_t method; /* enum sdesp_method */
	uint8_t esn;    /* 1: 64-bit sequence numbers */
};

/* A pre-shared key record (SPEC 7.3): names of 1 to 64 octets, different. */
struct sdesp_psk {
	const char *token;  /* 1 to 64 octets of RFC 8866 token */
	const uint8_t *key; /* 16 to 64 random octets */
	size_t key_len;
	const char *own, *peer;
};

/* When a peer's outer address may follow its packets (SPEC 10.6). */
enum sdesp_move {
	SDESP_MOVE_NEVER,
	SDESP_MOVE_NAT, /* only if its first packet did not come from where
			   * its SDP said */
	SDESP_MOVE_ALWAYS
};

/*
 * What this end is willing to do: the floor. Shared by sessions, constant
 * while they live. Start from sdesp_policy_init().
 */
struct sdesp_policy {
	/* In order of preference. Nothing else is offered or accepted. A
	 * suite with a short ICV is offered last wherever it stands. */
	struct sdesp_proposal proposals[SDESP_MAX_CRYPTO];
	uint8_t nproposals;

	uint8_t psk_required; /* 1: refuse whatever has no PSK= */
	const struct sdesp_psk *psks;
	size_t npsks;
	const char *psk_offer; /* token to offer with; NULL = none */

	uint8_t loopback;         /* 1: loopback addresses are fine */
	uint8_t move;             /* enum sdesp_move */
	uint16_t window;          /* packets, 32 to SDESP_MAX_WINDOW */
	struct sdesp_limits hard; /* soft limits follow from it (SPEC 9.3) */
};

/*
 * Defaults of SPEC 9.3 and 12: X25519 with AES_128_GCM_16, AES_256_GCM_16
 * and CHACHA20_POLY1305, then the same three inline (never used unless the
 * signalling is secured); no PSK; window 64; 8 hours; moves behind NAT.
 */
void sdesp_policy_init(struct sdesp_policy *policy);

/* What this end says of the section, and grants to it. */
struct sdesp_local {
	unsigned index;         /* of the m= line in our SDP, from 0 */
	const char *media;      /* "application", "audio", ... */
	const char *proto;      /* "UDP/ESP", "UDP/ESP/RTP/AVP", ... */
	struct sdesp_addr addr; /* for c= and the m= line's port */
	uint8_t secured;        /* 1: nobody but trusted proxies reads the
				 * signalling (SPEC 12.1) */
	uint8_t direction;      /* enum sdesp_direction to say; 0 = sendrecv */

	/* In place (media inside ESP): the formats and our inner port. */
	const char *fmt;
	uint16_t inner_port;

	/* Generic: modes in order of preference, and all the traffic that the
	 * SAs may carry, as we see it. The outcome never exceeds it. */
	uint8_t modes[2], nmodes;
	uint8_t nts; /* at least 1 */
	struct sdesp_ts ts[SDESP_MAX_TS];
};

enum sdesp_session_state {
	SDESP_IDLE,
	SDESP_OFFERED,  /* our first offer is out */
	SDESP_EARLY,    /* a provisional answer to it is installed */
	SDESP_ANSWERED, /* we answered the first offer; sends after ACK */
	SDESP_CONFIRMED,
	SDESP_REKEY_OFFERED,  /* ours is out, the old pair works */
	SDESP_REKEY_EARLY,    /* provisionally answered, the new pair works */
	SDESP_REKEY_ANSWERED, /* theirs is answered, the old pair sends */
	SDESP_REFRESH_OFFERED,
	SDESP_CLOSED,
	SDESP_SESSION_STATES
};

enum sdesp_event_type {
	SDESP_EV_ESTABLISHED = 1, /* traffic may flow */
	SDESP_EV_REKEYED,         /* a new pair is in use; the old one drains */
	SDESP_EV_REKEY_DUE,       /* make an offer: sdesp_session_offer() */
	SDESP_EV_REKEY_FAILED,    /* the new pair is gone, the old one stays */
	SDESP_EV_REFRESH_DUE,     /* send sdesp_session_refresh() at once */
	SDESP_EV_EXPIRED,        /* hard limit: nothing is sent until a rekey */
	SDESP_EV_PEER_MOVED,     /* addr is the peer's new outer address */
	SDESP_EV_PEER_ELSEWHERE, /* valid packets from addr, not followed */
	SDESP_EV_DRAINED,        /* the old inbound SA is deleted */
	SDESP_EV_FAILED          /* the backend failed: status says how */
};

struct sdesp_event {
	uint8_t type; /* enum sdesp_event_type */
	int status;
	uint32_t spi_in, spi_out;
	struct sdesp_addr addr;
};

/* A pair of SAs as the session sees it; without keys. */
struct sdesp_session_info {
	uint8_t state; /* enum sdesp_session_state */
	uint8_t suite, method, esn, psk;
	uint8_t held;             /* 1: on hold, nothing is sent */
	uint32_t spi_in, spi_out; /* in use; 0 = no pair */
	uint32_t spi_drain;       /* old inbound; 0 = none */
	uint64_t since_ms;        /* when the pair was installed */
	uint64_t rekey_ms;        /* when REKEY_DUE comes by time; 0 = never */
	uint64_t expire_ms;       /* when EXPIRED comes by time; 0 = never */
	struct sdesp_flow flow;
};

#include "sdesp_session_private.h"

/*
 * Begin. policy, backend and port are kept. SDESP_ERR_ARG: a policy value
 * out of range. Until sdesp_session_close() the session must not be moved.
 */
SDESP_CHECK int sdesp_session_init(struct sdesp_session *s,
	const struct sdesp_policy *policy, struct sdesp_backend *backend,
	const struct sdesp_port *port);

/*
 * Write an offer: the first one of the dialog, or a rekey. Reserves an SPI.
 * out receives one media section (m=, c=, attributes, CRLF); for an SDP body
 * of other sections the caller puts it at local->index. A stack with its own
 * SDP objects reads the pairs back with sdesp_sdp_next() on out. SPEC 5.1.
 *
 * SDESP_ERR_STATE    an offer of ours or a rekey of theirs is open
 * SDESP_ERR_ARG      local is inconsistent
 * SDESP_ERR_POLICY   nothing is left that policy, backend and signalling allow
 * SDESP_ERR_SPACE    out is too small
 * SDESP_ERR_RANDOM, SDESP_ERR_BACKEND
 */
SDESP_CHECK int sdesp_session_offer(struct sdesp_session *s,
	const struct sdesp_local *local, uint64_t now_ms,
	struct sdesp_text *out);

/*
 * Write an offer that keeps the keys: hold, resume, a moved address, a SIP
 * session timer. SPEC 10.3. Errors as above; SDESP_ERR_STATE also when there
 * is no pair.
 */
SDESP_CHECK int sdesp_session_refresh(struct sdesp_session *s,
	const struct sdesp_local *local, uint64_t now_ms,
	struct sdesp_text *out);

/*
 * Read an offer and write the answer. Whether it is the first offer, a
 * refresh or a rekey follows from the text (SPEC 10.2). Both SAs are
 * installed when this returns 0; the answer may leave then, never before.
 * Call it only once the local user or policy accepts the call.
 *
 * On refusal answer 488 (or a rejected stream: sdesp_section_reject()), on
 * SDESP_ERR_GLARE 491; a pair in use stays. SDESP_ERR_STATE: closed, or our
 * answer to an earlier offer is not settled yet and this is no refresh: answer
 * 500 with Retry-After.
 */
SDESP_CHECK int sdesp_session_answer(struct sdesp_session *s,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	uint64_t now_ms, struct sdesp_text *out, struct sdesp_why *why);

/*
 * Read an answer to our offer: provisional (183 and the like) or final
 * (2xx, ACK of an offerless INVITE, PRACK, UPDATE). The SAs are installed and
 * in use when this returns 0. An answer equal to the accepted one changes
 * nothing and returns 0. SPEC 5.3, 10.1.
 *
 * SDESP_ERR_FORKED   another branch than the one or two allowed: ACK and BYE
 *                    it, or offer afresh there
 * SDESP_ERR_STATE    no offer is open
 * A provisional answer that fails changes nothing. A final one that fails ends
 * the offer: a first one leaves the session IDLE (ACK, BYE, close), a rekey
 * CONFIRMED with the old pair: send a refresh (SDESP_EV_REFRESH_DUE), or BYE.
 */
SDESP_CHECK int sdesp_session_accept(struct sdesp_session *s,
	const struct sdesp_section *answer, int final, uint64_t now_ms,
	struct sdesp_why *why);

/* ACK (or PRACK, or UPDATE's 2xx) for our answer has come, or has left.
 * SPEC 10.1, 10.3. SDESP_ERR_STATE: nothing waits for it (harmless). */
SDESP_CHECK int sdesp_session_confirm(struct sdesp_session *s, uint64_t now_ms);

/*
 * The open offer, ours or theirs, came to nothing: 3xx to 6xx, CANCEL, time
 * out. What it installed is deleted, an old pair stays; after our own failed
 * rekey REKEY_DUE comes again after a random pause (SPEC 10.4). A refresh that
 * we answered less than 32 s ago and that is not confirmed is undone: address
 * and direction are as before (SPEC 10.3); events say if the backend fails.
 */
void sdesp_session_fail(struct sdesp_session *s, uint64_t now_ms);

/*
 * Let time pass: lifetimes, switch, drain, retries. Returns when to call
 * again at the latest, on the same clock; UINT64_MAX = nothing is due.
 */
uint64_t sdesp_session_tick(struct sdesp_session *s, uint64_t now_ms);

/* Hand over an event of the backend. 1: it was this session's; 0: not. */
int sdesp_session_notify(struct sdesp_session *s,
	const struct sdesp_backend_event *event, uint64_t now_ms);

/*
 * Take every event of a backend and hand each to the session of n that owns
 * it. Negative when the backend's source of events is gone.
 */
SDESP_CHECK int sdesp_sessions_poll(struct sdesp_backend *backend,
	struct sdesp_session *const *sessions, size_t n, uint64_t now_ms);

/* Take the next event for the caller: 1 and *event, or 0. */
int sdesp_session_event(struct sdesp_session *s, struct sdesp_event *event);

void sdesp_session_info(
	const struct sdesp_session *s, struct sdesp_session_info *info);

/*
 * End: every SA, SPI and policy is deleted, every secret wiped. May be called
 * in any state and again. A backend failure is returned, but everything that
 * can be removed is. Close only after the last message has left (SPEC 9.5).
 */
int sdesp_session_close(struct sdesp_session *s);

/*
 * Write or read back a session, secrets included, for a process that ends
 * between offer and answer. *len is capacity in, size out (SDESP_ERR_SPACE:
 * size needed). Loading trusts the octets no more than any input: anything
 * foreign, short or of another version is SDESP_ERR_SYNTAX and s is wiped.
 * The backend must still hold the same SAs. now_ms must be of one clock.
 */
SDESP_CHECK int sdesp_session_save(
	const struct sdesp_session *s, uint8_t *buf, size_t *len);
SDESP_CHECK int sdesp_session_load(struct sdesp_session *s,
	const struct sdesp_policy *policy, struct sdesp_backend *backend,
	const struct sdesp_port *port, const uint8_t *buf, size_t len);

/* The section of an SDP answer that declines this one: port 0. RFC 3264 6. */
void sdesp_section_reject(
	struct sdesp_text *out, const struct sdesp_section *section);

#endif
