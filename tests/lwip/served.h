/*
 * A session between two hosts, and a server at a port of the second.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LWIP_SERVED_H
#define TESTS_LWIP_SERVED_H

#include "tests/lwip/stream.h"

enum { SERVED_PORT = 8080 };

/* A network anew, with two hosts and a session between them. */
struct net_session *served_pair(struct net *net, const char *a, const char *b);

/* Let the second end's port be served by this stream; tcp_close() it. */
struct tcp_pcb *served_port(struct net_session *s, struct stream *stream);

/* Close both ends; no PCB may be left. */
void served_close(struct net_session *s);

/* A SYN from a port, its checksum wrong. */
void served_syn(uint8_t segment[20], uint16_t from, uint16_t to);

#endif
