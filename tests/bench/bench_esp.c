/*
 * Packets: time of sealing and opening beside BearSSL's and OpenSSL's own
 * interfaces. SPDX-License-Identifier: MIT
 *
 * Each round measures every subject once, so that what else the machine does
 * falls on all of them; the fastest round counts.
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdesp_sa.h"
#include "tests/bench/subject.h"

#define ROUND_OCTETS (24u << 20) /* work of each subject, by size */
#define ROUNDS_MIN 200
#define ROUNDS_MAX 2000
#define SLICES 40 /* spread over time, a tenth of the rounds each */

static const struct bench_subject *const subjects[] = {
	&bench_alone, &bench_batch, &bench_bearssl_gcm, &bench_openssl};

#define SUBJECTS (sizeof subjects / sizeof subjects[0])

static const size_t sizes[] = {64, 256, 576, 1420, 8900};

#define SIZES (sizeof sizes / sizeof sizes[0])

/* Nanoseconds a packet; 0 = not measured. */
struct times {
	double seal, open;
};

static void keep_least(double *least, uint64_t from, uint64_t to)
{
	double ns = (double)(to - from) / BENCH_BATCH;

	if (*least == 0 || ns < *least)
		*least = ns;
}

static void measure(struct times times[SUBJECTS], unsigned suite, size_t size)
{
	size_t rounds = ROUND_OCTETS / (size * BENCH_BATCH);

	if (rounds < ROUNDS_MIN)
		rounds = ROUNDS_MIN;
	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	memset(times, 0, SUBJECTS * sizeof times[0]);
	for (size_t slice = 0; slice < SLICES; slice++) {
		for (size_t s = 0; s < SUBJECTS; s++) {
			if (!subjects[s]->begin(suite, size))
				continue;
			for (size_t r = 0; r < rounds / 10; r++) {
				uint64_t t0, t1, t2;

				subjects[s]->reset();
				t0 = bench_now();
				subjects[s]->seal();
				t1 = bench_now();
				subjects[s]->open();
				t2 = bench_now();
				keep_least(&times[s].seal, t0, t1);
				keep_least(&times[s].open, t1, t2);
			}
			subjects[s]->end();
		}
	}
}

static void print_rival(double ours, double theirs)
{
	if (theirs == 0)
		printf(" %9s %5s", "-", "");
	else
		printf(" %9.1f %5.2f", theirs, ours / theirs);
}

/* What AES_128_GCM_16 may cost of br_gcm's time; 0 = not promised. */
static double budget(unsigned suite, size_t size)
{
	static const struct {
		size_t size;
		double ratio;
	} budgets[] = {{64, 0.70}, {256, 0.80}, {1420, 1.00}};

	for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++)
		if (suite == SDESP_AES_128_GCM_16 && budgets[i].size == size)
			return budgets[i].ratio;
	return 0;
}

static void print_row(
	const char *op, size_t size, const double ns[SUBJECTS], double most)
{
	printf("  %s %5lu %9.1f %9.1f %5.2f", op, (unsigned long)size, ns[0],
		ns[1], ns[1] / ns[0]);
	print_rival(ns[0], ns[2]);
	print_rival(ns[0], ns[3]);
	if (most != 0)
		printf("  budget %.2f %s", most,
			ns[0] <= most * ns[2] ? "kept" : "MISSED");
	printf("\n");
}

static void run(void)
{
	printf("== packets: ns each, fastest round; a ratio below 1 is in our "
	       "favour\n  %4s %5s %9s %9s %5s %9s %5s %9s %5s\n",
		"op", "size", "alone", "in 32", "ratio", "br_gcm", "ratio",
		"EVP", "ratio");
	for (unsigned id = 1; id < SDESP_SUITE_END; id++) {
		printf("%s\n", sdesp_suite_by_id(id)->name);
		for (size_t i = 0; i < SIZES; i++) {
			struct times times[SUBJECTS];
			double seal[SUBJECTS], open[SUBJECTS];

			measure(times, id, sizes[i]);
			for (size_t s = 0; s < SUBJECTS; s++) {
				seal[s] = times[s].seal;
				open[s] = times[s].open;
			}
			print_row("seal", sizes[i], seal, budget(id, sizes[i]));
			print_row("open", sizes[i], open, budget(id, sizes[i]));
		}
	}
}

/* Some of what count takes: each takes a second or two to count. */
static void list(void)
{
	static const char *const ops[] = {"seal", "open"};
	static const char *const suites[] = {
		"AES_128_GCM_16", "CHACHA20_POLY1305"};
	static const unsigned long counted[] = {64, 1420};

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < 2; i++)
			for (size_t op = 0; op < 2; op++)
				printf("%s %s %lu\n", ops[op], suites[s],
					counted[i]);
}

static int count(unsigned long n, int argc, char **argv)
{
	const struct sdesp_suite *suite;
	size_t size;

	if (argc != 3 ||
		(strcmp(argv[0], "seal") != 0 && strcmp(argv[0], "open") != 0))
		return 0;
	suite = sdesp_suite_by_name(argv[1], strlen(argv[1]));
	size = strtoul(argv[2], NULL, 10);
	if (suite == NULL || size > BENCH_SIZE_MAX)
		bench_fail("no such suite or size");
	if (strcmp(argv[0], "seal") == 0)
		bench_count_seal(suite->id, size, n);
	else
		bench_count_open(suite->id, size, n);
	return 1;
}

const struct bench_part bench_esp = {run, list, count};
