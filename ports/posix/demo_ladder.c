/*
 * SIP messages on their way through. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/posix/demo_path.h"

#define HOST "127.0.0.1:"
#define MEDIA "m=application "

struct copy {
	char *out;
	size_t cap, len;
};

static int put(struct copy *c, const char *p, size_t n)
{
	if (n > c->cap - c->len)
		return -1;
	memcpy(c->out + c->len, p, n);
	c->len += n;
	return 0;
}

static int starts(const char *p, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - p) >= n && memcmp(p, with, n) == 0;
}

/* A port after a prefix: other digits, as many of them. */
static int put_port(struct copy *c, const char **p, const char *end,
	const char *prefix, unsigned old, unsigned fresh)
{
	char was[8], becomes[8];

	snprintf(was, sizeof was, "%u", old);
	snprintf(becomes, sizeof becomes, "%u", fresh);
	if (!starts(*p + strlen(prefix), end, was))
		return 0;
	if (strlen(was) != strlen(becomes) ||
		put(c, prefix, strlen(prefix)) != 0 ||
		put(c, becomes, strlen(becomes)) != 0)
		return -1;
	*p += strlen(prefix) + strlen(was);
	return 1;
}

size_t demo_swap(char *out, size_t cap, const char *in, size_t len,
	struct demo_swap *swap)
{
	struct copy c = {out, cap, 0};
	const char *p = in, *end = in + len;

	swap->found = 0;
	while (p < end) {
		int done = 0;
		unsigned i;

		if (starts(p, end, MEDIA) && swap->found == 0) {
			swap->found = (uint16_t)strtoul(
				p + sizeof MEDIA - 1, NULL, 10);
			done = put_port(
				&c, &p, end, MEDIA, swap->found, swap->media);
		}
		for (i = 0; i < 2 && done == 0 && starts(p, end, HOST); i++)
			done = put_port(&c, &p, end, HOST, swap->ends[i],
				swap->ours[i]);
		if (done == 0)
			done = put(&c, p++, 1);
		if (done < 0)
			return 0;
	}
	return c.len;
}

static struct demo_row *add_row(
	struct demo_path_report *r, unsigned direction, uint32_t ms)
{
	struct demo_row *row;

	if (r->nrows == DEMO_ROWS)
		return NULL;
	row = &r->row[r->nrows++];
	memset(row, 0, sizeof *row);
	row->ms = ms;
	row->back = direction != 0;
	return row;
}

/* What stands after a text in a message, which is no string, up to a line's
 * end: its length, or 0. */
static size_t find(
	const char **value, const char *message, size_t len, const char *text)
{
	const char *end = message + len, *p, *q;

	for (p = message; p < end; p++) {
		if (!starts(p, end, text))
			continue;
		*value = p + strlen(text);
		for (q = *value; q < end && *q != '\r' && *q != '\n'; q++)
			;
		return (size_t)(q - *value);
	}
	return 0;
}

/* In a dialog To has a tag. */
static int is_in_dialog(const char *message, size_t len)
{
	const char *to, *tag;
	size_t n = find(&to, message, len, "\r\nTo: ");

	return n > 0 && find(&tag, to, n, ";tag=") > 0;
}

void demo_ladder_message(struct demo_path_report *r, unsigned direction,
	const char *message, size_t len, uint32_t ms)
{
	struct demo_row *row = add_row(r, direction, ms);
	int response = starts(message, message + len, "SIP/2.0 ");
	const char *first = message + (response ? 8 : 0), *spi;
	size_t n = 0, max = len - (size_t)(first - message);

	if (row == NULL)
		return;
	while (n < 24 && n < max && first[n] > (response ? '\r' : ' '))
		n++;
	snprintf(row->sip, sizeof row->sip, "%s%.*s",
		!response && starts(message, message + len, "INVITE") &&
				is_in_dialog(message, len)
			? "re-"
			: "",
		(int)n, first);
	if (row->sip[0] == '\0')
		memcpy(row->sip, "?",
			2); /* no packets of ESP, whatever it is */
	n = find(&spi, message, len, "a=esp:spi=");
	if (n >= 8)
		snprintf(row->sip + strlen(row->sip),
			sizeof row->sip - strlen(row->sip), "  a=esp:spi=%.8s",
			spi);
}

static void count_spi(
	struct demo_path_report *r, unsigned direction, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < DEMO_SPIS; i++) {
		struct demo_spi *s = &r->spi[direction][i];

		if (s->spi == spi || s->spi == 0) {
			s->spi = spi;
			s->packets++;
			return;
		}
	}
}

void demo_ladder_packet(struct demo_path_report *r, unsigned direction,
	const uint8_t *packet, size_t len, uint32_t ms)
{
	struct demo_row *row = r->nrows > 0 ? &r->row[r->nrows - 1] : NULL;

	if (len >= 4)
		count_spi(r, direction,
			(uint32_t)packet[0] << 24 | (uint32_t)packet[1] << 16 |
				(uint32_t)packet[2] << 8 | packet[3]);
	if (row == NULL || row->sip[0] != '\0')
		row = add_row(r, direction, ms);
	if (row != NULL)
		row->packets[direction]++;
}
