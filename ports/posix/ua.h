/*
 * A SIP user agent whose calls carry ESP: the parts of "sdesp ua", which all
 * run in libre's loop. SPDX-License-Identifier: MIT
 *
 *	ua_config  options                ua_sip       SIP stack, TLS
 *	ua_peers   who may call           ua_register  REGISTER
 *	ua_auth    digest credentials     ua_calls     calls and their sessions
 *	ua_hop     where requests go
 *	ua_path    packets: the home of all SAs
 *	ua_lane    TCP through a call
 */
#ifndef SDESP_CMD_UA_H
#define SDESP_CMD_UA_H

#include "ports/posix/home.h"
#include "ports/posix/ua_config.h"
#include "ports/posix/ua_lane.h"
#include "ports/posix/ua_say.h"

#define UA_CALLS 32

struct ua;
struct ua_path;
struct ua_register;
struct ua_status;

/* A call and what it has here. */
struct ua_call {
	struct ua *ua;
	struct sdesp_call *call; /* NULL: free */
	struct home_place place;
	struct sdesp_session_info info; /* of the pair in use */
	int established;
	uint64_t packets;  /* valid ones when last looked at */
	uint64_t heard_ms; /* since when there was none */
	uint64_t asked_ms; /* whether the peer lives, in this silence; or 0 */
	struct ua_lane *lane; /* TCP through it; NULL: none */
};

struct ua {
	struct ua_config config;
	struct sip *sip;
	struct tls *tls;
	struct sdesp_port port;
	struct sdesp_libre *calls;
	struct sip_lsnr *others; /* requests that are not of calls */
	struct ua_register *registration;
	struct ua_path *path;
	struct ua_status *status; /* NULL: nobody may ask */
	struct ua_call call[UA_CALLS];
	struct tmr end;     /* --seconds, then patience */
	struct tmr look;    /* for silence */
	struct tmr refusal; /* a peer refused us in TLS */
	int ending;         /* 1: goodbye was said */
	int code;           /* exit code so far */
	unsigned refused;   /* callers */
	unsigned served;    /* calls that were established */
};

/* End: BYE, un-REGISTER, and when they are answered or patience is over, out
 * of re_main(). code is the exit code if there was none worse. */
void ua_end(struct ua *ua, int code);

/* ua_sip.c: the stack, one transport, listening. An exit code. */
int ua_sip_open(struct ua *ua);
void ua_sip_close(struct ua *ua);
void ua_sip_quiet(void); /* libre's own remarks: what matters is said here */

/*
 * ua_tls.c: a TLS context of our certificate, and who has to prove what: with
 * ca a client to be certified by it, a server that we connect to also to be
 * one of hosts (NULL: none), or an address that a call came from. refused is
 * called when a peer refuses us; it must not touch the stack. An exit code.
 */
#define UA_TLS_HOSTS 3
int ua_tls_open(struct tls **tls, const char *cert, const char *ca,
	const char *const hosts[UA_TLS_HOSTS], void (*refused)(void *arg),
	void *arg);

/* A call came from here: its Contact may have to be connected to. */
void ua_tls_expect(const struct sdesp_addr *peer);

/* ua_register.c: register now and again; failure is told and tried again. */
int ua_register_open(struct ua *ua);
void ua_register_close(struct ua *ua);

/* ua_calls.c: the adapter, and calls in and out. */
int ua_calls_open(struct ua *ua);
int ua_calls_make(struct ua *ua);
void ua_calls_rekey(struct ua *ua);

/* Give up what has not ended by itself. */
void ua_calls_close(struct ua *ua);

/* ua_silence.c: find peers that are gone. */
void ua_silence_open(struct ua *ua);
void ua_silence_close(struct ua *ua);

/* ua_status.c: answer sdesp status. An exit code. */
int ua_status_open(struct ua *ua);
void ua_status_close(struct ua *ua);

/* ua_path.c: the home that all calls share. */
int ua_path_open(struct ua *ua);
void ua_path_close(struct ua *ua);
struct home *ua_path_home(struct ua *ua);

/* The session of a call is established, was rekeyed or moved. An exit code:
 * its packets cannot flow. */
int ua_path_up(struct ua *ua, struct ua_call *call);
void ua_path_down(struct ua *ua, struct ua_call *call);

/* Sessions were called, or TCP: see to the backend and the timers soon. */
void ua_path_touch(struct ua *ua);

#endif
