/*
 * One end of a session in a namespace: over the kernel's ESP; over ours behind
 * a TUN device; or over ours in this process. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_END_H
#define TESTS_KERNEL_END_H

#include "net.h"
#include "sdesp_session.h"
#include "sdesp_tun_io.h"
#include "sdesp_udp_socket.h"
#include "sdesp_xfrm_socket.h"

/* What two ends agree on. */
struct terms {
	uint8_t suite; /* enum sdesp_suite_id */
	uint8_t mode;  /* enum sdesp_mode */
	uint8_t family, udp, esn;
	uint32_t soft, hard; /* packets; 0 = as always */
};

enum end_kind { END_XFRM, END_UDP, END_TUN };

struct end {
	int ns;
	enum end_kind kind;
	struct sdesp_session session;
	struct sdesp_policy policy;
	struct sdesp_port port;
	struct sdesp_local local;
	struct sdesp_backend *backend;
	const char *error; /* the first thing that went wrong; NULL = none */

	struct sdesp_xfrm xfrm;
	struct sdesp_xfrm_socket xfrm_socket;
	int encap; /* -1 = none */

	struct sdesp_tun tun;
	struct sdesp_tun_io tun_io;
	void *tun_memory;
	struct net_server server;
	int lossless; /* END_TUN, after the end: no packet was dropped but by
		       * policy */

	struct sdesp_udp udp;
	struct sdesp_udp_socket udp_socket;
	struct sdesp_bearssl crypto;
	struct sdesp_udp_buf buf;

	unsigned rekeyed, due, expired, failed; /* events, counted */
};

/* Open the backend in a namespace. 1; 0: e->error says why. */
int end_open(struct end *e, int ns, enum end_kind kind);
void end_close(struct end *e);

/* Begin and end a session on these terms. */
int end_begin(struct end *e, const struct terms *terms);
int end_finish(struct end *e);

/* The suites that an end could do. */
uint32_t end_suites(struct end *e);

/* Before a backend in user space is closed: nothing is left in it, since as
 * many SAs and flows as it has room for fit in. */
int end_is_empty(struct end *e, unsigned sas, unsigned flows);

/* For what makes ends: keep the first error. Returns 0. */
int end_wrong(struct end *e, const char *what, int status);

/*
 * Offer, answer, accept and ACK between two ends; between each two of these
 * step(ctx) is called, unless it is NULL, and returns 1 to go on. 1, or 0 and
 * an error in one of them.
 */
int ends_agree(struct end *offerer, struct end *answerer,
	int (*step)(void *ctx), void *ctx);

/* Let time and events come to a session. */
void end_turn(struct end *e);

/* Turn both ends for so long. */
void ends_wait(struct end *a, struct end *b, unsigned ms);

#endif
