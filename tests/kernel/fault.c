/* Tests of faults. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "fault.h"

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

struct end ends[2];
int fd[2];
struct sdesp_addr at[2];

const struct terms plain = {
	SDESP_AES_128_GCM_16, SDESP_TRANSPORT, 4, 0, 0, 0, 0};
const struct terms encap = {
	SDESP_AES_128_GCM_16, SDESP_TRANSPORT, 4, 1, 1, 0, 0};

int check(int ok, const char *what)
{
	if (!ok)
		printf("     not so: %s\n", what);
	return ok;
}

int exchange(void)
{
	return net_exchange(fd[0], &at[0], fd[1], &at[1], 100);
}

int exchange_step(void *ctx)
{
	(void)ctx;
	return exchange();
}

int agree(const struct terms *terms)
{
	return end_begin(&ends[0], terms) && end_begin(&ends[1], terms) &&
	       ends_agree(&ends[0], &ends[1], NULL, NULL);
}

int finish(void)
{
	int ok = end_finish(&ends[0]);

	return end_finish(&ends[1]) && ok;
}

int rekey_from(int offerer)
{
	struct end *a = &ends[offerer], *b = &ends[!offerer];
	unsigned done[2] = {a->rekeyed, b->rekeyed};
	uint64_t until = net_now_ms() + 5000;

	CHECK(ends_agree(a, b, exchange_step, NULL));
	while ((a->rekeyed == done[0] || b->rekeyed == done[1]) &&
		net_now_ms() < until) {
		CHECK(exchange());
		ends_wait(a, b, 10);
	}
	CHECK(a->rekeyed == done[0] + 1 && b->rekeyed == done[1] + 1);
	/* Linux counts no dummy packet, nor its number: go past it. */
	CHECK(exchange());
	CHECK(seq_of(a, 0) == seq_of(b, 1) && seq_of(b, 0) == seq_of(a, 1));
	return 1;
}

int clock_jump(int days)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += days * 86400L;
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

/* What is ours has a reqid of 0x5de50000 and up: 1575288832 to ip. */
int left(int ns)
{
	return net_count(ns, "ip xfrm state; ip xfrm policy", "reqid 15752");
}

uint64_t seq_of(struct end *e, int inbound)
{
	struct sdesp_session_info info;
	struct sdesp_sa_stats stats;

	sdesp_session_info(&e->session, &info);
	if (e->backend->vtable->sa_query(e->backend, &info.flow,
		    inbound ? info.spi_in : info.spi_out, inbound,
		    &stats) != SDESP_OK)
		return UINT64_MAX;
	return stats.seq;
}

int say(int from)
{
	return net_send(fd[from], "hello", 5, &at[!from]);
}

int hears(int who)
{
	char octets[16];

	return net_receive(fd[who], octets, sizeof octets, 300) == 5;
}

int faults_run(const struct fault *faults, size_t n, enum end_kind first,
	enum end_kind second)
{
	size_t passed = 0;
	int ok;

	net_make();
	for (int i = 0; i < 2; i++) {
		at[i] = net_outer(i, 4);
		at[i].port = (uint16_t)(40000 + i);
		fd[i] = net_socket(i, SOCK_DGRAM, &at[i]);
	}
	capture_start();
	ok = check(exchange() && capture_take().clear == 2,
		"the capture sees what is in the clear");
	ok = ok && end_open(&ends[0], 0, first) &&
	     end_open(&ends[1], 1, second);
	while (ok && passed < n) {
		ok = faults[passed].test() != 0;
		printf("%s %s\n", ok ? "ok  " : "FAIL", faults[passed].name);
		fflush(stdout);
		passed += ok != 0;
	}
	for (int i = 0; i < 2 && !ok; i++)
		printf("     %s\n",
			ends[i].error != NULL ? ends[i].error : "-");
	printf("%zu passed, %zu failed\n", passed, n - passed);
	return !ok;
}
