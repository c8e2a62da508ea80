/*
 * The options of a SIP user agent, checked and made ready.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_CONFIG_H
#define SDESP_CMD_UA_CONFIG_H

#include "ports/posix/settings.h"
#include "ports/posix/ua_auth.h"
#include "ports/posix/ua_peers.h"

#define UA_URI 512

struct ua_config {
	const struct options *o;
	int listener;
	struct sdesp_addr sip; /* port 0: any */
	enum sip_transp transport;
	char aor[UA_URI];
	char user[UA_URI];                     /* of it, for Contact */
	char target[UA_URI];                   /* called; empty: a listener */
	char proxy[UA_URI], registrar[UA_URI]; /* empty: none */
	struct ua_peers peers;
	struct ua_auth auth;
	struct settings settings; /* policy, and our section */
	uint64_t silence_ms;      /* 0: for ever */
};

/* Read the options; target is the URI to call, or NULL: listen. An exit code,
 * with a message. */
int ua_config_read(
	struct ua_config *c, const struct options *o, const char *target);

/* Wipe what is secret in it. */
void ua_config_close(struct ua_config *c);

/* An address as libre has it. */
void ua_sa(struct sa *sa, const struct sdesp_addr *addr);

#endif
