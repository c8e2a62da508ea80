/*
 * A backend that only remembers, fails when told, and notices misuse: what a
 * session must never do, whatever happens to it. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAKE_BACKEND_H
#define TESTS_FAKE_BACKEND_H

#include "sdesp_backend.h"

#define FAKE_SAS 32
#define FAKE_POLICIES 16
#define FAKE_EVENTS 32
#define FAKE_KEYS 256
#define FAKE_KEY_LEN 16 /* octets of every keymat that are remembered */

struct fake_sa {
	uint8_t state; /* enum sdesp_sa_state; NONE = free */
	uint8_t inbound;
	struct sdesp_flow flow;
	struct sdesp_sa sa; /* larval: spi alone */
	struct sdesp_sa_stats stats;
};

struct fake_policy {
	uint8_t used;
	uint8_t action; /* enum sdesp_action */
	uint32_t spi;
	struct sdesp_flow flow;
};

struct fake_backend {
	struct sdesp_backend base;
	struct sdesp_features features; /* all there is, unless changed */
	struct fake_sa sas[FAKE_SAS];
	struct fake_policy policies[FAKE_POLICIES];

	unsigned calls;     /* of methods that can fail, so far */
	unsigned fail_at;   /* this call (from 1) fails; 0 = none */
	unsigned fail_more; /* and as many after it */

	const char *misuse;  /* the first; NULL = none */
	unsigned max_sas;    /* most at any time */
	unsigned taken_spis; /* so many reservations say EXISTS first */
	unsigned vanished;   /* SAs whose deletion may find nothing */

	/* The start of every keymat that was added, up to FAKE_KEYS, and
	 * whether anything could be sent with it. */
	uint8_t keys[FAKE_KEYS][FAKE_KEY_LEN];
	uint8_t spent[FAKE_KEYS];
	unsigned nkeys;

	struct sdesp_backend_event events[FAKE_EVENTS];
	unsigned nevents;
};

/* Everything is a feature: all suites, both modes, ESN, UDP and raw, IPv4 and
 * IPv6, windows to SDESP_MAX_WINDOW. */
void fake_backend_init(struct fake_backend *fake);

/* Fail the nth call from now, and more after it. */
void fake_backend_fail(struct fake_backend *fake, unsigned nth, unsigned more);

/* 1 when no SA, SPI or policy is left. */
int fake_backend_empty(const struct fake_backend *fake);

/* Mature SAs and reservations / policies, counted. */
unsigned fake_backend_sas(const struct fake_backend *fake);
unsigned fake_backend_policies(const struct fake_backend *fake);

/* The SA, larval or not; NULL = none. */
struct fake_sa *fake_backend_find(
	struct fake_backend *fake, uint32_t spi, int inbound);

/* What the flow may send: the outbound SPI, or 0 when it is blocked or has
 * no policy. */
uint32_t fake_backend_sends(
	const struct fake_backend *fake, const struct sdesp_flow *flow);

/* The policy of a flow; NULL = none. */
const struct fake_policy *fake_backend_policy(
	const struct fake_backend *fake, const struct sdesp_flow *flow);

/* Queue an event of an SA that is there. */
void fake_backend_raise(struct fake_backend *fake, const struct fake_sa *sa,
	enum sdesp_backend_event_type type);
void fake_backend_raise_moved(struct fake_backend *fake,
	const struct fake_sa *sa, const struct sdesp_addr *addr,
	uint32_t quiet_ms);
void fake_backend_raise_lost(struct fake_backend *fake);

/* Remove an SA behind the session's back; no event is raised. */
void fake_backend_vanish(struct fake_backend *fake, struct fake_sa *sa);

/* 1 when octets hold the start of any key that was ever added. */
int fake_backend_key_in(
	const struct fake_backend *fake, const void *octets, size_t len);

#endif
