/*
 * Packets from the device and from the network, of every kind, to a backend
 * with one live flow. The input says what comes: octets of its own, or
 * payloads that a peer with the right keys sealed, whole or damaged. Whatever
 * leaves is ESP that the peer can open, or ICMP to the device, or nothing;
 * what is delivered was sealed and is within the selectors.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "base/be.h"
#include "sdesp_inner.h"
#include "tests/support/tun_pair.h"

#define LONGEST 512

static struct tun_end ends[2];
static struct sdesp_esp_tx peer; /* to end 1; checks nothing */
static uint8_t room[SDESP_TUN_HEAD + TUN_OCTETS + SDESP_TUN_TAIL];

static struct fuzz_input in;

static unsigned next(void)
{
	return fuzz_take(&in);
}

/* As many octets as the next two say and there are, where packets begin. */
static size_t next_octets(void)
{
	size_t n = (next() << 8 | next()) % LONGEST;

	return fuzz_take_all(&in, room + SDESP_TUN_HEAD, n);
}

static struct sdesp_pkt packet(size_t len)
{
	struct sdesp_pkt pkt = {.data = room + SDESP_TUN_HEAD,
		.len = len,
		.head = SDESP_TUN_HEAD,
		.tail = SDESP_TUN_TAIL};

	return pkt;
}

/* Whatever an end has sent gets through to the other, but for fragments; and
 * in transport mode UDP with a wrong length, which only the receiver reads. */
static void check_sent(void)
{
	for (size_t i = 0; i < ends[1].wire.n; i++) {
		const uint8_t *p = ends[1].wire.item[i].octets;
		size_t len = ends[1].wire.item[i].len;
		int v4 = p[0] >> 4 == 4;

		FUZZ_CHECK(len <= ends[1].tun.config.link_mtu);
		if (v4 ? (sdesp_get16(p + 6) & 0x3fff) != 0 : p[6] == 44)
			continue;
		if (!tun_strip(0, p, len)) { /* transport keeps extensions */
			FUZZ_CHECK(!v4);
			continue;
		}
		if (tun_pkts[0].len == 1 && tun_meta[0].udp)
			continue;
		FUZZ_CHECK(sdesp_esp_spi(tun_pkts[0].data, tun_pkts[0].len) ==
			   ends[1].out.spi);
		sdesp_tun_input(&ends[0].tun, tun_pkts, tun_meta, 1, 0);
		FUZZ_CHECK(tun_pkts[0].status == SDESP_OK ||
			   tun_pkts[0].status == SDESP_ERR_DUMMY ||
			   (tun_pkts[0].status == SDESP_ERR_PADDING &&
				   ends[1].flow.mode == SDESP_TRANSPORT));
	}
	ends[1].wire.n = 0;
	for (size_t i = 0; i < ends[1].answers.n; i++)
		FUZZ_CHECK(tun_sum_right(ends[1].answers.item[i].octets,
			ends[1].answers.item[i].len));
	ends[1].answers.n = 0;
}

/* From the device: the input's octets, made long enough to be too large, and
 * their addresses such that they belong to the flow. */
static void from_device(unsigned how)
{
	size_t len = next_octets();
	struct sdesp_pkt pkt;
	uint8_t *p = room + SDESP_TUN_HEAD;
	const struct sdesp_flow *flow = &ends[1].flow;
	int tunnel = flow->mode == SDESP_TUNNEL;

	if ((how & 1) != 0) {
		size_t more = (next() << 8 | next()) % 3000;

		memset(p + len, 0x5a, more);
		len += more;
	}
	if (len >= 20 && p[0] >> 4 == 4 && (how & 2) != 0) {
		memcpy(p + 12, tunnel ? flow->ts[0].local.ip : flow->local.ip,
			4);
		memcpy(p + 16, tunnel ? flow->ts[0].remote.ip : flow->remote.ip,
			4);
		sdesp_put16(p + 2, (uint16_t)len);
	} else if (len >= 40 && p[0] >> 4 == 6 && (how & 2) != 0) {
		memcpy(p + 8, tunnel ? flow->ts[1].local.ip : flow->local.ip,
			16);
		memcpy(p + 24, tunnel ? flow->ts[1].remote.ip : flow->remote.ip,
			16);
		sdesp_put16(p + 4, (uint16_t)(len - 40));
	}
	pkt = packet(len);
	sdesp_tun_output(&ends[1].tun, &pkt, 1, 0);
	FUZZ_CHECK(pkt.status == SDESP_OK || ends[1].wire.n == 0);
	check_sent();
}

