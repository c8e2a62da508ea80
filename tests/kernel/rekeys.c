/*
 * A thousand rekeys between an end behind a TUN device and the kernel's ESP,
 * while another process pings and sends a file by TCP without a pause: none of
 * all these packets is lost, and both ends count the same.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "sdesp_crypto.h"

#define REKEYS 1000
#define TUN ends[0]
#define XFRM ends[1]

static const struct terms terms = {
	SDESP_AES_128_GCM_16, SDESP_TUNNEL, 4, 1, 1, 0, 0};

/* --- the other process ----------------------------------------------------- */

/* What it has seen. */
struct traffic {
	unsigned pings, unanswered;
	size_t sent, got;
	int same; /* SHA-256 */
};

static int to_child[2], to_parent[2];
static pid_t child;

struct file {
	int fd[2];
	struct sdesp_hash in, out;
};

static void push(struct file *file, struct traffic *t)
{
	uint8_t chunk[4096];
	ssize_t n;

	for (size_t i = 0; i < sizeof chunk; i++)
		chunk[i] = net_octet(t->sent + i);
	n = send(file->fd[0], chunk, sizeof chunk, MSG_NOSIGNAL);
	if (n <= 0)
		return;
	sdesp_bearssl_kex.hash_update(&file->out, chunk, (size_t)n);
	t->sent += (size_t)n;
}

static void pull(struct file *file, struct traffic *t)
{
	uint8_t chunk[16384];
	ssize_t n = recv(file->fd[1], chunk, sizeof chunk, 0);

	if (n <= 0)
		return;
	sdesp_bearssl_kex.hash_update(&file->in, chunk, (size_t)n);
	t->got += (size_t)n;
}

static void carry(struct traffic *t, struct file *file)
{
	struct sdesp_addr from = net_inner(0, 4), to = net_inner(1, 4);

	while (!net_wait(to_child[0], 1)) {
		push(file, t);
		t->pings++;
		t->unanswered += !net_ping(0, &from, &to);
		pull(file, t);
	}
	for (int i = 0; i < 5000 && t->got < t->sent; i++) {
		(void)net_wait(file->fd[1], 1);
		pull(file, t);
	}
}

/* Until it is told to stop. */
static void be_busy(void)
{
	struct sdesp_addr from = net_inner(0, 4), to = net_inner(1, 4);
	uint8_t octet, digest[2][32];
	struct traffic t;
	struct file file;

	memset(&t, 0, sizeof t);
	from.port = 40003;
	to.port = 40002;
	sdesp_bearssl_kex.hash_init(&file.in);
	sdesp_bearssl_kex.hash_init(&file.out);
	if (read(to_child[0], &octet, 1) == 1 &&
		net_connect(file.fd, &from, &to)) {
		carry(&t, &file);
		net_hang_up(file.fd);
	}
	sdesp_bearssl_kex.hash_final(&file.in, digest[0]);
	sdesp_bearssl_kex.hash_final(&file.out, digest[1]);
	t.same = memcmp(digest[0], digest[1], 32) == 0;
	_exit(write(to_parent[1], &t, sizeof t) != sizeof t);
}

static int begin_traffic(void)
{
	if (pipe(to_child) < 0 || pipe(to_parent) < 0)
		return 0;
	fflush(stdout);
	child = fork();
	if (child == 0)
		be_busy();
	return child > 0;
}

static int tell_child(void)
{
	return write(to_child[1], "", 1) == 1;
}

/* What is on the way still needs our turning. */
static int end_traffic(struct traffic *t)
{
	int status;

	CHECK(tell_child());
	CHECK(net_wait(to_parent[0], 10000));
	CHECK(read(to_parent[0], t, sizeof *t) == sizeof *t);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	return 1;
}

/* --- this process ---------------------------------------------------------- */

static struct capture seen; /* all in all */
static uint64_t accepted;   /* by inbound SAs of XFRM that are no more used */

static void watch(void)
{
	struct capture now = capture_take();

	seen.from[0] += now.from[0];
	seen.from[1] += now.from[1];
	seen.clear += now.clear;
	seen.missed += now.missed;
}

static int turn(void *ctx)
{
	(void)ctx;
	(void)net_wait(-1, 1);
	return 1;
}

static uint64_t packets_in(uint32_t spi)
{
	struct sdesp_session_info info;
	struct sdesp_sa_stats stats;

	sdesp_session_info(&XFRM.session, &info);
	if (spi == 0 || XFRM.backend->vtable->sa_query(XFRM.backend, &info.flow,
				spi, 1, &stats) != SDESP_OK)
		return UINT64_MAX;
	return stats.packets;
}

/* Dummy packets: Linux drops them as of no known protocol, uncounted by the
 * SA. */
