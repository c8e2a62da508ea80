/*
 * Who may call: SIP URIs compared, and whose word on the caller counts.
 * Functions without state. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_PEERS_H
#define SDESP_CMD_UA_PEERS_H

#include <inttypes.h>
#include <stdbool.h>

#include <re.h>

#include "ports/posix/options.h"

/* Are these equal as RFC 3261 19.1.4 says? Both as uri_decode() left them. */
int ua_uri_equal(const struct uri *a, const struct uri *b);

/*
 * The list of --allow, and of --trust: proxies whose P-Asserted-Identity
 * counts (RFC 3325 5). The texts are the caller's.
 */
struct ua_peers {
	struct uri allowed[LIST_MAX];
	unsigned nallowed;
	struct sa trusted[LIST_MAX]; /* addresses; ports are not looked at */
	unsigned ntrusted;
};

/* Read both lists. An exit code, with a message. */
int ua_peers_read(struct ua_peers *peers, const struct options *o);

/*
 * The caller's identity. With --trust only a request that a trusted proxy
 * sent has one: what its P-Asserted-Identity says. Without, it is what the
 * From header claims. NULL, or why there is none.
 */
const char *ua_caller(const struct ua_peers *peers, const struct sip_msg *msg,
	struct pl *identity);

/* Is this identity on the list? */
int ua_is_allowed(const struct ua_peers *peers, const struct pl *identity);

#endif
