/*
 * Where security associations live: the class that every backend implements.
 * SPEC 9.2. SPDX-License-Identifier: MIT
 *
 * A backend context begins with a pointer to its const class. The session
 * calls it from one thread at a time; sessions that share a backend share
 * that thread. Methods return SDESP_OK or a negative status and change
 * nothing when they fail; those that undo something (spi_release, sa_delete,
 * policy_delete) are called on every path, answer SDESP_ERR_GONE for what is
 * not there, and leave nothing behind even when they fail.
 *
 * Only sa_add sees keys; it copies what it needs.
 */
#ifndef SDESP_BACKEND_H
#define SDESP_BACKEND_H

#include "sdesp_sa.h"

/* What a backend can do. Negotiation never offers or accepts more. */
struct sdesp_features {
	uint32_t suites;     /* set of SDESP_SUITE_BIT */
	uint16_t max_window; /* packets */
	uint8_t modes;       /* mask of enum sdesp_mode */
	uint8_t esn;         /* 1: 64-bit sequence numbers */
	uint8_t udp;         /* 1: RFC 3948 encapsulation */
	uint8_t raw;         /* 1: ESP as IP protocol 50 */
	uint8_t ipv4, ipv6;  /* 1: as outer address */
};

/* What the owner of a flow may send. Inbound traffic of the flow is always
 * accepted from its SAs only. */
enum sdesp_action {
	SDESP_BLOCK,  /* nothing leaves but keepalives */
	SDESP_PROTECT /* everything leaves through the outbound SA named */
};

enum sdesp_backend_event_type {
	SDESP_BACKEND_USED,  /* first packet accepted on an inbound SA */
	SDESP_BACKEND_SOFT,  /* a soft limit has passed */
	SDESP_BACKEND_HARD,  /* a hard limit has passed: the SA is dead */
	SDESP_BACKEND_MOVED, /* an accepted packet, numbered above all before,
			      * came from addr and not from flow->remote */
	SDESP_BACKEND_GONE,  /* the SA was removed behind our back */
	SDESP_BACKEND_LOST   /* events were lost: query every SA */
};

struct sdesp_backend_event {
	uint8_t type; /* enum sdesp_backend_event_type */
	uint8_t inbound;
	uint32_t spi;
	struct sdesp_addr local; /* of the flow: with spi it names the SA */
	struct sdesp_addr addr;  /* MOVED: the source seen */
	uint32_t quiet_ms;       /* MOVED: since the last packet accepted
				  * from flow->remote; UINT32_MAX = none ever
				  * was */
};

struct sdesp_backend {
	const struct sdesp_backend_class *vtable;
};

/*
 * An SA is named by its flow, SPI and direction. A NULL method is one that
 * the backend does not need (policy_set where nothing can leave outside an
 * SA) or does not support (bypass, poll).
 */
struct sdesp_backend_class {
	unsigned version; /* 1; later fields are only ever appended */
	const char *name;

	void (*features)(struct sdesp_backend *be, struct sdesp_features *f);

	/* Make a larval inbound SA with this SPI. SDESP_ERR_EXISTS: taken. */
	int (*spi_reserve)(struct sdesp_backend *be,
		const struct sdesp_flow *flow, uint32_t spi);
	int (*spi_release)(struct sdesp_backend *be,
		const struct sdesp_flow *flow, uint32_t spi);

	/* Add a mature SA: an inbound one in place of its larval one (which
	 * may have vanished meanwhile). SDESP_ERR_EXISTS: there is one with
	 * keys. */
	int (*sa_add)(struct sdesp_backend *be, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, int inbound);

	/* The outer addresses are now those of flow, before they were those
	 * of old. Counters and keys stay. */
	int (*sa_move)(struct sdesp_backend *be, const struct sdesp_flow *flow,
		const struct sdesp_flow *old, uint32_t spi, int inbound);
	int (*sa_delete)(struct sdesp_backend *be,
		const struct sdesp_flow *flow, uint32_t spi, int inbound);
	int (*sa_query)(struct sdesp_backend *be, const struct sdesp_flow *flow,
		uint32_t spi, int inbound, struct sdesp_sa_stats *stats);

	/* Set or replace what the flow may send. With SDESP_PROTECT spi is
	 * the outbound SA to use from now on: this is the switch of a rekey,
	 * and the old outbound SA is still there. Flows that differ in
	 * selectors or outer addresses have policies of their own: while SAs
	 * move, the new flow is blocked before the old one's is deleted. */
	int (*policy_set)(struct sdesp_backend *be,
		const struct sdesp_flow *flow, enum sdesp_action action,
		uint32_t spi);
	int (*policy_delete)(
		struct sdesp_backend *be, const struct sdesp_flow *flow);

	/* Let the signalling between these two pass outside any SA. */
	int (*bypass)(struct sdesp_backend *be, unsigned protocol,
		const struct sdesp_addr *local,
		const struct sdesp_addr *remote);

	/* Take the next event: 1 and *ev, 0 when there is none, or a negative
	 * status when the source of events is gone. Never blocks. */
	int (*poll)(struct sdesp_backend *be, struct sdesp_backend_event *ev);

	/* The cause of the last SDESP_ERR_BACKEND in the platform's words. */
	const char *(*cause)(struct sdesp_backend *be);
};

#endif
