/*
 * sdesp, a packet a call and a batch a call: window, counters and limits are
 * part of it. SPDX-License-Identifier: MIT
 */
#include "tests/bench/subject.h"

#include <string.h>

#include "sdesp_esp.h"
#include "tests/bench/bench.h"

#define ROOM SDESP_PKT_TAIL_FAST /* before and behind each payload */

static struct sdesp_bearssl provider;
static struct sdesp_esp_tx tx;
static struct sdesp_esp_rx rx;
static struct sdesp_pkt pkts[BENCH_BATCH];
static uint8_t memory[BENCH_BATCH][ROOM + BENCH_SIZE_MAX + ROOM];
static size_t payload;

static int begin(unsigned suite, size_t size)
{
	struct sdesp_sa sa;

	memset(&sa, 0, sizeof sa);
	sa.spi = 0xc0123456;
	sa.suite = (uint8_t)suite;
	sa.window = 64;
	memset(sa.keymat, 0x5a, sizeof sa.keymat);
	sdesp_bearssl_init(&provider);
	if (sdesp_esp_tx_init(&tx, &provider.vtable, &sa, 0) != SDESP_OK ||
		sdesp_esp_rx_init(&rx, &provider.vtable, &sa) != SDESP_OK)
		bench_fail("cannot key an SA");
	payload = size;
	return 1;
}

static void reset(void)
{
	for (size_t i = 0; i < BENCH_BATCH; i++) {
		pkts[i].data = memory[i] + ROOM;
		pkts[i].len = payload;
		pkts[i].head = pkts[i].tail = ROOM;
		pkts[i].next_header = 17;
	}
}

static void seal_alone(void)
{
	for (size_t i = 0; i < BENCH_BATCH; i++)
		if (sdesp_esp_seal(&tx, &pkts[i], 1) != 1)
			bench_fail("seal");
}

static void open_alone(void)
{
	for (size_t i = 0; i < BENCH_BATCH; i++)
		if (sdesp_esp_open(&rx, &pkts[i], 1, 0) != 1)
			bench_fail("open");
}

static void seal_batch(void)
{
	if (sdesp_esp_seal(&tx, pkts, BENCH_BATCH) != BENCH_BATCH)
		bench_fail("seal");
}

static void open_batch(void)
{
	if (sdesp_esp_open(&rx, pkts, BENCH_BATCH, 0) != BENCH_BATCH)
		bench_fail("open");
}

static void end(void)
{
	sdesp_esp_tx_wipe(&tx);
	sdesp_esp_rx_wipe(&rx);
}

const struct bench_subject bench_alone = {
	"alone", begin, reset, seal_alone, open_alone, end};
const struct bench_subject bench_batch = {
	"batch", begin, reset, seal_batch, open_batch, end};

void bench_count_seal(unsigned suite, size_t size, unsigned long n)
{
	begin(suite, size);
	for (; n > 0; n--) {
		pkts[0].data = memory[0] + ROOM;
		pkts[0].len = payload;
		pkts[0].head = pkts[0].tail = ROOM;
		if (sdesp_esp_seal(&tx, &pkts[0], 1) != 1)
			bench_fail("seal");
	}
}

void bench_count_open(unsigned suite, size_t size, unsigned long n)
{
	struct sdesp_esp_rx fresh;
	struct sdesp_pkt sealed;

	bench_count_seal(suite, size, 1);
	fresh = rx;
	sealed = pkts[0];
	memcpy(memory[1], memory[0], sizeof memory[0]);
	for (; n > 0; n--) {
		rx = fresh;
		pkts[0] = sealed;
		memcpy(sealed.data, memory[1] + (sealed.data - memory[0]),
			sealed.len);
		if (sdesp_esp_open(&rx, &pkts[0], 1, 0) != 1)
			bench_fail("open");
	}
}
