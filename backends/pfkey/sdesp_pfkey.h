/*
 * The backend that keeps SAs in a kernel with PF_KEYv2: RFC 2367 with the
 * policies and NAT-T of KAME (FreeBSD, NetBSD, macOS, Linux), or with the
 * flows of OpenBSD. SPEC 9.2. SPDX-License-Identifier: MIT
 *
 * One struct sdesp_pfkey is one PF_KEY socket; any number of sessions may
 * share it, in one thread. It is the caller's memory, its size is public, its
 * fields are private. This half makes no system call and reads no clock: the
 * functions of the configuration do (sdesp_pfkey_socket.h has them).
 *
 *	sdesp_pfkey_socket_open(&sock, &config);
 *	sdesp_pfkey_init(&pf, &config);
 *	sdesp_session_init(&session, &policy, &pf.base, &port);
 *	... sdesp_pfkey_tick(&pf, now_ms) and sdesp_session_tick() when due
 *
 * Which outbound SA a policy uses: PF_KEY policies name no SPI. Where the SPD
 * is KAME's, every outbound SA has a request id of its own, from
 * SDESP_PFKEY_REQID to IPSEC_MANUAL_REQID_MAX, and policy_set() with
 * SDESP_PROTECT asks for "unique" and that id. On OpenBSD every outbound SA
 * has an identity of its own, "sdesp-" and its SPI, and the flow asks for it.
 * So both SAs of a rekey are in the kernel with keys, counters and sequence
 * numbers of their own, the switch is one message a selector which the kernel
 * obeys at once, and going back is the same. (The other way, to add the new
 * outbound SA only when it is to be used, could not go back without sending
 * sequence numbers, and so nonces, a second time.) Another program that uses
 * ids of the same range between the same two hosts may be mistaken for us.
 *
 * What PF_KEY cannot do:
 * - Selectors have one port or all of them. Ranges are spread over at most
 *   SDESP_PFKEY_SELECTORS policies a direction; a flow that needs more, or
 *   ports of other protocols than TCP and UDP, is SDESP_ERR_UNSUPPORTED.
 * - Policies go by their selectors: two flows with one in common cannot be
 *   there at once, so a tunnel cannot rekey to another outer address.
 * - The addresses of an SA do not change: sa_move is not there.
 * - No kernel but Linux counts packets against a lifetime. sdesp_pfkey_tick()
 *   does, once a second, and it looks there for the first use of an SA.
 * - Nothing tells when a peer has moved.
 * - Replays and failed ICVs are not counted by SA.
 *
 * Linux cuts HMAC-SHA-256 to 96 bits here, and offers no AEAD. Nothing of
 * SPEC 13.3 is left: features() has no suite, sa_add() refuses each. There
 * the XFRM backend is the one to use.
 */
#ifndef SDESP_PFKEY_H
#define SDESP_PFKEY_H

#include "sdesp_backend.h"

/* SAs, larval ones included. A session needs two, while it rekeys four. */
#ifndef SDESP_PFKEY_SAS
#define SDESP_PFKEY_SAS 64
#endif

/* Flows with a policy. A session has one, for a moment two. */
#ifndef SDESP_PFKEY_FLOWS
#define SDESP_PFKEY_FLOWS 32
#endif

/* Policies in each direction that one flow may be spread over. */
#define SDESP_PFKEY_SELECTORS 16

/* Calls of bypass(). */
#define SDESP_PFKEY_BYPASSES 8

/* What marks SAs and policies as those of an instance: see above. */
#define SDESP_PFKEY_INSTANCES 16
#define SDESP_PFKEY_REQID 0x3000
#define SDESP_PFKEY_REQIDS 256
#define SDESP_PFKEY_PRIORITY 0x5de0

#define SDESP_PFKEY_REQUEST 640  /* octets of the longest request */
#define SDESP_PFKEY_REPLY 8192   /* of the longest reply that is read */
#define SDESP_PFKEY_PATIENCE 256 /* messages read in search of a reply */

