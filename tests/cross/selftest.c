/*
 * What every machine must get right, without a test framework: the vectors'
 * packets, and two sessions that agree and move packets. Runs on emulated
 * machines: see run.sh. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "sdesp.h"
#include "sdesp_udp.h"
#include "tests/support/vectors.h"

#define ROOM 4096

static struct sdesp_bearssl provider;
static unsigned passed, failed;

static void check(int good, const char *what)
{
	if (good) {
		passed++;
	} else {
		failed++;
		printf("FAIL %s\n", what);
	}
}

static void check_packet(const struct vector_block *block)
{
	static struct sdesp_esp_tx tx;
	static struct sdesp_esp_rx rx;
	static uint8_t room[ROOM];
	char name[64], suite[64];
	size_t len, packet_len, keymat_len;
	const uint8_t *payload = vectors_get(block, "payload", &len);
	const uint8_t *packet = vectors_get(block, "packet", &packet_len);
	const uint8_t *keymat = vectors_get(block, "keymat", &keymat_len);
	uint64_t seq = vectors_number(block, "seq");
	struct sdesp_sa sa = {0};
	struct sdesp_pkt pkt = {0};

	vectors_string(block, "name", name, sizeof name);
	vectors_string(block, "suite", suite, sizeof suite);
	sa.spi = (uint32_t)vectors_number(block, "spi");
	sa.suite = sdesp_suite_by_name(suite, strlen(suite))->id;
	sa.esn = (uint8_t)vectors_number(block, "esn");
	sa.window = 64;
	memcpy(sa.keymat, keymat, keymat_len);

	pkt.data = room + 2 * SDESP_PKT_HEAD;
	pkt.len = len;
	pkt.head = (size_t)2 * SDESP_PKT_HEAD;
	pkt.tail = sizeof room - pkt.head - len;
	pkt.next_header = (uint8_t)vectors_number(block, "next_header");
	memcpy(pkt.data, payload, len);
	check(sdesp_esp_tx_init(&tx, &provider.vtable, &sa, seq - 1) == 0 &&
			sdesp_esp_seal(&tx, &pkt, 1) == 1 &&
			pkt.len == packet_len &&
			memcmp(pkt.data, packet, packet_len) == 0,
		name);

	if (sdesp_esp_rx_init(&rx, &provider.vtable, &sa) != 0) {
		check(0, name);
		return;
	}
	rx.replay.top = seq - 1; /* so that ESN infers the right high half */
	if (pkt.next_header == 59)
		check(sdesp_esp_open(&rx, &pkt, 1, 0) == 0 &&
				pkt.status == SDESP_ERR_DUMMY,
			name);
	else
		check(sdesp_esp_open(&rx, &pkt, 1, 0) == 1 && pkt.len == len &&
				memcmp(pkt.data, payload, len) == 0,
			name);
}

static void check_packets(void)
{
	static struct vector_block block;
	struct vector_file *file = vectors_open("packets.txt");

	while (vectors_next(file, &block))
		check_packet(&block);
	vectors_close(file);
}

/* One end; what it sends lands in the other's wire. */
struct end {
	struct sdesp_udp udp;
	struct sdesp_session session;
	struct sdesp_policy policy;
	struct sdesp_port port;
	struct sdesp_local local;
	uint32_t random;
	struct end *peer;
	uint8_t wire[ROOM];
	size_t wire_len;
};

static int weak_random(void *ctx, uint8_t *buf, size_t len)
{
	struct end *end = ctx;

	while (len--) {
		end->random = end->random * 1664525u + 1013904223u;
		*buf++ = (uint8_t)(end->random >> 24);
	}
	return 0;
}

static size_t send_wire(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	struct end *end = ctx;

	(void)to;
	for (size_t i = 0; i < n; i++) {
		if (pkts[i].len > ROOM - SDESP_PKT_HEAD - SDESP_PKT_TAIL)
			return i;
		memcpy(end->peer->wire + SDESP_PKT_HEAD, pkts[i].data,
			pkts[i].len);
		end->peer->wire_len = pkts[i].len;
	}
	return n;
}

static void open_end(
	struct end *end, struct end *peer, uint8_t host, unsigned method)
{
	struct sdesp_udp_config config = {0};
	char text[] = "192.0.2.0";

