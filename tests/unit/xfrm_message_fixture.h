/*
 * A flow and an SA for netlink messages. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_XFRM_MESSAGE_FIXTURE_H
#define TESTS_XFRM_MESSAGE_FIXTURE_H

#include <string.h>

#include "backends/xfrm/message.h"
#include "backends/xfrm/selector.h"

static inline struct sdesp_flow flow_of(unsigned mode, int udp)
{
	static const uint8_t local[4] = {192, 0, 2, 1};
	static const uint8_t remote[4] = {198, 51, 100, 2};
	struct sdesp_flow flow;

	memset(&flow, 0, sizeof flow);
	flow.local.family = 4;
	flow.remote.family = 4;
	memcpy(flow.local.ip, local, 4);
	memcpy(flow.remote.ip, remote, 4);
	flow.local.port = udp ? 4500 : 0;
	flow.remote.port = udp ? 4501 : 0;
	flow.mode = (uint8_t)mode;
	flow.udp = udp != 0;
	return flow;
}

/* Keys are 00, 01, 02... */
static inline struct sdesp_sa sa_of(unsigned suite)
{
	struct sdesp_sa sa;

	memset(&sa, 0, sizeof sa);
	sa.spi = 0xc0000001;
	sa.suite = (uint8_t)suite;
	sa.window = 64;
	for (unsigned i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)i;
	return sa;
}

#endif
