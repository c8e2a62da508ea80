/*
 * What a program on a POSIX system needs around the core: random octets,
 * clock, written addresses and a small event loop. Sockets are in
 * backends/udp/sdesp_udp_socket.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_POSIX_H
#define SDESP_POSIX_H

#include <poll.h>

#include "sdesp_port.h"

/*
 * Fill buf from the system's generator: getrandom() where there is one, else
 * /dev/urandom. Returns 0, or -1 when the system gives none: buf is then
 * zeroed and must not be used. ctx is not looked at. For sdesp_port.random.
 */
int sdesp_posix_random(void *ctx, uint8_t *buf, size_t len);

/* Milliseconds on a clock that does not run backwards while we live. */
uint64_t sdesp_posix_now_ms(void);

/* Milliseconds of the calendar, for what outlives a process. */
uint64_t sdesp_posix_wall_ms(void);

/* A port of this system's random octets and BearSSL's keying. */
void sdesp_posix_port(struct sdesp_port *port);

/*
 * Append the keys of an SA to the file that ctx names (a string), or with ctx
 * NULL the environment's SDESP_KEYLOGFILE; without either nothing is written.
 * For sdesp_udp_config.keylog.
 */
void sdesp_posix_keylog(void *ctx, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound);

/*
 * Read "ADDR", "ADDR:PORT" or "[ADDR]:PORT"; without a port port is taken.
 * SDESP_ERR_SYNTAX otherwise; *addr is then untouched.
 */
SDESP_CHECK int sdesp_posix_parse_addr(
	struct sdesp_addr *addr, const char *text, unsigned port);

#define SDESP_POSIX_ADDR_TEXT (SDESP_ADDR_TEXT + 8)

/* Write "ADDR:PORT" or "[ADDR]:PORT" and a NUL; returns text. */
const char *sdesp_posix_print_addr(
	char text[SDESP_POSIX_ADDR_TEXT], const struct sdesp_addr *addr);

/* Descriptors that one loop can watch. */
#define SDESP_LOOP_MAX 160

typedef void sdesp_loop_fn(void *ctx, int fd);

/* Readable descriptors and who is told. Fields are private. */
struct sdesp_loop {
	struct pollfd fds[SDESP_LOOP_MAX];
	sdesp_loop_fn *fn[SDESP_LOOP_MAX];
	void *ctx[SDESP_LOOP_MAX];
	unsigned n;
};

void sdesp_loop_init(struct sdesp_loop *loop);

/* Call fn(ctx, fd) while fd is readable, at its end or in error.
 * SDESP_ERR_SPACE: the table is full. */
SDESP_CHECK int sdesp_loop_add(
	struct sdesp_loop *loop, int fd, sdesp_loop_fn *fn, void *ctx);

/* Forget fd; unknown ones are fine. May be called from a handler. */
void sdesp_loop_remove(struct sdesp_loop *loop, int fd);

/*
 * Wait until something is readable, but not beyond until_ms on the clock of
 * sdesp_posix_now_ms() (UINT64_MAX: for ever), and call the handlers.
 * Returns how many were called, or -1 with errno set (EINTR: a signal).
 */
int sdesp_loop_wait(struct sdesp_loop *loop, uint64_t until_ms);

#endif
