/*
 * ESP in user space behind a TUN device: the gateway of a host, for any number
 * of peers. SPEC 8 and 9, RFC 4301, RFC 4303. SPDX-License-Identifier: MIT
 *
 * This half makes no system call and reads no clock. IP packets that the
 * device gives go to sdesp_tun_output(), which hands whole outer IP packets to
 * the send function of the configuration; ESP from the network goes to
 * sdesp_tun_input(), which leaves IP packets for the device. Time is an
 * argument: any clock in milliseconds that does not run backwards.
 * (sdesp_tun_io.h has the other half, for Linux.) One thread at a time,
 * sessions included.
 *
 *	size = sdesp_tun_memory(100000, 50000);
 *	sdesp_tun_init(&tun, &config, malloc(size), size);
 *	sdesp_session_init(&session, &policy, &tun.base, &port);
 *
 * Which SA a packet leaves through follows from its addresses, protocol and
 * ports: among the selectors that it fits, those with the longest remote
 * prefix, then the longest local one, then with a protocol, then with the
 * narrowest ports. What fits no selector, or a flow that may not send, is
 * dropped: nothing leaves but ESP and keepalives.
 *
 * In transport mode the device gets the traffic between the two hosts
 * themselves (a host route to the peer, past which the outer packets are
 * sent: see sdesp_tun_io.h). The IP header stays, ESP replaces what follows
 * it (RFC 4303 3.1.1).
 */
#ifndef SDESP_TUN_H
#define SDESP_TUN_H

#include "sdesp_esp.h"
#include "sdesp_watch.h"

/* Octets around a packet, either way. */
#define SDESP_TUN_HEAD (40 + 8 + SDESP_PKT_HEAD)
#define SDESP_TUN_TAIL SDESP_PKT_TAIL

/* Packets that are looked up, sealed or opened together. Calls take any
 * number and work through it in batches of this size. */
#define SDESP_TUN_BATCH 32

/* Shapes of selectors (lengths of prefixes, protocol or not, widths of port
 * ranges) that may be in use at once: a look-up tries each once. */
#define SDESP_TUN_SHAPES 64

/* RFC 3948 4: a keepalive goes out where nothing else did for so long. */
#define SDESP_TUN_KEEPALIVE_MS 20000

/* RFC 1191 6.3: how long a path MTU that was reported is believed. */
#define SDESP_TUN_PMTU_MS 600000

/* Longest piece that a packet is cut into, its headers included. */
#define SDESP_TUN_PIECE 1500

struct sdesp_tun_config {
	/* First member of a provider instance; must outlive the backend. */
	const struct sdesp_crypto_class *const *crypto;

	/* Send n whole IP packets, data and len of each, in order, without
	 * blocking. What cannot leave now is dropped: returns how many left.
	 * It may overwrite nothing and keep nothing. */
	size_t (*send)(void *ctx, const struct sdesp_pkt *pkts, size_t n);

	/* Likewise, n IP packets into the device: ICMP "too big". */
	size_t (*answer)(void *ctx, const struct sdesp_pkt *pkts, size_t n);
	void *ctx; /* of both */

	/* Octets of the largest outer packet: 576 to 65535. */
	size_t link_mtu;

	/* Random, so that nobody knows which keys collide in the tables. */
	uint64_t seed;

	/* Capacities, each 1 to 2^24. A session needs two SAs, while it rekeys
	 * four; and one flow, for a moment two when its addresses change. */
	uint32_t max_sas, max_flows;

	/* NULL, or called when keys are installed, before sa_add returns. sa
	 * is valid during the call only. For sdesp_keylog_line(). */
	void (*keylog)(void *ctx, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, int inbound);
	void *keylog_ctx;
};

/* What came and went, in packets. Nothing here wraps in practice. */
struct sdesp_tun_counters {
	uint64_t opened;      /* authentic, for the device */
	uint64_t dummies;     /* authentic, next header 59 */
	uint64_t keepalives;  /* received */
	uint64_t foreign;     /* in UDP, but neither ESP nor a keepalive */
	uint64_t runts;       /* too short for ESP */
	uint64_t unknown_spi; /* none such, or not in this encapsulation */
	uint64_t early;       /* for an SPI that has no keys yet */
	uint64_t replays;     /* refused by the window */
	uint64_t forged;      /* ICV wrong */
	uint64_t malformed;   /* authentic, but malformed inside */
	uint64_t selector_in; /* authentic, outside the selectors: spoofed */
	uint64_t congested;   /* authentic, dropped for RFC 6040 4.2 */
	uint64_t expired; /* either way: by a hard limit or the last number */