/* How one system speaks PF_KEY. */
struct sdesp_pfkey_dialect;
extern const struct sdesp_pfkey_dialect sdesp_pfkey_freebsd; /* from 13.0 */
extern const struct sdesp_pfkey_dialect sdesp_pfkey_netbsd;  /* from 8.0 */
extern const struct sdesp_pfkey_dialect sdesp_pfkey_macos;
extern const struct sdesp_pfkey_dialect sdesp_pfkey_openbsd; /* from 6.4 */
extern const struct sdesp_pfkey_dialect sdesp_pfkey_linux;

struct sdesp_pfkey_config {
	const struct sdesp_pfkey_dialect *dialect;

	/* Our process id, and where our sequence numbers begin: with the
	 * first 12 bits of seq they must be ours alone on this machine. */
	uint32_t pid, seq;

	/* Give the kernel one message. 0, or the errno of its refusal. */
	int (*send)(void *ctx, const uint8_t *msg, size_t len);

	/* Take one message. Its length, which is more than cap when it was
	 * cut; 0 when there is none; or minus errno. With wait it waits for
	 * one, but not longer than a set time after the last send(): then it
	 * returns 0 even if there is one. */
	long (*receive)(void *ctx, uint8_t *buf, size_t cap, int wait);

	/* Hold an instance until it is released or the process ends, however
	 * it ends. 0, or not: another holds it. */
	int (*claim)(void *ctx, unsigned instance);
	void (*release)(void *ctx, unsigned instance);
	void *ctx;
};

/* Private. */
struct sdesp_pfkey_sa {
	uint8_t state; /* enum sdesp_sa_state; NONE = free */
	uint8_t inbound;
	uint8_t events; /* pending: bit 1 << enum sdesp_backend_event_type */
	uint8_t told;   /* SOFT, HARD, USED, GONE: once each */
	uint8_t mode, udp;
	uint16_t reqid;
	uint32_t spi;
	struct sdesp_addr local, remote;
	struct sdesp_limits soft, hard;
};

/* Private. */
struct sdesp_pfkey_flow {
	uint8_t used;
	uint8_t action; /* enum sdesp_action */
	uint8_t waits;  /* another flow still has the policies */
	uint16_t reqid;
	uint32_t spi;
	struct sdesp_flow flow;
};

/* Private. */
struct sdesp_pfkey_bypass {
	uint8_t used, protocol;
	struct sdesp_addr local, remote;
};

/* About 45 KB on a 64-bit machine. */
struct sdesp_pfkey {
	struct sdesp_backend base;
	struct sdesp_pfkey_config config;
	uint32_t suites; /* set of SDESP_SUITE_BIT */
	uint32_t count;  /* requests so far */
	uint8_t open;    /* between init and close */
	uint8_t lost;    /* events were lost */
	uint8_t unsure;  /* the last request has had no reply */
	uint8_t instance;
	uint16_t reqid; /* the first of the instance's */
	unsigned poll_at;
	uint64_t next_ms;
	struct sdesp_pfkey_sa sas[SDESP_PFKEY_SAS];
	struct sdesp_pfkey_flow flows[SDESP_PFKEY_FLOWS];
	struct sdesp_pfkey_bypass bypasses[SDESP_PFKEY_BYPASSES];
	char cause[96];
	uint8_t reply[SDESP_PFKEY_REPLY];
};

/*
 * Begin: register for ESP and learn what the kernel has. config is copied.
 *
 * SDESP_ERR_ARG      config lacks something
 * SDESP_ERR_BACKEND  the kernel refuses, or answers nothing that makes sense
 */
SDESP_CHECK int sdesp_pfkey_init(
	struct sdesp_pfkey *pf, const struct sdesp_pfkey_config *config);

/*
 * Once a second: ask the kernel about each SA whose packets count against a
 * limit or whose first use is awaited. Events come by poll(). Returns when to
 * call again, UINT64_MAX when there is no SA.
 */
uint64_t sdesp_pfkey_tick(struct sdesp_pfkey *pf, uint64_t now_ms);

/* End: remove what bypass() has added, and wipe. Sessions are closed before;
 * what they have not closed stays in the kernel. */
void sdesp_pfkey_close(struct sdesp_pfkey *pf);

#endif
