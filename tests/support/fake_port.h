/*
 * A platform without chance: random octets from a seed, which can run out.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAKE_PORT_H
#define TESTS_FAKE_PORT_H

#include "dice.h"
#include "sdesp_port.h"

struct fake_port {
	struct sdesp_port port; /* for sdesp_session_init(); kex is BearSSL */
	struct dice dice;
	unsigned calls;   /* of random, so far */
	unsigned fail_at; /* this call (from 1) and all later fail; 0 = none */
};

void fake_port_init(struct fake_port *fake, uint64_t seed);

#endif
