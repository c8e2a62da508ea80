/*
 * Who may call: SIP URIs compared, and whose word on the caller counts.
 * Functions without state. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_PEERS_H
#define SDESP_CMD_UA_PEERS_H

#include "ports/libre/sdesp_libre.h"
#include "ports/libre/sdesp_re.h"
#include "ports/posix/options.h"

/* 1: text is a SIP or SIPS URI, and *uri points into it. */
int ua_uri_read(struct uri *uri, const char *text);

/* Are these equal as RFC 3261 19.1.4 says? Both as uri_decode() left them. */
int ua_uri_equal(const struct uri *a, const struct uri *b);

/*
 * The list of --allow, and of --trust: proxies whose P-Asserted-Identity
 * counts (RFC 3325 5). The texts are the caller's.
 */
struct ua_peers {
	struct uri allowed[LIST_MAX];
	unsigned nallowed;
	struct sdesp_addr trusted[LIST_MAX]; /* without port */
	unsigned ntrusted;
};

/* Read both lists. An exit code, with a message. */
int ua_peers_read(struct ua_peers *peers, const struct options *o);

/*
 * May this caller call? With --trust only requests sent by a trusted proxy
 * have an identity: the one that P-Asserted-Identity gives. Without, it is
 * what the From header claims. NULL, or why not; *identity is who that is, or
 * the claim.
 */
const char *ua_peers_refuse(const struct ua_peers *peers,
	const struct sdesp_caller *caller, const char **identity);

#endif
