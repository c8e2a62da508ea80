/*
 * The program on the path. Like a media relay it puts its own sockets into the
 * SDP that it forwards, so that all ESP runs through it; like an attacker it
 * records what it sees, sends it again, and sends altered copies.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/packet.h"
#include "ports/posix/pcap.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_udp_socket.h"

#define DATAGRAM 2048
#define KEPT 16         /* older packets, to be replayed */
#define ALTER_EVERY 4   /* packets */
#define REPLAY_EVERY 3  /* packets: the last one again */
#define OLD_EVERY 7     /* packets: one from a while ago again */
#define SAMPLE 24       /* octets of the picture to look for */
#define SAMPLE_STEP 500 /* octets from one sample to the next */

/* One of the two ends, 0 the phone and 1 the appliance. */
struct side {
	struct path *path;
	int signalling;
	int fd;                /* ESP from this end arrives here */
	struct sdesp_addr own; /* that socket */
	struct sdesp_addr end; /* where its SDP says it is */
};

struct kept {
	uint8_t data[DATAGRAM];
	size_t len;
};

struct path {
	const struct demo_setup *setup;
	struct side side[2];
	struct kept kept[2][KEPT];
	struct sdesp_loop loop;
	FILE *capture;
	int done, failed;
	struct demo_path_report report;
};

static struct path path;

/* Datagrams leave by the socket that faces the end they go to. */
static void send_to(struct side *to, const uint8_t *data, size_t len)
{
	struct sockaddr_storage sa;
	socklen_t sa_len = sdesp_udp_to_sockaddr(&sa, &to->end, to->end.family);
	ssize_t n = sendto(
		to->fd, data, len, 0, (const struct sockaddr *)&sa, sa_len);

	(void)n; /* what does not leave is as good as lost on the way */
}

static void record(const struct sdesp_addr *from, const struct sdesp_addr *to,
	const uint8_t *data, size_t len)
{
	uint8_t packet[40 + PACKET_UDP_HEADER + DATAGRAM];
	size_t at = from->family == 4 ? 20 : 40;
	struct pcap_packet p;
	struct timespec now;

	memcpy(packet + at + PACKET_UDP_HEADER, data, len);
	packet_set_udp(packet + at, from, to, len);
	packet_new_header(
		packet, from, to, 0, PACKET_UDP, PACKET_UDP_HEADER + len);
	clock_gettime(CLOCK_REALTIME, &now);
	p.seconds = (uint32_t)now.tv_sec;
	p.fraction = (uint32_t)(now.tv_nsec / 1000);
	p.captured = p.length = (uint32_t)(at + PACKET_UDP_HEADER + len);
	pcap_write(path.capture, &p, packet);
}

static int contains(const uint8_t *data, size_t len, const uint8_t *sample)
{
	size_t i;

	for (i = 0; i + SAMPLE <= len; i++) {
		if (data[i] == sample[0] &&
			memcmp(data + i, sample, SAMPLE) == 0)
			return 1;
	}
	return 0;
}

/* Does a packet show any of the picture? The program is handed the picture to
 * be able to tell. */
static void look_for_plaintext(const uint8_t *data, size_t len)
{
	const struct demo_setup *setup = path.setup;
	size_t at;

	for (at = 0; at + SAMPLE <= setup->picture_len; at += SAMPLE_STEP) {
		if (contains(data, len, setup->picture + at)) {
			path.report.plaintext++;
			return;
		}
	}
}

/* A copy with one change: in the ciphertext, in the ICV at the end, or in the
 * sequence number. It overtakes the original, so that its number is new. */
static void send_altered(
	struct side *to, unsigned direction, const uint8_t *data, size_t len)
{
	uint64_t n = path.report.altered[direction]++;
	uint8_t copy[DATAGRAM];

	memcpy(copy, data, len);
	switch (n % 3) {
	case 0:
		copy[len / 2] ^= (uint8_t)(1 << n % 8);
		break;
	case 1:
		copy[len - 1 - n % 8] ^= 0x40;
		break;
	default:
		copy[6] ^= 0x10; /* 4096 packets further */
		break;
	}
	send_to(to, copy, len);
}

static void attack_after(
	struct side *to, unsigned direction, const uint8_t *data, size_t len)
{
	uint64_t n = path.report.forwarded[direction];
	struct kept *slot = &path.kept[direction][n % KEPT];

	if (n % REPLAY_EVERY == 0) {
		send_to(to, data, len);
		path.report.replayed[direction]++;
	}
	if (n % OLD_EVERY == 0 && slot->len > 0) {
		send_to(to, slot->data, slot->len);
		path.report.replayed[direction]++;
	}
	memcpy(slot->data, data, len);
	slot->len = len;
}

static void relay(struct side *from, const uint8_t *data, size_t len)
{
	unsigned direction = from == &path.side[1];
	struct side *to = &path.side[!direction];

	look_for_plaintext(data, len);
	if (to->end.port == 0)
		return;
	if (len == 1) { /* a keepalive of RFC 3948 is nothing to attack */
		send_to(to, data, len);
		return;
	}
	if (path.report.forwarded[direction] % ALTER_EVERY == 1 && len > 24)
		send_altered(to, direction, data, len);
	send_to(to, data, len);
	path.report.forwarded[direction]++;
	attack_after(to, direction, data, len);
}

