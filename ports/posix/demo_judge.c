/*
 * What the processes say, held against each other. Every figure is one that
 * one of them counted. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/demo.h"
#include "ports/posix/sa_print.h"
#include "sdesp_port.h"

/* The last line of sdesp ua. */
struct counts {
	unsigned long long sent, received, replays, forged, others;
};

struct judge {
	int failed;
};

/* One line of the verdict. */
static void check(struct judge *j, int good, const char *what)
{
	printf("  %s  %s\n", good ? "ok  " : "FAIL", what);
	if (!good)
		j->failed = 1;
}

/* A line of a child that begins like this, or "". */
static const char *line_of(const struct demo_child *c, const char *begins)
{
	const char *p = c->text;

	while (p != NULL && strncmp(p, begins, strlen(begins)) != 0) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return p != NULL ? p : "";
}

static int says(
	const struct demo_child *c, const char *begins, const char *holds)
{
	const char *line = line_of(c, begins);
	const char *found = strstr(line, holds);

	return line[0] != '\0' && found != NULL &&
	       (size_t)(found - line) < strcspn(line, "\n");
}

static void read_counts(struct counts *n, const struct demo_child *c)
{
	memset(n, 0, sizeof *n);
	if (sscanf(line_of(c, "sent "),
		    "sent %llu packets, received %llu; refused: %llu replays, "
		    "%llu forgeries, %llu others",
		    &n->sent, &n->received, &n->replays, &n->forged,
		    &n->others) != 5)
		memset(n, 0, sizeof *n);
}

/* What was sent to an end and neither accepted nor refused there. */
static uint64_t lost(const struct demo_path_report *path, unsigned direction,
	const struct counts *end)
{
	uint64_t sent = path->forwarded[direction] + path->replayed[direction] +
			path->altered[direction];
	uint64_t seen = end->received + end->replays + end->forged;

	return sent > seen ? sent - seen : 0;
}

/* Nothing hostile was accepted; what was not refused never arrived. */
static int hostile_refused(const struct demo_path_report *path,
	unsigned direction, const struct counts *end)
{
	return end->received <= path->forwarded[direction] &&
	       end->replays <= path->replayed[direction] &&
	       end->forged <= path->altered[direction] &&
	       path->replayed[direction] - end->replays +
			       path->altered[direction] - end->forged <=
		       lost(path, direction, end);
}

static void print_ladder(const struct demo_path_report *path)
{
	unsigned i;

	puts("\n     ms  phone                                              "
	     "camera");
	for (i = 0; i < path->nrows; i++) {
		const struct demo_row *row = &path->row[i];
		char text[56];
		int n;

		if (row->sip[0] != '\0')
			n = snprintf(text, sizeof text, " %s ", row->sip);
		else
			n = snprintf(text, sizeof text,
				" ESP: %lu -->, <-- %lu ",
				(unsigned long)row->packets[0],
				(unsigned long)row->packets[1]);
		printf("  %5lu    |", (unsigned long)row->ms);
		if (row->sip[0] == '\0')
			printf("==%s%.*s|\n", text, 48 - n,
				"=============================================="
				"==");
		else
			printf("%s%s%.*s%s|\n", row->back ? "<-" : "--", text,
				47 - n,
				"----------------------------------------------"
				"--",
				row->back ? "-" : ">");
	}
	if (path->nrows == DEMO_ROWS)
		puts("           (and more)");
}

static void print_spis(const char *whom, const struct demo_spi *spi)
{
	unsigned i;

	printf("  to the %-7s", whom);
	for (i = 0; i < DEMO_SPIS && spi[i].spi != 0; i++)
		printf("%s%08lx: %lu packets", i > 0 ? ", then " : "",
			(unsigned long)spi[i].spi,
			(unsigned long)spi[i].packets);
	putchar('\n');
}

static void print_end(const char *name, const struct counts *c)
{
	printf("  %-10s %6llu %9llu %11llu %9llu\n", name, c->sent, c->received,
		c->replays, c->forged);
}

