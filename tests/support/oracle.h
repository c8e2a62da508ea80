/*
 * An independent ESP: straightforward, on OpenSSL's EVP interface. What the
 * library seals must be what this makes. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "sdesp_sa.h"

#define ORACLE_EXTRA 64 /* most octets that a packet has beyond its text */

/*
 * Make an authentic packet, SPI to ICV, of text: payload, padding and
 * trailer, which may be malformed. Returns its length. Exits when OpenSSL
 * fails.
 */
size_t oracle_packet(uint8_t *packet, const struct sdesp_sa *sa, uint64_t seq,
	const uint8_t *text, size_t len);

/* Payload, minimal padding and trailer for the suite. Returns the length. */
size_t oracle_text(uint8_t *text, const struct sdesp_sa *sa,
	const uint8_t *payload, size_t len, uint8_t next_header);

#endif
