/*
 * Between the files of this room. SPDX-License-Identifier: MIT
 *
 *	table.c    what may happen in which state, and what comes next
 *	session.c  begin, look at, end
 *	offer.c    our offers        read.c    the peer's sections
 *	answer.c   the peer's offers reply.c   our answers with new keys
 *	accept.c   the peer's answers adopt.c   their pair
 *	key.c      the keys of both
 *	install.c  pairs: key, switch, promote, drop, expire, drain
 *	notify.c   the backend's events        tick.c  time
 *	event.c    the caller's events         save.c  to octets and back
 */
#ifndef SDESP_SESSION_SESSION_H
#define SDESP_SESSION_SESSION_H

#include "nego/choose.h"
#include "nego/keys.h"
#include "sdesp_session.h"

/* table.c */

/* What can happen to a session: the columns of its table (SPEC 9.4). */
enum sdesp_input {
	SDESP_IN_OFFER,        /* we offer: first or rekey */
	SDESP_IN_REFRESH,      /* we offer: refresh */
	SDESP_IN_PEER_OFFER,   /* the peer offers: first or rekey */
	SDESP_IN_PEER_REFRESH, /* the peer offers: refresh */
	SDESP_IN_PROVISIONAL,  /* a good provisional answer */
	SDESP_IN_FINAL,        /* a good final answer */
	SDESP_IN_REFUSED,      /* a final answer that we refuse */
	SDESP_IN_CONFIRM,      /* ACK, PRACK, UPDATE's 2xx */
	SDESP_IN_FAIL,         /* the open offer came to nothing */
	SDESP_IN_SETTLED,      /* a rekey we answered: confirmed, switched */
	SDESP_IN_GIVE_UP,      /* a rekey we answered: no sign in time */
	SDESP_IN_CLOSE,
	SDESP_INPUTS
};

/* The next state, or the negative status that refuses the input. */
int sdesp_table_next(unsigned state, enum sdesp_input input);

/* Likewise for a session, whose state stays; and with the state moved. */
int sdesp_session_may(const struct sdesp_session *s, enum sdesp_input input);
void sdesp_session_go(struct sdesp_session *s, enum sdesp_input input);

/* session.c */

/* The flow and keys that offers are held against: the live pair's. NULL in a
 * dialog that has had none. */
const struct sdesp_keying *sdesp_session_live(const struct sdesp_session *s);

/*
 * Check what the caller says of this end, and that it is what it said before.
 * Fills floor. SDESP_ERR_ARG, SDESP_ERR_POLICY.
 */
SDESP_CHECK int sdesp_session_local(const struct sdesp_session *s,
	const struct sdesp_local *local, struct sdesp_floor *floor);

/* Remember the section of the dialog. */
void sdesp_session_bind(
	struct sdesp_session *s, const struct sdesp_local *local);

/* Random octets, or SDESP_ERR_RANDOM. */
SDESP_CHECK int sdesp_session_random(
	const struct sdesp_session *s, void *buf, size_t len);

/* 0 .. n-1, without bias that matters; 0 when there are no random numbers. */
uint32_t sdesp_session_dice(const struct sdesp_session *s, uint32_t n);

/* Draw an SPI and reserve it for NEXT, whose flow is set. */
SDESP_CHECK int sdesp_session_reserve(struct sdesp_session *s);

/* The record of a keying or offer; NULL for 0. */
const struct sdesp_psk *sdesp_session_psk(
	const struct sdesp_session *s, unsigned psk);

/* read.c */

/* What a section of the peer's comes to. */
struct sdesp_outcome {
	uint8_t refresh; /* 1: of the pair in role; nothing below but said,
			  * quiet and tag is set */
	uint8_t role;    /* which pair the peer takes for the live one */
	uint8_t line;    /* of an answer: which of our lines, from 0 */
	uint32_t tag;
	uint32_t window;  /* WSH */
	uint32_t seconds; /* -LTS */
	uint8_t confirm[SDESP_CONFIRM_LEN];
	struct sdesp_held held; /* as far as the section says */
};

SDESP_CHECK int sdesp_read_offer(const struct sdesp_session *s,
	struct sdesp_outcome *out, const struct sdesp_floor *floor,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	struct sdesp_why *why);

SDESP_CHECK int sdesp_read_answer(const struct sdesp_session *s,
	struct sdesp_outcome *out, const struct sdesp_section *answer,
	struct sdesp_why *why);

/* offer.c */

/* Append the line that stands for a pair's keys, as we send it; own is our
 * key-param. */
void sdesp_write_crypto(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_proposal *proposal, uint32_t tag, unsigned psk,
	const uint8_t own[32]);

/* The section of a refresh, offer or answer. */
void sdesp_write_refresh(struct sdesp_text *out, const struct sdesp_session *s,
	const struct sdesp_local *local, uint32_t tag);

