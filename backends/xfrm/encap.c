/* UDP sockets above the backend. RFC 3948. SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE

#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sdesp_xfrm_socket.h"

/* Of linux/in.h and linux/in6.h, which do not go with netinet/in.h. */
#ifndef IP_XFRM_POLICY
#define IP_XFRM_POLICY 17
#endif
#ifndef IPV6_XFRM_POLICY
#define IPV6_XFRM_POLICY 35
#endif

static int pass(int fd, int level, int option, unsigned family)
{
	struct xfrm_userpolicy_info policy;

	memset(&policy, 0, sizeof policy);
	policy.sel.family = (uint16_t)family;
	policy.action = XFRM_POLICY_ALLOW;
	policy.lft.soft_byte_limit = XFRM_INF;
	policy.lft.hard_byte_limit = XFRM_INF;
	policy.lft.soft_packet_limit = XFRM_INF;
	policy.lft.hard_packet_limit = XFRM_INF;
	policy.dir = XFRM_POLICY_OUT;
	if (setsockopt(fd, level, option, &policy, sizeof policy) < 0)
		return SDESP_ERR_BACKEND;
	policy.dir = XFRM_POLICY_IN;
	if (setsockopt(fd, level, option, &policy, sizeof policy) < 0)
		return SDESP_ERR_BACKEND;
	return SDESP_OK;
}

int sdesp_xfrm_bypass(int fd, unsigned family)
{
	if (family == 6)
		return pass(fd, IPPROTO_IPV6, IPV6_XFRM_POLICY, AF_INET6);
	return pass(fd, IPPROTO_IP, IP_XFRM_POLICY, AF_INET);
}

int sdesp_xfrm_encap(int fd, unsigned family)
{
	int kind = UDP_ENCAP_ESPINUDP;

	if (sdesp_xfrm_bypass(fd, family) != SDESP_OK)
		return SDESP_ERR_BACKEND;
	if (setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &kind, sizeof kind) < 0)
		return SDESP_ERR_BACKEND;
	return SDESP_OK;
}
