/*
 * What both ends of the demo are made of: a session over the udp backend, a
 * loop, a line to the other's signalling. It is also how a program of one's
 * own would look. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_DEMO_END_H
#define SDESP_CMD_DEMO_END_H

#include "backends/udp/sdesp_udp_socket.h"
#include "ports/posix/demo.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_session.h"

struct demo_end {
	const struct demo_setup *setup;
	int signalling;
	uint16_t inner_port, peer_port;
	int done, failed;

	/* What this end does beyond the rest. */
	void (*message)(
		struct demo_end *end, char kind, const char *body, size_t len);
	void (*datagram)(struct demo_end *end, const uint8_t *data, size_t len);
	uint64_t (*work)(struct demo_end *end, uint64_t now_ms);

	struct sdesp_bearssl crypto;
	struct sdesp_udp_socket socket;
	struct sdesp_udp udp;
	struct sdesp_port port;
	struct sdesp_policy policy;
	struct sdesp_local local;
	struct sdesp_session session;
	struct sdesp_loop loop;
	struct sdesp_udp_buf bufs[SDESP_UDP_BATCH];
	struct demo_end_report report;
};

/* Make everything ready. keylog NULL: keys are written nowhere. -1: failed,
 * with a message. */
int demo_end_open(struct demo_end *end, const struct demo_setup *setup,
	int signalling, const char *keylog);

/* Until done or failed or out of time: wait, take, work. */
void demo_end_run(struct demo_end *end);

/* Fill the report with what the backend and the session say now. */
void demo_end_finish(struct demo_end *end, int report);

/* Send a message: body NULL = none. */
void demo_end_tell(
	struct demo_end *end, char kind, const char *body, size_t len);

/* Send an SDP body with this media section. */
void demo_end_tell_section(
	struct demo_end *end, char kind, const struct sdesp_text *section);

/* Send a datagram to the other end, through ESP. */
void demo_end_send(struct demo_end *end, const uint8_t *data, size_t len);

/* Say what went wrong, and stop. */
void demo_end_fail(struct demo_end *end, const char *what, int status);

void demo_sha256(uint8_t digest[32], const uint8_t *data, size_t len);

#endif
