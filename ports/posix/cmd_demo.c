/*
 * sdesp demo: starts the three processes, waits for them, reports.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/file.h"
#include "ports/posix/options.h"
#include "ports/posix/report.h"

#ifndef SDESP_DATADIR
#define SDESP_DATADIR "/usr/local/share/sdesp"
#endif

enum { PHONE, APPLIANCE, PATH, CHILDREN };

void demo_file(char path[DEMO_FILE_PATH], const struct demo_setup *setup,
	const char *name)
{
	snprintf(path, DEMO_FILE_PATH, "%s/%s", setup->directory, name);
}

/* --picture, else the installed one, else the one in the source tree. */
static int read_picture(struct demo_setup *setup, const struct options *o)
{
	static uint8_t picture[DEMO_PICTURE_MAX];
	static const char *const places[] = {
		SDESP_DATADIR "/protocol.png", "docs/protocol.png"};
	const char *path = o->picture;
	unsigned i;
	int code;

	for (i = 0; path == NULL && i < 2; i++) {
		if (access(places[i], R_OK) == 0)
			path = places[i];
	}
	if (path == NULL)
		return system_error("neither %s nor %s is there; name a file "
				    "with --picture",
			places[0], places[1]);
	code = file_read(path, picture, sizeof picture, &setup->picture_len);
	if (code == DONE && setup->picture_len < 40000)
		code = refuse("%s: too small to rekey in its midst; expected "
			      "40000 octets or more",
			path);
	setup->picture = picture;
	return code;
}

static int make_directory(struct demo_setup *setup, const struct options *o)
{
	static char directory[DEMO_FILE_PATH / 2];
	const char *tmp = getenv("TMPDIR");

	if (o->out != NULL) {
		if (strlen(o->out) >= sizeof directory)
			return usage_error("--out: too long");
		if (mkdir(o->out, 0700) != 0 && errno != EEXIST)
			return system_error("%s: %s", o->out, strerror(errno));
		setup->directory = o->out;
	} else {
		snprintf(directory, sizeof directory, "%s/sdesp-demo.XXXXXX",
			tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
		if (mkdtemp(directory) == NULL)
			return system_error(
				"%s: %s", directory, strerror(errno));
		setup->directory = directory;
	}
	return DONE;
}

/* An earlier demo's keys in the same place would be appended to. */
static int clear_keys(const struct demo_setup *setup)
{
	char path[DEMO_FILE_PATH];

	demo_file(path, setup, DEMO_KEYS);
	if (unlink(path) != 0 && errno != ENOENT)
		return system_error("%s: %s", path, strerror(errno));
	return DONE;
}

struct demo {
	struct demo_setup setup;
	int line[2][2];          /* signalling: phone, appliance; [0] theirs */
	int report[CHILDREN][2]; /* pipes */
	pid_t child[CHILDREN];   /* 0: not running */
};

static int child_main(struct demo *d, unsigned which)
{
	const int ours[2] = {d->line[PHONE][1], d->line[APPLIANCE][1]};

	/* Whatever happens, this process ends. */
	alarm(DEMO_SECONDS + 2);
	if (which == PHONE)
		return demo_phone(
			&d->setup, d->line[PHONE][0], d->report[PHONE][1]);
	if (which == APPLIANCE)
		return demo_appliance(&d->setup, d->line[APPLIANCE][0],
			d->report[APPLIANCE][1]);
	return demo_path(&d->setup, ours, d->report[PATH][1]);
}

static int start(struct demo *d)
{
	unsigned i;

	for (i = 0; i < CHILDREN; i++) {
		if ((i < 2 && socketpair(AF_UNIX, SOCK_DGRAM, 0, d->line[i]) !=
				      0) ||
			pipe(d->report[i]) != 0)
			return system_error("demo: %s", strerror(errno));
	}
	fflush(stdout);
	/* The on-path program and the appliance first: they only wait. */
	for (i = CHILDREN; i-- > 0;) {
		d->child[i] = fork();
		if (d->child[i] == 0)
			_exit(child_main(d, i));
		if (d->child[i] < 0) {
			d->child[i] = 0;
			return system_error("demo: %s", strerror(errno));
		}
	}
	for (i = 0; i < CHILDREN; i++) {
		close(d->report[i][1]);
		if (i < 2) {
			close(d->line[i][0]);
			close(d->line[i][1]);
		}
	}
	return DONE;
}

/* The report of a child: complete, or zeroed. */
static void take_report(
	struct demo *d, unsigned which, void *report, size_t size)
{
	size_t len = 0;

	if (file_read_fd(d->report[which][0], report, size, &len) != 0 ||
		len != size)
		memset(report, 0, size);
	close(d->report[which][0]);
}

static int reap(struct demo *d)
{
	unsigned i;
	int failed = 0;

	for (i = 0; i < CHILDREN; i++) {
		int status = 0;

		if (d->child[i] == 0)
			continue;
		while (waitpid(d->child[i], &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			failed = 1;
	}
	return failed;
}

static void stop(struct demo *d)
{
	unsigned i;

	for (i = 0; i < CHILDREN; i++) {
		if (d->child[i] > 0)
			kill(d->child[i], SIGTERM);
	}
}

static int play(struct demo *d)
{
	struct demo_end_report phone, appliance;
	struct demo_path_report path;
	int code = start(d);
	int failed;

	if (code != DONE) {
		stop(d);
		(void)reap(d);
		return code;
	}
	take_report(d, PHONE, &phone, sizeof phone);
	take_report(d, APPLIANCE, &appliance, sizeof appliance);
	take_report(d, PATH, &path, sizeof path);
	failed = reap(d);
	if (demo_judge(&d->setup, &phone, &appliance, &path) != 0 || failed)
		return refuse("demo: failed");
	return DONE;
}

static int run(const struct options *o)
{
	static struct demo d;
	int code = read_picture(&d.setup, o);

	if (code == DONE)
		code = make_directory(&d.setup, o);
	if (code == DONE)
		code = clear_keys(&d.setup);
	if (code != DONE)
		return code;
	puts("A phone fetches a picture from an appliance at home.\n\n"
	     "  phone  <== ESP in UDP ==>  somebody on the path  <== ESP in "
	     "UDP ==>  appliance\n\n"
	     "They agree on keys in an SDP offer and its answer. Somebody on "
	     "the path hands\nboth on, with his own ports in them, so that all "
	     "packets come to him: he records\nthem, sends some again and "
	     "sends altered copies. Half way the two change keys.");
	return play(&d);
}

const struct command cmd_demo = {
	"demo",
	"[--out DIR] [--picture FILE]",
	"see it work: two ends, and somebody hostile on the path",
	"Three processes on this machine, without any privilege, for about two "
	"seconds.\nA phone and an appliance exchange offer and answer and "
	"carry a picture through\nESP in UDP, with a rekey in the middle; a "
	"program between them records, replays\nand alters packets. The report "
	"is made of the two ends' own counters, the exit\ncode is 0 only if "
	"the picture arrived whole, and nothing hostile did.\n\n"
	"In DIR: onpath.pcap, what was recorded (link type RAW); esp_sa, the "
	"keys for\nWireshark; picture.png, what the phone got. The command "
	"for tshark is printed.",
	FOR_DEMO,
	0,
	0,
	run,
};
