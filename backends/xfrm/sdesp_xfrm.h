/*
 * The backend of the Linux kernel: security associations and policies by
 * netlink (XFRM); the kernel does ESP for every program of the host. SPEC 9.
 * SPDX-License-Identifier: MIT
 *
 * One struct sdesp_xfrm serves any number of sessions in one network
 * namespace. It is the caller's memory, its size is public, its fields are
 * private. It makes no system call of its own: messages go through a struct
 * sdesp_xfrm_io, which sdesp_xfrm_socket.h has for the real kernel. Every
 * request is answered before a method returns. One thread at a time, sessions
 * included. CAP_NET_ADMIN is needed.
 *
 *	sdesp_xfrm_socket_open(&sock);
 *	config.io = &sdesp_xfrm_socket_io; config.io_ctx = &sock;
 *	sdesp_xfrm_init(&xfrm, &config);
 *	sdesp_session_init(&session, &policy, &xfrm.base, &port);
 *	poll(... sock.events ...), at most SDESP_XFRM_POLL_MS
 *	sdesp_sessions_poll(&xfrm.base, ...);
 *
 * What it makes is marked as its own. SAs and policies have a reqid of one
 * instance's range: SDESP_XFRM_REQID + 4096 * instance, and the 4095 above;
 * an instance is a number below SDESP_XFRM_INSTANCES that only one process of
 * the namespace can hold at a time; policies without SAs have it in their
 * index, behind 0x5d. What the ranges of instances hold whose process is gone
 * is removed, and nothing else: sdesp_xfrm_init() removes the SAs,
 * sdesp_xfrm_close() the policies. A flow of a killed process stays protected
 * or blocked until then; a flow with one of its selectors takes the policy
 * over, in one step: nothing of it is in the clear.
 *
 * What a flow may not send is dropped by the kernel, whichever program sends
 * it. The signalling's own sockets get past that by sdesp_xfrm_bypass().
 */
#ifndef SDESP_XFRM_H
#define SDESP_XFRM_H

#include "sdesp_backend.h"

/* SAs of one backend, larval ones included. A session needs two, while it
 * rekeys four. */
#ifndef SDESP_XFRM_SAS
#define SDESP_XFRM_SAS 256
#endif

/* Flows with a policy. A session has one, and a second for the moment in
 * which its addresses change. At most 2047. */
#ifndef SDESP_XFRM_FLOWS
#define SDESP_XFRM_FLOWS 64
#endif

#define SDESP_XFRM_REQID 0x5de50000u
#define SDESP_XFRM_INSTANCES 16

/* The kernel does not tell of a first packet, nor what a packet from elsewhere
 * is worth: poll looks at the counters, but not more often than this. */
#define SDESP_XFRM_POLL_MS 50

/* How messages reach the kernel. Errors are negative errno values. */
struct sdesp_xfrm_io {
	/* Send one request. */
	int (*send)(void *ctx, const uint8_t *msg, size_t len);

	/* Take one datagram of the kernel: an answer, or with events a notice.
	 * Octets; 0 when none comes within wait_ms. */
	int (*receive)(
		void *ctx, int events, uint8_t *buf, size_t cap, int wait_ms);

	/* The netlink port that requests come from. */
	uint32_t (*port)(void *ctx);

	/* Hold an instance until it is released or the process ends. 0, or an
	 * error: another process holds it. */
	int (*claim)(void *ctx, unsigned instance);
	void (*release)(void *ctx, unsigned instance);

	/* A clock in milliseconds that does not run backwards. */
	uint64_t (*now_ms)(void *ctx);

	/* The kernel's time of day in seconds, which may be set: lifetimes of
	 * SAs go by it. */
	int64_t (*wall_s)(void *ctx);
};

struct sdesp_xfrm_config {
	const struct sdesp_xfrm_io *io;
	void *io_ctx;
};

/* Private. One direction of one SA, or a reserved SPI. */
struct sdesp_xfrm_sa {
	uint8_t state; /* enum sdesp_sa_state; NONE = free */
	uint8_t inbound;
	uint8_t events; /* pending: bit 1 << enum sdesp_backend_event_type */
	uint8_t used;   /* USED was told */
	uint8_t mode, udp;
	uint32_t spi, reqid;
	struct sdesp_addr local, remote;
	uint64_t end_ms; /* of its life; 0 = none */

	/* MOVED, inbound and udp: who sent what is told from two counters. */
	uint8_t heard;          /* heard_ms holds */
	uint8_t mapped;         /* seen is to be looked into */
	uint64_t heard_ms;      /* last seen of a packet from remote */
	uint64_t near;          /* packets that came from remote */
	uint64_t far;           /* packets that came from elsewhere */
	uint64_t highest;       /* number at heard_ms */
	uint32_t quiet_ms;      /* of the MOVED event */
	struct sdesp_addr seen; /* of the MOVED event */
};

