/*
 * The demo: a phone calls a camera by its SIP address and fetches a picture
 * from its web page through ESP, while a program on the path records, replays
 * and alters packets.
 *
 *	phone ── SIP ───────── on-path program ── SIP ───────── camera
 *	phone ══ ESP in UDP ══ (its own sockets) ══ ESP in UDP ══ camera
 *
 * phone and camera are "sdesp ua"; each is a process. The parent plays the
 * person, fetches, and judges by what they all count and say.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_DEMO_H
#define SDESP_CMD_DEMO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ports/posix/options.h"

#define DEMO_SECONDS 15 /* after that every process gives up */
#define DEMO_PICTURE_MAX 4194304
#define DEMO_CAMERA "sip:camera@127.0.0.1"
#define DEMO_PHONE "sip:phone@127.0.0.1"
#define DEMO_INTRUDER "sip:intruder@127.0.0.1"

/* Files in the demo's directory. */
#define DEMO_CAPTURE "onpath.pcap"
#define DEMO_KEYS "esp_sa" /* as Wireshark names the table */
#define DEMO_COPY "picture.png"
#define DEMO_FILE_PATH 4096

struct demo_setup {
	const uint8_t *picture;
	size_t picture_len;
	const char *directory;
};

void demo_file(char path[DEMO_FILE_PATH], const struct demo_setup *setup,
	const char *name);

/* Play it all and judge (demo_play.c). An exit code. */
int demo_play(const struct demo_setup *setup);

/* --- the phone, the camera, an intruder: commands of their own (demo_child.c) */

struct demo_child {
	pid_t pid; /* 0: none */
	int fd;    /* what it says */
	int code;  /* exit code, once it has ended */
	char text[8192];
	size_t len;
};

/* Run a command in a process of its own. keylog NULL: keys go nowhere. -1:
 * failed, with a message. */
int demo_child_start(struct demo_child *c, const struct command *command,
	const struct options *o, const char *keylog);

/* Wait until it says a line that begins like this; NULL: it did not. */
const char *demo_child_line(
	struct demo_child *c, const char *begins, unsigned patience_ms);

/* Take what it says now, without waiting, and look for such a line. */
const char *demo_child_said(struct demo_child *c, const char *begins);

/* Send it a signal (0: none) and wait for its end. */
void demo_child_end(struct demo_child *c, int signal_number);

/* --- the camera's web page (demo_web.c) */

/* Serve page and picture to connections of a listening socket, for ever. */
int demo_web(const struct demo_setup *setup, int listener);

/* Fetch page and picture from 127.0.0.1:port; piece is told how much of the
 * picture is there. Its size; 0: failed, with a message. */
size_t demo_fetch(uint8_t picture[DEMO_PICTURE_MAX], uint16_t port,
	void (*piece)(void *ctx, size_t len), void *ctx);

/* --- somebody on the path (demo_path.c); direction 0 is to the camera */

#define DEMO_ROWS 48
#define DEMO_SPIS 4

/* A line of the ladder: a SIP message, or packets between two of them. */
struct demo_row {
	uint32_t ms; /* since the first */
	uint8_t back;
	char sip[56]; /* empty: packets */
	uint32_t packets[2];
};

struct demo_spi {
	uint32_t spi;
	uint32_t packets;
};

struct demo_path_report {
	uint8_t complete;
	uint64_t forwarded[2];
	uint64_t replayed[2];
	uint64_t altered[2];
	uint64_t plaintext; /* packets in which it saw the picture */
	uint16_t port[2];   /* its own sockets of ESP */
	struct demo_spi spi[2][DEMO_SPIS];
	unsigned nrows;
	struct demo_row row[DEMO_ROWS];
};

/* Open its sockets, between a phone that calls 127.0.0.1:*sip and a camera at
 * 127.0.0.1:camera; then, in a process of its own, stand there until SIGTERM.
 * report is a pipe. */
int demo_path_open(uint16_t *sip, uint16_t camera);
int demo_path(const struct demo_setup *setup, int report);

/* --- the verdict (demo_judge.c) */

struct demo_story {
	const struct demo_setup *setup;
	struct demo_child phone, camera, intruder;
	struct demo_path_report path;
	const uint8_t *copy; /* of the picture, as the phone got it */
	size_t copy_len;
	size_t rekeyed_at; /* octets that were there then; 0: no rekey */
};

/* Print the report and judge: 0 when everything is as it must be. */
int demo_judge(const struct demo_story *story);

#endif
