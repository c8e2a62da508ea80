/*
 * A kernel that speaks PF_KEY, fails when told, and answers nonsense when
 * told. It takes the messages of every dialect apart by RFC 2367 alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAKE_PFKEY_H
#define TESTS_FAKE_PFKEY_H

#include "sdesp_pfkey.h"

#define FAKE_PFKEY_ITEMS 64
#define FAKE_PFKEY_QUEUE 160

/* What happens to a request that is to fail. */
enum fake_pfkey_fault {
	FAKE_REFUSE,    /* errno in the reply, nothing done */
	FAKE_SEND,      /* send() fails, nothing done */
	FAKE_DEAF,      /* nothing done, no reply */
	FAKE_MUTE,      /* done, no reply */
	FAKE_FOREIGN,   /* done, the reply has another pid */
	FAKE_LATE,      /* done, the reply has an older number */
	FAKE_SHORT,     /* done, the reply is cut in the middle */
	FAKE_ZERO,      /* done, an extension of the reply has length 0 */
	FAKE_HUGE,      /* done, an extension is longer than the reply */
	FAKE_TWICE,     /* done, the reply has an extension twice */
	FAKE_VERSION,   /* done, the reply is of another version */
	FAKE_EMPTY,     /* done, no octets, again and again */
	FAKE_FLOOD,     /* done, replies to others without end */
	FAKE_ENOBUFS,   /* done, the reply did not fit into the socket */
	FAKE_TRUNCATED, /* done, the reply did not fit into our buffer */
	FAKE_FAULTS
};

struct fake_pfkey_item {
	uint8_t used, larval;
	uint16_t rule; /* what the last message said of it, hashed */
	size_t len;    /* of what names it */
	uint8_t name[192];
	size_t told, own; /* extensions that a dump tells, its ends first */
	uint8_t tells[256];
};

struct fake_pfkey {
	const struct sdesp_pfkey_dialect *dialect;
	struct fake_pfkey_item sas[FAKE_PFKEY_ITEMS];
	struct fake_pfkey_item policies[FAKE_PFKEY_ITEMS];

	unsigned calls;   /* requests so far */
	unsigned fail_at; /* this one (from 1) fails; 0 = none */
	unsigned fail_more;
	enum fake_pfkey_fault fault;
	int error; /* for FAKE_REFUSE and FAKE_SEND */

	uint64_t packets;   /* what GET says of every SA */
	uint8_t state;      /* SADB_SASTATE of mature ones */
	uint32_t other_spi; /* 0, or what GETSPI answers */
	unsigned flooded;
	unsigned waits; /* calls of receive that would have waited */

	uint8_t sent[SDESP_PFKEY_REQUEST]; /* the last request */
	size_t sent_len;
	uint8_t queue[FAKE_PFKEY_QUEUE][1024];
	size_t queued[FAKE_PFKEY_QUEUE];
	unsigned head, tail;

	uint32_t held;     /* instances that live: bit */
	int deaf_to_moves; /* obeys the message, but moves nothing */
};

/* Fill *config. */
void fake_pfkey_init(struct fake_pfkey *k,
	const struct sdesp_pfkey_dialect *dialect,
	struct sdesp_pfkey_config *config);

/* Fail the nth request from now, and more after it. */
void fake_pfkey_fail(struct fake_pfkey *k, enum fake_pfkey_fault fault,
	unsigned nth, unsigned more);

/* Let a message come. */
void fake_pfkey_push(struct fake_pfkey *k, const uint8_t *msg, size_t len);

/* How many there are. */
unsigned fake_pfkey_sas(const struct fake_pfkey *k);
unsigned fake_pfkey_policies(const struct fake_pfkey *k);

/* A number that differs when SAs or policies differ. */
uint32_t fake_pfkey_sum(const struct fake_pfkey *k);

#endif
