/*
 * Classic pcap: a header of 24 octets, then 16 octets before each packet, in
 * the byte order of the machine that wrote it. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "ports/posix/pcap.h"
#include "ports/posix/report.h"

static uint32_t get32(const struct pcap_reader *r, const uint8_t *p)
{
	if (r->swapped)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

static int find_order(struct pcap_reader *r, const uint8_t *p)
{
	for (r->swapped = 0; r->swapped < 2; r->swapped++) {
		r->magic = get32(r, p);
		if (r->magic == PCAP_MICROSECONDS ||
			r->magic == PCAP_NANOSECONDS)
			return 0;
	}
	return -1;
}

static int read_header(struct pcap_reader *r)
{
	uint8_t head[24];
	size_t n = fread(head, 1, sizeof head, r->file);
	uint32_t link;

	if (ferror(r->file))
		return system_error(
			"%s: cannot read: %s", r->path, strerror(errno));
	if (n < 4 || find_order(r, head) != 0)
		return refuse(
			"%s: not a pcap file (pcapng is not read)", r->path);
	if (n < sizeof head)
		return refuse("%s: cut short in its header", r->path);
	link = get32(r, head + 20) & 0xffff;
	if (link != PCAP_RAW)
		return refuse("%s: link type %lu; expected 101 (raw IP)",
			r->path, (unsigned long)link);
	return DONE;
}

int pcap_open(struct pcap_reader *r, const char *path)
{
	int code;

	memset(r, 0, sizeof *r);
	r->path = path;
	r->file = fopen(path, "rb");
	if (r->file == NULL)
		return system_error(
			"%s: cannot open: %s", path, strerror(errno));
	code = read_header(r);
	if (code != DONE)
		pcap_close(r);
	return code;
}

int pcap_next(struct pcap_reader *r, struct pcap_packet *p, uint8_t *data)
{
	uint8_t head[16];
	size_t n = fread(head, 1, sizeof head, r->file);

	if (n == 0 && !ferror(r->file))
		return 0;
	r->number++;
	if (n == sizeof head) {
		p->seconds = get32(r, head);
		p->fraction = get32(r, head + 4);
		p->captured = get32(r, head + 8);
		p->length = get32(r, head + 12);
		if (p->captured > PCAP_PACKET_MAX) {
			refuse("%s: packet %lu: %lu octets; expected at most "
			       "%d",
				r->path, r->number, (unsigned long)p->captured,
				PCAP_PACKET_MAX);
			return -1;
		}
		n = fread(data, 1, p->captured, r->file);
		if (n == p->captured)
			return 1;
	}
	if (ferror(r->file))
		system_error("%s: cannot read: %s", r->path, strerror(errno));
	else
		refuse("%s: cut short in packet %lu", r->path, r->number);
	return -1;
}

void pcap_close(struct pcap_reader *r)
{
	if (r->file != NULL)
		fclose(r->file);
	r->file = NULL;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

void pcap_write_header(FILE *file, uint32_t magic)
{
	uint8_t head[24] = {0};

	put32(head, magic);
	head[4] = 2; /* version 2.4 */
	head[6] = 4;
	put32(head + 16, PCAP_PACKET_MAX);
	put32(head + 20, PCAP_RAW);
	fwrite(head, 1, sizeof head, file);
}

void pcap_write(FILE *file, const struct pcap_packet *p, const uint8_t *data)
{
	uint8_t head[16];

	put32(head, p->seconds);
	put32(head + 4, p->fraction);
	put32(head + 8, p->captured);
	put32(head + 12, p->length);
	fwrite(head, 1, sizeof head, file);
	fwrite(data, 1, p->captured, file);
}