static void print_report(const struct demo_story *s, const struct counts *phone,
	const struct counts *camera, const uint8_t digest[32])
{
	const char *line = line_of(&s->phone, "established ");
	const char *refused = line_of(&s->camera, "refused ");

	print_ladder(&s->path);
	printf("\nsession    %.*s\n", (int)strcspn(line, "\n"), line);
	puts("SPIs on the path, with packets:");
	print_spis("camera", s->path.spi[0]);
	print_spis("phone", s->path.spi[1]);
	printf("intruder   the camera: %.*s\n", (int)strcspn(refused, "\n"),
		refused);
	printf("\npackets       sent  accepted  refused as        as\n"
	       "                               replayed    forged\n");
	print_end("phone", phone);
	print_end("camera", camera);
	printf("  %-10s forwarded %llu, replayed %llu, sent altered copies of "
	       "%llu\n",
		"on path",
		(unsigned long long)(s->path.forwarded[0] +
				     s->path.forwarded[1]),
		(unsigned long long)(s->path.replayed[0] + s->path.replayed[1]),
		(unsigned long long)(s->path.altered[0] + s->path.altered[1]));
	printf("\npicture    %lu octets, new keys when %lu of them were there; "
	       "SHA-256:\n           ",
		(unsigned long)s->copy_len, (unsigned long)s->rekeyed_at);
	sa_hex(stdout, digest, 32);
	puts("\n");
}

static void print_files(const struct demo_story *s)
{
	const char *dir = s->setup->directory;

	printf("\nWhat the program on the path recorded, decrypted with the "
	       "phone's keys:\n\n"
	       "  WIRESHARK_CONFIG_DIR=%s tshark -r %s/" DEMO_CAPTURE
	       " \\\n      -d udp.port==%u,udpencap -d udp.port==%u,udpencap "
	       "\\\n"
	       "      -o esp.enable_encryption_decode:TRUE "
	       "-o esp.enable_authentication_check:TRUE\n\n",
		dir, dir, (unsigned)s->path.port[0], (unsigned)s->path.port[1]);
	printf("capture    %s/" DEMO_CAPTURE "\nkeys       %s/" DEMO_KEYS
	       "\npicture    %s/" DEMO_COPY "\n",
		dir, dir, dir);
}

static void sha256(uint8_t digest[32], const uint8_t *data, size_t len)
{
	struct sdesp_hash h;

	sdesp_bearssl_kex.hash_init(&h);
	sdesp_bearssl_kex.hash_update(&h, data, len);
	sdesp_bearssl_kex.hash_final(&h, digest);
}

int demo_judge(const struct demo_story *s)
{
	const struct demo_path_report *path = &s->path;
	struct counts phone, camera;
	struct judge j = {0};
	uint8_t here[32], there[32];

	read_counts(&phone, &s->phone);
	read_counts(&camera, &s->camera);
	sha256(here, s->copy, s->copy_len);
	sha256(there, s->setup->picture, s->setup->picture_len);
	print_report(s, &phone, &camera, here);
	check(&j,
		path->complete && s->phone.code == 0 && s->camera.code == 0 &&
			says(&s->camera, "closed " DEMO_PHONE, "hung up"),
		"the call was made and ended as calls are");
	check(&j,
		s->copy_len == s->setup->picture_len &&
			memcmp(here, there, 32) == 0,
		"the picture is the same at both ends: nothing lost");
	check(&j,
		s->rekeyed_at > 0 && s->rekeyed_at < s->copy_len &&
			path->spi[0][1].packets > 0 &&
			path->spi[1][1].packets > 0 &&
			path->spi[0][2].spi == 0 && path->spi[1][2].spi == 0,
		"both ends rekeyed while the picture was on its way");
	check(&j,
		hostile_refused(path, 0, &camera) &&
			hostile_refused(path, 1, &phone) &&
			path->replayed[0] + path->replayed[1] > 0 &&
			path->altered[0] + path->altered[1] > 0,
		"every replayed and every altered packet was refused");
	check(&j,
		path->plaintext == 0 &&
			path->forwarded[0] + path->forwarded[1] > 0,
		"nothing of the picture could be read on the path");
	check(&j,
		s->intruder.code == 1 && says(&s->intruder, "closed ", "403") &&
			says(&s->camera, "refused " DEMO_INTRUDER, "403") &&
			strstr(s->intruder.text, "established") == NULL,
		"the intruder's call was refused");
	if (lost(path, 0, &camera) + lost(path, 1, &phone) > 0)
		printf("  note  %llu datagrams found no room, or no session "
		       "any more: what was\n        needed was sent "
		       "again\n",
			(unsigned long long)(lost(path, 0, &camera) +
					     lost(path, 1, &phone)));
	print_files(s);
	return j.failed;
}