static uint64_t dummies(void)
{
	char line[100];
	unsigned long n = UINT32_MAX;
	FILE *f;

	net_enter(1);
	f = fopen("/proc/net/xfrm_stat", "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		(void)sscanf(line, "XfrmInStateProtoError %lu", &n);
	if (f != NULL)
		fclose(f);
	return n;
}

/* All that TUN has sealed has been accepted by XFRM, if need be when it has
 * got through the kernel's queues: nothing is sealed meanwhile. Then the SA
 * that was replaced may go. */
static int settle(void)
{
	static const struct timespec moment = {0, 1000000};
	uint64_t until = net_now_ms() + 5000, old, all;
	struct sdesp_session_info info;

	sdesp_session_info(&XFRM.session, &info);
	do {
		old = packets_in(info.spi_drain);
		all = accepted + old + packets_in(info.spi_in) + dummies();
		if (all == TUN.tun.counters.sealed)
			break;
		nanosleep(&moment, NULL);
	} while (net_now_ms() < until);
	accepted += old;
	return all == TUN.tun.counters.sealed;
}

static int rekey(unsigned number)
{
	struct end *a = &ends[number & 1], *b = &ends[!(number & 1)];
	uint64_t until = net_now_ms() + 5000;

	CHECK(ends_agree(a, b, turn, NULL));
	while ((a->rekeyed <= number || b->rekeyed <= number) &&
		net_now_ms() < until) {
		(void)net_wait(-1, 1);
		end_turn(a);
		end_turn(b);
	}
	CHECK(a->rekeyed == number + 1);
	CHECK(b->rekeyed == number + 1);
	CHECK(a->failed + b->failed + a->expired + b->expired == 0);
	watch();
	CHECK(settle());
	return 1;
}

/* What the kernel has counted as dropped, for whatever else. */
static int dropped(void)
{
	return net_count(1,
		       "grep -v -e '\t0$' -e XfrmInStateProtoError "
		       "/proc/net/xfrm_stat",
		       "Xfrm") +
	       net_count(0, "awk '$5 + $13 > 0' /proc/net/dev", "sdesp0");
}

static int report(const struct traffic *t)
{
	const struct sdesp_tun_counters *c = &TUN.tun.counters;
	struct sdesp_session_info info;
	uint64_t empty = dummies();

	sdesp_session_info(&XFRM.session, &info);
	accepted += packets_in(info.spi_in) + empty;
	watch();
	printf("     %d rekeys: %u pings, %u unanswered; %zu of %zu octets by "
	       "TCP, hash %s\n",
		REKEYS, t->pings, t->unanswered, t->got, t->sent,
		t->same ? "the same" : "another");
	printf("     tun to xfrm: %llu packets sealed, %u on the wire, %llu "
	       "accepted, %llu of them dummies\n",
		(unsigned long long)c->sealed, seen.from[0],
		(unsigned long long)accepted, (unsigned long long)empty);
	printf("     xfrm to tun: %u packets on the wire, %llu accepted\n",
		seen.from[1], (unsigned long long)(c->opened + c->dummies));
	CHECK(t->pings > REKEYS && t->unanswered == 0);
	CHECK(t->sent > 0 && t->got == t->sent && t->same);
	CHECK(empty <= REKEYS + 1);
	CHECK(c->sealed == seen.from[0] && c->sealed == accepted);
	CHECK(c->opened + c->dummies == seen.from[1]);
	CHECK(seq_of(&TUN, 0) == seq_of(&XFRM, 1));
	CHECK(seq_of(&XFRM, 0) == seq_of(&TUN, 1));
	CHECK(seen.clear == 0 && seen.missed == 0);
	return 1;
}

static int rekeys(void)
{
	struct traffic traffic;
	uint64_t blocked;

	CHECK(begin_traffic());
	CHECK(agree(&terms));
	/* The device's own IPv6 is of no flow. */
	CHECK(net_run(0, "echo 1 > "
			 "/proc/sys/net/ipv6/conf/sdesp0/disable_ipv6"));
	ends_wait(&TUN, &XFRM, 50);
	blocked = TUN.tun.counters.blocked;
	CHECK(dropped() == 0);
	CHECK(tell_child());
	for (unsigned i = 0; i < REKEYS; i++)
		CHECK(rekey(i));
	CHECK(end_traffic(&traffic));
	net_sleep_ms(100);
	CHECK(report(&traffic));
	CHECK(TUN.tun.counters.blocked == blocked);
	CHECK(dropped() == 0);
	CHECK(finish());
	CHECK(TUN.lossless);
	return left(1) == 0;
}

static const struct fault tests[] = {
	{"a thousand rekeys under ping and TCP", rekeys},
};

int main(void)
{
	return faults_run(tests, 1, END_TUN, END_XFRM);
}
