/*
 * Received packets. The input chooses a suite, seals packets under one SA and
 * says what arrives: sealed packets as they were, changed, cut, lengthened,
 * again, or octets of its own. Nothing but an exact copy opens, and only
 * once; what does not open leaves no plaintext behind.
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "sdesp_esp.h"

#define SEALED 24
#define ROOM 512 /* octets of the longest packet, with its surroundings */
#define WINDOW 32

struct packet {
	uint8_t octets[ROOM];
	size_t len;
	uint8_t payload[256];
	size_t payload_len;
	uint8_t next_header;
	uint64_t seq;
	int accepted;
};

struct world {
	struct sdesp_bearssl crypto;
	struct sdesp_esp_tx tx;
	struct sdesp_esp_rx rx;
	struct packet sealed[SEALED];
	unsigned nsealed;
	uint64_t top;
	unsigned suite;
};

static void begin(struct world *w, struct fuzz_input *in)
{
	struct sdesp_sa sa;
	uint8_t choice = fuzz_take(in);

	memset(w, 0, sizeof *w);
	memset(&sa, 0, sizeof sa);
	w->suite = 1 + choice % (SDESP_SUITE_END - 1);
	sa.spi = 0xc0000000u | fuzz_take(in);
	sa.suite = (uint8_t)w->suite;
	sa.esn = choice >> 7;
	sa.window = WINDOW;
	for (size_t i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)(i * 7 + choice);
	sdesp_bearssl_init(&w->crypto);
	FUZZ_CHECK(sdesp_esp_tx_init(&w->tx, &w->crypto.vtable, &sa, 0) == 0);
	FUZZ_CHECK(sdesp_esp_rx_init(&w->rx, &w->crypto.vtable, &sa) == 0);
}

static void seal(struct world *w, struct fuzz_input *in)
{
	uint8_t buf[ROOM];
	struct sdesp_pkt pkt;
	struct packet *p;

	if (w->nsealed == SEALED)
		return;
	p = &w->sealed[w->nsealed++];
	p->payload_len = fuzz_take(in);
	p->next_header = fuzz_take(in);
	for (size_t i = 0; i < p->payload_len; i++)
		p->payload[i] = (uint8_t)(0x55 + i + w->nsealed);
	memset(&pkt, 0, sizeof pkt);
	memcpy(buf + SDESP_PKT_HEAD, p->payload, p->payload_len);
	pkt.data = buf + SDESP_PKT_HEAD;
	pkt.len = p->payload_len;
	pkt.head = SDESP_PKT_HEAD;
	pkt.tail = SDESP_PKT_TAIL;
	pkt.next_header = p->next_header;
	FUZZ_CHECK(sdesp_esp_seal(&w->tx, &pkt, 1) == 1);
	FUZZ_CHECK(pkt.seq == w->nsealed);
	p->seq = pkt.seq;
	p->len = pkt.len;
	memcpy(p->octets, pkt.data, pkt.len);
}

/* The sealed packet that these octets are; NULL: none. */
static struct packet *find(struct world *w, const uint8_t *octets, size_t len)
{
	for (unsigned i = 0; i < w->nsealed; i++) {
		struct packet *p = &w->sealed[i];

		if (p->len == len && memcmp(p->octets, octets, len) == 0)
			return p;
	}
	return NULL;
}

/* 1 when the payload of any sealed packet can be read in the buffer. Short
 * ones may be there by chance. */
static int leaks(const struct world *w, const uint8_t *buf, size_t len)
{
	for (unsigned i = 0; i < w->nsealed; i++) {
		const struct packet *p = &w->sealed[i];

		for (size_t at = 0;
			p->payload_len >= 8 && at + p->payload_len <= len; at++)
			if (memcmp(buf + at, p->payload, p->payload_len) == 0)
				return 1;
	}
	return 0;
}

/* 1 when nothing of what was encrypted is left. */
static int wiped(const struct world *w, const struct sdesp_pkt *pkt)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(w->suite);

	for (size_t i = 8u + suite->iv_len; i + suite->icv_len < pkt->len; i++)
		if (pkt->data[i] != 0)
			return 0;
	return 1;
}

