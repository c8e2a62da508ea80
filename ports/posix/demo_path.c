/*
 * The program on the path. Like a session border controller it stands in the
 * signalling with its own address and puts its own sockets into the SDP, so
 * that all ESP runs through it; like an attacker it records what it sees, sends
 * it again, and sends altered copies. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ports/posix/demo_path.h"
#include "ports/posix/packet.h"
#include "ports/posix/pcap.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_udp_socket.h"

#define DATAGRAM 4096
#define KEPT 16         /* older packets, to be replayed */
#define ALTER_EVERY 4   /* packets */
#define REPLAY_EVERY 3  /* packets: the last one again */
#define OLD_EVERY 7     /* packets: one from a while ago again */
#define SAMPLE 24       /* octets of the picture to look for */
#define SAMPLE_STEP 500 /* octets from one sample to the next */

/* A socket that faces one of the two ends, and where that end is. */
struct face {
	int fd;
	struct sdesp_addr own, end;
};

/* One of the two ends, 0 the phone and 1 the camera. */
struct side {
	struct face sip, esp;
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
	uint64_t start_ms; /* of the first message; 0: none yet */
	int failed;
	struct demo_path_report report;
};

static struct path path;

static uint32_t since_start(void)
{
	uint64_t now = sdesp_posix_now_ms();

	if (path.start_ms == 0)
		path.start_ms = now;
	return (uint32_t)(now - path.start_ms);
}

/* Datagrams leave by the socket that faces the end they go to. */
static void send_to(const struct face *to, const void *data, size_t len)
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
static void send_altered(const struct face *to, unsigned direction,
	const uint8_t *data, size_t len)
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

static void attack_after(const struct face *to, unsigned direction,
	const uint8_t *data, size_t len)
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

static void relay(unsigned direction, const uint8_t *data, size_t len)
{
	const struct face *to = &path.side[!direction].esp;

	look_for_plaintext(data, len);
	if (to->end.port == 0)
		return;
	if (len == 1) { /* a keepalive of RFC 3948 is nothing to attack */
		send_to(to, data, len);
		return;
	}
	demo_ladder_packet(&path.report, direction, data, len, since_start());
	if (path.report.forwarded[direction] % ALTER_EVERY == 1 && len > 24)
		send_altered(to, direction, data, len);
	send_to(to, data, len);
	path.report.forwarded[direction]++;
	attack_after(to, direction, data, len);
}

static void take_packet(
	unsigned direction, struct face *face, uint8_t *data, size_t len)
{
	(void)face;
	relay(direction, data, len);
}

/* What an end says of itself, the other end hears of our sockets. */
static void take_message(
	unsigned direction, struct face *face, uint8_t *data, size_t len)
{
	struct side *from = &path.side[direction], *to = &path.side[!direction];
	struct demo_swap swap;
	char out[DATAGRAM + 256];
	size_t n;

	if (direction == 0 && face->end.port == 0)
		return; /* from nobody yet */
	swap.ends[0] = from->sip.end.port;
	swap.ours[0] = to->sip.own.port;
	swap.ends[1] = from->sip.own.port;
	swap.ours[1] = to->sip.end.port;
	swap.media = to->esp.own.port;
	n = demo_swap(out, sizeof out, (const char *)data, len, &swap);
	if (n == 0) {
		note("demo: a message cannot be passed on");
		path.failed = 1;
		return;
	}
	if (swap.found != 0)
		from->esp.end.port = swap.found;
	demo_ladder_message(&path.report, direction, (const char *)data, len,
		since_start());
	send_to(&to->sip, out, n);
}

/* Everything that waits at one of the four sockets. */
static void drain(unsigned direction, struct face *face,
	void (*take)(unsigned direction, struct face *face, uint8_t *data,
		size_t len))
{
	uint8_t data[DATAGRAM];

	for (;;) {
		struct sockaddr_storage sa;
		socklen_t sa_len = (socklen_t)sizeof sa;
		struct sdesp_addr from;
		ssize_t n = recvfrom(face->fd, data, sizeof data, 0,
			(struct sockaddr *)&sa, &sa_len);

		if (n < 0)
			return;
		if (sdesp_udp_from_sockaddr(&from, &sa) != SDESP_OK)
			continue;
		if (face == &path.side[0].sip)
			face->end = from; /* the phone has no fixed place */
		record(&from, &face->own, data, (size_t)n);
		take(direction, face, data, (size_t)n);
	}
}

static void on_packet(void *ctx, int fd)
{
	struct side *side = ctx;

	(void)fd;
	drain(side == &path.side[1], &side->esp, take_packet);
}

static void on_message(void *ctx, int fd)
{
	struct side *side = ctx;

	(void)fd;
	drain(side == &path.side[1], &side->sip, take_message);
}

static int open_face(struct face *face)
{
	struct sdesp_udp_socket socket;

	if (sdesp_posix_parse_addr(&face->own, "127.0.0.1", 0) != SDESP_OK)
		return -1;
	face->end = face->own;
	if (sdesp_udp_socket_open(&socket, &face->own) != SDESP_OK)
		return -1;
	face->fd = socket.fd;
	return 0;
}

static int watch(struct side *side)
{
	return sdesp_loop_add(&path.loop, side->esp.fd, on_packet, side) ==
				       SDESP_OK &&
			       sdesp_loop_add(&path.loop, side->sip.fd,
				       on_message, side) == SDESP_OK
		       ? 0
		       : -1;
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
	for (i = 0; i < 2; i++)
		path.report.port[i] = path.side[i].esp.own.port;
	path.report.complete = !path.failed;
	n = write(report, &path.report, sizeof path.report);
	(void)n; /* the parent finds a short report incomplete */
}

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	(void)number;
	stopped = 1;
}

int demo_path_open(uint16_t *sip, uint16_t camera)
{
	sdesp_loop_init(&path.loop);
	if (open_face(&path.side[0].sip) != 0 ||
		open_face(&path.side[0].esp) != 0 ||
		open_face(&path.side[1].sip) != 0 ||
		open_face(&path.side[1].esp) != 0 ||
		watch(&path.side[0]) != 0 || watch(&path.side[1]) != 0) {
		note("demo: the program on the path cannot begin: %s",
			strerror(errno));
		return -1;
	}
	path.side[1].sip.end.port = camera;
	*sip = path.side[0].sip.own.port;
	return 0;
}

int demo_path(const struct demo_setup *setup, int report)
{
	uint64_t limit = sdesp_posix_now_ms() + DEMO_SECONDS * 1000;
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_stop;
	sigaction(SIGTERM, &action, NULL);
	path.setup = setup;
	if (open_capture() != 0) {
		note("demo: no capture: %s", strerror(errno));
		return 1;
	}
	while (!stopped && !path.failed) {
		/* A signal between the test and the wait costs this long. */
		if (sdesp_loop_wait(&path.loop, sdesp_posix_now_ms() + 50) <
				0 &&
			errno != EINTR)
			path.failed = 1;
		if (sdesp_posix_now_ms() >= limit)
			path.failed = 1;
	}
	finish(report);
	return path.failed;
}