/* Private. What a flow may send. */
struct sdesp_xfrm_policy {
	uint8_t used;
	uint8_t action; /* enum sdesp_action */
	uint32_t spi, reqid;
	uint32_t owns; /* selectors whose policy in the kernel is ours */
	struct sdesp_flow flow;
};

struct sdesp_xfrm {
	struct sdesp_backend base;
	struct sdesp_xfrm_config config;
	struct sdesp_features has;
	uint32_t reqid; /* first of our range */
	uint32_t skip;  /* so many more may be those of dead policies */
	uint32_t seq;   /* of the last request */
	uint8_t open;
	uint8_t heir;      /* a policy is ours that a dead process left */
	uint8_t lost;      /* events were lost, and nobody told yet */
	uint64_t asked_ms; /* counters were last looked at */
	struct sdesp_xfrm_sa sas[SDESP_XFRM_SAS];
	struct sdesp_xfrm_policy policies[SDESP_XFRM_FLOWS];
	char cause[256];
	uint8_t request[1408];
	uint8_t reply[16384];
	uint8_t notice[4096];
};

/*
 * Begin: claim an instance, remove the SAs of dead ones, ask what the kernel
 * can do. config is copied. &x->base is then a backend for
 * sdesp_session_init(); its methods are those of sdesp_backend.h, where
 *
 * - features are found by asking the kernel to change an SA that nobody has:
 *   it says whether it could, and adds nothing;
 * - a policy is made for each selector line, and for each aligned block of
 *   ports where a line has a range; they are out, in, and in tunnel mode fwd.
 *   SDESP_ERR_UNSUPPORTED: more than 32 of them, or protocol 0;
 * - a selector belongs to one flow at a time: a second one with the same
 *   selector takes it over when it may send, and its own is nobody's until
 *   then. SDESP_ERR_UNSUPPORTED from sa_add: the second has another peer, to
 *   whom the first one's traffic would go; from policy_set: another program
 *   has a policy with this selector;
 * - in transport mode what an SA of a flow with several selectors brings in is
 *   checked against the smallest selector around them all;
 * - in transport mode over IPv6, neighbour solicitations and advertisements
 *   between the two hosts (RFC 4861) go past a flow whose selectors cover
 *   them, in the clear: they have no data, and without them hosts lose each
 *   other;
 * - counters are the kernel's: bytes as its lifetimes count them;
 * - sa_move changes ports in place. With other addresses the SA is added
 *   again, with its keys as the kernel gives them, its counters and window;
 *   the outbound numbers skip 65536, and its flow is blocked meanwhile and
 *   stays so until policy_set. SDESP_ERR_UNSUPPORTED: the kernel hides keys;
 * - the kernel keeps the hard limit in seconds by the time of day. It looks
 *   one second after an SA was added or moved, and when it is due: only a
 *   clock that is set forward in that second ends an SA early (HARD); one that
 *   is set back lets what a dead process left live longer by as much;
 * - MOVED is told when the counters show that the highest number came from
 *   elsewhere; quiet_ms counts from when they last showed a packet from the
 *   old address;
 * - DYING and DEAD of sa_query go by packets and bytes, not by time;
 * - bypass is NULL: see sdesp_xfrm_bypass().
 *
 * SDESP_ERR_ARG      no io
 * SDESP_ERR_EXISTS   SDESP_XFRM_INSTANCES processes are there already
 * SDESP_ERR_BACKEND  sdesp_xfrm_cause() says why: no permission, or a kernel
 *                    without XFRM or ESP
 */
SDESP_CHECK int sdesp_xfrm_init(
	struct sdesp_xfrm *x, const struct sdesp_xfrm_config *config);

/* End: remove what is left, of dead instances too, wipe everything. Sessions
 * must have been closed. The io is still the caller's. */
void sdesp_xfrm_close(struct sdesp_xfrm *x);

/* The same for who was to go on where a dead process stopped, and cannot: the
 * policies of dead ones stay, and ours if one was taken over from them. */
void sdesp_xfrm_leave(struct sdesp_xfrm *x);

/*
 * Carry on with an SA that was used elsewhere, after sa_add and before its
 * first packet: seq is the last number that may have been used under the
 * outbound key, or the highest one accepted by an inbound SA, whose window
 * then counts everything up to it as seen. sa_query tells both afterwards.
 *
 * SDESP_ERR_GONE: no such SA. SDESP_ERR_BACKEND: see sdesp_xfrm_cause().
 */
SDESP_CHECK int sdesp_xfrm_resume(struct sdesp_xfrm *x,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, int inbound,
	uint64_t seq);

/* Why a call last failed, in the kernel's words and ours; "" = never. Also
 * after sdesp_xfrm_init() has failed. */
const char *sdesp_xfrm_cause(const struct sdesp_xfrm *x);

#endif
