/*
 * Two ends of a session in one process, over UDP on loopback, with a relay
 * each: what the first forwards, the second exposes.
 *
 *	relay_pair SECONDS PORT|-PORT...
 *
 * Each PORT is exposed and forwarded, each -PORT is forwarded only. Prints
 * "forward LPORT PORT" for each. Then it does what it reads, a line each:
 * "rekey", "count", "end" (the session, then the program). Ends by itself
 * after SECONDS, or when there is nothing more to read.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "sdesp_posix.h"
#include "sdesp_relay.h"
#include "sdesp_udp_socket.h"
#include "tests/lwip/keys.h"
#include "tests/support/udp_pair.h"

enum { WATCHED = 128, SUITE = SDESP_AES_128_GCM_16 };

struct end {
	struct sdesp_udp_socket socket;
	struct sdesp_udp udp;
	struct sdesp_addr addr;
	struct sdesp_flow flow;
	struct sdesp_sa in, out;
	struct sdesp_lwip lwip;
	struct sdesp_relay relay;
};

static struct end ends[2];
static struct pollfd watched[WATCHED];
static struct sdesp_relay *owner[WATCHED];
static unsigned nwatched;

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "relay_pair: %s\n", what);
	exit(1);
}

/* sdesp_relay_watch_fn; ctx is the end. */
static void watch(void *ctx, int fd, unsigned wanted)
{
	struct end *end = ctx;
	unsigned i = 0;

	while (i < nwatched && watched[i].fd != fd)
		i++;
	if (wanted == 0) {
		need(i < nwatched, "nobody watched that");
		nwatched--;
		watched[i] = watched[nwatched];
		owner[i] = owner[nwatched];
		return;
	}
	need(i < WATCHED, "too many descriptors");
	if (i == nwatched)
		nwatched++;
	watched[i].fd = fd;
	watched[i].revents = 0;
	watched[i].events = (short)((wanted & SDESP_RELAY_READ ? POLLIN : 0) |
				    (wanted & SDESP_RELAY_WRITE ? POLLOUT : 0));
	owner[i] = &end->relay;
}

static void open_end(struct end *end)
{
	struct sdesp_udp_config config = {.crypto = keys_crypto(),
		.send = sdesp_udp_socket_send,
		.send_ctx = &end->socket};

	end->addr = udp_addr("127.0.0.1", 0);
	need(sdesp_udp_socket_open(&end->socket, &end->addr) == SDESP_OK,
		"no socket");
	need(sdesp_udp_init(&end->udp, &config) == SDESP_OK, "no backend");
}

static void new_keys(uint32_t spi)
{
	unsigned i;

	for (i = 0; i < 2; i++)
		ends[i].in = udp_sa(SUITE, spi + i);
	for (i = 0; i < 2; i++) {
		ends[i].out = ends[1 - i].in;
		keys_install(
			&ends[i].udp, &ends[i].flow, &ends[i].in, &ends[i].out);
	}
}

static void join(void)
{
	unsigned i;

	ends[0].flow = keys_flow(&ends[0].addr, &ends[1].addr);
	ends[1].flow = keys_flow(&ends[1].addr, &ends[0].addr);
	new_keys(0xc0000001U);
	for (i = 0; i < 2; i++) {
		struct sdesp_lwip_config config = {.udp = &ends[i].udp,
			.flow = ends[i].flow,
			.suite = SUITE,
			.mtu = 1500,
			.now_ms = sdesp_posix_now_ms};

		need(sdesp_lwip_open(&ends[i].lwip, &config) == SDESP_OK,
			"no netif");
		sdesp_relay_init(
			&ends[i].relay, &ends[i].lwip, watch, &ends[i]);
	}
}

static void open_port(const char *text)
{
	uint16_t port = (uint16_t)atoi(text + (*text == '-'));
	struct sdesp_addr at = udp_addr("127.0.0.1", 0);

	if (*text != '-')
		need(sdesp_relay_expose(&ends[1].relay, port) == SDESP_OK,
			"not exposed");
	need(sdesp_relay_forward(&ends[0].relay, &at, port) == SDESP_OK,
		"not forwarded");
	printf("forward %u %u\n", (unsigned)at.port, (unsigned)port);
}