	memset(end, 0, sizeof *end);
	end->peer = peer;
	end->random = host;
	end->port.random = weak_random;
	end->port.ctx = end;
	end->port.kex = &sdesp_bearssl_kex;
	config.crypto = &provider.vtable;
	config.send = send_wire;
	config.send_ctx = end;
	sdesp_policy_init(&end->policy);
	end->policy.nproposals = 1;
	end->policy.proposals[0].suite = SDESP_CHACHA20_POLY1305;
	end->policy.proposals[0].method = (uint8_t)method;
	text[8] = (char)('0' + host);
	end->local.media = "application";
	end->local.proto = "UDP/ESP";
	end->local.secured = 1;
	end->local.nmodes = 1;
	end->local.modes[0] = SDESP_TRANSPORT;
	end->local.nts = 1;
	end->local.ts[0].protocol = 17;
	end->local.ts[0].local.kind = SDESP_TS_SELF;
	end->local.ts[0].local.hi = 65535;
	end->local.ts[0].remote.kind = SDESP_TS_PEER;
	end->local.ts[0].remote.hi = 65535;
	check(sdesp_addr_parse(&end->local.addr, text, strlen(text)) == 0 &&
			sdesp_udp_init(&end->udp, &config) == 0 &&
			sdesp_session_init(&end->session, &end->policy,
				&end->udp.base, &end->port) == 0,
		"open an end");
	end->local.addr.port = 4500;
}

static int carry(struct end *from, struct end *to, const char *words)
{
	uint8_t room[256];
	struct sdesp_pkt pkt = {0};
	struct sdesp_udp_meta meta;
	struct sdesp_session_info info;

	sdesp_session_info(&from->session, &info);
	pkt.data = room + SDESP_UDP_HEAD;
	pkt.head = SDESP_UDP_HEAD;
	pkt.len = strlen(words);
	pkt.tail = sizeof room - SDESP_UDP_HEAD - pkt.len;
	memcpy(pkt.data, words, pkt.len);
	if (sdesp_udp_send(&from->udp, sdesp_udp_flow(&from->udp, &info.flow),
		    7, 9, &pkt, 1, 0) != 1)
		return 0;
	memset(&meta, 0, sizeof meta);
	meta.from = from->local.addr;
	memset(&pkt, 0, sizeof pkt);
	pkt.data = to->wire + SDESP_PKT_HEAD;
	pkt.head = SDESP_PKT_HEAD;
	pkt.len = to->wire_len;
	pkt.tail = ROOM - SDESP_PKT_HEAD - pkt.len;
	return sdesp_udp_input(&to->udp, &pkt, &meta, 1, 0) == 1 &&
	       pkt.len == strlen(words) &&
	       memcmp(pkt.data, words, pkt.len) == 0 && meta.local_port == 9;
}

static void check_session(unsigned method, const char *name)
{
	static struct end a, b;
	static char offer[2048], answer[2048];
	struct sdesp_text text;
	struct sdesp_section section;
	struct sdesp_why why;

	open_end(&a, &b, 1, method);
	open_end(&b, &a, 2, method);
	sdesp_text_init(&text, offer, sizeof offer);
	check(sdesp_session_offer(&a.session, &a.local, 0, &text) == 0 &&
			sdesp_sdp_find(&section, offer, text.len, 0, &why) == 0,
		name);
	sdesp_text_init(&text, answer, sizeof answer);
	check(sdesp_session_answer(
		      &b.session, &section, &b.local, 0, &text, &why) == 0 &&
			sdesp_sdp_find(&section, answer, text.len, 0, &why) ==
				0 &&
			sdesp_session_accept(
				&a.session, &section, 1, 0, &why) == 0 &&
			sdesp_session_confirm(&b.session, 0) == 0,
		name);
	check(carry(&a, &b, "from the offerer") &&
			carry(&b, &a, "from the answerer"),
		name);
	check(sdesp_session_close(&a.session) == 0 &&
			sdesp_session_close(&b.session) == 0,
		name);
}

int main(void)
{
	sdesp_bearssl_init(&provider);
	check_packets();
	check_session(SDESP_X25519, "x25519");
	check_session(SDESP_INLINE, "inline");
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
