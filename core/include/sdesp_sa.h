/*
 * What a security association is: suites, addresses, selectors, keys,
 * lifetimes. SPEC 6, 8 and 9. Plain data, no secrets but sdesp_sa.keymat.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_SA_H
#define SDESP_SA_H

#include <stddef.h>
#include <stdint.h>

#include "sdesp_config.h"
#include "sdesp_status.h"

/* Suites of SPEC 13.3. The numbers are ours; 0 is no suite. */
enum sdesp_suite_id {
	SDESP_SUITE_NONE,
	SDESP_AES_128_GCM_16,
	SDESP_AES_256_GCM_16,
	SDESP_CHACHA20_POLY1305,
	SDESP_AES_128_GCM_16_IIV,
	SDESP_AES_256_GCM_16_IIV,
	SDESP_CHACHA20_POLY1305_IIV,
	SDESP_AES_128_CCM_8,
	SDESP_AES_128_CBC_HMAC_SHA2_256_128,
	SDESP_AES_256_CBC_HMAC_SHA2_256_128,
	SDESP_NULL_HMAC_SHA2_256_128,
	SDESP_SUITE_END
};

/* A set of suites: bit 1 << id. */
#define SDESP_SUITE_BIT(id) ((uint32_t)1 << (id))

#define SDESP_KEYMAT_MAX 80 /* AES-256-CBC: 32 + 32 + 16 (SPEC 7.4) */
#define SDESP_SPI_MIN 256   /* RFC 4303 2.1: 0 to 255 are reserved */
#define SDESP_ESP_HEADER 8  /* octets of SPI and sequence number */
#define SDESP_ESP_TRAILER 2 /* octets of pad length and next header */

/* How confidential a suite is; a rekey never goes down (SPEC 10.2). */
enum sdesp_strength {
	SDESP_STRENGTH_NULL,
	SDESP_STRENGTH_SHORT_ICV,
	SDESP_STRENGTH_128,
	SDESP_STRENGTH_256
};

struct sdesp_suite {
	const char *name;   /* on the wire */
	uint8_t id;         /* enum sdesp_suite_id */
	uint8_t key_len;    /* cipher key, octets */
	uint8_t salt_len;   /* AEAD salt, else 0 */
	uint8_t auth_len;   /* integrity key, else 0 */
	uint8_t kiv_len;    /* K_iv of the CBC suites, else 0 */
	uint8_t keymat_len; /* all of the above, in this order */
	uint8_t iv_len;     /* IV octets in the packet */
	uint8_t icv_len;
	uint8_t align;    /* payload + padding + 2 is a multiple of it */
	uint8_t strength; /* enum sdesp_strength */
	uint64_t max_icv_failures; /* SPEC 9.3; rekey is due at a 16th of it */
};

/* The row of a suite; NULL when id names none. */
const struct sdesp_suite *sdesp_suite_by_id(unsigned id);

/* The row of a suite by its name of len octets, compared octet by octet. */
const struct sdesp_suite *sdesp_suite_by_name(const char *name, size_t len);

/*
 * Octets that a sealed packet has beyond its payload of len octets: header,
 * IV, padding, trailer, ICV; without outer IP and UDP headers. SPEC 8.1.
 */
size_t sdesp_suite_overhead(const struct sdesp_suite *suite, size_t len);

/*
 * The largest payload whose sealed packet fits mtu octets (the room for ESP
 * itself: link MTU less outer IP and UDP headers); 0 when none does.
 */
size_t sdesp_suite_payload(const struct sdesp_suite *suite, size_t mtu);

/* An IP address and port. family 0 = none; IPv4 uses ip[0..3]. */
struct sdesp_addr {
	uint8_t family; /* 0, 4 or 6 */
	uint8_t ip[16];
	uint16_t port; /* host order; 0 = none */
};

/* 1 when both name the same address (family and octets; ports aside). */
int sdesp_addr_same_ip(const struct sdesp_addr *a, const struct sdesp_addr *b);

/* 1 when family, address and port are equal. */
int sdesp_addr_equal(const struct sdesp_addr *a, const struct sdesp_addr *b);

/*
 * Read an IPv4 dotted quad or IPv6 literal (RFC 4291 2.2) of len octets. The
 * port is set to 0. SDESP_ERR_SYNTAX otherwise; *addr is then untouched.
 */
SDESP_CHECK int sdesp_addr_parse(
	struct sdesp_addr *addr, const char *text, size_t len);

#define SDESP_ADDR_TEXT 46 /* longest literal and its NUL */

/* Write the literal (RFC 5952 for IPv6), without port, and a NUL. Returns
 * its length. family 0 gives "-". */