static void receive(struct end *end)
{
	static struct sdesp_udp_buf bufs[SDESP_UDP_BATCH];
	struct sdesp_pkt pkts[SDESP_UDP_BATCH];
	struct sdesp_udp_meta meta[SDESP_UDP_BATCH];
	uint64_t now = sdesp_posix_now_ms();
	size_t n = sdesp_udp_socket_receive(
		&end->socket, bufs, pkts, meta, SDESP_UDP_BATCH);
	size_t i;

	sdesp_udp_input(&end->udp, pkts, meta, n, now);
	for (i = 0; i < n; i++) {
		if (pkts[i].status == SDESP_OK)
			sdesp_lwip_input(&end->lwip, &pkts[i], &meta[i]);
	}
}

static void count(void)
{
	printf("relayed %llu %llu refused %llu %llu links %u %u dropped %llu "
	       "%llu\n",
		(unsigned long long)ends[0].relay.relayed,
		(unsigned long long)ends[1].relay.relayed,
		(unsigned long long)ends[0].relay.refused,
		(unsigned long long)ends[1].relay.refused, ends[0].relay.links,
		ends[1].relay.links, (unsigned long long)ends[0].lwip.dropped,
		(unsigned long long)ends[1].lwip.dropped);
}

static void finish(void)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		sdesp_relay_close(&ends[i].relay);
		sdesp_lwip_close(&ends[i].lwip);
		sdesp_udp_close(&ends[i].udp);
		sdesp_udp_socket_close(&ends[i].socket);
	}
	need(nwatched == 0, "descriptors are left");
	need(tcp_active_pcbs == NULL && tcp_tw_pcbs == NULL &&
			tcp_bound_pcbs == NULL && tcp_listen_pcbs.pcbs == NULL,
		"PCBs are left");
	printf("all released\n");
}

/* 0: it was the end. */
static int obey(void)
{
	static uint32_t spi = 0xc0000001U;
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);

	if (n <= 0)
		return 0;
	line[n] = '\0';
	if (strncmp(line, "end", 3) == 0)
		return 0;
	if (strncmp(line, "rekey", 5) == 0) {
		new_keys(spi += 2);
		printf("rekeyed\n");
	} else {
		count();
	}
	return 1;
}

static int one_round(void)
{
	struct pollfd fds[WATCHED + 3];
	struct sdesp_relay *owners[WATCHED];
	uint64_t now = sdesp_posix_now_ms(), next = sdesp_lwip_tick(now);
	unsigned n = nwatched, i;

	memcpy(fds, watched, sizeof watched);
	memcpy(owners, owner, sizeof owner);
	for (i = 0; i < 2; i++) {
		fds[n + i].fd = ends[i].socket.fd;
		fds[n + i].events = POLLIN;
		sdesp_udp_tick(&ends[i].udp, now);
	}
	fds[n + 2].fd = STDIN_FILENO;
	fds[n + 2].events = POLLIN;
	if (poll(fds, n + 3, next > now ? (int)(next - now) : 0) < 0)
		return errno == EINTR;
	for (i = 0; i < 2; i++) {
		if (fds[n + i].revents != 0)
			receive(&ends[i]);
	}
	for (i = 0; i < n; i++) {
		if (fds[i].revents != 0)
			sdesp_relay_ready(owners[i], fds[i].fd);
	}
	return fds[n + 2].revents == 0 || obey();
}

int main(int argc, char **argv)
{
	uint64_t until;
	int i;

	need(argc > 2, "usage: relay_pair SECONDS PORT|-PORT...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	lwip_init();
	open_end(&ends[0]);
	open_end(&ends[1]);
	join();
	for (i = 2; i < argc; i++)
		open_port(argv[i]);
	until = sdesp_posix_now_ms() + (uint64_t)atoi(argv[1]) * 1000;
	while (sdesp_posix_now_ms() < until && one_round())
		continue;
	count();
	finish();
	return 0;
}
