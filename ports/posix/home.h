/*
 * Where the SAs of a command's sessions live: a backend and its sockets, as
 * any event loop drives them. SPDX-License-Identifier: MIT
 *
 *	code = home_open(&home, "tun", &config);
 *	n = home_fds(home, fds);               watch them for reading
 *	sdesp_session_init(&session, &policy, home->backend, &port);
 *	...
 *	home_up(home, &place, &info);          once a session is established,
 *	                                       and whenever it rekeyed or moved
 *	home_serve(home, now_ms);              when a descriptor is readable
 *	sdesp_sessions_poll(home->backend, ...); next = home_tick(home, now_ms);
 *	                                       after each call, and when due
 *	home_down(home, &place);               after sdesp_session_close()
 *	home_close(home);
 *
 * now_ms is the clock of sdesp_posix_now_ms(). One thread at a time. Calls
 * that return an exit code print a message when it is not DONE.
 */
#ifndef SDESP_CMD_HOME_H
#define SDESP_CMD_HOME_H

#include "sdesp_session.h"
#include "sdesp_udp.h"

#define HOME_FDS 8

struct home_class;

struct home {
	const struct home_class *vtable;
	struct sdesp_backend *backend;
	struct sdesp_addr local; /* outer; the port that is bound */
	const char *device; /* interface that programs' packets enter; NULL =
			     * there is none of its own */
	int failed;         /* 1: it never came up; what a dead process has left
		     * closed stays so after home_close() */
};

/* A datagram out of ESP, for a program that does ESP itself (udp). pkt and
 * meta are as sdesp_udp_input() leaves them and valid during the call. */
typedef void home_deliver(
	void *ctx, struct sdesp_pkt *pkt, const struct sdesp_udp_meta *meta);

struct home_config {
	struct sdesp_addr local; /* outer; port 0 takes any */
	uint8_t udp;             /* 1: ESP in UDP; 0: as IP protocol 50 */
	home_deliver *deliver;   /* udp: its packets; else NULL */
	void *ctx;
};

/* What a session has in a home. All octets zero: nothing. */
struct home_place {
	struct sdesp_flow flow;
	uint8_t suite;
	uint8_t up;
};

/* Packets, for the report at the end. */
struct home_counters {
	uint64_t sent, received, replays, forged;
	uint64_t others; /* refused for other reasons */
};

/* Open the backend of this name; NULL is "udp". An exit code: what is missing
 * here, and what helps, is in the message; *home is then NULL. */
int home_open(
	struct home **home, const char *name, const struct home_config *config);

/* "udp", "tun" or "xfrm". */
const char *home_name(const struct home *home);

/* Undo everything, wipe keys. NULL is fine. */
void home_close(struct home *home);

/* What to watch for reading; the same until home_close(). How many. */
unsigned home_fds(const struct home *home, int fds[HOME_FDS]);

/* Move what is there, a bounded number of packets. An exit code: the device is
 * gone, nothing moves any more. */
int home_serve(struct home *home, uint64_t now_ms);

/* Let time pass; when to call again at the latest. */
uint64_t home_tick(struct home *home, uint64_t now_ms);

/*
 * The session is established, or was rekeyed, or moved: from now on all that
 * programs send within its selectors goes through ESP or nowhere. An exit
 * code; what was up before then still is.
 */
int home_up(struct home *home, struct home_place *place,
	const struct sdesp_session_info *info);

/* The session is closed: let its traffic go as if it had not been there. */
void home_down(struct home *home, struct home_place *place);

/* Let a socket of signalling (family 4 or 6) past whatever is up. An exit
 * code. */
int home_bypass(struct home *home, int fd, unsigned family);

/*
 * Carry on with SAs that were used elsewhere, after sa_add and before their
 * first packet, and where they are now: as sdesp_udp_resume_out() and its
 * like. A home that cannot tell a whole window gives one in which everything
 * up to the highest number was seen.
 */
SDESP_CHECK int home_resume_out(struct home *home,
	const struct sdesp_flow *flow, const struct sdesp_sa *sa, uint64_t seq);
SDESP_CHECK int home_resume_in(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, const struct sdesp_replay *window);
SDESP_CHECK int home_window(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, struct sdesp_replay *window);

void home_count(struct home *home, struct home_counters *counters);

/* The backend's own handle, where programs hand packets over themselves;
 * NULL: it is another home. */
struct sdesp_udp *home_udp(struct home *home);

/* 1: packets go on leaving while the process is stopped or dead: the kernel
 * sends, and counts numbers by itself. */
int home_outlives(const struct home *home);

#endif
