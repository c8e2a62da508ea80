/*
 * sdesp bench: how fast this machine seals and opens.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_esp.h"

#define BATCH 32
#define MAX_LEN 1420
#define HEAD (2 * SDESP_PKT_HEAD) /* opening wants some of what sealing took */

struct slot {
	uint8_t octets[HEAD + MAX_LEN + SDESP_PKT_TAIL];
};

static struct slot slots[BATCH];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct sdesp_pkt pkts[BATCH], size_t len)
{
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		memset(&pkts[i], 0, sizeof pkts[i]);
		pkts[i].data = slots[i].octets + HEAD;
		pkts[i].len = len;
		pkts[i].head = HEAD;
		pkts[i].tail = SDESP_PKT_TAIL;
		pkts[i].next_header = 17;
	}
}

struct speed {
	double seal, open; /* seconds a packet */
};

/* Batches go through both directions until the time is over. */
static int measure(struct speed *speed, struct sdesp_esp_tx *tx,
	struct sdesp_esp_rx *rx, size_t len, double limit)
{
	double sealing = 0, opening = 0;
	unsigned long n = 0;

	do {
		struct sdesp_pkt pkts[BATCH];
		double start, middle;

		fill(pkts, len);
		start = seconds();
		if (sdesp_esp_seal(tx, pkts, BATCH) != BATCH)
			return -1;
		middle = seconds();
		if (sdesp_esp_open(rx, pkts, BATCH, 0) != BATCH)
			return -1;
		sealing += middle - start;
		opening += seconds() - middle;
		n += BATCH;
	} while (sealing + opening < limit);
	speed->seal = sealing / (double)n;
	speed->open = opening / (double)n;
	return 0;
}

static int bench_suite(const struct sdesp_suite *suite,
	const struct sdesp_crypto_class *const *crypto, double limit)
{
	static const size_t lengths[] = {64, 256, MAX_LEN};
	static struct sdesp_esp_tx tx;
	static struct sdesp_esp_rx rx;
	struct sdesp_sa sa;
	unsigned i;

	memset(&sa, 0, sizeof sa);
	sa.spi = 0xc0ffee01;
	sa.suite = suite->id;
	sa.window = 64;
	if (sdesp_posix_random(NULL, sa.keymat, sizeof sa.keymat) != 0)
		return system_error("no random numbers");
	if (sdesp_esp_tx_init(&tx, crypto, &sa, 0) != SDESP_OK ||
		sdesp_esp_rx_init(&rx, crypto, &sa) != SDESP_OK) {
		printf("%-30s not built in\n", suite->name);
		return DONE;
	}
	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct speed v;

		if (measure(&v, &tx, &rx, lengths[i], limit) != 0)
			return system_error(
				"%s: a packet did not come back", suite->name);
		printf("%-30s %6lu %9.0f %9.0f %9.0f %9.0f\n",
			i == 0 ? suite->name : "", (unsigned long)lengths[i],
			v.seal * 1e9, v.open * 1e9,
			(double)lengths[i] * 8e-6 / v.seal,
			(double)lengths[i] * 8e-6 / v.open);
	}
	return DONE;
}

static int run(const struct options *o)
{
	struct sdesp_bearssl crypto;
	double limit = o->seconds.given ? (double)o->seconds.value : 0.05;
	unsigned id;
	int code = DONE;

	if (limit > 1)
		limit = 1;
	sdesp_bearssl_init(&crypto);
	printf("%-30s %6s %9s %9s %9s %9s\n", "", "", "ns/packet", "", "Mbit/s",
		"");
	printf("%-30s %6s %9s %9s %9s %9s\n", "suite", "octets", "seal", "open",
		"seal", "open");
	for (id = SDESP_SUITE_NONE + 1; id < SDESP_SUITE_END && code == DONE;
		id++)
		code = bench_suite(
			sdesp_suite_by_id(id), &crypto.vtable, limit);
	return code;
}

const struct command cmd_bench = {
	"bench",
	"[--time SECONDS]",
	"measure sealing and opening on this machine",
	"One core, one SA, packets in batches of 32, in memory. Replay window and\n"
	"counters are included, the network is not.",
	FOR_BENCH,
	0,
	0,
	run,
};