	uint64_t sealed;  /* handed to send */
	uint64_t unsent;  /* of these, not taken by it */
	uint64_t blocked; /* refused: of no flow, or it may not send now */
	uint64_t too_big; /* refused: DF, or IPv6; answered with ICMP */
	uint64_t unfit;   /* no room (either way), not well formed, or a
			   * fragment for transport mode */
	uint64_t pieces;  /* sent or sealed as part of a packet that was cut */
	uint64_t clamped; /* TCP MSS made smaller, either way */
	uint64_t keepalives_sent;
};

#include "sdesp_tun_private.h"

/* Octets of memory for so many SAs and flows; 0 when either is out of range.
 * Aligned as malloc(3) does. */
size_t sdesp_tun_memory(uint32_t max_sas, uint32_t max_flows);

/*
 * Begin: no SA, no flow. config is copied; memory is the backend's until
 * sdesp_tun_close(). &t->base is then a backend for sdesp_session_init(); its
 * methods are those of sdesp_backend.h, where
 *
 * - features are both modes, ESN, IPv4, IPv6, with UDP encapsulation and
 *   without, and the suites of the provider;
 * - an inbound SA is named by its SPI alone, an outbound one by both outer
 *   addresses and SPI; a policy by the whole flow;
 * - SDESP_ERR_SPACE from spi_reserve, sa_add and policy_set: a table is full,
 *   or (policy_set, sa_move) there are SDESP_TUN_SHAPES other shapes;
 * - SDESP_ERR_UNSUPPORTED from those: an unknown mode, address families that
 *   differ; from sa_add: a suite that the provider lacks;
 * - SDESP_ERR_GONE from policy_set(PROTECT): no such outbound SA. A flow whose
 *   SA is deleted is blocked;
 * - where the selectors of two flows are alike, the one that may send is used,
 *   and of two such the one that was set last;
 * - a flow follows its outbound SA when that moves. If the new flow has been
 *   given a policy already, that one's word holds;
 * - time limits of an SA count from the first sdesp_tun_tick() after sa_add;
 * - SDESP_BACKEND_MOVED comes with UDP encapsulation only. Its quiet_ms counts
 *   what any SA of the flow has heard since the flow was given a policy; 0 when
 *   it has none;
 * - bypass is NULL: what does not enter the device does not run through here.
 *   cause is NULL: SDESP_ERR_BACKEND never happens.
 *
 * SDESP_ERR_ARG: a member of config is missing or out of range.
 * SDESP_ERR_SPACE: memory is too small or not aligned.
 */
SDESP_CHECK int sdesp_tun_init(struct sdesp_tun *t,
	const struct sdesp_tun_config *config, void *memory, size_t size);

/* End: wipe everything. Sessions must have been closed. */
void sdesp_tun_close(struct sdesp_tun *t);

/*
 * Carry on with an SA that was used elsewhere, after sa_add and before its
 * first packet: seq is the last number that may have been used under the
 * outbound key, window what sdesp_tun_window() gave for an inbound one.
 *
 * SDESP_ERR_GONE: no such SA. SDESP_ERR_ARG: another size of window.
 */
SDESP_CHECK int sdesp_tun_resume_out(struct sdesp_tun *t,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, uint64_t seq);
SDESP_CHECK int sdesp_tun_resume_in(
	struct sdesp_tun *t, uint32_t spi, const struct sdesp_replay *window);

/* The window of an inbound SA now. SDESP_ERR_GONE: no such SA. */
SDESP_CHECK int sdesp_tun_window(
	const struct sdesp_tun *t, uint32_t spi, struct sdesp_replay *window);

/*
 * The largest inner IP packet that leaves in one outer packet of link_mtu
 * octets under this suite; 0 when none does. For the MTU of the device: the
 * least over all flows, and not below 1280 when IPv6 is to run in it.
 */
size_t sdesp_tun_mtu(const struct sdesp_suite *suite,
	const struct sdesp_flow *flow, size_t link_mtu);

/*
 * The network says that packets of more than mtu octets do not reach an outer
 * address. Believed for SDESP_TUN_PMTU_MS if it is below the MTU of the link,
 * but never below 576 (IPv4) or 1280 (IPv6): who says so proves nothing.
 */
