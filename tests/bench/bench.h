/*
 * The benchmark: parts that measure, and what they share.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* One subject of the benchmark. */
struct bench_part {
	void (*run)(void);  /* measure and print tables */
	void (*list)(void); /* print what count takes, one a line */

	/* Do what argv names n times: 1, or 0 when it is not of this part. */
	int (*count)(unsigned long n, int argc, char **argv);
};

extern const struct bench_part bench_esp, bench_nego, bench_tun;

/* Nanoseconds of a clock that does not jump. */
uint64_t bench_now(void);

/* Prints the failure and exits. */
void bench_fail(const char *what);

#endif
