/* SPDX-License-Identifier: MIT */
#include "tests/lwip/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/init.h"
#include "lwip/mem.h"
#include "lwip/sys.h"
#include "tests/lwip/keys.h"
#include "tests/support/udp_pair.h"

uint64_t net_now_ms = 1000;

/* In the place of the library's: lwIP's time is ours. */
u32_t sys_now(void)
{
	return (u32_t)net_now_ms;
}

/* Likewise its heap, to be counted. */
long net_blocks;

void *mem_malloc(mem_size_t size)
{
	void *p = malloc(size);

	net_blocks += p != NULL;
	return p;
}

void mem_free(void *p)
{
	net_blocks -= p != NULL;
	free(p);
}

static uint64_t now(void)
{
	return net_now_ms;
}

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "net: %s\n", what);
	exit(1);
}

void net_init(struct net *net)
{
	static int started;

	if (!started)
		lwip_init();
	started = 1;
	memset(net, 0, sizeof *net);
	net->next_spi = 0xc0000001U;
	net->dice.state = 20;
}

static size_t host_send(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	struct net_host *host = ctx;
	struct net *net = host->net;
	size_t i;

	for (i = 0; i < n && net->n < NET_ITEMS; i++) {
		struct net_item *item = &net->item[net->n++];

		need(pkts[i].len <= NET_MTU, "a datagram is too long");
		if (net->longest < pkts[i].len)
			net->longest = pkts[i].len;
		item->from = host->addr;
		item->to = *to;
		item->len = pkts[i].len;
		memcpy(item->octets + SDESP_PKT_HEAD, pkts[i].data,
			pkts[i].len);
	}
	return i;
}

struct net_host *net_host(struct net *net, const char *ip, uint16_t port)
{
	struct net_host *host = &net->host[net->nhosts++];
	struct sdesp_udp_config config = {
		.crypto = keys_crypto(), .send = host_send, .send_ctx = host};

	need(net->nhosts <= NET_HOSTS, "too many hosts");
	host->net = net;
	host->addr = udp_addr(ip, port);
	need(sdesp_udp_init(&host->udp, &config) == SDESP_OK, "no backend");
	return host;
}

static void new_keys(struct net *net, struct net_session *s, unsigned suite)
{
	unsigned i;

	for (i = 0; i < 2; i++)
		s->end[i].in = udp_sa(suite, net->next_spi++);
	for (i = 0; i < 2; i++)
		s->end[i].out = s->end[1 - i].in;
	for (i = 0; i < 2; i++) {
		struct net_end *end = &s->end[i];

		keys_install(&end->host->udp, &end->flow, &end->in, &end->out);
	}
}

struct net_session *net_join(
	struct net *net, struct net_host *a, struct net_host *b, unsigned suite)
{
	struct net_session *s = &net->session[net->nsessions++];
	unsigned i;

	need(net->nsessions <= NET_SESSIONS, "too many sessions");
	s->end[0].host = a;
	s->end[1].host = b;
	s->end[0].flow = keys_flow(&a->addr, &b->addr);
	s->end[1].flow = keys_flow(&b->addr, &a->addr);
	new_keys(net, s, suite);
	for (i = 0; i < 2; i++) {
		struct sdesp_lwip_config config = {.udp = &s->end[i].host->udp,
			.flow = s->end[i].flow,
			.suite = suite,
			.mtu = NET_MTU,
			.now_ms = now};

		need(sdesp_lwip_open(&s->end[i].lwip, &config) == SDESP_OK,
			"no netif");
	}
	return s;
}

void net_rekey(struct net *net, struct net_session *s, unsigned suite)
{
	unsigned i;
	uint32_t old_out[2];

	net_settled(s);
	for (i = 0; i < 2; i++) {
		s->old_in[i] = s->end[i].in.spi;
		s->old_flow[i] = s->end[i].flow;
		old_out[i] = s->end[i].out.spi;
	}
	new_keys(net, s, suite);
	for (i = 0; i < 2; i++) {
		struct sdesp_backend *be = &s->end[i].host->udp.base;

		need(be->vtable->sa_delete(
			     be, &s->end[i].flow, old_out[i], 0) == SDESP_OK,
			"no old outbound SA");
		need(sdesp_lwip_move(&s->end[i].lwip, &s->end[i].flow, suite,
			     NET_MTU) == SDESP_OK,
			"not moved");
	}
}

