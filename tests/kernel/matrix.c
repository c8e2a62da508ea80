/*
 * Every backend with every other, in every cell that both can do, with real
 * traffic and a rekey in its midst; runs inside a guest. Prints a table in
 * Markdown and "N passed, N failed". SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "end.h"
#include "net.h"
#include "user.h"

#define FILE_OCTETS 100000

struct cell {
	struct end *a, *b; /* if one is of END_UDP, a is */
	struct terms terms;
	int fd[2]; /* UDP ports 40000 and 40001; an END_UDP has none */
	struct sdesp_addr at[2];
	const char *wrong; /* what did not work; NULL = all did */
};

static const char *const names[] = {
	[END_XFRM] = "xfrm", [END_UDP] = "udp", [END_TUN] = "tun"};

static const enum end_kind pairs[][2] = {{END_XFRM, END_XFRM},
	{END_TUN, END_TUN}, {END_UDP, END_UDP}, {END_TUN, END_XFRM},
	{END_UDP, END_XFRM}, {END_UDP, END_TUN}};

static unsigned passed, failed;

static int user(const struct end *e)
{
	return e->kind == END_UDP;
}

static int expect(struct cell *c, int ok, const char *what)
{
	if (!ok && c->wrong == NULL)
		c->wrong = what;
	return ok;
}

static int exchange(struct cell *c, size_t n)
{
	if (user(c->b))
		return user_pair_exchange(c->a, c->b, &c->terms, n);
	if (user(c->a))
		return user_exchange(c->a, &c->terms, c->fd[1], n);
	return net_exchange(c->fd[0], &c->at[0], c->fd[1], &c->at[1], n);
}

static int ping(struct cell *c)
{
	if (user(c->b))
		return user_pair_ping(c->a, c->b, &c->terms) &&
		       user_pair_ping(c->b, c->a, &c->terms);
	if (user(c->a))
		return user_ping(c->a, &c->terms);
	return net_ping(0, &c->at[0], &c->at[1]) &&
	       net_ping(1, &c->at[1], &c->at[0]);
}

static int step(void *ctx)
{
	return exchange(ctx, 100);
}

/* A rekey, offered by the other end; nothing on the way may be lost. The
 * answerer sends by the old pair until it has seen the new one. */
static int rekey(void *ctx)
{
	struct cell *c = ctx;

	if (!expect(c, ends_agree(c->b, c->a, step, c), "rekey"))
		return 0;
	for (int i = 0; i < 5; i++) {
		if (!expect(c, exchange(c, 100), "UDP after the rekey"))
			return 0;
		net_sleep_ms(SDESP_XFRM_POLL_MS / 4);
		end_turn(c->a);
		end_turn(c->b);
	}
	return expect(c, c->a->rekeyed == 1 && c->b->rekeyed == 1,
		"both ends rekeyed");
}

static void talk(struct cell *c)
{
	struct sdesp_addr to = c->at[1], from = c->at[0];

	to.port = 40002;
	from.port = 40003;
	expect(c, ping(c), "ping");
	expect(c, exchange(c, 1200), "UDP");
	if (!user(c->a)) {
		expect(c, net_file(&from, &to, FILE_OCTETS, rekey, c),
			"TCP file");
	} else if (rekey(c)) {
		for (int i = 0; i < 20; i++)
			expect(c, exchange(c, 1000), "UDP file");
	}
	expect(c, ping(c), "ping after the rekey");
}

static void open_ports(struct cell *c)
{
	int tunnel = c->terms.mode == SDESP_TUNNEL;

	for (int i = 0; i < 2; i++) {
		c->at[i] = tunnel ? net_inner(i, c->terms.family)
				  : net_outer(i, c->terms.family);
		c->at[i].port = (uint16_t)(40000 + i);
		c->fd[i] = user(i == 0 ? c->a : c->b)
				   ? -1
				   : net_socket(i, SOCK_DGRAM, &c->at[i]);
	}
}

/* Nothing is left in the kernel: all that it has is ours. */
static int left_over(int ns)
{
	char line[200];
	int n = 0;
	FILE *p;

	net_enter(ns);
	p = popen("ip xfrm state; ip xfrm policy | grep -v socket", "r");
	if (p == NULL)
		return 1;
	while (fgets(line, sizeof line, p) != NULL)
		n += strncmp(line, "src ", 4) == 0 &&
		     strncmp(line, "src 0.0.0.0/0 dst 0.0.0.0/0", 27) != 0 &&
		     strncmp(line, "src ::/0 dst ::/0", 17) != 0;
	pclose(p);
	return n != 0;
}

