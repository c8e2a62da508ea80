/*
 * A session between two runs of the command: settings, SAs, the session
 * itself. The file holds keys. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_STATE_H
#define SDESP_CMD_STATE_H

#include "ports/posix/settings.h"
#include "sdesp_esp.h"

#define STATE_SAS 8 /* two pairs, an old inbound, a reserved SPI, one spare */
#define STATE_POLICIES 4
#define STATE_EVENTS 8
#define STATE_SESSION_MAX 16384
#define STATE_AROUND 2048 /* text of the sections that are not ours */

/* Whether a program runs an SA that a file keeps. */
enum state_lent {
	STATE_RESTS,
	STATE_CLAIMED, /* the file says that it is a program's */
	STATE_LIVE     /* and the backend that is live has it */
};

/* One SA, as the file keeps it. */
struct state_sa {
	uint8_t state; /* enum sdesp_sa_state; NONE = free */
	uint8_t inbound;
	uint8_t spent;   /* outbound: its keys were given away */
	uint8_t unclean; /* inbound: a program has its window, or died with
			  * it; LARVAL: it was accepting an answer */
	uint8_t used;    /* inbound: the first packet was accepted */
	uint8_t lent;    /* enum state_lent; not in the file */
	struct sdesp_flow flow;
	struct sdesp_sa sa;
	uint64_t added_ms;
	struct sdesp_sa_stats stats; /* seq: reserved, where outbound */
	struct sdesp_replay replay;
};

struct state_policy {
	uint8_t used;
	uint8_t action; /* enum sdesp_action */
	uint32_t spi;
	struct sdesp_flow flow;
};

/* A backend that only keeps the books (state_backend.c). */
struct state_backend {
	struct sdesp_backend base;
	struct state_sa sas[STATE_SAS];
	struct state_policy policies[STATE_POLICIES];
	uint64_t now_ms;

	/* NULL, or the backend that runs the same SAs: all that is done here
	 * is done there too, counters come from it. */
	struct sdesp_backend *live;
	uint8_t outlives; /* 1: it goes on sending when we are dead */
	struct sdesp_sa_stats gone[2]; /* of SAs deleted there: out, in */

	struct sdesp_backend_event events[STATE_EVENTS];
	unsigned nevents;
};

void state_backend_init(struct state_backend *b);

/* The SA of this SPI that has keys; NULL: there is none. */
struct state_sa *state_backend_find(
	struct state_backend *b, uint32_t spi, int inbound);

/* Note in the books that an answer to the open offer is being accepted, or no
 * more; is it? */
void state_backend_begin(struct state_backend *b, int begun);
int state_backend_begun(const struct state_backend *b);

/* A program has this SA from now on: what the file must say of it before its
 * first packet moves; and when it gives it back. */
void state_backend_claim(struct state_backend *b, struct state_sa *sa);
void state_backend_unclaim(struct state_sa *sa);

/* Tell the session of a packet, limit or move at its next tick. */
void state_backend_event(
	struct state_backend *b, const struct state_sa *sa, unsigned type);

struct state {
	const char *path;
	int fd; /* locked; -1 = none */
	struct settings settings;
	struct state_backend backend;
	struct sdesp_port port;
	struct sdesp_session session;
	uint8_t saved[STATE_SESSION_MAX]; /* between read and resume */
	size_t saved_len;
	uint8_t created;   /* by us: goes if nothing comes of it */
	uint64_t clock_ms; /* of the calendar, never backwards */
	uint64_t origin;   /* sess-id of our o= line */
	uint32_t version;  /* sess-version of the last body we wrote */

	/* Our last body around our section, for the next one. */
	char before[STATE_AROUND], after[STATE_AROUND];
};

/*
 * Create the file, locked, and begin a session from st->settings (policy made
 * already). An exit code, with a message. What failed before state_store()
 * leaves no file once state_close() ran.
 */
int state_create(struct state *st, const char *path);

/* Read, check and lock the file, load the session, let time pass, tell
 * events. */
int state_open(struct state *st, const char *path);

/* Write the file: complete and on disk when this returns DONE. */
int state_store(struct state *st);

/* Hand the backend's events to the session, let time pass, tell events. */
int state_tick(struct state *st);

/* Unlock and wipe. The SAs in the file stay. Takes and returns an exit code;
 * one that is not DONE removes a file that was never stored. */
int state_close(struct state *st, int code);

#endif
