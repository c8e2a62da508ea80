/*
 * Who is measured: an implementation that seals and opens BENCH_BATCH packets
 * of the same size. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_SUBJECT_H
#define TESTS_BENCH_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_BATCH 32
#define BENCH_SIZE_MAX 8900

struct bench_subject {
	const char *name;

	/* 0 = has not got this suite (enum sdesp_suite_id). */
	int (*begin)(unsigned suite, size_t size);
	void (*reset)(void); /* plain payloads again; not timed */
	void (*seal)(void);  /* all packets */
	void (*open)(void);  /* all packets, as they were sealed */
	void (*end)(void);
};

extern const struct bench_subject bench_alone, bench_batch; /* sdesp */

/* One packet n times, for counting. Opening the same packet again takes a
 * copy of it and of the receiver, which is counted too. */
void bench_count_seal(unsigned suite, size_t size, unsigned long n);
void bench_count_open(unsigned suite, size_t size, unsigned long n);

extern const struct bench_subject bench_bearssl_gcm; /* br_gcm API */
extern const struct bench_subject bench_openssl;     /* EVP */

#endif
