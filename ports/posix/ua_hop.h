/*
 * Where requests go first, and from which address of ours.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_HOP_H
#define SDESP_CMD_UA_HOP_H

#include "ports/posix/ua_config.h"

/* The address that this system would send from to a host; port 0. 0 or -1. */
int ua_hop_own(struct sdesp_addr *own, const struct pl *host);

/*
 * The route of a request to uri: the proxy, if there is one. libre asks the
 * DNS alone, so a host with a port, for which there is no SRV record to ask
 * for (RFC 3263 4.2), is looked up here, as the system does: /etc/hosts and
 * all. NULL: there is no route but uri.
 */
const char *ua_hop_route(
	char route[UA_URI], const struct ua_config *c, const char *uri);

#endif
