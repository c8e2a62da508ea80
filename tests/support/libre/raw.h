/*
 * A SIP peer that a test scripts by hand: a UDP socket in libre's loop, which
 * sends any text, and keeps what comes. Its sections come from a session of
 * its own. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIBRE_RAW_H
#define TESTS_LIBRE_RAW_H

#include "tests/support/agreement.h"
#include "tests/support/libre/party.h"

#define RAW_MESSAGES 48
#define RAW_TEXT 4096

struct raw {
	struct udp_sock *us;
	struct sa addr, peer; /* peer: of the last message that came */
	struct end end;
	unsigned n; /* messages that came, of which the first are kept */
	char message[RAW_MESSAGES][RAW_TEXT];

	/* NULL, or called for each message that comes. */
	void (*heard)(struct raw *raw, const char *message);
	unsigned step; /* for the script */
	char tag[16];  /* of our From or To */
};

void raw_open(struct raw *raw, uint64_t seed);
void raw_close(struct raw *raw);

/* Send this text, its lines ended by LF alone made whole, to peer. */
void raw_say(struct raw *raw, const char *text);

/*
 * An own request: of call "raw-TAG", with this CSeq; to_tag "" is none.
 * headers and ctype may be ""; body is what follows. Content-Length is added.
 */
void raw_request(struct raw *raw, const struct party *to, const char *method,
	unsigned cseq, const char *to_tag, const char *headers,
	const char *ctype, const char *body);

/* Answer a request: "200 OK", with our tag, further headers and a body. */
void raw_reply(struct raw *raw, const char *request, const char *status,
	const char *headers, const char *body);

/* A whole SDP body with this section. */
const char *raw_sdp(const char *section);

/* The first message that came and starts so; NULL = none. */
const char *raw_find(const struct raw *raw, const char *start);

/* How many came that start so. */
unsigned raw_count(const struct raw *raw, const char *start);

/* The value of a header in out, "" when it is not there. */
const char *raw_header(char out[256], const char *message, const char *name);

/* What follows the headers. */
const char *raw_body(const char *message);

/* The tag of the To header of a response. */
const char *raw_to_tag(char out[256], const char *message);

/* Run until a message that starts so has come; returns it. */
const char *raw_wait(struct raw *raw, const char *start, unsigned ms);

#endif
