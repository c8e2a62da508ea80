/*
 * The demo: a phone fetches a picture from an appliance through ESP in UDP,
 * while a program on the path records, replays and alters packets.
 *
 *	phone ── signalling ── on-path program ── signalling ── appliance
 *	phone ══ ESP in UDP ══ (two UDP sockets) ══ ESP in UDP ══ appliance
 *
 * Each is a process; each hands a report to the parent, which judges.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_DEMO_H
#define SDESP_CMD_DEMO_H

#include <stdint.h>

#include "backends/udp/sdesp_udp.h"

#define DEMO_PHONE_PORT 40000    /* inside ESP */
#define DEMO_APPLIANCE_PORT 8080 /* inside ESP */
#define DEMO_SECONDS 9           /* after that every process gives up */
#define DEMO_PICTURE_MAX 4194304
#define DEMO_MESSAGE_MAX 4096

/* Messages of the signalling: this octet, then an SDP body if any. */
enum {
	DEMO_OFFER = 'O',
	DEMO_ANSWER = 'A',
	DEMO_ACK = 'K',
	DEMO_REFUSED = 'R',
	DEMO_BYE = 'B'
};

/* What an end tells the parent. */
struct demo_end_report {
	uint8_t complete; /* it came to its end */
	uint8_t suite, method;
	uint32_t spi_in[2]; /* first and last pair */
	uint32_t spi_out[2];
	unsigned rekeys;
	uint64_t by_pair[2]; /* packets accepted before and after */
	uint64_t bytes;      /* of the picture */
	uint64_t repeated;   /* pieces sent more than once */
	uint8_t sha256[32];  /* of the picture as it is at this end */
	struct sdesp_udp_counters counters;
};

/* What the on-path program tells; direction 0 is towards the appliance. */
struct demo_path_report {
	uint8_t complete;
	uint64_t forwarded[2];
	uint64_t replayed[2];
	uint64_t altered[2];
	uint64_t plaintext; /* packets in which it saw the picture */
	uint16_t port[2];   /* its own sockets */
};

/* What every process is given. */
struct demo_setup {
	const uint8_t *picture;
	size_t picture_len;
	const char *directory;
};

/* The bodies of the three processes: signalling is a socket, to the on-path
 * program or from it; report a pipe. Exit status of the process. */
int demo_phone(const struct demo_setup *setup, int signalling, int report);
int demo_appliance(const struct demo_setup *setup, int signalling, int report);
int demo_path(
	const struct demo_setup *setup, const int signalling[2], int report);

/* Print the report and judge: 0 when everything is as it must be. */
int demo_judge(const struct demo_setup *setup,
	const struct demo_end_report *phone,
	const struct demo_end_report *appliance,
	const struct demo_path_report *path);

/* Files in the demo's directory. */
#define DEMO_CAPTURE "onpath.pcap"
#define DEMO_KEYS "esp_sa" /* as Wireshark names the table */
#define DEMO_COPY "picture.png"
#define DEMO_FILE_PATH 4096
void demo_file(char path[DEMO_FILE_PATH], const struct demo_setup *setup,
	const char *name);

#endif
