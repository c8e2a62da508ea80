/*
 * Whole files in and out. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_FILE_H
#define SDESP_CMD_FILE_H

#include <stddef.h>
#include <stdint.h>

/* SDP bodies are far smaller. */
#define FILE_SDP_MAX 65536

/*
 * Read a file of at most cap octets; "-" is standard input. An exit code,
 * with a message.
 */
int file_read(const char *path, void *buf, size_t cap, size_t *len);

/* Read a file that holds keys: ours, a plain file, closed to others. */
int file_read_secret(const char *path, void *buf, size_t cap, size_t *len);

/* Is this an open file that only we can read? An exit code, with a message
 * that names path. */
int file_check_secret(int fd, const char *path);

/* Read or write all of it; -1 with errno set. A short file is not an error. */
int file_read_fd(int fd, void *buf, size_t cap, size_t *len);
int file_write_fd(int fd, const void *buf, size_t len);

/*
 * A new file beside path, mode 0600, to be renamed over it when complete.
 * temporary has room for FILE_PATH octets. -1 with errno set.
 */
#define FILE_PATH 4096
int file_temporary(char temporary[FILE_PATH], const char *path);

/* Bring fd to the disk and put it in place of path, for good. -1 with errno
 * set. fd stays open. */
int file_commit(int fd, const char *temporary, const char *path);

#endif
