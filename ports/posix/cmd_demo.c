/*
 * sdesp demo: what it takes, where it writes.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"

#ifndef SDESP_DATADIR
#define SDESP_DATADIR "/usr/local/share/sdesp"
#endif

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

static int run(const struct options *o)
{
	struct demo_setup setup;
	int code = read_picture(&setup, o);

	if (code == DONE)
		code = make_directory(&setup, o);
	if (code == DONE)
		code = clear_keys(&setup);
	if (code != DONE)
		return code;
	puts("A phone calls a camera by its SIP address and fetches a picture "
	     "from its web page.\n\n"
	     "  phone <== SIP, ESP in UDP ==> somebody on the path <== SIP, "
	     "ESP in UDP ==> camera\n\n"
	     "They agree on keys in the SDP of the call. Somebody on the path "
	     "hands it on, with\nhis own ports in it, so that all packets "
	     "come to him: he records them, sends some\nagain and sends "
	     "altered copies. Half way the two change keys. An intruder calls "
	     "too.");
	return demo_play(&setup);
}

const struct command cmd_demo = {
	"demo",
	"[--out DIR] [--picture FILE]",
	"see it work: a call, and somebody hostile on the path",
	"Processes on this machine, without any privilege, for about three seconds. A\n"
	"camera (sdesp ua listen, and a small web server behind it) is called by a phone\n"
	"(sdesp ua call), which fetches its page and a picture through ESP in UDP, with a\n"
	"re-INVITE for new keys in the middle; a program between them records, replays and\n"
	"alters packets; an intruder calls. The report is made of what they all counted, the\n"
	"exit code is 0 only if the picture arrived whole, and nothing hostile did.\n\n"
	"In DIR: onpath.pcap, what was recorded (link type RAW); esp_sa, the keys for\n"
	"Wireshark; picture.png, what the phone got. The command for tshark is printed.",
	FOR_DEMO,
	0,
	0,
	run,
};
