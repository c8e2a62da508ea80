/* SPDX-License-Identifier: MIT */
#include "tests/support/tun_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/sum.h"
#include "tests/support/pair.h"

struct sdesp_pkt tun_pkts[WIRE_ITEMS];
struct sdesp_tun_meta tun_meta[WIRE_ITEMS];

static uint8_t in_octets[WIRE_ITEMS]
			[SDESP_TUN_HEAD + TUN_OCTETS + SDESP_TUN_TAIL];
static uint8_t out_octets[WIRE_ITEMS]
			 [SDESP_TUN_HEAD + TUN_OCTETS + SDESP_TUN_TAIL];

static size_t take(struct tun_wire *w, const struct sdesp_pkt *pkts, size_t n)
{
	size_t i;

	for (i = 0; i < n && !w->broken && w->n < WIRE_ITEMS; i++, w->n++) {
		pair_need(pkts[i].len <= TUN_OCTETS, "a packet is too long");
		w->item[w->n].len = pkts[i].len;
		memcpy(w->item[w->n].octets, pkts[i].data, pkts[i].len);
	}
	return i;
}

static size_t to_network(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	return take(&((struct tun_end *)ctx)->wire, pkts, n);
}

static size_t to_device(void *ctx, const struct sdesp_pkt *pkts, size_t n)
{
	return take(&((struct tun_end *)ctx)->answers, pkts, n);
}

void tun_end_init(struct tun_end *end, uint32_t sas, uint32_t flows)
{
	struct sdesp_tun_config config = {.crypto = pair_crypto(),
		.send = to_network,
		.answer = to_device,
		.ctx = end,
		.link_mtu = 1500,
		.seed = 0x5eed,
		.max_sas = sas,
		.max_flows = flows};
	size_t size = sdesp_tun_memory(sas, flows);

	memset(end, 0, sizeof *end);
	end->memory = malloc(size);
	pair_need(end->memory != NULL, "no memory");
	pair_need(sdesp_tun_init(&end->tun, &config, end->memory, size) == 0,
		"no backend");
}

void tun_end_close(struct tun_end *end)
{
	sdesp_tun_close(&end->tun);
	free(end->memory);
	end->memory = NULL;
}

struct sdesp_flow tun_flow(unsigned mode, int udp, unsigned family)
{
	struct sdesp_flow flow = {.mode = (uint8_t)mode,
		.udp = udp != 0,
		.nts = 1,
		.ts = {{SDESP_TS_ANY_PROTOCOL,
			{.kind = SDESP_TS_SELF, .hi = 65535},
			{.kind = SDESP_TS_PEER, .hi = 65535}}}};

	flow.local = udp_addr(
		family == 4 ? "192.0.2.1" : "2001:db8::1", udp ? 4500 : 9);
	flow.remote = udp_addr(
		family == 4 ? "198.51.100.2" : "2001:db8::2", udp ? 4501 : 9);
	if (mode == SDESP_TUNNEL)
		pair_tunnel(&flow);
	return flow;
}

void tun_pair_init(struct tun_end ends[2], const struct sdesp_flow *flow,
	unsigned suite, int esn)
{
	for (int i = 0; i < 2; i++) {
		if (ends[i].memory != NULL)
			tun_end_close(&ends[i]);
		tun_end_init(&ends[i], 16, 8);
	}
	ends[0].flow = *flow;
	ends[1].flow = udp_flow_back(flow);
	ends[0].in = ends[1].out = udp_sa(suite, 0xc0000001);
	ends[0].out = ends[1].in = udp_sa(suite, 0xc0000002);
	ends[0].in.esn = ends[0].out.esn = esn != 0;
	ends[1].in.esn = ends[1].out.esn = esn != 0;
	for (int i = 0; i < 2; i++)
		pair_start(&ends[i].tun.base, &ends[i].flow, &ends[i].in,
			&ends[i].out);
}

void tun_pair_close(struct tun_end ends[2])
{
	tun_end_close(&ends[0]);
	tun_end_close(&ends[1]);
}

/* --- packets -------------------------------------------------------------- */

static size_t put_ip4(uint8_t *p, const struct tun_shape *s,
	const struct sdesp_addr *src, const struct sdesp_addr *dst)
{
	size_t header = 20 + s->room;

	p[0] = (uint8_t)(0x40 | header / 4);
	p[1] = s->tos;
	sdesp_put16(p + 2, (uint16_t)s->len);
	sdesp_put16(p + 4, 0x1234);
	sdesp_put16(p + 6, s->df ? 0x4000 : 0);
	p[8] = 61;
	p[9] = s->protocol;
	sdesp_put16(p + 10, 0);
	memcpy(p + 12, src->ip, 4);
	memcpy(p + 16, dst->ip, 4);
	memset(p + 20, 1, s->room);
	sdesp_put16(p + 10, sdesp_sum_fold(sdesp_sum(0, p, header)));
	return header;
}

static size_t put_ip6(uint8_t *p, const struct tun_shape *s,
	const struct sdesp_addr *src, const struct sdesp_addr *dst)
{
	sdesp_put32(p, (uint32_t)6 << 28 | (uint32_t)s->tos << 20 | 0x54321);
	sdesp_put16(p + 4, (uint16_t)(s->len - 40));
	p[6] = s->protocol;
	p[7] = 61;
	memcpy(p + 8, src->ip, 16);
	memcpy(p + 24, dst->ip, 16);
	return 40;
}

