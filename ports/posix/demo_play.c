/*
 * The story of the demo: who starts when, and what the person does.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_udp_socket.h"

/* What the parent holds. */
struct play {
	struct demo_story story;
	int web, report[2];
	uint16_t web_port, entry_port, camera_port, path_port;
	pid_t web_pid, path_pid;
	int rekey_begun;
};

/* A TCP socket on loopback that listens, and its port. -1: none. */
static int open_tcp(uint16_t *port)
{
	struct sdesp_addr at;
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || sdesp_posix_parse_addr(&at, "127.0.0.1", 0) != SDESP_OK)
		return -1;
	len = sdesp_udp_to_sockaddr(&ss, &at, 4);
	if (bind(fd, (const struct sockaddr *)&ss, len) != 0 ||
		listen(fd, 8) != 0 ||
		getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
		sdesp_udp_from_sockaddr(&at, &ss) != SDESP_OK) {
		close(fd);
		return -1;
	}
	*port = at.port;
	return fd;
}

static pid_t start(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		alarm(DEMO_SECONDS + 2); /* whatever happens, it ends */
	return pid;
}

static void stop(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGTERM);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* The same key at both ends, for this run only. */
static int write_psk(char path[DEMO_FILE_PATH], const struct demo_setup *setup,
	const char *name, const uint8_t key[32], const char *names)
{
	char text[128];
	FILE *file;
	int fd, n = snprintf(text, sizeof text, "demo ");
	unsigned i;

	for (i = 0; i < 32; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%02x",
			(unsigned)key[i]);
	snprintf(text + n, sizeof text - (size_t)n, " %s\n", names);
	demo_file(path, setup, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0)
		return system_error("%s: %s", path, strerror(errno));
	return DONE;
}

static void base_options(struct options *o, const char *psk, const char *aor)
{
	memset(o, 0, sizeof *o);
	o->psk = psk;
	o->aor = aor;
	o->method = "x25519";
	o->seconds.given = 1;
	o->seconds.value = DEMO_SECONDS;
}

static int start_camera(struct play *p, const char *psk)
{
	static char port[8];
	struct options o;
	const char *line;

	p->web = open_tcp(&p->web_port);
	if (p->web < 0)
		return system_error("demo: %s", strerror(errno));
	p->web_pid = start();
	if (p->web_pid == 0)
		_exit(demo_web(p->story.setup, p->web));
	snprintf(port, sizeof port, "%u", (unsigned)p->web_port);
	base_options(&o, psk, DEMO_CAMERA);
	o.sip = "127.0.0.1:0";
	o.allow.value[o.allow.n++] = DEMO_PHONE;
	o.expose.value[o.expose.n++] = port;
	if (demo_child_start(&p->story.camera, &cmd_listen, &o, NULL) != 0)
		return SYSTEM;
	line = demo_child_line(&p->story.camera, "listening ", 5000);
	if (line == NULL)
		return system_error("demo: the camera does not listen");
	p->camera_port = (uint16_t)strtoul(
		line + strlen("listening " DEMO_CAMERA ":"), NULL, 10);
	return DONE;
}

static int start_path(struct play *p)
{
	if (demo_path_open(&p->path_port, p->camera_port) != 0 ||
		pipe(p->report) != 0)
		return system_error("demo: %s", strerror(errno));
	p->path_pid = start();
	if (p->path_pid == 0)
		_exit(demo_path(p->story.setup, p->report[1]));
	close(p->report[1]);
	return DONE;
}

/* Knows neither the key nor whom to claim to be. */
static int try_intruder(struct play *p)
{
	struct options o;
	char target[64];

	base_options(&o, NULL, DEMO_INTRUDER);
	snprintf(target, sizeof target, DEMO_CAMERA ":%u",
		(unsigned)p->camera_port);
	o.arg[0] = target;
	if (demo_child_start(&p->story.intruder, &cmd_call, &o, NULL) != 0)
		return SYSTEM;
	demo_child_end(&p->story.intruder, 0);
	return DONE;
}

