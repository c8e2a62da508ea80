/*
 * One end of a TCP connection of lwIP that writes octets known by their place
 * and checks those that it reads. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LWIP_STREAM_H
#define TESTS_LWIP_STREAM_H

#include "tests/lwip/net.h"

struct stream {
	struct tcp_pcb *pcb; /* NULL: none, or over */
	uint32_t seed_out, seed_in;
	size_t to_write; /* in all; the end of the stream follows */
	size_t written, read;
	size_t wrong;  /* octets read that are others */
	int connected; /* or accepted */
	int shut;      /* we have said all */
	int ended;     /* they have */
	err_t err;     /* as tcp_err() was told */
};

/* Write so many octets and check what comes: the two ends' seeds cross. */
void stream_init(
	struct stream *s, uint32_t seed_out, uint32_t seed_in, size_t to_write);

/* Connect to a port of the other end; the status. */
int stream_connect(struct stream *s, struct sdesp_lwip *lwip, uint16_t port);

/* For tcp_accept(), with the stream as tcp_arg(). */
err_t stream_accept(void *arg, struct tcp_pcb *pcb, err_t err);

/* Both have said all and know it: close. 1: done. */
int stream_close(struct stream *s);

#endif
