/*
 * The backend that needs no privilege: ESP in UDP on the application's own
 * socket, in software. SPEC 8 and 9, RFC 3948. SPDX-License-Identifier: MIT
 *
 * One struct sdesp_udp serves one local UDP socket; any number of sessions
 * may share it. It is the caller's memory, its size is public, its fields are
 * private but for counters. It makes no system call and reads no clock: what
 * came from the socket is handed to sdesp_udp_input(), what must leave goes
 * to the send function of the configuration, time is an argument. now_ms is
 * any clock in milliseconds that does not run backwards. (sdesp_udp_socket.h
 * has the other half for POSIX.) One thread at a time, sessions included.
 *
 *	sdesp_udp_init(&udp, &config);
 *	sdesp_session_init(&session, &policy, &udp.base, &port);
 *	...
 *	sdesp_session_info(&session, &info);
 *	flow = sdesp_udp_flow(&udp, &info.flow);
 *	sdesp_udp_send(&udp, flow, 40000, 40001, &pkt, 1, now_ms);
 *
 * Nothing of a flow leaves but ESP through the SA that the session chose, and
 * keepalives (SPEC 8.7, 9.2).
 */
#ifndef SDESP_UDP_H
#define SDESP_UDP_H

#include "sdesp_backend.h"
#include "sdesp_esp.h"
#include "sdesp_watch.h"

/* SAs of one instance, larval ones included. A session needs two, while it
 * rekeys four. With the default limits one takes about 1.5 KiB. At most
 * 65535. */
#ifndef SDESP_UDP_SAS
#define SDESP_UDP_SAS 16
#endif

/* Flows with a policy. A session has one, and a second for the moment in which
 * its addresses change. At most 65535. */
#ifndef SDESP_UDP_FLOWS
#define SDESP_UDP_FLOWS 8
#endif

/* RFC 3948 4: a keepalive goes out where nothing else did for so long. */
#define SDESP_UDP_KEEPALIVE_MS 20000

/* Octets of headroom that sdesp_udp_send() wants in each packet. */
#define SDESP_UDP_HEAD (SDESP_PKT_HEAD + 8)

/* What a received datagram is, by its first octets (RFC 3948 2, RFC 7983 7,
 * SPEC 8.7). */
enum sdesp_udp_kind {
	SDESP_UDP_UNKNOWN,   /* nothing that belongs on such a socket */
	SDESP_UDP_ESP,       /* a live SPI, or first octet 192 to 255 */
	SDESP_UDP_KEEPALIVE, /* one octet FF */
	SDESP_UDP_MARKED,    /* behind the non-ESP marker, four zero octets */
	SDESP_UDP_STUN,      /* 0 to 3 */
	SDESP_UDP_ZRTP,      /* 16 to 19 */
	SDESP_UDP_DTLS,      /* 20 to 63 */
	SDESP_UDP_TURN,      /* 64 to 79: TURN channel */
	SDESP_UDP_RTP        /* 128 to 191: RTP or RTCP in the clear */
};

#define SDESP_UDP_KIND_BIT(kind) ((unsigned)1 << (kind))

struct sdesp_udp_config {
	/* First member of a provider instance; must outlive the backend. */
	const struct sdesp_crypto_class *const *crypto;

	/* Send n datagrams, data and len of each, to one destination, in
	 * order, without blocking. What cannot leave now is dropped: returns
	 * how many left. It may overwrite nothing and keep nothing. */
	size_t (*send)(void *ctx, const struct sdesp_addr *to,
		const struct sdesp_pkt *pkts, size_t n);
	void *send_ctx;

	/* Set of SDESP_UDP_KIND_BIT (MARKED to RTP) that the application
	 * takes from sdesp_udp_input(); the rest is refused. A stream that
	 * was negotiated to be ESP has no use for RTP. */
	unsigned pass;

	/* NULL, or called when keys are installed, before sa_add returns. sa
	 * is valid during the call only. For sdesp_keylog_line(). */
	void (*keylog)(void *ctx, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, int inbound);
	void *keylog_ctx;
};

/* What came and went, in datagrams. Nothing here wraps in practice. */
struct sdesp_udp_counters {
	uint64_t opened;     /* authentic, delivered */
	uint64_t dummies;    /* authentic, next header 59 */
	uint64_t keepalives; /* received */
	uint64_t passed;     /* kinds that the application takes */
	uint64_t foreign;    /* kinds that it does not take, or unknown */
	uint64_t runts;      /* too short for what they begin as */
	uint64_t unknown_spi;
	uint64_t early;       /* for an SPI that has no keys yet */
	uint64_t replays;     /* refused by the window */
	uint64_t forged;      /* ICV wrong */
	uint64_t malformed;   /* authentic, but malformed inside */
	uint64_t selector_in; /* authentic, outside the selectors */
	uint64_t expired; /* either way: by a hard limit or the last number */