void net_settled(struct net_session *s)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		struct sdesp_backend *be;

		if (s->old_in[i] == 0)
			continue;
		be = &s->end[i].host->udp.base;
		need(be->vtable->sa_delete(
			     be, &s->old_flow[i], s->old_in[i], 1) == SDESP_OK,
			"no old inbound SA");
		s->old_in[i] = 0;
	}
}

void net_close(struct net_session *s, unsigned end)
{
	struct net_end *e = &s->end[end];
	struct sdesp_backend *be = &e->host->udp.base;

	sdesp_lwip_close(&e->lwip);
	need(be->vtable->policy_delete(be, &e->flow) == SDESP_OK, "policy");
	need(be->vtable->sa_delete(be, &e->flow, e->out.spi, 0) == SDESP_OK,
		"outbound SA");
	need(be->vtable->sa_delete(be, &e->flow, e->in.spi, 1) == SDESP_OK,
		"inbound SA");
	e->host = NULL;
}

static struct net_host *host_at(struct net *net, const struct sdesp_addr *at)
{
	unsigned i;

	for (i = 0; i < net->nhosts; i++) {
		if (sdesp_addr_equal(&net->host[i].addr, at))
			return &net->host[i];
	}
	return NULL;
}

static struct net_end *end_of(
	struct net *net, const struct net_host *host, uint32_t flow)
{
	unsigned i;

	for (i = 0; i < 2 * net->nsessions; i++) {
		struct net_end *end = &net->session[i / 2].end[i % 2];

		if (end->host == host && end->lwip.id == flow)
			return end;
	}
	return NULL;
}

static void deliver(struct net *net, const struct net_item *item)
{
	static uint8_t octets[sizeof item->octets];
	struct net_host *host = host_at(net, &item->to);
	struct sdesp_udp_meta meta = {.from = item->from};
	struct sdesp_pkt pkt = {.data = octets + SDESP_PKT_HEAD,
		.len = item->len,
		.head = SDESP_PKT_HEAD,
		.tail = sizeof octets - SDESP_PKT_HEAD - item->len};
	struct net_end *end;

	memcpy(octets, item->octets, sizeof octets);
	if (host == NULL ||
		sdesp_udp_input(&host->udp, &pkt, &meta, 1, net_now_ms) != 1)
		return;
	end = end_of(net, host, meta.flow);
	if (end != NULL)
		sdesp_lwip_input(&end->lwip, &pkt, &meta);
}

static int falls(struct net *net, unsigned per_mille)
{
	return per_mille > 0 && dice_below(&net->dice, 1000) < per_mille;
}

static void shuffle(struct net *net, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++) {
		size_t with = i + 1 + dice_below(&net->dice, 4);
		struct net_item item;

		if (with >= n || !falls(net, net->swapped))
			continue;
		item = net->item[i];
		net->item[i] = net->item[with];
		net->item[with] = item;
	}
}

void net_step(struct net *net)
{
	size_t n = net->n, i;
	uint64_t next;

	shuffle(net, n);
	for (i = 0; i < n; i++) {
		int times = 1 + falls(net, net->doubled);

		while (!falls(net, net->lost) && times-- > 0)
			deliver(net, &net->item[i]);
	}
	net->n -= n;
	memmove(net->item, net->item + n, net->n * sizeof net->item[0]);
	next = sdesp_lwip_tick(net_now_ms);
	net_now_ms = net->n > 0 || next <= net_now_ms ? net_now_ms + 1 : next;
}

void net_wait(struct net *net, uint64_t ms)
{
	uint64_t until = net_now_ms + ms;

	while (net_now_ms < until)
		net_step(net);
}

int net_raw(
	struct net_end *end, unsigned next_header, const void *data, size_t len)
{
	uint8_t octets[SDESP_PKT_HEAD + NET_MTU + SDESP_PKT_TAIL];
	struct sdesp_pkt pkt = {.data = octets + SDESP_PKT_HEAD,
		.len = len,
		.head = SDESP_PKT_HEAD,
		.tail = sizeof octets - SDESP_PKT_HEAD - len,
		.next_header = (uint8_t)next_header};

	memcpy(pkt.data, data, len);
	sdesp_udp_output(&end->host->udp, end->lwip.id, &pkt, 1, net_now_ms);
	return pkt.status;
}