static void on_packet(void *ctx, int fd)
{
	struct side *side = ctx;
	uint8_t data[DATAGRAM];

	for (;;) {
		struct sockaddr_storage sa;
		socklen_t sa_len = (socklen_t)sizeof sa;
		struct sdesp_addr from;
		ssize_t n = recvfrom(fd, data, sizeof data, 0,
			(struct sockaddr *)&sa, &sa_len);

		if (n < 0)
			return;
		if (sdesp_udp_from_sockaddr(&from, &sa) != SDESP_OK)
			continue;
		record(&from, &side->own, data, (size_t)n);
		relay(side, data, (size_t)n);
	}
}

/* Copy an SDP body, with another port on its m= line; the addresses are all
 * 127.0.0.1 here. Returns its length. */
static size_t rewrite(char *out, size_t cap, const char *body, size_t len,
	unsigned port, unsigned *old_port)
{
	static const char media[] = "m=application ";
	size_t at = 0, done = 0;

	while (at < len) {
		const char *line = body + at;
		const char *lf = memchr(line, '\n', len - at);
		size_t n = lf != NULL ? (size_t)(lf - line) + 1 : len - at;
		size_t skip = 0;

		if (n > sizeof media &&
			memcmp(line, media, sizeof media - 1) == 0) {
			char *end;
			int put = snprintf(
				out + done, cap - done, "%s%u", media, port);

			done += (size_t)put;
			*old_port = (unsigned)strtoul(
				line + sizeof media - 1, &end, 10);
			skip = (size_t)(end - line);
		}
		if (done + n - skip > cap)
			return 0;
		memcpy(out + done, line + skip, n - skip);
		done += n - skip;
		at += n;
	}
	return done;
}

/* What an end says of itself, the other end hears of our socket. */
static void on_message(void *ctx, int fd)
{
	struct side *side = ctx;
	struct side *other = &path.side[side == &path.side[0]];
	char in[DEMO_MESSAGE_MAX], out[DEMO_MESSAGE_MAX + 16];
	unsigned port = 0;
	ssize_t n = recv(fd, in, sizeof in - 1, 0);
	size_t len;

	if (n <= 0)
		return;
	in[n] = '\0';
	out[0] = in[0];
	len = rewrite(out + 1, sizeof out - 1, in + 1, (size_t)n - 1,
		other->own.port, &port);
	if (port != 0)
		side->end.port = (uint16_t)port;
	if (send(other->signalling, out, len + 1, 0) < 0)
		path.failed = 1;
	if (in[0] == DEMO_BYE)
		path.done = 1;
}

static int open_side(struct side *side, int signalling)
{
	struct sdesp_udp_socket socket;

	side->path = &path;
	side->signalling = signalling;
	if (sdesp_posix_parse_addr(&side->own, "127.0.0.1", 0) != SDESP_OK)
		return -1;
	side->end = side->own;
	if (sdesp_udp_socket_open(&socket, &side->own) != SDESP_OK)
		return -1;
	side->fd = socket.fd;
	if (sdesp_loop_add(&path.loop, side->fd, on_packet, side) != SDESP_OK ||
		sdesp_loop_add(&path.loop, signalling, on_message, side) !=
			SDESP_OK)
		return -1;
	return 0;
}

static int open_capture(void)
{
	char name[DEMO_FILE_PATH];

	demo_file(name, path.setup, DEMO_CAPTURE);
	path.capture = fopen(name, "wb");
	if (path.capture == NULL)
		return -1;
	pcap_write_header(path.capture, PCAP_MICROSECONDS);
	return 0;
}

static void finish(int report)
{
	ssize_t n;
	unsigned i;

	if (ferror(path.capture) || fclose(path.capture) != 0)
		path.failed = 1;
	for (i = 0; i < 2; i++) {
		path.report.port[i] = path.side[i].own.port;
		close(path.side[i].fd);
	}
	path.report.complete = !path.failed;
	n = write(report, &path.report, sizeof path.report);
	(void)n; /* the parent finds a short report incomplete */
}

int demo_path(
	const struct demo_setup *setup, const int signalling[2], int report)
{
	uint64_t limit = sdesp_posix_now_ms() + DEMO_SECONDS * 1000;

	path.setup = setup;
	sdesp_loop_init(&path.loop);
	if (open_side(&path.side[0], signalling[0]) != 0 ||
		open_side(&path.side[1], signalling[1]) != 0 ||
		open_capture() != 0) {
		note("demo: the program on the path cannot begin: %s",
			strerror(errno));
		return 1;
	}
	while (!path.done && !path.failed) {
		if (sdesp_loop_wait(&path.loop, limit) < 0 && errno != EINTR)
			path.failed = 1;
		if (sdesp_posix_now_ms() >= limit)
			path.failed = 1;
	}
	finish(report);
	return path.failed;
}