static int lossless(const struct end *e)
{
	return e->kind != END_TUN || e->lossless;
}

static void run_cell(struct cell *c)
{
	struct capture seen;

	(void)capture_take();
	c->wrong = NULL;
	open_ports(c);
	if (expect(c, end_begin(c->a, &c->terms), "begin") &&
		expect(c, end_begin(c->b, &c->terms), "begin") &&
		expect(c, ends_agree(c->a, c->b, NULL, NULL), "agree"))
		talk(c);
	seen = capture_take();
	expect(c, seen.esp > 0, "ESP on the wire");
	expect(c, seen.clear == 0, "nothing in the clear");
	expect(c, seen.missed == 0, "all of it seen");
	if (seen.clear > 0)
		fprintf(stderr, "in the clear: %u, first %s\n", seen.clear,
			seen.first);
	expect(c, end_finish(c->a), "close");
	expect(c, end_finish(c->b), "close");
	expect(c, lossless(c->a) && lossless(c->b), "no packet lost");
	for (int i = 0; i < 2; i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	}
	if (c->a->error != NULL || c->b->error != NULL) {
		expect(c, 0, "error");
		fprintf(stderr, "a: %s\nb: %s\n",
			c->a->error != NULL ? c->a->error : "-",
			c->b->error != NULL ? c->b->error : "-");
	}
}

/* One row: a suite under all ways of a pair of backends. */
static void run_row(struct end *a, struct end *b, unsigned suite)
{
	struct cell c;

	memset(&c, 0, sizeof c);
	c.a = a;
	c.b = b;
	printf("| %s, %s | %s |", names[a->kind], names[b->kind],
		sdesp_suite_by_id(suite)->name);
	for (unsigned way = 0; way < 16; way++) {
		c.terms.suite = (uint8_t)suite;
		c.terms.mode = way & 8 ? SDESP_TUNNEL : SDESP_TRANSPORT;
		c.terms.family = way & 4 ? 6 : 4;
		c.terms.udp = (way & 2) != 0;
		c.terms.esn = way & 1;
		if (user(a) && !c.terms.udp) {
			printf(" - |");
			continue;
		}
		run_cell(&c);
		printf(" %s |", c.wrong == NULL ? "ok" : c.wrong);
		fflush(stdout);
		passed += c.wrong == NULL;
		failed += c.wrong != NULL;
	}
	printf("\n");
}

static void print_head(void)
{
	printf("| backends | suite |");
	for (unsigned way = 0; way < 16; way++)
		printf(" %s %s %s%s |", way & 8 ? "tunnel" : "transport",
			way & 4 ? "IPv6" : "IPv4", way & 2 ? "UDP" : "raw",
			way & 1 ? " ESN" : "");
	printf("\n|---|---|");
	for (unsigned way = 0; way < 16; way++)
		printf("---|");
	printf("\n");
}

/* All that the kernels tested here and software ESP have: a suite that is not
 * found would otherwise only make the table shorter. */
static uint32_t known(enum end_kind kind)
{
	uint32_t suites = 0;

	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++)
		suites |= SDESP_SUITE_BIT(suite);
	if (kind == END_XFRM)
		suites &= ~(SDESP_SUITE_BIT(SDESP_AES_128_GCM_16_IIV) |
			    SDESP_SUITE_BIT(SDESP_AES_256_GCM_16_IIV) |
			    SDESP_SUITE_BIT(SDESP_CHACHA20_POLY1305_IIV));
	return suites;
}

static int complete(struct end *e)
{
	uint32_t found = end_suites(e);

	if (found == known(e->kind))
		return 1;
	fprintf(stderr, "%s: suites found %x, known %x\n", names[e->kind],
		(unsigned)found, (unsigned)known(e->kind));
	return 0;
}

static void run_pair(const enum end_kind kinds[2])
{
	static struct end a, b;

	if (!end_open(&a, 0, kinds[0]) || !end_open(&b, 1, kinds[1])) {
		fprintf(stderr, "%s\n", a.error != NULL ? a.error : b.error);
		failed++;
		return;
	}
	failed += (unsigned)(!complete(&a) + !complete(&b));
	for (unsigned suite = 1; suite < SDESP_SUITE_END; suite++) {
		uint32_t both = end_suites(&a) & end_suites(&b);

		if ((both & SDESP_SUITE_BIT(suite)) != 0)
			run_row(&a, &b, suite);
	}
	failed += (unsigned)(left_over(0) + left_over(1));
	end_close(&a);
	end_close(&b);
}

int main(void)
{
	net_make();
	capture_start();
	print_head();
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		run_pair(pairs[i]);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