static int fresh(const struct world *w, const struct packet *p)
{
	return !p->accepted && (p->seq > w->top || w->top - p->seq < WINDOW);
}

static void deliver(struct world *w, const uint8_t *octets, size_t len)
{
	struct packet *p = find(w, octets, len);
	struct sdesp_esp_rx before = w->rx;
	uint8_t buf[ROOM + SDESP_PKT_HEAD + SDESP_PKT_TAIL];
	struct sdesp_pkt pkt;
	size_t opened;

	memset(&pkt, 0, sizeof pkt);
	memset(buf, 0, sizeof buf);
	memcpy(buf + SDESP_PKT_HEAD, octets, len);
	pkt.data = buf + SDESP_PKT_HEAD;
	pkt.len = len;
	pkt.head = SDESP_PKT_HEAD;
	pkt.tail = SDESP_PKT_TAIL;
	opened = sdesp_esp_open(&w->rx, &pkt, 1, 1);
	FUZZ_CHECK(opened == (pkt.status == SDESP_OK));
	if (p == NULL || !fresh(w, p)) {
		FUZZ_CHECK(opened == 0 && pkt.status != SDESP_ERR_DUMMY);
		FUZZ_CHECK(pkt.data == buf + SDESP_PKT_HEAD);
		FUZZ_CHECK(pkt.len == len);
		FUZZ_CHECK(memcmp(&before.replay, &w->rx.replay,
				   sizeof before.replay) == 0);
		FUZZ_CHECK(pkt.status == SDESP_ERR_AUTH
				   ? wiped(w, &pkt)
				   : leaks(w, octets, len) ||
					     !leaks(w, buf, sizeof buf));
		return;
	}
	p->accepted = 1;
	if (p->seq > w->top)
		w->top = p->seq;
	if (p->next_header == 59) {
		FUZZ_CHECK(pkt.status == SDESP_ERR_DUMMY && wiped(w, &pkt));
		return;
	}
	FUZZ_CHECK(opened == 1 && pkt.seq == p->seq);
	FUZZ_CHECK(pkt.next_header == p->next_header);
	FUZZ_CHECK(pkt.len == p->payload_len);
	FUZZ_CHECK(memcmp(pkt.data, p->payload, pkt.len) == 0);
	FUZZ_CHECK(pkt.data - pkt.head == buf);
	FUZZ_CHECK(pkt.head + pkt.len + pkt.tail ==
		   len + SDESP_PKT_HEAD + SDESP_PKT_TAIL);
}

/* What arrives: a sealed packet, as it was or not. */
static void arrive(struct world *w, struct fuzz_input *in, uint8_t how)
{
	uint8_t octets[ROOM];
	const struct packet *p;
	size_t len;

	if (w->nsealed == 0)
		return;
	p = &w->sealed[fuzz_take(in) % w->nsealed];
	len = p->len;
	memcpy(octets, p->octets, len);
	if (how == 1) {
		size_t at = fuzz_take(in);

		at = (at << 8 | fuzz_take(in)) % len;
		octets[at] ^= fuzz_take(in);
	} else if (how == 2) {
		len = (size_t)fuzz_take(in) % (len + 1);
	} else if (how == 3) {
		size_t more = fuzz_take(in) % 32;

		memset(octets + len, fuzz_take(in), more);
		len += more;
	}
	deliver(w, octets, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct fuzz_input in = {data, size};

	begin(&w, &in);
	while (in.len > 0) {
		uint8_t op = fuzz_take(&in) % 8;
		size_t len;

		if (op < 3) {
			seal(&w, &in);
		} else if (op < 7) {
			arrive(&w, &in, op - 3);
		} else {
			len = fuzz_take(&in);
			len = len < in.len ? len : in.len;
			deliver(&w, in.p, len);
			in.p += len;
			in.len -= len;
		}
	}
	return 0;
}
