/*
 * What an SA has to tell its session, and how old it is: for backends that
 * move packets themselves. Every SA holds its own events, so that none can be
 * lost for want of room. SPEC 9.3 and 10.6. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_WATCH_H
#define SDESP_WATCH_H

#include "sdesp_backend.h"

struct sdesp_watch {
	uint8_t state;  /* enum sdesp_sa_state */
	uint8_t events; /* pending: bit 1 << enum sdesp_backend_event_type */
	uint8_t told;   /* SOFT, HARD, USED: once each */
	uint8_t timed;  /* since_ms holds */
	uint32_t soft_s, hard_s; /* 0 = no limit */
	uint64_t since_ms;       /* when time began to count */
	uint64_t seen_ms;        /* last valid packet from seen */
	struct sdesp_addr seen;  /* of the MOVED event */
};

/*
 * How long the address in use has been silent, one for each policy of a flow:
 * a rekey has two SAs, and what either of them hears counts. All zero: it was
 * never heard from.
 */
struct sdesp_silence {
	struct sdesp_addr remote; /* of whom; set by the first packet */
	uint64_t heard_ms;        /* last valid packet from there, on any SA */
};

/* The SA is this old now; its state never goes back. */
void sdesp_watch_aged(struct sdesp_watch *w, unsigned state);

/* Enforce the time limits, which count from the first call. Returns when to
 * call again at the latest; UINT64_MAX: no limit is left. */
uint64_t sdesp_watch_tick(struct sdesp_watch *w, uint64_t now_ms);

/*
 * An authentic packet has come in from an address, where remote is the flow's;
 * newest: numbered above all before. silence is that of the flow's policy, here
 * and below, or NULL when it has none.
 */
void sdesp_watch_heard(struct sdesp_watch *w, struct sdesp_silence *silence,
	const struct sdesp_addr *remote, int newest,
	const struct sdesp_addr *from, uint64_t now_ms);

/* The remote address of the SA is about to be another; its policy follows. */
void sdesp_watch_follow(struct sdesp_watch *w, struct sdesp_silence *silence,
	const struct sdesp_addr *old, const struct sdesp_addr *remote);

/*
 * Take one event: 1, and type, addr and quiet_ms of *ev are set, the rest is
 * zero; or 0 when there is none. remote is the flow's address. Of an address
 * that silence is not about nothing is known: quiet_ms is 0, which lets nobody
 * move.
 */
int sdesp_watch_take(struct sdesp_watch *w, const struct sdesp_silence *silence,
	const struct sdesp_addr *remote, struct sdesp_backend_event *ev);

#endif
