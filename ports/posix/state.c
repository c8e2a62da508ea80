/*
 * The life of a state file: created, locked, replaced whole.
 *
 * The lock is on the file itself. A new version is locked before it takes the
 * name, so whoever opens the name finds it locked or complete.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/state_record.h"

static int lock(int fd)
{
	struct flock whole;

	memset(&whole, 0, sizeof whole);
	whole.l_type = F_WRLCK;
	whole.l_whence = SEEK_SET;
	return fcntl(fd, F_SETLK, &whole);
}

static int cannot(const struct state *st, const char *what)
{
	return system_error(
		"%s: cannot %s: %s", st->path, what, strerror(errno));
}

static void begin(struct state *st, const char *path)
{
	memset(st, 0, sizeof *st);
	st->path = path;
	st->fd = -1;
	state_backend_init(&st->backend);
	sdesp_posix_port(&st->port);
}

static void advance_clock(struct state *st)
{
	uint64_t now = sdesp_posix_wall_ms();

	if (now > st->clock_ms)
		st->clock_ms = now;
	st->backend.now_ms = st->clock_ms;
}

int state_create(struct state *st, const char *path)
{
	struct settings kept = st->settings;
	int status;

	begin(st, path);
	st->settings = kept;
	explicit_bzero(&kept, sizeof kept);
	st->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (st->fd < 0 && errno == EEXIST)
		return refuse("%s: exists already; name a new file, or see "
			      "--rekey and --refresh",
			path);
	if (st->fd < 0 || lock(st->fd) != 0)
		return cannot(st, "create");
	st->created = 1;
	advance_clock(st);
	st->origin = st->clock_ms / 1000;
	status = sdesp_session_init(&st->session, &st->settings.policy,
		&st->backend.base, &st->port);
	if (status != SDESP_OK)
		return refuse_status("session", 0, status, NULL);
	return DONE;
}

/* Open and lock what has the name; another program may just replace it. */
static int open_locked(struct state *st)
{
	struct stat ours, named;
	int tries;

	for (tries = 0; tries < 10; tries++) {
		st->fd = open(st->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (st->fd < 0)
			return cannot(st, "open");
		if (lock(st->fd) != 0) {
			if (errno != EACCES && errno != EAGAIN)
				return cannot(st, "lock");
			return system_error(
				"%s: another sdesp is using it", st->path);
		}
		if (fstat(st->fd, &ours) == 0 && stat(st->path, &named) == 0 &&
			ours.st_ino == named.st_ino &&
			ours.st_dev == named.st_dev)
			return DONE;
		close(st->fd);
		st->fd = -1;
	}
	return system_error("%s: is being replaced again and again", st->path);
}

static int read_file(struct state *st, const char *path)
{
	struct state_record r;
	const char *wrong;
	int code;

	begin(st, path);
	code = open_locked(st);
	if (code == DONE)
		code = file_check_secret(st->fd, path);
	if (code == DONE &&
		file_read_fd(st->fd, r.octets, sizeof r.octets, &r.len) != 0)
		code = cannot(st, "read");
	if (code != DONE)
		return code;
	wrong = state_record_read(&r, st);
	explicit_bzero(&r, sizeof r);
	if (wrong != NULL)
		return refuse("%s: %s", path, wrong);
	(void)settings_policy(&st->settings, NULL);
	advance_clock(st);
	return DONE;
}

static int resume(struct state *st)
{
	int status = sdesp_session_load(&st->session, &st->settings.policy,
		&st->backend.base, &st->port, st->saved, st->saved_len);

	explicit_bzero(st->saved, sizeof st->saved);
	if (status != SDESP_OK)
		return refuse("%s: the session in it cannot be loaded (%s)",
			st->path, sdesp_status_name(status));
	/* An answer in the file is one that was written. */
	status = sdesp_session_confirm(&st->session, st->clock_ms);
	if (status != SDESP_OK && status != SDESP_ERR_STATE)
		return refuse_status(st->path, 0, status, NULL);
	return state_tick(st);
}

int state_open(struct state *st, const char *path)
{
	int code = read_file(st, path);

	return code == DONE ? resume(st) : code;
}

static void tell(const struct state *st, const struct sdesp_event *ev)
{
	static const char *const words[] = {
		[SDESP_EV_ESTABLISHED] = NULL,
		[SDESP_EV_REKEYED] = "the new keys are in use",
		[SDESP_EV_REKEY_DUE] =
			"a rekey is due: sdesp offer --rekey --state",
		[SDESP_EV_REKEY_FAILED] =
			"the rekey failed; the old keys stay in use",
		[SDESP_EV_REFRESH_DUE] =
			"send a refresh now: sdesp offer --refresh --state",
		[SDESP_EV_EXPIRED] =
			"the keys have expired: nothing is sent until a rekey",
		[SDESP_EV_PEER_MOVED] = "the peer has moved to",
		[SDESP_EV_PEER_ELSEWHERE] =
			"valid packets from elsewhere, not followed:",
		[SDESP_EV_DRAINED] = NULL,
		[SDESP_EV_FAILED] = "the backend failed",
	};
	char text[SDESP_POSIX_ADDR_TEXT];
	unsigned type = ev->type;

	if (type >= sizeof words / sizeof words[0] || words[type] == NULL)
		return;
	if (type == SDESP_EV_PEER_MOVED || type == SDESP_EV_PEER_ELSEWHERE)
		note("%s %s", words[type],
			sdesp_posix_print_addr(text, &ev->addr));
	else if (type == SDESP_EV_REKEY_DUE || type == SDESP_EV_REFRESH_DUE)
		note("%s %s", words[type], st->path);
	else
		note("%s", words[type]);
}

int state_tick(struct state *st)
{
	struct sdesp_session *sessions[1];
	struct sdesp_event ev;

	advance_clock(st);
	sessions[0] = &st->session;
	if (sdesp_sessions_poll(&st->backend.base, sessions, 1, st->clock_ms) <
		0)
		return system_error("%s: events were lost", st->path);
	(void)sdesp_session_tick(&st->session, st->clock_ms);
	while (sdesp_session_event(&st->session, &ev))
		tell(st, &ev);
	return DONE;
}

static int store(struct state *st, const struct state_record *r)
{
	char temporary[FILE_PATH];
	int fd = file_temporary(temporary, st->path);

	if (fd < 0)
		return cannot(st, "replace");
	if (lock(fd) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
		file_write_fd(fd, r->octets, r->len) != 0 ||
		file_commit(fd, temporary, st->path) != 0) {
		int code = cannot(st, "write");

		unlink(temporary);
		close(fd);
		return code;
	}
	close(st->fd);
	st->fd = fd;
	return DONE;
}

int state_store(struct state *st)
{
	struct state_record r;
	int status = state_record_write(&r, st);
	int code;

	if (status != SDESP_OK)
		code = system_error("%s: cannot be written (%s)", st->path,
			sdesp_status_name(status));
	else
		code = store(st, &r);
	explicit_bzero(&r, sizeof r);
	return code;
}

int state_close(struct state *st, int code)
{
	struct stat info;

	if (st->created && code != DONE && fstat(st->fd, &info) == 0 &&
		info.st_size == 0)
		unlink(st->path);
	if (st->fd >= 0)
		close(st->fd);
	explicit_bzero(st, sizeof *st);
	st->fd = -1;
	return code;
}