/* Our key-param in a line of the open offer. */
const uint8_t *sdesp_offer_key(
	const struct sdesp_own_offer *offer, unsigned line);

/* The hash of a section that we have just written from text->buf + start. */
int sdesp_hash_own(uint8_t hash[SDESP_HASH_LEN], const struct sdesp_session *s,
	const struct sdesp_text *text, size_t start,
	const struct sdesp_local *local);

/* Take back what was written since start; returns status. */
int sdesp_unwrite(struct sdesp_text *text, size_t start, int status);

/* Forget the open offer's secrets. */
void sdesp_offer_wipe(struct sdesp_session *s);

/* key.c */

/* For our answer, written from out->buf + start: both hashes are known, the
 * keys follow, and a=esp-confirm is appended. SDESP_ERR_KEX. */
SDESP_CHECK int sdesp_key_answer(const struct sdesp_session *s,
	struct sdesp_keys *keys, const struct sdesp_section *offer,
	const struct sdesp_local *local, const struct sdesp_outcome *outcome,
	const uint8_t secret[32], struct sdesp_text *out, size_t start);

/* For the peer's answer: the keys, once a=esp-confirm is found right. */
SDESP_CHECK int sdesp_key_outcome(const struct sdesp_session *s,
	struct sdesp_keys *keys, struct sdesp_outcome *outcome,
	const uint8_t peer_hash[SDESP_HASH_LEN],
	const struct sdesp_section *answer, struct sdesp_why *why);

/* adopt.c */

/*
 * Key NEXT with what an answer says and install it; it sends when this
 * returns 0. After a failure NEXT has no SAs, but is otherwise such that
 * another answer can be tried.
 */
SDESP_CHECK int sdesp_adopt(struct sdesp_session *s,
	struct sdesp_outcome *outcome, const struct sdesp_section *answer,
	const uint8_t hash[SDESP_HASH_LEN], uint64_t now_ms,
	struct sdesp_why *why);

/* reply.c */

/* Write the answer to an offer of new keys, and install NEXT. Nothing is left
 * on failure. */
SDESP_CHECK int sdesp_reply(struct sdesp_session *s,
	const struct sdesp_section *offer, const struct sdesp_local *local,
	struct sdesp_outcome *outcome, uint64_t now_ms, struct sdesp_text *out);

/* install.c */

/* Key NEXT with the outcome and install it; it does not send yet. On failure
 * NEXT is as it was but for its reservation. */
SDESP_CHECK int sdesp_install(struct sdesp_session *s,
	const struct sdesp_outcome *outcome, const struct sdesp_keys *keys,
	int offerer, uint64_t now_ms);

/* NEXT sends from now on. */
SDESP_CHECK int sdesp_switch(struct sdesp_session *s);

/* NEXT becomes LIVE; what was LIVE drains. */
void sdesp_promote(struct sdesp_session *s, uint64_t now_ms);

/* Delete NEXT; what was LIVE sends again. */
void sdesp_drop(struct sdesp_session *s);

/* Let the pair that sends do so, or block it where it must not. */
SDESP_CHECK int sdesp_apply(struct sdesp_session *s);

/* A rekey that we answered came to nothing: the old pair goes on. */
void sdesp_give_up(struct sdesp_session *s);

/* A pair is dead: nothing is sent until a rekey. */
void sdesp_expire(struct sdesp_session *s, unsigned role, int status);

/* Delete the draining SA, if there is one. */
void sdesp_end_drain(struct sdesp_session *s);

/* move.c */

/* The addresses, and whether we may send, as a refresh says. */
SDESP_CHECK int sdesp_apply_refresh(struct sdesp_session *s,
	const struct sdesp_outcome *outcome, const struct sdesp_addr *local);

/* A refresh that we answered came to nothing: as it was before. */
void sdesp_undo_refresh(struct sdesp_session *s, uint64_t now_ms);

/* Move the pairs of a set of roles (bit 1 << role) to these addresses. */
SDESP_CHECK int sdesp_move(struct sdesp_session *s, unsigned roles,
	const struct sdesp_addr *local, const struct sdesp_addr *remote);

/* tick.c */

/* Raise REKEY_DUE if it is time and the state allows an offer. */
void sdesp_check_due(struct sdesp_session *s, uint64_t now_ms);

/* A rekey that we answered: NEXT sends from now on, and is LIVE once it is
 * also confirmed. */
SDESP_CHECK int sdesp_settle(struct sdesp_session *s, uint64_t now_ms);

/* event.c */

/* Queue an event about a pair; addr may be NULL. */
void sdesp_event_push(struct sdesp_session *s, enum sdesp_event_type type,
	int status, const struct sdesp_held *held,
	const struct sdesp_addr *addr);

#endif