	uint64_t sealed;  /* handed to send */
	uint64_t unsent;  /* of these, not taken by it */
	uint64_t blocked; /* refused: flow blocked or unknown */
	uint64_t selector_out;
	uint64_t unfit; /* no room (either way), or not well formed */
	uint64_t keepalives_sent;
};

/* Private. One direction of one SA, or a reserved SPI. */
struct sdesp_udp_sa {
	uint8_t inbound;
	uint16_t next; /* inbound: in its hash chain; slot + 1, 0 = end */
	uint32_t spi;
	uint32_t flow_id;         /* last policy found for it; may be stale */
	struct sdesp_watch watch; /* state NONE: the slot is free */
	struct sdesp_flow flow;
	union {
		struct sdesp_esp_tx tx;
		struct sdesp_esp_rx rx;
	} esp;
};

/* Private. What a flow may send. */
struct sdesp_udp_policy {
	uint8_t used;
	uint8_t announce; /* a dummy is due if nothing else is sent first */
	uint8_t sent;     /* sent_ms holds */
	uint16_t sa;      /* outbound SA: slot + 1; 0 = none: blocked */
	uint32_t turn;    /* of the slot's users; part of the id */
	uint64_t sent_ms;
	struct sdesp_silence silence;
	struct sdesp_flow flow;
};

struct sdesp_udp {
	struct sdesp_backend base;
	struct sdesp_udp_counters counters; /* public, read only */
	struct sdesp_udp_config config;
	uint8_t pending;  /* 1: an SA may have events */
	uint32_t poll_at; /* slot where the search for events goes on */
	uint16_t chain[SDESP_UDP_SAS]; /* by SPI; slot + 1, 0 = empty */
	struct sdesp_udp_sa sas[SDESP_UDP_SAS];
	struct sdesp_udp_policy policies[SDESP_UDP_FLOWS];
};

/*
 * Begin: no SA, no flow. config is copied. &u->base is then a backend for
 * sdesp_session_init(); its methods are those of sdesp_backend.h, where
 *
 * - features are both modes, ESN, IPv4, IPv6, UDP encapsulation only, and the
 *   suites of the provider;
 * - an inbound SA is named by its SPI alone (one socket), an outbound one by
 *   both outer addresses and SPI; a policy by the whole flow;
 * - SDESP_ERR_SPACE from spi_reserve, sa_add and policy_set: a table is full;
 * - SDESP_ERR_UNSUPPORTED from those: not UDP, an unknown mode, address
 *   families that differ; from sa_add: a suite that the provider lacks;
 * - SDESP_ERR_GONE from policy_set(PROTECT): no such outbound SA. An SA that
 *   is deleted while a policy names it leaves the flow blocked;
 * - the id of a flow (sdesp_udp_flow()) follows its outbound SA when that
 *   moves. If the new flow has a policy already, that one's word holds;
 * - time limits of an SA count from the first sdesp_udp_tick() after sa_add;
 * - events cannot be lost: each SA holds its own, MOVED the newest. Its
 *   quiet_ms counts what any SA of the flow has heard since the flow was given
 *   a policy; 0 when it has none;
 * - bypass is NULL: the signalling does not run through here. cause is NULL:
 *   SDESP_ERR_BACKEND never happens.
 *
 * SDESP_ERR_ARG: no crypto or no send.
 */
SDESP_CHECK int sdesp_udp_init(
	struct sdesp_udp *u, const struct sdesp_udp_config *config);

/* End: wipe everything. Sessions must have been closed. */
void sdesp_udp_close(struct sdesp_udp *u);

/*
 * Carry on with an SA that was used elsewhere, after sa_add and before its
 * first packet: seq is the last number that may have been used under the
 * outbound key, window what sdesp_udp_window() gave for an inbound one.
 *
 * SDESP_ERR_GONE: no such SA. SDESP_ERR_ARG: another size of window.
 */
SDESP_CHECK int sdesp_udp_resume_out(struct sdesp_udp *u,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, uint64_t seq);
SDESP_CHECK int sdesp_udp_resume_in(
	struct sdesp_udp *u, uint32_t spi, const struct sdesp_replay *window);

/* The window of an inbound SA now. SDESP_ERR_GONE: no such SA. */
SDESP_CHECK int sdesp_udp_window(
	const struct sdesp_udp *u, uint32_t spi, struct sdesp_replay *window);

/*
 * What a datagram is. Looks at no more than 4 octets, len and the live SPIs.
 * With u NULL there are none. ESP that turns out too short is still ESP.
 */
enum sdesp_udp_kind sdesp_udp_classify(
	const struct sdesp_udp *u, const uint8_t *data, size_t len);

