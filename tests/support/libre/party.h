/*
 * Parties of SIP calls in one process on loopback: a stack of libre with the
 * adapter on it, over a backend that only remembers. SPDX-License-Identifier:
 * MIT
 */
#ifndef TESTS_LIBRE_PARTY_H
#define TESTS_LIBRE_PARTY_H

#include "ports/libre/sdesp_re.h"

#include "sdesp_libre.h"
#include "tests/support/fake_backend.h"

#define PARTY_EVENTS 16 /* kinds of session events */
#define PARTY_LOG 16384

/* What the program of a party does with calls that come in. */
enum party_says { PARTY_ACCEPTS, PARTY_REJECTS, PARTY_RINGS };

struct party {
	struct sip *sip;
	struct tls *tls;
	struct sdesp_libre *ua;
	struct sa addr;
	enum sip_transp tp;
	struct fake_backend backend;
	struct sdesp_policy policy;
	struct sdesp_port port;
	struct sdesp_call_setup setup;
	struct sdesp_libre_config config; /* change it before party_open() */
	enum party_says says;

	struct sdesp_call *call; /* the last one; NULL once it is closed */
	char from[128], asserted[128];
	uint8_t transport, secured;
	unsigned incoming, closed, progress, touched;
	bool ends; /* 1: the closed handler drops the ua */
	unsigned events[PARTY_EVENTS];
	struct sdesp_call_end end; /* without its texts */
	char text[512], contact[256];

	/* "> INVITE\n", "< 200 INVITE\n", ...: what went and came. */
	char log[PARTY_LOG];
};

/* Values that a test may change before it opens the party. */
void party_init(struct party *p, enum sip_transp tp);

/* Open the stack; on failure the test ends. */
void party_open(struct party *p);

/* Close it, and see that no call and nothing in the backend is left. */
void party_close(struct party *p);

/* Close it in the midst of calls, of which nobody hears. It may be opened
 * again. */
void party_vanish(struct party *p);

/* Call: "sip:bob@127.0.0.1:PORT;transport=..." */
int party_call(struct party *p, const struct party *to);
int party_call_uri(struct party *p, const char *uri);

/* How often a line stands in the log. */
unsigned party_saw(const struct party *p, const char *line);

/* Run libre until done(arg), or fail the test after so many milliseconds. */
void run_until(bool (*done)(void *arg), void *arg, unsigned ms);

/* Run for so long. */
void run_for(unsigned ms);

/* Run until *n is at least this. */
void run_until_count(const unsigned *n, unsigned least, unsigned ms);

/* libre itself; for cmocka's group set-up. run_end() fails when libre's memory
 * has not all come back. */
int run_begin(void **state);
int run_end(void **state);

/* A certificate for 127.0.0.1 with its key, made once; a name of a file. */
const char *party_certificate(void);

#endif
