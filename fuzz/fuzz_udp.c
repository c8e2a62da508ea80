/*
 * Received datagrams of every kind, in batches, to a backend with one live
 * SA. The input says what arrives: octets of its own, or payloads that a peer
 * with the right keys sealed, whole or damaged. Nothing of an SA is accepted
 * but what was sealed for it, once, and within the selectors; what is
 * delivered is what was sealed. SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "tests/support/udp_pair.h"

#define BATCH 8
#define SEALED 64
#define LONGEST 255

struct sealed {
	size_t len, payload_len;
	int accepted;
	uint8_t next_header;
	uint8_t payload[LONGEST];
	uint8_t octets[LONGEST + SDESP_PKT_HEAD + SDESP_PKT_TAIL];
};

static struct udp_end ends[2];
static struct sdesp_esp_tx peer; /* to end 1; checks nothing */
static struct udp_wire arriving;
static struct sealed sealed[SEALED];
static size_t nsealed;

static struct fuzz_input in;

static unsigned next(void)
{
	return fuzz_take(&in);
}

/* As many octets as the next one says and there are. */
static size_t next_octets(uint8_t octets[LONGEST])
{
	size_t n = next();

	return fuzz_take_all(&in, octets, n);
}

/* What the receiver grants. */
static void narrow(struct sdesp_flow *flow, unsigned choice)
{
	static const struct sdesp_ts_side here = {.kind = SDESP_TS_PREFIX,
		.family = 4,
		.prefix_len = 8,
		.ip = {10},
		.hi = 40000};
	static const struct sdesp_ts_side there = {.kind = SDESP_TS_PREFIX,
		.family = 6,
		.prefix_len = 8,
		.ip = {0xfd},
		.hi = 65535};

	if ((choice & 0x20) != 0)
		flow->ts[0].protocol = 17;
	if ((choice & 0x40) == 0)
		return;
	flow->mode = SDESP_TUNNEL;
	flow->nts = 2;
	flow->ts[1] = flow->ts[0];
	flow->ts[0].local = flow->ts[0].remote = here;
	flow->ts[1].local = flow->ts[1].remote = there;
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
	struct sdesp_flow flow = udp_flow();
	struct sdesp_backend *be = &ends[1].udp.base;
	struct sdesp_sa sa;
	unsigned choice = next();
	unsigned suite = 1 + (choice & 15) % (SDESP_SUITE_END - 1);

	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[0].local.lo = 0;
	flow.ts[0].local.hi = 65535;
	udp_pair_init(ends, &flow, suite, choice >> 7 != 0);
	sa = ends[1].in;
	key(&sa);
	FUZZ_CHECK(be->vtable->sa_delete(be, &ends[1].flow, sa.spi, 1) == 0);
	narrow(&ends[1].flow, choice);
	FUZZ_CHECK(be->vtable->sa_add(be, &ends[1].flow, &sa, 1) == 0);
	FUZZ_CHECK(sdesp_esp_tx_init(
			   &peer, ends[1].udp.config.crypto, &sa, 0) == 0);
	nsealed = 0;
	arriving.n = 0;
}

static void put(const uint8_t *octets, size_t len)
{
	memcpy(arriving.item[arriving.n].octets, octets, len);
	arriving.item[arriving.n++].len = len;
}

/* A payload from the peer, whatever it is. */
static void seal(unsigned damage)
{
	struct sealed *s = &sealed[nsealed++];
	struct sdesp_pkt pkt;
	size_t at;

	s->next_header = (uint8_t)next();
	s->payload_len = next_octets(s->payload);
	pkt = udp_payload(0, s->payload, s->payload_len);
	pkt.next_header = s->next_header;
	FUZZ_CHECK(sdesp_esp_seal(&peer, &pkt, 1) == 1);
	s->accepted = 0;
	s->len = pkt.len;
	memcpy(s->octets, pkt.data, pkt.len);
	put(s->octets, s->len);
	if (damage == 0)
		return;
	at = (next() << 8 | next()) % s->len;
	arriving.item[arriving.n - 1].octets[at] ^= (uint8_t)damage;
}

static struct sealed *find(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < nsealed; i++) {
		if (sealed[i].len == len &&
			memcmp(sealed[i].octets, octets, len) == 0)
			return &sealed[i];
	}
	return NULL;
}

static void check_payload(const struct sealed *s, const struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta)
{
	int udp = s->next_header == 17 && ends[1].flow.mode == SDESP_TRANSPORT;
	size_t at = udp ? 8 : 0;

	FUZZ_CHECK(pkt->next_header == s->next_header);
	FUZZ_CHECK(at + pkt->len <= s->payload_len);
	FUZZ_CHECK(memcmp(pkt->data, s->payload + at, pkt->len) == 0);
	FUZZ_CHECK(meta->flow == 0 || meta->flow == ends[1].id);
	if (udp)
		FUZZ_CHECK(meta->local_port ==
			   (s->payload[2] << 8 | s->payload[3]));
	if (ends[1].flow.mode == SDESP_TUNNEL)
		FUZZ_CHECK(s->next_header == 4 || s->next_header == 41);
	if (ends[1].flow.mode == SDESP_TUNNEL && s->next_header == 4)
		FUZZ_CHECK(pkt->data[12] == 10 && pkt->data[16] == 10);
}

static void check(const struct sdesp_pkt *pkt,
	const struct sdesp_udp_meta *meta, struct sealed *s)
{
	int inside = pkt->status == SDESP_OK ||
		     pkt->status == SDESP_ERR_DUMMY ||
		     pkt->status == SDESP_ERR_SELECTOR ||
		     pkt->status == SDESP_ERR_PADDING;

	if (meta->kind != SDESP_UDP_ESP) {
		FUZZ_CHECK(s == NULL);
		FUZZ_CHECK(pkt->status != SDESP_OK ||
			   meta->kind == SDESP_UDP_MARKED);
		return;
	}
	FUZZ_CHECK(inside == (s != NULL && !s->accepted));
	if (!inside)
		return;
	s->accepted = 1;
	if (pkt->status == SDESP_OK)
		check_payload(s, pkt, meta);
	for (size_t i = 0; pkt->status == SDESP_ERR_SELECTOR && i < pkt->len;
		i++)
		FUZZ_CHECK(pkt->data[i] == 0);
}

static void arrive(void)
{
	struct sealed *whole[BATCH];
	size_t n = arriving.n, good = 0;

	for (size_t i = 0; i < n; i++)
		whole[i] = find(arriving.item[i].octets, arriving.item[i].len);
	good = udp_receive(&ends[1], &arriving, &ends[0].flow.local, 0);
	for (size_t i = 0; i < n; i++) {
		check(&udp_pkts[i], &udp_meta[i], whole[i]);
		good -= udp_pkts[i].status == SDESP_OK;
	}
	FUZZ_CHECK(good == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t octets[LONGEST];
	unsigned op;

	in.p = data;
	in.len = size;
	begin();
	while (in.len > 0 && nsealed < SEALED - 1) {
		op = next();
		if (op % 4 == 0)
			put(octets, next_octets(octets));
		else if (op % 4 == 1)
			seal(0);
		else if (op % 4 == 2)
			seal(op >> 2);
		else if (nsealed > 0) /* again */
			put(sealed[op % nsealed].octets,
				sealed[op % nsealed].len);
		if (arriving.n == BATCH || op >= 192)
			arrive();
	}
	arrive();
	return 0;
}
