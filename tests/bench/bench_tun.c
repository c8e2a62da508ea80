/*
 * The tables of the TUN backend: look-up among 10 SAs and among 100,000, by
 * SPI and by flow, in random order; what a packet costs then; memory of an
 * SA. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backends/tun/selector.h"
#include "backends/tun/table.h"
#include "base/be.h"
#include "sdesp_tun.h"

#define MANY 100000
#define FEW 10
#define LOOKS 65536 /* of every SA about one */
#define BUDGET 2.0
#define HUGE_PAGE ((size_t)2 << 20)

struct subject {
	struct sdesp_tun tun;
	void *memory;
	uint32_t order[LOOKS];
};

static struct sdesp_bearssl crypto;
static struct subject few, many;
static uint64_t found;

static size_t nowhere(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	(void)ctx;
	(void)pkts;
	return n;
}

/* Hosts 10.0.0.1 here, 11.x.y.z there; the SPI of the i-th is random. */
static uint32_t spi_of(uint32_t i)
{
	return 0xc0000000 | (i + 1) * 2654435761u >> 2;
}

static struct sdesp_flow flow_of(uint32_t i)
{
	struct sdesp_flow flow = {.local = {.family = 4, .ip = {192, 0, 2, 1}},
		.remote = {.family = 4},
		.mode = SDESP_TUNNEL,
		.udp = 1,
		.nts = 1,
		.ts = {{SDESP_TS_ANY_PROTOCOL,
			{SDESP_TS_PREFIX, 4, 32, {10, 0, 0, 1}, 0, 65535},
			{SDESP_TS_PREFIX, 4, 32, {11}, 0, 65535}}}};

	sdesp_put32(flow.remote.ip, 0xcb000000 + i);
	sdesp_put32(flow.ts[0].remote.ip, 0x0b000000 + i);
	flow.local.port = flow.remote.port = 4500;
	return flow;
}

static void add(struct sdesp_backend *be, uint32_t i)
{
	struct sdesp_flow flow = flow_of(i);
	struct sdesp_sa sa = {
		.spi = spi_of(i), .suite = SDESP_AES_128_GCM_16, .window = 64};

	if (be->vtable->sa_add(be, &flow, &sa, 1) != 0 ||
		be->vtable->sa_add(be, &flow, &sa, 0) != 0 ||
		be->vtable->policy_set(be, &flow, SDESP_PROTECT, sa.spi) != 0)
		bench_fail("no SA");
}

static void begin(struct subject *s, uint32_t sas, int advice)
{
	struct sdesp_tun_config config = {.crypto = &crypto.vtable,
		.send = nowhere,
		.answer = nowhere,
		.link_mtu = 1500,
		.seed = 1,
		.max_sas = sas,
		.max_flows = sas / 2};
	size_t size = sdesp_tun_memory(sas, sas / 2);
	uint32_t state = 1;

	sdesp_bearssl_init(&crypto);
	if (posix_memalign(&s->memory, HUGE_PAGE, size) != 0)
		bench_fail("no memory");
	madvise(s->memory, size, advice);
	if (sdesp_tun_init(&s->tun, &config, s->memory, size) != 0)
		bench_fail("no TUN backend");
	for (uint32_t i = 0; i < sas / 2; i++)
		add(&s->tun.base, i);
	for (size_t i = 0; i < LOOKS; i++) {
		state = state * 1664525u + 1013904223u;
		s->order[i] = (state >> 8) % (sas / 2);
	}
}

static void end(struct subject *s)
{
	sdesp_tun_close(&s->tun);
	free(s->memory);
}

/* Read and looked up, as sdesp_tun_input() begins. */
static void by_spi(struct subject *s, size_t n)
{
	uint8_t packet[8];

	for (size_t i = 0; i < n; i++) {
		sdesp_put32(packet, spi_of(s->order[i]));
		found += sdesp_tun_find_in(&s->tun,
				 sdesp_esp_spi(packet, sizeof packet)) != 0;
	}
}

/* Parsed and looked up, as sdesp_tun_output() begins. */
static void by_flow(struct subject *s, size_t n)
{
	uint8_t packet[28] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,
		0, 1, 11, 0, 0, 0, 0, 1, 0, 2, 0, 8};
	struct sdesp_tun_found founds[SDESP_TUN_BATCH];
	struct sdesp_tun_key keys[SDESP_TUN_BATCH];
	struct sdesp_inner inner;

	for (size_t i = 0; i < n; i += SDESP_TUN_BATCH) {
		for (size_t j = 0; j < SDESP_TUN_BATCH; j++) {
			sdesp_put32(packet + 16, 0x0b000000 + s->order[i + j]);
			if (sdesp_inner_packet(&inner, packet, sizeof packet) !=
				0)
				bench_fail("no packet");
			sdesp_tun_key(&keys[j], &inner);
		}
		sdesp_tun_selectors_find(
			&s->tun, keys, founds, SDESP_TUN_BATCH);
		for (size_t j = 0; j < SDESP_TUN_BATCH; j++)
			found += founds[j].policy != 0;
	}
}

