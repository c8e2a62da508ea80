/*
 * Reading whole files, and replacing them in one step.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/file.h"
#include "ports/posix/report.h"

int file_read_fd(int fd, void *buf, size_t cap, size_t *len)
{
	*len = 0;
	while (*len < cap) {
		ssize_t n = read(fd, (char *)buf + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		*len += (size_t)n;
	}
	return 0;
}

int file_write_fd(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One octet more than fits tells a file that is too long. */
static int read_bounded(
	int fd, const char *path, void *buf, size_t cap, size_t *len)
{
	char more;
	size_t extra = 0;

	if (file_read_fd(fd, buf, cap, len) != 0 ||
		(*len == cap && file_read_fd(fd, &more, 1, &extra) != 0))
		return system_error(
			"%s: cannot read: %s", path, strerror(errno));
	if (extra > 0)
		return refuse(
			"%s: longer than %lu octets", path, (unsigned long)cap);
	return DONE;
}

static int read_path(
	const char *path, void *buf, size_t cap, size_t *len, int secret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int code = DONE;

	if (fd < 0)
		return system_error(
			"%s: cannot open: %s", path, strerror(errno));
	if (secret)
		code = file_check_secret(fd, path);
	if (code == DONE)
		code = read_bounded(fd, path, buf, cap, len);
	close(fd);
	return code;
}

int file_read(const char *path, void *buf, size_t cap, size_t *len)
{
	if (strcmp(path, "-") == 0)
		return read_bounded(STDIN_FILENO, path, buf, cap, len);
	return read_path(path, buf, cap, len, 0);
}

int file_read_secret(const char *path, void *buf, size_t cap, size_t *len)
{
	return read_path(path, buf, cap, len, 1);
}

int file_check_secret(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return system_error("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse("%s: not a plain file", path);
	if (st.st_uid != geteuid())
		return refuse("%s: belongs to another user (%lu)", path,
			(unsigned long)st.st_uid);
	if ((st.st_mode & 077) != 0)
		return refuse("%s: holds keys, but its mode is %03o; expected "
			      "0600 (chmod 600 %s)",
			path, (unsigned)(st.st_mode & 0777), path);
	return DONE;
}

int file_temporary(char temporary[FILE_PATH], const char *path)
{
	int n = snprintf(temporary, FILE_PATH, "%s.XXXXXX", path);

	if (n < 0 || n >= FILE_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkstemp(temporary);
}

/* A rename is on the disk once its directory is. */
static int sync_directory(const char *path)
{
	char dir[FILE_PATH];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) + 1 : 0;
	int fd, status;

	if (len >= sizeof dir) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(len > 0 ? dir : ".", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* Some file systems cannot; the rename is as good as it gets. */
	status = fsync(fd) != 0 && errno != EINVAL ? -1 : 0;
	close(fd);
	return status;
}

int file_commit(int fd, const char *temporary, const char *path)
{
	if (fsync(fd) != 0 || rename(temporary, path) != 0)
		return -1;
	return sync_directory(path);
}