static uint64_t pseudo(const uint8_t *p, unsigned protocol, size_t len)
{
	if (protocol == 1)
		return 0;
	return p[0] >> 4 == 4 ? sdesp_sum(protocol + len, p + 12, 8)
			      : sdesp_sum(protocol + len, p + 8, 32);
}

static void put_upper(uint8_t *p, size_t header, const struct tun_shape *s)
{
	uint8_t *up = p + header;
	size_t len = s->len - header, sum_at = 0;

	for (size_t i = 0; i < len; i++)
		up[i] = (uint8_t)(i * 31 + 5);
	if (s->protocol == 6) {
		sum_at = 16;
		up[12] = 6 << 4;
		up[13] = s->mss != 0 ? 2 : 16;
		memcpy(up + 20, "\x02\x04", 2);
		sdesp_put16(up + 22, s->mss);
	} else if (s->protocol == 17) {
		sum_at = 6;
		sdesp_put16(up + 4, (uint16_t)len);
	} else {
		sum_at = 2;
		up[0] = s->protocol == 1 ? 8 : 128;
		up[1] = 0;
	}
	if (s->protocol == 6 || s->protocol == 17) {
		sdesp_put16(up, 1000);
		sdesp_put16(up + 2, 2000);
	}
	sdesp_put16(up + sum_at, 0);
	sdesp_put16(up + sum_at,
		sdesp_sum_fold(
			sdesp_sum(pseudo(p, s->protocol, len), up, len)));
}

struct sdesp_pkt tun_packet(size_t i, const struct tun_shape *s)
{
	struct sdesp_addr src = udp_addr(s->src, 0), dst = udp_addr(s->dst, 0);
	uint8_t *p = out_octets[i] + SDESP_TUN_HEAD;
	struct sdesp_pkt pkt = {.data = p,
		.len = s->len,
		.head = SDESP_TUN_HEAD,
		.tail = SDESP_TUN_TAIL};
	size_t header;

	pair_need(s->len <= TUN_OCTETS, "a packet is too long");
	header = src.family == 4 ? put_ip4(p, s, &src, &dst)
				 : put_ip6(p, s, &src, &dst);
	put_upper(p, header, s);
	return pkt;
}

struct sdesp_pkt tun_udp(size_t i, const char *src, const char *dst, size_t len)
{
	struct tun_shape shape = {
		.src = src, .dst = dst, .protocol = 17, .len = len};

	return tun_packet(i, &shape);
}

int tun_say(struct tun_end *end, struct sdesp_pkt *pkt, uint64_t now_ms)
{
	size_t left = sdesp_tun_output(&end->tun, pkt, 1, now_ms);

	pair_need(
		left == 0 || pkt->status == SDESP_OK, "a refused packet left");
	return pkt->status;
}

int tun_sum_right(const uint8_t *p, size_t len)
{
	int v4 = p[0] >> 4 == 4;
	size_t header = v4 ? (size_t)(p[0] & 15) * 4 : 40;
	unsigned protocol = p[v4 ? 9 : 6];

	if (v4 && sdesp_sum_fold(sdesp_sum(0, p, header)) != 0)
		return 0;
	return sdesp_sum_fold(sdesp_sum(pseudo(p, protocol, len - header),
		       p + header, len - header)) == 0;
}

int tun_strip(size_t i, const uint8_t *p, size_t len)
{
	int v4 = p[0] >> 4 == 4;
	size_t header = v4 ? (size_t)(p[0] & 15) * 4 : 40;
	unsigned protocol = p[v4 ? 9 : 6];
	struct sdesp_tun_meta *meta = &tun_meta[i];

	if (sdesp_get16(p + (v4 ? 2 : 4)) + (v4 ? 0u : 40u) != len ||
		(v4 && sdesp_sum_fold(sdesp_sum(0, p, header)) != 0))
		return 0;
	memset(meta, 0, sizeof *meta);
	meta->from.family = v4 ? 4 : 6;
	memcpy(meta->from.ip, p + (v4 ? 12 : 8), v4 ? 4 : 16);
	meta->udp = protocol == 17;
	meta->tos = (uint8_t)(v4 ? p[1] : sdesp_get16(p) >> 4);
	meta->ttl = p[v4 ? 8 : 7];
	if (meta->udp) {
		if (sdesp_get16(p + header + 4) != len - header ||
			(v4 ? sdesp_get16(p + header + 6) != 0
			    : !tun_sum_right(p, len)))
			return 0;
		meta->from.port = sdesp_get16(p + header);
		header += 8;
	} else if (protocol != 50) {
		return 0;
	}
	memset(&tun_pkts[i], 0, sizeof tun_pkts[i]);
	tun_pkts[i].data = in_octets[i] + SDESP_TUN_HEAD;
	tun_pkts[i].len = len - header;
	tun_pkts[i].head = SDESP_TUN_HEAD;
	tun_pkts[i].tail = SDESP_TUN_TAIL + TUN_OCTETS - (len - header);
	memcpy(tun_pkts[i].data, p + header, len - header);
	return 1;
}

size_t tun_carry(struct tun_end *from, struct tun_end *to, uint64_t now_ms)
{
	size_t n = from->wire.n;

	for (size_t i = 0; i < n; i++)
		pair_need(tun_strip(i, from->wire.item[i].octets,
				  from->wire.item[i].len),
			"a wrong outer header");
	from->wire.n = 0;
	return sdesp_tun_input(&to->tun, tun_pkts, tun_meta, n, now_ms);
}