/* What belongs to a received datagram besides its octets. */
struct sdesp_udp_meta {
	struct sdesp_addr from; /* in: outer source */
	uint8_t kind;           /* out: enum sdesp_udp_kind */
	uint32_t spi;           /* out, ESP: its SPI; else 0 */
	uint32_t flow;          /* out, ESP of a live SA: as sdesp_udp_flow(),
				 * 0 = its flow has no policy */
	uint16_t local_port;  /* out, status SDESP_OK: inner ports where the */
	uint16_t remote_port; /* protocol has them, else 0 */
};

/*
 * Take n received datagrams in place. On entry data and len of a packet are
 * the UDP payload, with room as sdesp_esp_open() wants it (head and tail of
 * SDESP_PKT_HEAD and SDESP_PKT_TAIL always do), meta[i] belongs to pkts[i].
 * Datagrams of one SA that stand together are opened in one call.
 *
 * Returns how many have the status SDESP_OK; those are the application's:
 *
 * ESP, transport   data and len are the payload of the next header. For UDP
 *                  (17) they are what its header encloses; its checksum is
 *                  not looked at: NAT breaks it (SPEC 8.8), and the ICV has
 *                  proved more.
 * ESP, tunnel      data and len are the inner IP packet, next_header is 4 or
 *                  41; what follows its own length is cut off.
 * MARKED           what follows the marker.
 * STUN ... RTP     as received.
 *
 * Every other packet is dropped and counted; its status:
 * SDESP_ERR_SHORT     too short for ESP; a keepalive
 * SDESP_ERR_SPI       no SA has this SPI, or it has no keys yet, or the kind
 *                     is UNKNOWN
 * SDESP_ERR_BLOCKED   a kind that config.pass leaves out
 * SDESP_ERR_SELECTOR  authentic, but outside the selectors; wiped
 * SDESP_ERR_PADDING   authentic, but malformed inside, inner headers
 *                     included; wiped
 * SDESP_ERR_SPACE, SDESP_ERR_REPLAY, SDESP_ERR_AUTH, SDESP_ERR_DUMMY,
 * SDESP_ERR_EXPIRED   as sdesp_esp_open()
 */
size_t sdesp_udp_input(struct sdesp_udp *u, struct sdesp_pkt *pkts,
	struct sdesp_udp_meta *meta, size_t n, uint64_t now_ms);

/*
 * The id of a flow that has a policy; 0 when it has none. It stays good until
 * policy_delete, across rekeys and moves, and is not given out again soon
 * (2^32 / SDESP_UDP_FLOWS policies later): a stale id sends nothing.
 */
uint32_t sdesp_udp_flow(
	const struct sdesp_udp *u, const struct sdesp_flow *flow);

/*
 * Send n packets in place, in this order. On entry data, len and next_header
 * are the payload; in a flow of tunnel mode data and len are an inner IP
 * packet and next_header is set here. Room as sdesp_esp_seal() wants it:
 * SDESP_PKT_HEAD and SDESP_PKT_TAIL always do. Ports are read from the
 * payload for the selectors. In transport mode next header 59 is a dummy
 * (SPEC 8.6), which no selector refuses.
 *
 * Returns how many left. Each packet's status says the rest:
 * SDESP_OK            sealed and handed to send
 * SDESP_ERR_BLOCKED   no such flow, or it may not send now (SPEC 9.2)
 * SDESP_ERR_SELECTOR  outside the selectors
 * SDESP_ERR_ARG       tunnel: not exactly an IP packet; transport: next
 *                     header 17 without a UDP header of just that length
 * SDESP_ERR_SPACE, SDESP_ERR_SEQ, SDESP_ERR_EXPIRED  as sdesp_esp_seal()
 * A packet that is refused is untouched (but see next_header).
 */
size_t sdesp_udp_output(struct sdesp_udp *u, uint32_t flow,
	struct sdesp_pkt *pkts, size_t n, uint64_t now_ms);

/*
 * Likewise for application data in a flow of transport mode: puts a UDP
 * header with these ports (checksum over the outer addresses included) before
 * each payload, for which head must be at least SDESP_UDP_HEAD, and sends.
 * Further errors: SDESP_ERR_SPACE for head, or more than 65527 octets;
 * SDESP_ERR_ARG for a flow of tunnel mode.
 */
size_t sdesp_udp_send(struct sdesp_udp *u, uint32_t flow, uint16_t local_port,
	uint16_t remote_port, struct sdesp_pkt *pkts, size_t n,
	uint64_t now_ms);

/*
 * Let time pass. A flow that may send now and has not used its outbound SA
 * yet sends a dummy packet (SPEC 5.3, 10.2: the other end waits for a sign of
 * the new SA). A flow that was let send, on hold also, sends a keepalive when
 * nothing left for SDESP_UDP_KEEPALIVE_MS. Time limits are enforced. Returns
 * when to call again at the latest, UINT64_MAX when nothing is due; call it
 * after every call of a session too.
 */
uint64_t sdesp_udp_tick(struct sdesp_udp *u, uint64_t now_ms);

#endif
