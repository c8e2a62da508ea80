/*
 * A world of three sessions on fake backends, with a signalling channel and a
 * clock between them, and the invariants of SPEC 9 that must hold in it after
 * every step. A broken one ends the program and names the seed.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "sdesp.h"
#include "tests/support/dice.h"
#include "tests/support/fake_backend.h"

#define WORLD_ENDS 3
#define WORLD_TEXT 2048
#define WORLD_MESSAGES 16
#define WORLD_SECRETS 512

enum world_kind {
	WORLD_OFFER,
	WORLD_ANSWER,
	WORLD_FINAL,
	WORLD_ACK,
	WORLD_REFUSAL
};

struct world_message {
	enum world_kind kind;
	unsigned from, to;
	size_t len;
	char text[WORLD_TEXT];
};

struct world_end {
	struct fake_backend backend;
	const struct sdesp_backend_class *fake;
	struct sdesp_backend_class class; /* the fake's, with us in between */
	struct sdesp_port port;
	struct sdesp_local local;
	struct sdesp_session session;
	unsigned id;
	int random_fails; /* 1: now; n: at the n-th draw from now */
	int failed;       /* 1: the backend has failed a call */
};

/* One history. */
extern struct world {
	uint64_t seed;
	const char *phase;
	struct dice dice;
	struct world_end end[WORLD_ENDS];
	struct world_message queue[WORLD_MESSAGES];
	unsigned nqueue;
	uint64_t now_ms;
	struct sdesp_policy policy;

	uint8_t secret[WORLD_SECRETS][32]; /* all that was ever drawn */
	unsigned nsecrets;
	struct {
		uint8_t keymat[SDESP_KEYMAT_MAX];
		uint32_t spi;
		unsigned end;
		int inbound, used;
	} installed[WORLD_SECRETS];
	unsigned ninstalled;
	struct {
		uint32_t spi;
		unsigned end;
	} reserved[WORLD_SECRETS];
	unsigned nreserved;

	/* How often things really happened: a test of nothing proves nothing. */
	unsigned agreed, rekeyed, failed_calls;
} world;

#define WORLD_HOLDS(x)                                                         \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "seed %llu, %s: not so: %s (%s:%d)\n", \
				(unsigned long long)world.seed, world.phase,   \
				#x, __FILE__, __LINE__);                       \
			abort();                                               \
		}                                                              \
	} while (0)

/* Begin a history; counts of what happened go on. */
void world_begin(uint64_t seed);

/* A new session at this end. */
void world_begin_end(unsigned i);

/* BYE: nothing may be left. */
void world_close(struct world_end *e);

/* A number below n. */
size_t world_below(size_t n);

/* 1 once a call of this end's backend has failed. */
int world_has_failed(struct world_end *e);

/* All invariants, at every end. */
void world_check(void);

/* Put a message on the way. text may be NULL. */
void world_post(enum world_kind kind, unsigned from, unsigned to,
	const struct sdesp_text *text);

/* Give a message to the end that it is for. */
void world_deliver(struct world_message *m);

/* Deliver, lose, repeat or damage a message, not always the oldest. */
void world_signal(void);

/* Offer or refresh, and post it. */
void world_offer(struct world_end *e, int refresh);

void world_pass_time(void);

/* Something happens to an SA of this end. */
void world_upset(struct world_end *e);

/* Take the session's events, and mostly do as they ask. */
void world_hear(struct world_end *e);

/* A call returned this. */
void world_count(int status);

#endif
