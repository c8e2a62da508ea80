/*
 * Captures in and out. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/translate.h"

#define REASONS_SHOWN 10

const char TRANSLATE_DROP[] = "dropped", TRANSLATE_STOP[] = "stopped";

struct translation {
	struct pcap_reader in;
	const char *out;
	FILE *file;
	const char *verb;
	translate_fn *fn;
	void *ctx;
	unsigned long done, dropped, refused;
};

static void refuse_packet(struct translation *t, const char *why)
{
	if (t->refused++ < REASONS_SHOWN)
		note("%s: packet %lu refused: %s", t->in.path, t->in.number,
			why);
}

static int translate_all(struct translation *t)
{
	static struct translate_buffer b;
	struct pcap_packet p;
	const char *why;
	int more;

	pcap_write_header(t->file, t->in.magic);
	for (;;) {
		b.data = b.octets + TRANSLATE_HEAD;
		more = pcap_next(&t->in, &p, b.data);
		if (more <= 0)
			return more == 0 ? DONE : REFUSED;
		b.len = p.captured;
		why = p.captured < p.length
			      ? "the capture has only a part of it"
			      : t->fn(t->ctx, &b);
		if (why == TRANSLATE_STOP)
			return SYSTEM;
		if (why == TRANSLATE_DROP) {
			t->dropped++;
		} else if (why != NULL) {
			refuse_packet(t, why);
		} else {
			p.captured = p.length = (uint32_t)b.len;
			pcap_write(t->file, &p, b.data);
			t->done++;
		}
	}
}

/* As open(2) would have made it. */
static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int finish(struct translation *t, int fd, const char *temporary)
{
	if (fflush(t->file) != 0 || ferror(t->file) ||
		fchmod(fd, usual_mode()) != 0 ||
		file_commit(fd, temporary, t->out) != 0)
		return system_error(
			"%s: cannot write: %s", t->out, strerror(errno));
	fprintf(stderr, "sdesp: %s: %lu packets %s", t->out, t->done, t->verb);
	if (t->dropped > 0)
		fprintf(stderr, ", %lu empty ones left out", t->dropped);
	fprintf(stderr, ", %lu refused\n", t->refused);
	return t->refused > 0 ? REFUSED : DONE;
}

static int translate_to_temporary(struct translation *t)
{
	char temporary[FILE_PATH];
	int fd = file_temporary(temporary, t->out);
	int code, committed = 0;

	if (fd < 0)
		return system_error(
			"%s: cannot create: %s", t->out, strerror(errno));
	t->file = fdopen(fd, "wb");
	if (t->file == NULL) {
		code = system_error("%s: %s", t->out, strerror(errno));
		close(fd);
		unlink(temporary);
		return code;
	}
	code = translate_all(t);
	if (code == DONE) {
		code = finish(t, fd, temporary);
		committed = code != SYSTEM;
	}
	fclose(t->file);
	if (!committed)
		unlink(temporary);
	return code;
}

int translate(const char *in, const char *out, const char *verb,
	translate_fn *fn, void *ctx)
{
	struct translation t;
	int code;

	memset(&t, 0, sizeof t);
	t.out = out;
	t.verb = verb;
	t.fn = fn;
	t.ctx = ctx;
	code = pcap_open(&t.in, in);
	if (code != DONE)
		return code;
	code = translate_to_temporary(&t);
	pcap_close(&t.in);
	return code;
}
