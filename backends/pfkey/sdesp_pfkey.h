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
 * is KAME's, every outbound SA has a request id of its own, and policy_set()
 * with SDESP_PROTECT asks for "unique" and that id. On OpenBSD every outbound
 * SA has an identity of its own, "sdesp-", the instance as a hexadecimal
 * digit, "-" and its SPI, and the flow asks for it.
 * So both SAs of a rekey are in the kernel with keys, counters and sequence
 * numbers of their own, the switch is one message a selector which the kernel
 * obeys at once, and going back is the same. (The other way, to add the new
 * outbound SA only when it is to be used, could not go back without sending
 * sequence numbers, and so nonces, a second time.)
 *
 * Whose it is: an instance is a number below SDESP_PFKEY_INSTANCES that only
 * one process of a kernel can hold. It owns the request ids from
 * SDESP_PFKEY_REQID + 256 * instance on, 256 of them: the first is that of
 * inbound SAs, larval ones too, the others are of outbound SAs. OpenBSD has
 * the identity of each SA but larval ones, which it forgets itself. Policies
 * have, on FreeBSD and Linux, the priority SDESP_PFKEY_PRIORITY + instance
 * (bypasses) or + 16 + instance; on NetBSD and macOS the inbound one has the
 * instance's first request id, and the outbound one with the same selectors
 * goes with it. sdesp_pfkey_init() removes what the marks say is of instances
 * that nobody holds, which is what a killed process has left, and nothing
 * else; a program that used the same marks would be mistaken for us. Until
 * then a flow of the dead stays protected or blocked. What stays for good:
 * - on OpenBSD, flows, which no PF_KEY message lists: blocked, or without the
 *   SA that they ask for, until policy_set() replaces them or ipsecctl -d
 *   removes them;
 * - on NetBSD and macOS, bypasses, which have no mark: bypass() with the same
 *   ends then says SDESP_ERR_EXISTS.
 *
 * What moves: sa_move gives an SA other outer addresses with its keys,
 * counters and sequence numbers as they are, on FreeBSD by UPDATE with new
 * addresses, on macOS by MIGRATE, on OpenBSD by UPDATE with a proxy (ports
 * always; addresses where the kernel is new enough, which is looked at
 * afterwards), on Linux ports only. On NetBSD an UPDATE would begin with
 * number 1 again, and so would deleting and adding anywhere: sa_move is
 * SDESP_ERR_UNSUPPORTED there, and the session needs a rekey. A flow that has
 * the selectors of another may wait for its policies with SDESP_BLOCK, as the
 * new flow of a move does, and has them, blocking, once that one is deleted.
 * SDESP_BACKEND_MOVED never comes: the BSDs tell nothing of a peer that sends
 * from elsewhere, and what Linux tells (NEW_MAPPING) has no number that shows
 * the packet to be newer than those before. So sa_move is for addresses that
 * the signalling changes.
 *
 * When events come: an SA's end by seconds or octets when the kernel sends
 * EXPIRE, for which its timers may take a second; on Linux its end by packets
 * with the packet after. First use, and packets on the BSDs, when
 * sdesp_pfkey_tick() looks: up to one second late, so that a hard limit of
 * packets is overrun by those of that second. GONE at once, by DELETE. After
 * SDESP_BACKEND_LOST (a FLUSH, or messages that the socket had no room for)
 * the session asks for each of its SAs.
 *
 * What PF_KEY cannot do:
 * - Selectors have one port or all of them. Ranges are spread over at most
 *   SDESP_PFKEY_SELECTORS policies a direction; a flow that needs more, or
 *   ports of other protocols than TCP and UDP, is SDESP_ERR_UNSUPPORTED.
 * - Policies go by their selectors: two flows with one in common cannot be
 *   send at once, so a tunnel cannot rekey to another outer address.
 * - No kernel but Linux counts packets against a lifetime.
 * - Replays and failed ICVs are not counted by SA.
 *
 * Linux cuts HMAC-SHA-256 to 96 bits here, and offers no AEAD. Nothing of
 * SPEC 13.3 is left: features() has no suite, sa_add() refuses each. There
 * the XFRM backend is the one to use.
 *
 * Run against Linux' AF_KEY (tests/kernel/pfkey.c). For the BSDs and macOS the
 * messages are checked octet by octet against their headers and kernels'
 * sources, and against a fake kernel; the I/O half is compiled with their
 * macros, by clang for the three BSDs (tests/build/test_bsd.sh), but not with
 * their headers. It has not run on any of them.
 */
#ifndef SDESP_PFKEY_H
#define SDESP_PFKEY_H

#include "sdesp_backend.h"

/* SAs, larval ones included, at most 255. A session needs two, while it
 * rekeys four. */
#ifndef SDESP_PFKEY_SAS
#define SDESP_PFKEY_SAS 64
#endif

/* Flows with a policy, or waiting for one. A session has one, for a moment
 * two. */
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

/* About 24 KB on a 64-bit machine. */
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
 * Begin: register for ESP, learn what the kernel has, hold an instance and
 * remove what dead ones left. config is copied.
 *
 * SDESP_ERR_ARG      config lacks something
 * SDESP_ERR_EXISTS   no instance is free, or none can be held
 * SDESP_ERR_BACKEND  the kernel refuses, or answers nothing that makes sense
 *
 * When it fails, the cause method says why and nothing is held; there may be
 * leftovers still.
 */
SDESP_CHECK int sdesp_pfkey_init(
	struct sdesp_pfkey *pf, const struct sdesp_pfkey_config *config);

/*
 * Once a second: ask the kernel about each SA whose packets count against a
 * limit or whose first use is awaited. Events come by poll(). Returns when to
 * call again, UINT64_MAX when there is no SA.
 */
uint64_t sdesp_pfkey_tick(struct sdesp_pfkey *pf, uint64_t now_ms);

/* End: remove what is left of the instance, let go of it, wipe. Sessions are
 * closed before: on OpenBSD the flows of those that are not stay. */
void sdesp_pfkey_close(struct sdesp_pfkey *pf);

#endif