void sdesp_tun_pmtu(struct sdesp_tun *t, const struct sdesp_addr *remote,
	size_t mtu, uint64_t now_ms);

/*
 * Send n IP packets from the device, in this order; data and len span the
 * packet, with SDESP_TUN_HEAD and SDESP_TUN_TAIL around it.
 *
 * Tunnel: TTL of the outer header 64, DSCP, ECN and DF from the inner one (DF
 * set for IPv6), flow label 0. Transport: the header is the packet's own. UDP
 * checksum 0 on IPv4. MSS of a TCP SYN is made to fit. A packet whose outer
 * packet would exceed the path MTU:
 * - with DF, or IPv6 above 1280 octets: ICMP "too big" goes to its sender;
 * - IPv4 in tunnel mode, selectors without ports: cut before it is sealed;
 * - else (RFC 4301 8.1): sealed, and the outer packet is cut.
 *
 * Returns how many left. What data and len are afterwards is of no use; each
 * packet's status says:
 * SDESP_OK              sealed and handed to send
 * SDESP_ERR_ARG         not exactly an IP packet
 * SDESP_ERR_BLOCKED     of no flow, or that may not send now (SPEC 9.2)
 * SDESP_ERR_UNSUPPORTED a fragment, for transport mode (RFC 4303 3.3.4)
 * SDESP_ERR_LIMIT       too big
 * SDESP_ERR_SPACE       head or tail too small, more than 65535 octets with
 *                       what is added, or no path MTU holds a piece of it
 * SDESP_ERR_SEQ, SDESP_ERR_EXPIRED  as sdesp_esp_seal()
 */
size_t sdesp_tun_output(
	struct sdesp_tun *t, struct sdesp_pkt *pkts, size_t n, uint64_t now_ms);

/* What belongs to a received ESP packet besides its octets. */
struct sdesp_tun_meta {
	struct sdesp_addr from; /* outer source; port of UDP, else 0 */
	uint8_t udp;            /* 1: the payload of a UDP datagram */
	uint8_t tos, ttl;       /* of the outer header (IPv6: traffic class,
				 * hop limit) */
};

/*
 * Take n packets from the network in place: data and len span the payload of
 * a UDP datagram or of an IP packet of protocol 50, SDESP_TUN_HEAD and
 * SDESP_TUN_TAIL around it; meta[i] belongs to pkts[i].
 *
 * Returns how many have the status SDESP_OK: IP packets for the device, data
 * and len of each. Tunnel: the inner packet, with the congestion that was met
 * (RFC 6040 4.2). Transport: behind a header made of the flow's addresses, TOS
 * and TTL as received; with UDP encapsulation TCP and UDP checksums, which NAT
 * breaks, are made anew (SPEC 8.8). MSS of a TCP SYN is made to fit.
 *
 * Every other packet is dropped and counted; its status:
 * SDESP_ERR_SHORT     too short for ESP; a keepalive
 * SDESP_ERR_SPI       no SA has this SPI in this encapsulation, or it has no
 *                     keys yet, or not ESP
 * SDESP_ERR_SELECTOR  authentic, but outside the selectors; wiped
 * SDESP_ERR_BLOCKED   authentic, dropped for RFC 6040 4.2; wiped
 * SDESP_ERR_PADDING   authentic, but malformed inside, inner headers
 *                     included; wiped
 * SDESP_ERR_SPACE, SDESP_ERR_REPLAY, SDESP_ERR_AUTH, SDESP_ERR_DUMMY,
 * SDESP_ERR_EXPIRED   as sdesp_esp_open()
 */
size_t sdesp_tun_input(struct sdesp_tun *t, struct sdesp_pkt *pkts,
	const struct sdesp_tun_meta *meta, size_t n, uint64_t now_ms);

/*
 * Let time pass. A flow that may send now and has not used its outbound SA
 * yet sends a dummy packet (SPEC 5.3, 10.2: the other end waits for a sign of
 * the new SA). With UDP encapsulation a flow that was let send, on hold also,
 * sends a keepalive when nothing left for SDESP_TUN_KEEPALIVE_MS. Time limits
 * are enforced. Costs what is due, not what is there. Returns when to call
 * again at the latest, UINT64_MAX when nothing is due; call it after every
 * call of a session too.
 */
uint64_t sdesp_tun_tick(struct sdesp_tun *t, uint64_t now_ms);

#endif
