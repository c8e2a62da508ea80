/*
 * Reading what comes from a kernel. Nothing of it is believed: lengths are
 * held against what is there, and an extension is as long as its kind wants
 * it at least. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PFKEY_READER_H
#define SDESP_PFKEY_READER_H

#include "dialect.h"

/* Kinds beyond it are not looked at: no system has so many. */
#define PFKEY_EXTS 64

struct pfkey_message {
	unsigned type, error, satype; /* error: errno */
	uint32_t seq, pid;
	struct {
		const uint8_t *p; /* NULL = not there */
		size_t len;
	} ext[PFKEY_EXTS];
};

/*
 * Take a message apart; it points into buf. SDESP_ERR_SYNTAX: it is not
 * PF_KEYv2, not whole, or an extension is empty, too long, or there twice.
 */
SDESP_CHECK int sdesp_pfkey_read(
	struct pfkey_message *msg, const uint8_t *buf, size_t len);

/* An extension with at least so many octets; NULL = none. */
const uint8_t *sdesp_pfkey_ext(
	const struct pfkey_message *msg, unsigned type, size_t least);

/* Integers in host order. */
unsigned sdesp_pfkey_get16(const uint8_t *p);
uint32_t sdesp_pfkey_get32(const uint8_t *p);
uint64_t sdesp_pfkey_get64(const uint8_t *p);

/* The SPI of the SA extension; 0 = none. */
uint32_t sdesp_pfkey_get_spi(const struct pfkey_message *msg);

/* An address, port and all. 1 when it is there and of IP. */
int sdesp_pfkey_get_address(struct sdesp_addr *addr,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg,
	unsigned type);

/* The suites of what REGISTER has listed: a set of SDESP_SUITE_BIT. */
uint32_t sdesp_pfkey_get_suites(
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg);

/* What GET says of an SA. SDESP_ERR_SYNTAX: it does not. */
SDESP_CHECK int sdesp_pfkey_get_stats(struct sdesp_sa_stats *stats,
	const struct sdesp_pfkey_dialect *d, const struct pfkey_message *msg);

#endif