size_t sdesp_addr_print(
	char text[SDESP_ADDR_TEXT], const struct sdesp_addr *addr);

/* One side of a traffic selector (SPEC 6.1). */
enum sdesp_ts_kind {
	SDESP_TS_SELF, /* the author's outer address; transport mode only */
	SDESP_TS_PEER, /* the other's */
	SDESP_TS_ANY,
	SDESP_TS_PREFIX
};

struct sdesp_ts_side {
	uint8_t kind;       /* enum sdesp_ts_kind */
	uint8_t family;     /* of a prefix: 4 or 6 */
	uint8_t prefix_len; /* bits */
	uint8_t ip[16];     /* host bits zero */
	uint16_t lo, hi;    /* ports; 0 to 65535 = any */
};

#define SDESP_TS_ANY_PROTOCOL 256

struct sdesp_ts {
	uint16_t protocol; /* 0 to 255, or SDESP_TS_ANY_PROTOCOL */
	struct sdesp_ts_side local,
		remote; /* as the owner of the SA sees them */
};

enum sdesp_mode { SDESP_TRANSPORT = 1, SDESP_TUNNEL = 2 }; /* also a mask */

/*
 * The traffic of a session: where the outer packets run and what they may
 * carry. Backends key policies by the selectors and outer addresses.
 */
struct sdesp_flow {
	struct sdesp_addr local; /* outer; port = own UDP port when udp */
	struct sdesp_addr remote;
	uint8_t mode; /* enum sdesp_mode */
	uint8_t udp;  /* 1: RFC 3948 encapsulation */
	uint8_t nts;
	struct sdesp_ts ts[SDESP_MAX_TS];
};

/* 1 when two selector lines are the same. */
int sdesp_ts_equal(const struct sdesp_ts *a, const struct sdesp_ts *b);

/* SDESP_ERR_UNSUPPORTED when no backend can carry a flow: an unknown mode, more
 * than SDESP_MAX_TS selectors, outer addresses that are of no or of two
 * families. */
SDESP_CHECK int sdesp_flow_check(const struct sdesp_flow *flow);

/* 1 when two flows carry the same traffic between the same addresses. */
int sdesp_flow_equal(const struct sdesp_flow *a, const struct sdesp_flow *b);

/* 0 = no limit. */
struct sdesp_limits {
	uint64_t packets;
	uint64_t bytes;   /* payload octets, before padding */
	uint32_t seconds; /* since the SA was added */
};

struct sdesp_sa {
	uint32_t spi;
	uint8_t suite;   /* enum sdesp_suite_id */
	uint8_t esn;     /* 1: 64-bit sequence numbers (RFC 4303 2.2.1) */
	uint16_t window; /* inbound: packets, 32 to SDESP_MAX_WINDOW */
	struct sdesp_limits soft, hard;
	uint8_t keymat[SDESP_KEYMAT_MAX]; /* keymat_len octets of the suite */
};

/* RFC 2367 2.2: how old an SA is. */
enum sdesp_sa_state {
	SDESP_SA_NONE,
	SDESP_SA_LARVAL, /* its SPI is reserved, it has no keys */
	SDESP_SA_MATURE,
	SDESP_SA_DYING, /* a soft limit has passed */
	SDESP_SA_DEAD   /* a hard limit has passed: it moves no packet */
};

/* What an SA has done. */
struct sdesp_sa_stats {
	uint8_t state; /* enum sdesp_sa_state */
	uint64_t seq;  /* last number sent, or highest accepted */
	uint64_t packets, bytes;
	uint64_t replays, icv_failures, malformed;
};

/* 1 when packets of this IP protocol have ports that selectors can name:
 * TCP, UDP, DCCP, SCTP, UDP-Lite (SPEC 6.1). */
int sdesp_protocol_has_ports(unsigned protocol);

/*
 * Does a packet fit a selector of the flow? Addresses and ports as the owner
 * of the SA sees them; for inbound packets local is the destination. Ports
 * count only when protocol has them. In transport mode the addresses are the outer ones; self, peer
 * and any are then flow->local and flow->remote. RFC 4301 5.2. 1 = yes,
 * 0 = no.
 */
int sdesp_flow_match(const struct sdesp_flow *flow, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote);

/* Likewise for a fragment that is not the first: nobody knows its ports, so
 * that it fits only selectors whose ports are any. SPEC 8.5. */
int sdesp_flow_match_fragment(const struct sdesp_flow *flow, unsigned protocol,
	const struct sdesp_addr *local, const struct sdesp_addr *remote);

#endif
