/*
 * Files of captured packets, classic pcap of link type RAW.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_PCAP_H
#define SDESP_CMD_PCAP_H

#include <stdint.h>
#include <stdio.h>

#define PCAP_RAW 101
#define PCAP_PACKET_MAX 65535 /* an IP packet is no longer */

struct pcap_reader {
	const char *path;
	FILE *file;
	int swapped;          /* octets run the other way than little-endian */
	uint32_t magic;       /* microseconds or nanoseconds */
	unsigned long number; /* of the packet read last, from 1 */
};

struct pcap_packet {
	uint32_t seconds, fraction;
	uint32_t captured; /* octets there are */
	uint32_t length;   /* octets there were */
};

/* Open and read the header. An exit code, with a message. */
int pcap_open(struct pcap_reader *r, const char *path);

/* The next packet into data, which has room for PCAP_PACKET_MAX octets: 1, 0
 * at the end, or -1 with a message. */
int pcap_next(struct pcap_reader *r, struct pcap_packet *p, uint8_t *data);

void pcap_close(struct pcap_reader *r);

/* Little-endian header and packets on an open file; ferror() tells. */
void pcap_write_header(FILE *file, uint32_t magic);
void pcap_write(FILE *file, const struct pcap_packet *p, const uint8_t *data);

#define PCAP_MICROSECONDS 0xa1b2c3d4u
#define PCAP_NANOSECONDS 0xa1b23c4du

#endif
