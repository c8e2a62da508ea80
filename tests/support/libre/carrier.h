/*
 * A party whose calls carry packets: the udp backend on a socket of its own,
 * in libre's loop. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIBRE_CARRIER_H
#define TESTS_LIBRE_CARRIER_H

#include "sdesp_posix.h"
#include "sdesp_udp.h"
#include "sdesp_udp_socket.h"
#include "tests/support/libre/party.h"

struct carrier {
	struct party party; /* its fake backend is not used */
	struct sdesp_bearssl crypto;
	struct sdesp_udp_socket socket;
	struct sdesp_udp udp;
	struct tmr tick;
	unsigned heard; /* packets that were opened */
};

/* As those of a party. On failure the test ends. */
void carrier_init(struct carrier *c, enum sip_transp tp);
void carrier_open(struct carrier *c);
void carrier_close(struct carrier *c);
void carrier_vanish(struct carrier *c);

/* Send one packet in the party's call; 1 when it left. */
size_t carrier_say(struct carrier *c);

/* SAs and reserved SPIs, and policies, that the backend holds. */
unsigned carrier_holds(const struct carrier *c);

#endif
