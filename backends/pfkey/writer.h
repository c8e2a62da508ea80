/*
 * Writing one PF_KEY message. Integers are in host order but where the text
 * says otherwise (RFC 2367 2). What does not fit sticks as SDESP_ERR_SPACE.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PFKEY_WRITER_H
#define SDESP_PFKEY_WRITER_H

#include "dialect.h"

struct pfkey_writer {
	const struct sdesp_pfkey_dialect *d;
	int status;
	size_t len, ext; /* ext: where the open extension begins */
	uint8_t buf[SDESP_PFKEY_REQUEST];
};

/* The base message; satype is the dialect's ESP where it may be. */
void sdesp_pfkey_begin(struct pfkey_writer *w,
	const struct sdesp_pfkey_dialect *d, unsigned type, uint32_t seq,
	uint32_t pid);

/* Give the message its length. */
int sdesp_pfkey_end(struct pfkey_writer *w);

/* An extension, and its octets. Closing pads it and gives it its length. */
void sdesp_pfkey_open_ext(struct pfkey_writer *w, unsigned type);
void sdesp_pfkey_close_ext(struct pfkey_writer *w);

void sdesp_pfkey_put8(struct pfkey_writer *w, unsigned v);
void sdesp_pfkey_put16(struct pfkey_writer *w, unsigned v);
void sdesp_pfkey_put32(struct pfkey_writer *w, uint32_t v);
void sdesp_pfkey_put64(struct pfkey_writer *w, uint64_t v);
void sdesp_pfkey_put_be16(struct pfkey_writer *w, unsigned v);
void sdesp_pfkey_put(struct pfkey_writer *w, const void *p, size_t len);

/* A sockaddr, without padding behind it. */
void sdesp_pfkey_put_sockaddr(struct pfkey_writer *w, unsigned family,
	const uint8_t *ip, unsigned port);

/* Whole extensions that many messages have. */
void sdesp_pfkey_put_address(struct pfkey_writer *w, unsigned type,
	unsigned protocol, unsigned prefix, const struct sdesp_addr *addr);

/* OpenBSD: both identities, "sdesp-", the instance and the SPI, which say
 * whose an SA is, and join an outbound one and the flow that goes through it.
 */
#define SDESP_PFKEY_IDENTITY "sdesp-"
void sdesp_pfkey_put_identities(
	struct pfkey_writer *w, unsigned instance, uint32_t spi);

#endif
