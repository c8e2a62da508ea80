/* SPDX-License-Identifier: MIT */
#include "tests/support/udp_pair.h"

#include <string.h>

#include "tests/support/pair.h"

struct sdesp_pkt udp_pkts[WIRE_ITEMS];
struct sdesp_udp_meta udp_meta[WIRE_ITEMS];

static uint8_t in_octets[WIRE_ITEMS]
			[SDESP_PKT_HEAD + WIRE_OCTETS + SDESP_PKT_TAIL];
static uint8_t out_octets[WIRE_ITEMS]
			 [SDESP_UDP_HEAD + WIRE_OCTETS + SDESP_PKT_TAIL];

static size_t wire_send(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	struct udp_wire *w = ctx;
	size_t i;

	for (i = 0; i < n && !w->broken && w->n < WIRE_ITEMS; i++, w->n++) {
		pair_need(pkts[i].len <= WIRE_OCTETS, "a packet is too long");
		w->item[w->n].to = *to;
		w->item[w->n].len = pkts[i].len;
		memcpy(w->item[w->n].octets, pkts[i].data, pkts[i].len);
	}
	return i;
}

struct sdesp_addr udp_addr(const char *ip, uint16_t port)
{
	struct sdesp_addr addr;

	pair_need(sdesp_addr_parse(&addr, ip, strlen(ip)) == SDESP_OK, ip);
	addr.port = port;
	return addr;
}

struct sdesp_flow udp_flow(void)
{
	struct sdesp_flow flow = {
		.local = udp_addr("192.0.2.1", 4500),
		.remote = udp_addr("198.51.100.2", 4501),
		.mode = SDESP_TRANSPORT,
		.udp = 1,
		.nts = 1,
		.ts = {{17, {.kind = SDESP_TS_SELF, .lo = 40000, .hi = 40010},
			{.kind = SDESP_TS_PEER, .lo = 0, .hi = 65535}}},
	};

	return flow;
}

static struct sdesp_ts_side side_back(struct sdesp_ts_side side)
{
	if (side.kind == SDESP_TS_SELF)
		side.kind = SDESP_TS_PEER;
	else if (side.kind == SDESP_TS_PEER)
		side.kind = SDESP_TS_SELF;
	return side;
}

struct sdesp_flow udp_flow_back(const struct sdesp_flow *flow)
{
	struct sdesp_flow back = *flow;

	back.local = flow->remote;
	back.remote = flow->local;
	for (unsigned i = 0; i < flow->nts; i++) {
		back.ts[i].local = side_back(flow->ts[i].remote);
		back.ts[i].remote = side_back(flow->ts[i].local);
	}
	return back;
}

struct sdesp_sa udp_sa(unsigned suite, uint32_t spi)
{
	struct sdesp_sa sa = {
		.spi = spi, .suite = (uint8_t)suite, .window = 64};

	for (size_t i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)(spi * 7 + i);
	return sa;
}

void udp_end_init(struct udp_end *end)
{
	struct sdesp_udp_config config = {.crypto = pair_crypto(),
		.send = wire_send,
		.send_ctx = &end->wire,
		.pass = SDESP_UDP_KIND_BIT(SDESP_UDP_MARKED)};

	memset(end, 0, sizeof *end);
	pair_need(sdesp_udp_init(&end->udp, &config) == SDESP_OK, "no backend");
}

static void end_start(struct udp_end *end)
{
	pair_start(&end->udp.base, &end->flow, &end->in, &end->out);
	end->id = sdesp_udp_flow(&end->udp, &end->flow);
	pair_need(end->id != 0, "no flow");
}

void udp_pair_init(struct udp_end ends[2], const struct sdesp_flow *flow,
	unsigned suite, int esn)
{
	for (int i = 0; i < 2; i++) {
		udp_end_init(&ends[i]);
		ends[i].flow = i == 0 ? *flow : udp_flow_back(flow);
		ends[i].in = udp_sa(suite, 0xc0000001U + (unsigned)i);
		ends[i].out = udp_sa(suite, 0xc0000002U - (unsigned)i);
		ends[i].in.esn = ends[i].out.esn = (uint8_t)esn;
		end_start(&ends[i]);
	}
}

struct sdesp_pkt udp_payload(size_t i, const void *data, size_t len)
{
	struct sdesp_pkt pkt = {.data = out_octets[i] + SDESP_UDP_HEAD,
		.len = len,
		.head = SDESP_UDP_HEAD,
		.tail = WIRE_OCTETS - len + SDESP_PKT_TAIL,
		.status = 1};

	pair_need(i < WIRE_ITEMS && len <= WIRE_OCTETS, "no room");
	if (len > 0)
		memcpy(pkt.data, data, len);
	return pkt;
}

int udp_say(struct udp_end *end, uint16_t local_port, uint16_t remote_port,
	const void *data, size_t len)
{
	struct sdesp_pkt pkt = udp_payload(0, data, len);

	sdesp_udp_send(
		&end->udp, end->id, local_port, remote_port, &pkt, 1, 1000);
	return pkt.status;
}

size_t udp_receive(struct udp_end *end, struct udp_wire *wire,
	const struct sdesp_addr *from, uint64_t now_ms)
{
	size_t n = wire->n;

	for (size_t i = 0; i < n; i++) {
		struct sdesp_pkt pkt = {.data = in_octets[i] + SDESP_PKT_HEAD,
			.len = wire->item[i].len,
			.head = SDESP_PKT_HEAD,
			.tail = WIRE_OCTETS - wire->item[i].len +
				SDESP_PKT_TAIL,
			.status = 1};

		memcpy(pkt.data, wire->item[i].octets, pkt.len);
		udp_pkts[i] = pkt;
		memset(&udp_meta[i], 0xee, sizeof udp_meta[i]);
		udp_meta[i].from = *from;
	}
	wire->n = 0;
	return sdesp_udp_input(&end->udp, udp_pkts, udp_meta, n, now_ms);
}

int udp_hear(
	struct udp_end ends[2], const struct sdesp_addr *from, uint64_t now_ms)
{
	pair_need(udp_say(&ends[0], 40000, 1, "x", 1) == SDESP_OK, "not sent");
	udp_receive(&ends[1], &ends[0].wire, from, now_ms);
	return udp_pkts[0].status;
}

int udp_receive_one(struct udp_end *end, const void *data, size_t len,
	const struct sdesp_addr *from, uint64_t now_ms)
{
	static struct udp_wire wire;

	pair_need(len <= WIRE_OCTETS, "too long");
	wire.n = 1;
	wire.item[0].len = len;
	if (len > 0)
		memcpy(wire.item[0].octets, data, len);
	udp_receive(end, &wire, from, now_ms);
	return udp_pkts[0].status;
}
