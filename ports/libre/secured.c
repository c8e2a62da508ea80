/* Who can read the signalling, and whom it came from.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

void addr_from_sa(struct sdesp_addr *addr, const struct sa *sa)
{
	memset(addr, 0, sizeof *addr);
	if (sa_af(sa) == AF_INET) {
		uint32_t ip = sa_in(sa);

		addr->family = 4;
		for (unsigned i = 0; i < 4; i++)
			addr->ip[i] = (uint8_t)(ip >> (24 - 8 * i));
	} else if (sa_af(sa) == AF_INET6) {
		addr->family = 6;
		sa_in6(sa, addr->ip);
	}
	addr->port = sa_port(sa);
}

/* A hop before the last one: what the proxy that took it wrote down. */
static bool open_hop(
	const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	const struct sip_hdr **first = arg;
	struct sip_via via;

	(void)msg;
	if (*first == NULL) { /* our own hop: seen, not read */
		*first = hdr;
		return false;
	}
	if (sip_via_decode(&via, &hdr->val) != 0)
		return true;
	return via.tp != SIP_TRANSP_TLS &&
	       !(sa_isset(&via.addr, SA_ADDR) && sa_is_loopback(&via.addr));
}

bool secured_request(const struct sip_msg *msg)
{
	const struct sip_hdr *first = NULL;

	if (msg->tp != SIP_TRANSP_TLS &&
		!(sa_is_loopback(&msg->src) && sa_is_loopback(&msg->dst)))
		return false;
	return sip_msg_hdr_apply(msg, true, SIP_HDR_VIA, open_hop, &first) ==
	       NULL;
}

bool secured_uri(const char *text)
{
	struct pl pl, param;
	struct uri uri;
	struct sa sa;

	pl_set_str(&pl, text);
	if (uri_decode(&uri, &pl) != 0 ||
		msg_param_decode(&uri.params, "maddr", &param) == 0)
		return false;
	if (msg_param_decode(&uri.params, "transport", &param) == 0 &&
		pl_strcasecmp(&param, "tls") == 0)
		return true;
	return sa_set(&sa, &uri.host, 0) == 0 && sa_is_loopback(&sa);
}