/* Through the backend: 60 octets, sealed and handed over. */
static void whole(struct subject *s, size_t n)
{
	static uint8_t octets[SDESP_TUN_BATCH]
			     [SDESP_TUN_HEAD + 60 + SDESP_TUN_TAIL];
	struct sdesp_pkt pkts[SDESP_TUN_BATCH];

	for (size_t i = 0; i < n; i += SDESP_TUN_BATCH) {
		for (size_t j = 0; j < SDESP_TUN_BATCH; j++) {
			uint8_t *p = octets[j] + SDESP_TUN_HEAD;

			memset(p, 0, 60);
			memcpy(p, "\x45\0\0\x3c\0\0\0\0\x40\x11\0\0\x0a\0\0\1",
				16);
			sdesp_put32(p + 16, 0x0b000000 + s->order[i + j]);
			sdesp_put32(p + 24, 40 << 16);
			memset(&pkts[j], 0, sizeof pkts[j]);
			pkts[j].data = p;
			pkts[j].len = 60;
			pkts[j].head = SDESP_TUN_HEAD;
			pkts[j].tail = SDESP_TUN_TAIL;
		}
		found += sdesp_tun_output(&s->tun, pkts, SDESP_TUN_BATCH, 0);
	}
}

static const struct {
	const char *name, *what;
	int budget, rounds;
	void (*run)(struct subject *s, size_t n);
} jobs[] = {
	{"spi", "look-up by SPI", 1, 1000, by_spi},
	{"flow", "parse, look-up by flow", 1, 300, by_flow},
	{"seal", "look-up, seal, wrap 60 octets", 0, 40, whole},
};

#define JOBS (sizeof jobs / sizeof jobs[0])

/* Nanoseconds for one, the least so far. */
static void measure(double *least, void (*job)(struct subject *s, size_t n),
	struct subject *s)
{
	uint64_t t0 = bench_now();
	double ns;

	found = 0;
	job(s, LOOKS);
	ns = (double)(bench_now() - t0) / LOOKS;
	if (*least <= 0 || ns < *least)
		*least = ns;
	if (found != LOOKS)
		bench_fail("not all were found");
}

/* In turn, so that what else the machine does meets both alike. */
static void compare(const char *pages, int advice)
{
	begin(&few, FEW, advice);
	begin(&many, MANY, advice);
	for (size_t i = 0; i < JOBS; i++) {
		double ns[2] = {0, 0};

		for (int r = 0; r < jobs[i].rounds; r++) {
			measure(&ns[0], jobs[i].run, &few);
			measure(&ns[1], jobs[i].run, &many);
		}
		printf("  %-6s %-30s %7.1f ns %7.1f ns  x %.2f", pages,
			jobs[i].what, ns[0], ns[1], ns[1] / ns[0]);
		if (jobs[i].budget)
			printf("  budget %.2f %s", BUDGET,
				ns[1] <= BUDGET * ns[0] ? "kept" : "MISSED");
		printf("\n");
	}
	end(&few);
	end(&many);
}

static void run(void)
{
	size_t size = sdesp_tun_memory(MANY, MANY / 2);

	printf("== TUN backend: %d SAs against %d, pages of 4 KiB and of 2 "
	       "MiB, %d packets in random order, fastest round\n",
		MANY, FEW, LOOKS);
	compare("4 KiB", MADV_NOHUGEPAGE);
	compare("2 MiB", MADV_HUGEPAGE);
	printf("  memory: %zu octets an SA, with half a flow and its part of "
	       "the tables (%zu in all); the SA itself %zu: key schedule %d, "
	       "window %zu, flow %zu\n",
		size / MANY, size, sizeof(struct sdesp_tun_sa),
		SDESP_CIPHER_STATE, sizeof(struct sdesp_replay),
		sizeof(struct sdesp_flow));
}

static void list(void)
{
	for (size_t i = 0; i < JOBS; i++)
		printf("tun %s\n", jobs[i].name);
}

/* A batch is one operation. */
static int count(unsigned long n, int argc, char **argv)
{
	size_t i = 0;

	if (argc != 2 || strcmp(argv[0], "tun") != 0)
		return 0;
	while (i < JOBS && strcmp(argv[1], jobs[i].name) != 0)
		i++;
	if (i == JOBS)
		bench_fail("no such operation");
	begin(&few, FEW, MADV_NOHUGEPAGE);
	while (n--)
		jobs[i].run(&few, SDESP_TUN_BATCH);
	end(&few);
	return 1;
}

const struct bench_part bench_tun = {run, list, count};
