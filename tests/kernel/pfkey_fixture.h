/*
 * A PF_KEY backend, and traffic to a peer that is not there. For programs in a
 * guest. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_PFKEY_FIXTURE_H
#define TESTS_KERNEL_PFKEY_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/pfkey/exchange.h"
#include "backends/pfkey/methods.h"
#include "backends/pfkey/request.h"
#include "backends/pfkey/table.h"
#include "sdesp_pfkey_socket.h"

static struct sdesp_pfkey_socket socks[2];
static struct sdesp_pfkey pf, other;
static unsigned passed, failed;

#define CHECK(condition) check(condition, #condition, __LINE__)

static inline void check(int ok, const char *what, int line)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("pfkey.c:%d: not so: %s (%s)\n", line, what, pf.cause);
}

static inline struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	if (sdesp_addr_parse(&a, text, strlen(text)) != SDESP_OK)
		memset(&a, 0, sizeof a);
	a.port = (uint16_t)port;
	return a;
}

/* UDP to one port of the peer, from any of ours. */
static inline struct sdesp_flow flow_to(const char *local, const char *remote,
	unsigned mode, int udp, unsigned port)
{
	struct sdesp_flow f = {.mode = (uint8_t)mode,
		.udp = (uint8_t)udp,
		.nts = 1,
		.local = addr(local, udp ? 4500 : 0),
		.remote = addr(remote, udp ? 4500 : 0)};

	f.ts[0].protocol = 17;
	f.ts[0].local.kind = SDESP_TS_SELF;
	f.ts[0].local.hi = UINT16_MAX;
	f.ts[0].remote.kind = SDESP_TS_PEER;
	f.ts[0].remote.lo = f.ts[0].remote.hi = (uint16_t)port;
	return f;
}

static inline struct sdesp_sa keys(uint32_t spi)
{
	struct sdesp_sa sa = {.spi = spi,
		.suite = SDESP_AES_128_CBC_HMAC_SHA2_256_128,
		.window = 32};

	for (unsigned i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)(i + spi);
	return sa;
}

/* What sa_add() would do if Linux' packets were right. */
static inline int add(unsigned type, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct sdesp_pfkey_sa at, *slot;
	struct pfkey_writer w;
	int status;

	sdesp_pfkey_name(&at, flow, sa->spi, inbound);
	at.reqid = inbound ? pf.reqid : sdesp_pfkey_reqid(&pf, sa->spi);
	sdesp_pfkey_ask(&pf, &w, type);
	sdesp_pfkey_put_sa(&w, &at, sa, sdesp_pfkey_linux.algorithms);
	status = sdesp_pfkey_tell(&pf, &w);
	if (status != SDESP_OK)
		return status;
	slot = sdesp_pfkey_find(&pf, flow, sa->spi, inbound);
	if (slot == NULL)
		slot = sdesp_pfkey_new(&pf, flow, sa->spi, inbound);
	*slot = at;
	slot->state = SDESP_SA_MATURE;
	return SDESP_OK;
}

static inline int query(const struct sdesp_flow *flow, uint32_t spi,
	int inbound, struct sdesp_sa_stats *stats)
{
	memset(stats, 0, sizeof *stats);
	return pf.base.vtable->sa_query(&pf.base, flow, spi, inbound, stats);
}

static inline uint64_t packets(const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_sa_stats stats;

	return query(flow, spi, 0, &stats) == SDESP_OK ? stats.packets : 999;
}

static inline int shut(const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	return pf.base.vtable->sa_delete(&pf.base, flow, spi, inbound);
}

/* One datagram to the peer: 0, or why it does not leave. */
static inline int say(const char *remote, unsigned port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), error = 0;

	inet_pton(AF_INET, remote, &to.sin_addr);
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0)
		error = errno;
	close(fd);
	return error;
}

/* The next event, for which we wait up to so many seconds; 0 = none. */
static inline unsigned event(uint32_t *spi, int seconds)
{
	struct pollfd p = {.fd = socks[0].fd, .events = POLLIN};
	struct sdesp_backend_event ev;

	for (int i = 0; i < seconds * 10; i++) {
		if (pf.base.vtable->poll(&pf.base, &ev) == 1) {
			*spi = ev.spi;
			return ev.type + 1U;
		}
		poll(&p, 1, 100);
	}
	*spi = 0;
	return 0;
}

#endif
