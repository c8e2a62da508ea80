/*
 * Clocks in milliseconds. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "ports/posix/sdesp_posix.h"

static uint64_t read_ms(clockid_t clock)
{
	struct timespec t = {0, 0};

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t sdesp_posix_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint64_t sdesp_posix_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}