static int start_phone(struct play *p, const char *psk)
{
	struct options o;
	char target[64], forward[32], keys[DEMO_FILE_PATH];
	int free_port = open_tcp(&p->entry_port);

	if (free_port < 0)
		return system_error("demo: %s", strerror(errno));
	close(free_port);
	base_options(&o, psk, DEMO_PHONE);
	snprintf(target, sizeof target, DEMO_CAMERA ":%u",
		(unsigned)p->path_port);
	snprintf(forward, sizeof forward, "%u:%u", (unsigned)p->entry_port,
		(unsigned)p->web_port);
	o.arg[0] = target;
	o.forward.value[o.forward.n++] = forward;
	demo_file(keys, p->story.setup, DEMO_KEYS);
	if (demo_child_start(&p->story.phone, &cmd_call, &o, keys) != 0)
		return SYSTEM;
	if (demo_child_line(&p->story.phone, "forwarding ", 5000) == NULL)
		return refuse("demo: the phone has no session");
	return DONE;
}

/* Half of it is there: time for new keys, while the rest comes. */
static void on_piece(void *ctx, size_t len)
{
	struct play *p = ctx;

	if (!p->rekey_begun && len * 2 >= p->story.setup->picture_len) {
		kill(p->story.phone.pid, SIGUSR1);
		p->rekey_begun = 1;
	}
	if (p->rekey_begun && p->story.rekeyed_at == 0 &&
		demo_child_said(&p->story.phone, "rekeyed ") != NULL)
		p->story.rekeyed_at = len;
}

static void save_copy(const struct demo_story *story)
{
	char path[DEMO_FILE_PATH];
	FILE *file;

	demo_file(path, story->setup, DEMO_COPY);
	file = fopen(path, "wb");
	if (file == NULL)
		return;
	fwrite(story->copy, 1, story->copy_len, file);
	fclose(file);
}

static void end_all(struct play *p)
{
	const struct timespec goodbye = {0, 100000000}; /* of TCP, first */
	struct demo_story *story = &p->story;
	size_t len = 0;

	nanosleep(&goodbye, NULL);
	demo_child_end(&story->phone, SIGINT);
	(void)demo_child_line(&story->camera, "closed ", 3000);
	demo_child_end(&story->camera, SIGTERM);
	stop(p->web_pid);
	if (p->path_pid > 0) {
		stop(p->path_pid);
		if (file_read_fd(p->report[0], &story->path, sizeof story->path,
			    &len) != 0 ||
			len != sizeof story->path)
			memset(&story->path, 0, sizeof story->path);
		close(p->report[0]);
	}
}

int demo_play(const struct demo_setup *setup)
{
	static struct play p;
	static uint8_t copy[DEMO_PICTURE_MAX];
	char psk[2][DEMO_FILE_PATH];
	uint8_t key[32];
	int code;

	p.story.setup = setup;
	p.story.copy = copy;
	if (sdesp_posix_random(NULL, key, sizeof key) != 0)
		return system_error("demo: no random numbers");
	code = write_psk(psk[0], setup, "psk.phone", key, "phone camera");
	if (code == DONE)
		code = write_psk(
			psk[1], setup, "psk.camera", key, "camera phone");
	if (code == DONE)
		code = start_camera(&p, psk[1]);
	if (code == DONE)
		code = start_path(&p);
	if (code == DONE)
		code = try_intruder(&p);
	if (code == DONE)
		code = start_phone(&p, psk[0]);
	if (code == DONE)
		p.story.copy_len = demo_fetch(copy, p.entry_port, on_piece, &p);
	end_all(&p);
	unlink(psk[0]);
	unlink(psk[1]);
	if (code != DONE)
		return code;
	save_copy(&p.story);
	return demo_judge(&p.story) == 0 ? DONE : refuse("demo: failed");
}