static void check_delivered(const struct sdesp_pkt *pkt)
{
	struct sdesp_inner inner;

	if (ends[1].flow.mode == SDESP_TRANSPORT && pkt->data[0] >> 4 == 6)
		return; /* what follows is the payload's own affair */
	FUZZ_CHECK(sdesp_inner_packet(&inner, pkt->data, pkt->len) == 0);
	FUZZ_CHECK(inner.len == pkt->len);
	FUZZ_CHECK(sdesp_inner_fits(&inner, &ends[1].flow, 1));
}

/* From the network: octets, or sealed by the peer and perhaps damaged. */
static void from_network(unsigned how)
{
	struct sdesp_tun_meta meta = {.from = ends[1].flow.remote,
		.udp = ends[1].flow.udp ^ ((how & 16) != 0),
		.tos = (uint8_t)how,
		.ttl = 3};
	unsigned next_header = next(), damage = (how & 4) ? next() : 0;
	int sealed = (how & 1) != 0;
	size_t len = next_octets();
	struct sdesp_pkt pkt = packet(len);

	if (sealed) {
		pkt.next_header = (uint8_t)next_header;
		FUZZ_CHECK(sdesp_esp_seal(&peer, &pkt, 1) == 1);
		pkt.data[(next() << 8 | next()) % pkt.len] ^= (uint8_t)damage;
	}
	pkt.head = SDESP_TUN_HEAD;
	memmove(room + SDESP_TUN_HEAD, pkt.data, pkt.len);
	pkt.data = room + SDESP_TUN_HEAD;
	pkt.tail = SDESP_TUN_TAIL;
	sdesp_tun_input(&ends[1].tun, &pkt, &meta, 1, 0);
	if (pkt.status == SDESP_OK) {
		FUZZ_CHECK(sealed && damage == 0);
		check_delivered(&pkt);
	}
}

/* Keys of this input only (FNV-1a): libFuzzer remembers the sealed packets
 * that it has seen compared, and would play them back. */
static void key(struct sdesp_sa *sa)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < in.len; i++)
		hash = (hash ^ in.p[i]) * 16777619U;
	memcpy(sa->keymat, &hash, sizeof hash);
}

static void begin(void)
{
	unsigned choice = next();
	struct sdesp_flow flow =
		tun_flow(choice & 1 ? SDESP_TUNNEL : SDESP_TRANSPORT,
			choice & 2, choice & 4 ? 6 : 4);
	struct sdesp_backend *be = &ends[1].tun.base;
	struct sdesp_sa sa;

	if ((choice & 8) != 0) {
		flow.ts[0].protocol = 17;
		flow.ts[0].remote.lo = 53;
	}
	tun_pair_init(ends, &flow, 1 + next() % (SDESP_SUITE_END - 1), 1);
	sa = ends[1].in;
	key(&sa);
	FUZZ_CHECK(be->vtable->sa_delete(be, &ends[1].flow, sa.spi, 1) == 0);
	FUZZ_CHECK(be->vtable->sa_add(be, &ends[1].flow, &sa, 1) == 0);
	FUZZ_CHECK(sdesp_esp_tx_init(
			   &peer, ends[1].tun.config.crypto, &sa, 0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in.p = data;
	in.len = size;
	begin();
	while (in.len > 0) {
		unsigned op = next();

		if (op % 8 == 7)
			sdesp_tun_pmtu(&ends[1].tun, &ends[1].flow.remote,
				next() << 8 | next(), 0);
		else if (op % 2 == 0)
			from_device(op >> 3);
		else
			from_network(op >> 3);
	}
	tun_pair_close(ends);
	return 0;
}
