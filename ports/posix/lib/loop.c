/*
 * poll(2) over a table of handlers. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <limits.h>

#include "ports/posix/sdesp_posix.h"

void sdesp_loop_init(struct sdesp_loop *loop)
{
	loop->n = 0;
}

int sdesp_loop_add(
	struct sdesp_loop *loop, int fd, sdesp_loop_fn *fn, void *ctx)
{
	unsigned i = loop->n;

	if (i == SDESP_LOOP_MAX)
		return SDESP_ERR_SPACE;
	loop->fds[i].fd = fd;
	loop->fds[i].events = POLLIN;
	loop->fds[i].revents = 0;
	loop->fn[i] = fn;
	loop->ctx[i] = ctx;
	loop->n++;
	return SDESP_OK;
}

void sdesp_loop_remove(struct sdesp_loop *loop, int fd)
{
	unsigned i;

	for (i = 0; i < loop->n && loop->fds[i].fd != fd; i++)
		;
	if (i == loop->n)
		return;
	loop->n--;
	loop->fds[i] = loop->fds[loop->n];
	loop->fn[i] = loop->fn[loop->n];
	loop->ctx[i] = loop->ctx[loop->n];
}

static int timeout_until(uint64_t until_ms)
{
	uint64_t now = sdesp_posix_now_ms();

	if (until_ms == UINT64_MAX)
		return -1;
	if (until_ms <= now)
		return 0;
	return until_ms - now > INT_MAX ? INT_MAX : (int)(until_ms - now);
}

int sdesp_loop_wait(struct sdesp_loop *loop, uint64_t until_ms)
{
	unsigned i = loop->n;
	int called = 0;

	if (poll(loop->fds, (nfds_t)loop->n, timeout_until(until_ms)) < 0)
		return -1;
	/* Downwards: a handler that removes entries moves only those that
	 * were visited; what it adds waits for the next round. */
	while (i-- > 0) {
		if (i >= loop->n || loop->fds[i].revents == 0)
			continue;
		loop->fds[i].revents = 0;
		loop->fn[i](loop->ctx[i], loop->fds[i].fd);
		called++;
	}
	return called;
}
