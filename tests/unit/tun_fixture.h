/*
 * Two ends of the TUN backend. For tests with cmocka.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_TUN_FIXTURE_H
#define TESTS_TUN_FIXTURE_H

#include "tests/support/tun_pair.h"

static struct tun_end ends[2];

static inline void start(unsigned mode, int udp, unsigned family)
{
	struct sdesp_flow flow = tun_flow(mode, udp, family);

	tun_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
}

#endif
