/*
 * The common half of phone and appliance. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/demo_end.h"
#include "ports/posix/report.h"

void demo_end_fail(struct demo_end *end, const char *what, int status)
{
	note("demo: %s: %s", what, sdesp_status_name(status));
	end->failed = 1;
}

void demo_sha256(uint8_t digest[32], const uint8_t *data, size_t len)
{
	struct sdesp_hash h;

	sdesp_bearssl_kex.hash_init(&h);
	sdesp_bearssl_kex.hash_update(&h, data, len);
	sdesp_bearssl_kex.hash_final(&h, digest);
}

void demo_end_tell(
	struct demo_end *end, char kind, const char *body, size_t len)
{
	char message[DEMO_MESSAGE_MAX];

	message[0] = kind;
	if (len > sizeof message - 1)
		len = sizeof message - 1;
	if (len > 0)
		memcpy(message + 1, body, len);
	if (send(end->signalling, message, len + 1, 0) < 0)
		end->failed = 1;
}

void demo_end_tell_section(
	struct demo_end *end, char kind, const struct sdesp_text *section)
{
	char body[DEMO_MESSAGE_MAX];
	int n = snprintf(body, sizeof body,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\n%.*s",
		(int)section->len, section->buf);

	demo_end_tell(end, kind, body, (size_t)n);
}

void demo_end_send(struct demo_end *end, const uint8_t *data, size_t len)
{
	struct sdesp_udp_buf *buf = &end->bufs[0];
	struct sdesp_session_info info;
	struct sdesp_pkt pkt;

	sdesp_session_info(&end->session, &info);
	memset(&pkt, 0, sizeof pkt);
	pkt.data = buf->octets + SDESP_UDP_HEAD;
	pkt.len = len;
	pkt.head = SDESP_UDP_HEAD;
	pkt.tail = SDESP_PKT_TAIL;
	memcpy(pkt.data, data, len);
	(void)sdesp_udp_send(&end->udp, sdesp_udp_flow(&end->udp, &info.flow),
		end->inner_port, end->peer_port, &pkt, 1, sdesp_posix_now_ms());
}

static void note_pair(struct demo_end *end, unsigned which)
{
	struct sdesp_session_info info;

	sdesp_session_info(&end->session, &info);
	end->report.suite = info.suite;
	end->report.method = info.method;
	end->report.spi_in[which] = info.spi_in;
	end->report.spi_out[which] = info.spi_out;
}

static void take_events(struct demo_end *end)
{
	struct sdesp_session *sessions[1];
	struct sdesp_event ev;

	sessions[0] = &end->session;
	if (sdesp_sessions_poll(
		    &end->udp.base, sessions, 1, sdesp_posix_now_ms()) < 0)
		end->failed = 1;
	while (sdesp_session_event(&end->session, &ev)) {
		if (ev.type == SDESP_EV_ESTABLISHED) {
			note_pair(end, 0);
		} else if (ev.type == SDESP_EV_REKEYED) {
			end->report.rekeys++;
			note_pair(end, 1);
		} else if (ev.type == SDESP_EV_REKEY_FAILED ||
			   ev.type == SDESP_EV_EXPIRED ||
			   ev.type == SDESP_EV_FAILED) {
			demo_end_fail(end, "the session failed", ev.status);
		}
	}
}

static void take_packets(void *ctx, int fd)
{
	struct demo_end *end = ctx;
	struct sdesp_pkt pkts[SDESP_UDP_BATCH];
	struct sdesp_udp_meta meta[SDESP_UDP_BATCH];
	uint8_t data[SDESP_UDP_DATAGRAM];
	size_t n, i;

	(void)fd;
	n = sdesp_udp_socket_receive(
		&end->socket, end->bufs, pkts, meta, SDESP_UDP_BATCH);
	sdesp_udp_input(&end->udp, pkts, meta, n, sdesp_posix_now_ms());
	for (i = 0; i < n; i++) {
		if (pkts[i].status != SDESP_OK || meta[i].kind != SDESP_UDP_ESP)
			continue;
		if (end->report.spi_in[0] == 0)
			end->report.spi_in[0] = meta[i].spi;
		end->report.by_pair[meta[i].spi != end->report.spi_in[0]]++;
		/* A copy: an answer is sent from the same buffers. */
		memcpy(data, pkts[i].data, pkts[i].len);
		end->datagram(end, data, pkts[i].len);
	}
}

