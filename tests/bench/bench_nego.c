/*
 * Negotiation: one whole offer, answer, accept, confirm and close at both
 * ends, SAs installed in the UDP backend. The random source costs next to
 * nothing here. SPDX-License-Identifier: MIT
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "sdesp.h"
#include "sdesp_udp.h"

#define ROUNDS 200

struct end {
	struct sdesp_udp udp;
	struct sdesp_session session;
	struct sdesp_local local;
};

static struct end phone, camera;
static struct sdesp_policy policy;
static struct sdesp_bearssl crypto;

static int random_octets(void *ctx, uint8_t *buf, size_t len)
{
	static uint32_t state = 1;

	(void)ctx;
	while (len--) {
		state = state * 1664525u + 1013904223u;
		*buf++ = (uint8_t)(state >> 24);
	}
	return 0;
}

static const struct sdesp_port port = {random_octets, NULL, &sdesp_bearssl_kex};

static size_t send_nowhere(void *ctx, const struct sdesp_addr *to,
	const struct sdesp_pkt *pkts, size_t n)
{
	(void)ctx;
	(void)to;
	(void)pkts;
	return n;
}

static void begin_end(struct end *end, const char *address)
{
	struct sdesp_udp_config config = {
		.crypto = &crypto.vtable, .send = send_nowhere};

	end->local = (struct sdesp_local){
		.media = "application",
		.proto = "UDP/ESP",
		.secured = 1,
		.nmodes = 1,
		.modes = {SDESP_TRANSPORT},
		.nts = 1,
		.ts = {{17, {.kind = SDESP_TS_SELF, .hi = 65535},
			{.kind = SDESP_TS_PEER, .hi = 65535}}},
	};
	if (sdesp_addr_parse(&end->local.addr, address, strlen(address)) != 0 ||
		sdesp_udp_init(&end->udp, &config) != 0)
		bench_fail("no end");
	end->local.addr.port = 4500;
}

/* One line is offered, so that the method decides what it costs. */
static void begin(unsigned method)
{
	sdesp_bearssl_init(&crypto);
	sdesp_policy_init(&policy);
	policy.nproposals = 1;
	policy.proposals[0].suite = SDESP_AES_128_GCM_16;
	policy.proposals[0].method = (uint8_t)method;
	begin_end(&phone, "192.0.2.1");
	begin_end(&camera, "192.0.2.2");
}

static void negotiate(void)
{
	static char offer[2048], answer[2048];
	struct sdesp_text o, a;
	struct sdesp_section section;
	struct sdesp_why why;

	sdesp_text_init(&o, offer, sizeof offer);
	sdesp_text_init(&a, answer, sizeof answer);
	if (sdesp_session_init(
		    &phone.session, &policy, &phone.udp.base, &port) != 0 ||
		sdesp_session_init(&camera.session, &policy, &camera.udp.base,
			&port) != 0 ||
		sdesp_session_offer(&phone.session, &phone.local, 0, &o) != 0 ||
		sdesp_sdp_find(&section, offer, o.len, 0, &why) != 0 ||
		sdesp_session_answer(&camera.session, &section, &camera.local,
			0, &a, &why) != 0 ||
		sdesp_sdp_find(&section, answer, a.len, 0, &why) != 0 ||
		sdesp_session_accept(&phone.session, &section, 1, 0, &why) !=
			0 ||
		sdesp_session_confirm(&camera.session, 0) != 0 ||
		sdesp_session_close(&phone.session) != 0 ||
		sdesp_session_close(&camera.session) != 0)
		bench_fail("negotiation failed");
}

static const struct {
	const char *name;
	unsigned method;
} methods[] = {{"inline", SDESP_INLINE}, {"x25519", SDESP_X25519}};

#define METHODS (sizeof methods / sizeof methods[0])

static void run(void)
{
	printf("== negotiation: offer, answer, accept, confirm, close; both "
	       "ends together, fastest of %d\n",
		ROUNDS);
	for (size_t i = 0; i < METHODS; i++) {
		uint64_t least = UINT64_MAX;

		begin(methods[i].method);
		for (unsigned r = 0; r < ROUNDS; r++) {
			uint64_t t0 = bench_now(), ns;

			negotiate();
			ns = bench_now() - t0;
			least = ns < least ? ns : least;
		}
		printf("  %-8s %9.1f us\n", methods[i].name,
			(double)least / 1000);
	}
}

static void list(void)
{
	for (size_t i = 0; i < METHODS; i++)
		printf("negotiate %s\n", methods[i].name);
}

static int count(unsigned long n, int argc, char **argv)
{
	size_t i = 0;

	if (argc != 2 || strcmp(argv[0], "negotiate") != 0)
		return 0;
	while (i < METHODS && strcmp(argv[1], methods[i].name) != 0)
		i++;
	if (i == METHODS)
		bench_fail("no such method");
	begin(methods[i].method);
	while (n--)
		negotiate();
	return 1;
}

const struct bench_part bench_nego = {run, list, count};
