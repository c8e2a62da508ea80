/*
 * The inside of struct sdesp_session: private. It is in a public header only
 * so that callers can make room for one. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_SESSION_PRIVATE_H
#define SDESP_SESSION_PRIVATE_H

#include "sdesp_sa_pair.h"

#define SDESP_MEDIA_TEXT 16 /* longest name of a medium, and a NUL */

/* What keyed a pair: enough to know a refresh, a repetition, a reflection. */
struct sdesp_keying {
	uint8_t suite;  /* enum sdesp_suite_id; 0 = nothing yet */
	uint8_t method; /* enum sdesp_method */
	uint8_t esn;
	uint8_t psk;     /* position in policy->psks from 1; 0 = none */
	uint8_t own[32]; /* key-params, as in the lines */
	uint8_t peer[32];
};

/* A pair that the session holds. */
struct sdesp_held {
	struct sdesp_sa_pair pair;
	struct sdesp_keying keying;
	struct sdesp_addr said; /* the peer's address in its SDP */
	uint8_t natted;         /* its packets never came from there */
	uint8_t quiet;          /* on hold: nothing is sent */
	uint8_t warned;         /* REKEY_DUE was raised */
	uint64_t since_ms, soft_ms, hard_ms; /* 0 = never */
};

enum sdesp_held_role {
	SDESP_LIVE,  /* agreed and confirmed */
	SDESP_NEXT,  /* of the open offer: reserved, installed or in use */
	SDESP_DRAIN, /* retired: its inbound SA only */
	SDESP_HELD_ROLES
};

/* Our open offer: what its answer will be held against. */
struct sdesp_own_offer {
	struct sdesp_flow flow; /* our address and selectors; no remote */
	uint8_t nmodes, modes[2];
	uint8_t direction;
	uint8_t soft_percent;
	uint8_t nlines;
	uint8_t psk;
	struct sdesp_proposal lines[SDESP_MAX_CRYPTO];
	uint8_t share[32];
	uint8_t secret[SDESP_MAX_CRYPTO][32]; /* scalar or inline secret */
	uint8_t hash[32];                     /* H_offer */
	uint16_t inner_port;
};

/* What was before a refresh that we answered, until its end is known. */
struct sdesp_before {
	uint8_t held; /* 1: it may yet fail, until_ms */
	uint8_t quiet, natted;
	struct sdesp_addr local, remote, said;
	uint64_t until_ms;
};

struct sdesp_session {
	const struct sdesp_policy *policy;
	struct sdesp_backend *backend;
	const struct sdesp_port *port;

	const struct sdesp_proto *proto; /* NULL until the first offer */
	char media[SDESP_MEDIA_TEXT];
	unsigned index;

	uint8_t state;     /* enum sdesp_session_state */
	uint8_t caller;    /* 1: the first offer was ours (SPEC 10.4) */
	uint8_t accepted;  /* 1: answer_hash is of an accepted answer */
	uint8_t switched;  /* 1: NEXT sends */
	uint8_t confirmed; /* 1: our answer to a rekey is confirmed */
	uint8_t has_moved; /* 1: moved_ms is valid */
	uint8_t nevents;
	uint8_t answer_hash[32];
	uint64_t moved_ms;  /* the peer last moved */
	uint64_t switch_ms; /* REKEY_ANSWERED: when to decide */

	struct sdesp_held held[SDESP_HELD_ROLES];
	struct sdesp_before before;
	struct sdesp_own_offer offer;
	struct sdesp_event events[SDESP_MAX_EVENTS];
};

#endif