static void take_message(void *ctx, int fd)
{
	struct demo_end *end = ctx;
	char message[DEMO_MESSAGE_MAX];
	ssize_t n = recv(fd, message, sizeof message, 0);

	if (n > 0)
		end->message(end, message[0], message + 1, (size_t)n - 1);
}

/* The floor: what the command offers by default, loopback allowed. The
 * selectors are one UDP port at each end. */
static void prepare_policy(struct demo_end *end)
{
	struct sdesp_ts *ts = &end->local.ts[0];

	sdesp_policy_init(&end->policy);
	end->policy.loopback = 1;
	end->local.media = "application";
	end->local.proto = "UDP/ESP";
	end->local.modes[0] = SDESP_TRANSPORT;
	end->local.nmodes = 1;
	end->local.nts = 1;
	ts->protocol = 17;
	ts->local.kind = SDESP_TS_SELF;
	ts->local.lo = ts->local.hi = end->inner_port;
	ts->remote.kind = SDESP_TS_PEER;
	ts->remote.lo = ts->remote.hi = end->peer_port;
}

int demo_end_open(struct demo_end *end, const struct demo_setup *setup,
	int signalling, const char *keylog)
{
	static char keys[DEMO_FILE_PATH];
	struct sdesp_udp_config config;
	int status;

	end->setup = setup;
	end->signalling = signalling;
	prepare_policy(end);
	if (sdesp_posix_parse_addr(&end->local.addr, "127.0.0.1", 0) !=
			SDESP_OK ||
		sdesp_udp_socket_open(&end->socket, &end->local.addr) !=
			SDESP_OK) {
		note("demo: no UDP socket: %s",
			strerror(end->socket.last_errno));
		return -1;
	}
	sdesp_bearssl_init(&end->crypto);
	sdesp_posix_port(&end->port);
	memset(&config, 0, sizeof config);
	config.crypto = &end->crypto.vtable;
	config.send = sdesp_udp_socket_send;
	config.send_ctx = &end->socket;
	if (keylog != NULL) {
		demo_file(keys, setup, keylog);
		config.keylog = sdesp_posix_keylog;
		config.keylog_ctx = keys;
	}
	status = sdesp_udp_init(&end->udp, &config);
	if (status == SDESP_OK)
		status = sdesp_session_init(&end->session, &end->policy,
			&end->udp.base, &end->port);
	sdesp_loop_init(&end->loop);
	if (status == SDESP_OK)
		status = sdesp_loop_add(
			&end->loop, end->socket.fd, take_packets, end);
	if (status == SDESP_OK)
		status = sdesp_loop_add(
			&end->loop, signalling, take_message, end);
	if (status == SDESP_OK)
		return 0;
	demo_end_fail(end, "cannot begin", status);
	return -1;
}

void demo_end_run(struct demo_end *end)
{
	uint64_t limit = sdesp_posix_now_ms() + DEMO_SECONDS * 1000;

	while (!end->done && !end->failed) {
		uint64_t now = sdesp_posix_now_ms();
		uint64_t next = sdesp_session_tick(&end->session, now);
		uint64_t other;

		take_events(end);
		other = end->work(end, now);
		next = other < next ? other : next;
		other = sdesp_udp_tick(&end->udp, now);
		next = other < next ? other : next;
		if (now >= limit) {
			note("demo: out of time");
			end->failed = 1;
		}
		if (sdesp_loop_wait(&end->loop, next < limit ? next : limit) <
				0 &&
			errno != EINTR)
			end->failed = 1;
		take_events(end);
	}
}

void demo_end_finish(struct demo_end *end, int report)
{
	struct demo_end_report said = end->report;
	ssize_t n;

	said.complete = !end->failed;
	said.counters = end->udp.counters;
	if (sdesp_session_close(&end->session) != SDESP_OK)
		said.complete = 0;
	sdesp_udp_close(&end->udp);
	sdesp_udp_socket_close(&end->socket);
	n = write(report, &said, sizeof said);
	(void)n; /* the parent finds a short report incomplete */
}
