/*
 * A party against a peer scripted by hand: alice calls it, or it calls bob.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIBRE_SCRIPTED_H
#define TESTS_LIBRE_SCRIPTED_H

#include "tests/support/libre/raw.h"

#define SDP "application/sdp"

extern struct party alice, bob;
extern struct raw raw, other; /* other: a second branch, its socket unused */

/* For cmocka: alice or bob, over UDP, and the peer. */
int alice_start(void **state);
int alice_stop(void **state);
int bob_start(void **state);
int bob_stop(void **state);

/* --- alice calls --------------------------------------------------------- */

/* Call; the INVITE as it came. */
const char *alice_invites(void);

/* The same, up to ACK. */
const char *alice_establishes(void);

/* The call is up, and sends on this SPI. */
void alice_is_up(uint32_t spi);

/* Her program hangs up, the peer agrees. */
void alice_hangs_up(void);

/* The answer of this end to an INVITE: a whole body. */
const char *raw_answer(struct raw *from, const char *request);

/* A response from another branch: the same socket, another tag. */
void raw_reply_as(struct raw *as, const char *request, const char *status,
	const char *body);

/* How many requests came for this tag of ours. */
unsigned raw_for_tag(const char *method, const char *tag);

/* --- bob is called ------------------------------------------------------- */

/* A whole body with an offer. */
const char *raw_offer(void);

/* INVITE, 200, ACK; the tag of the answerer. */
const char *bob_establishes(char tag[256]);

/* One INVITE; the response must be this and nothing may be left of it. */
const char *bob_refuses(const char *status, const char *headers,
	const char *ctype, const char *body);

/* BYE, which ends the call. */
void raw_bye(unsigned cseq, const char *tag);

#endif
