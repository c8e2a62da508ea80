/*
 * The insides of struct sdesp_tun, public for its size only: no field but
 * counters is for others. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_TUN_PRIVATE_H
#define SDESP_TUN_PRIVATE_H

#include "sdesp_esp.h"
#include "sdesp_watch.h"

/* A table of values by hash: open addressing, at most half full. */
struct sdesp_tun_entry {
	uint32_t hash;
	uint32_t value; /* 0 = empty */
};

struct sdesp_tun_index {
	struct sdesp_tun_entry *entries;
	uint32_t mask; /* entries - 1 */
};

/* Who is to be woken when: a heap, and where in it each sleeper is. */
struct sdesp_tun_alarm {
	uint64_t due_ms;
	uint32_t id;
};

struct sdesp_tun_timers {
	struct sdesp_tun_alarm *heap;
	uint32_t *where; /* by id: position + 1; 0 = not set */
	uint32_t n;
};

/* One direction of one SA, a reserved SPI, or a free slot. */
struct sdesp_tun_sa {
	uint32_t spi;
	uint32_t turn; /* of the slot's users */
	uint8_t inbound;
	uint8_t suite;
	uint8_t queued;         /* before and after hold */
	uint32_t before, after; /* in the queue of events; after: also in the
				 * list of free slots */
	uint32_t policy, policy_turn; /* inbound: of its flow, if it is still
				       * there; 0 = look for it */
	struct sdesp_watch watch;
	struct sdesp_flow flow;
	union {
		struct sdesp_esp_tx tx;
		struct sdesp_esp_rx rx;
	} esp;
};

/* Which selectors can share a key: every bit that it does not count is 0. */
struct sdesp_tun_shape {
	uint64_t local[2], remote[2]; /* masks of the addresses */
	uint16_t local_port, remote_port;
	uint8_t protocol; /* 1: it counts */
	uint8_t family;
	uint32_t rank;  /* the higher, the narrower */
	uint32_t users; /* 0 = free */
};

/* Octets of an address as they lie in memory, so that they can be masked. */
struct sdesp_tun_key {
	uint64_t local[2], remote[2];
	uint16_t local_port, remote_port;
	uint8_t protocol, family;
	uint8_t has_ports;
	uint8_t later; /* a fragment, not the first: its ports are unknown */
};

struct sdesp_tun_selector {
	uint64_t local[2], remote[2]; /* masked as its shape says */
	uint16_t local_lo, local_hi, remote_lo, remote_hi;
	uint8_t protocol;
	uint8_t shape;
	uint32_t hash;
};

/* What a flow may send. */
struct sdesp_tun_policy {
	uint8_t used;
	uint8_t announce; /* a dummy is due if nothing else is sent first */
	uint8_t sent;     /* sent_ms holds */
	uint8_t linked;   /* selectors that are in the index */
	uint32_t turn;    /* of the slot's users */
	uint32_t sa;      /* outbound SA: slot; 0 = none: blocked */
	uint32_t sa_turn; /* of that slot, when it was named */
	uint32_t next;    /* free list */
	uint64_t set;     /* a count: later policies have a higher one */
	uint64_t sent_ms;
	struct sdesp_silence silence;
	struct sdesp_flow flow;
};

/* A path MTU that was reported. */
struct sdesp_tun_path {
	struct sdesp_addr remote;
	uint16_t mtu;
	uint64_t until_ms;
};

struct sdesp_tun {
	struct sdesp_backend base;
	struct sdesp_tun_counters counters; /* public, read only */
	struct sdesp_tun_config config;

	struct sdesp_tun_sa *sas;
	struct sdesp_tun_policy *policies;
	struct sdesp_tun_selector *selectors; /* the first of every policy,
					       * then the second ones, ... */
	uint32_t free_sa, free_policy;
	uint32_t first_event, last_event;
	uint64_t sets;
	struct sdesp_tun_index in;      /* inbound SAs by SPI */
	struct sdesp_tun_index out;     /* outbound SAs by SPI and peer */
	struct sdesp_tun_index flows;   /* policies by flow */
	struct sdesp_tun_index by_key;  /* slot of the policy and number */
	struct sdesp_tun_timers timers; /* SAs, then policies */

	uint32_t nshapes;
	uint8_t order[SDESP_TUN_SHAPES]; /* shapes in use, narrowest first */
	struct sdesp_tun_shape shapes[SDESP_TUN_SHAPES];

	struct sdesp_tun_path *paths; /* by hash of the address, one each */
	uint32_t path_mask;
	uint32_t reported; /* 1: there may be one that holds */
	uint16_t ident;    /* of the last packet that may be cut */
	uint8_t piece[SDESP_TUN_HEAD + SDESP_TUN_PIECE + SDESP_TUN_TAIL];
};

#endif
