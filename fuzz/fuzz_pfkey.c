/*
 * A kernel that answers whatever the input says: octet 0 picks the system and,
 * with its top bit, that dumps are answered so as well, not as empty. Then each message is a length of two octets and its octets. A message that
 * begins with "=" has the pid and number of the request put into it. Whatever
 * comes, every call ends, and nothing stays in our tables that was refused.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "backends/pfkey/reader.h"
#include "fuzz/fuzz.h"
#include "sdesp_sa_pair.h"

struct source {
	const uint8_t *p;
	size_t len;
	unsigned taken; /* by one request */
	size_t most;
	int empty; /* dumps are */
	int dumping;
	uint8_t request[16];
};

static int take(void *ctx, const uint8_t *msg, size_t len)
{
	struct source *s = ctx;

	FUZZ_CHECK(len >= 16 && len <= SDESP_PFKEY_REQUEST && len % 8 == 0);
	memcpy(s->request, msg, 16);
	s->taken = 0;
	if (msg[1] == PFKEY_DUMP || msg[1] == KAME_SPDDUMP)
		s->dumping = s->empty;
	return 0;
}

/* None there: an error, or the reply that OpenBSD's second request gets. */
static long end_dump(struct source *s, uint8_t *buf)
{
	const uint16_t length = 2;

	s->dumping = 0;
	memcpy(buf, s->request, 16);
	memcpy(buf + 4, &length, sizeof length);
	if (s->request[1] != PFKEY_REGISTER)
		buf[2] = ENOENT;
	return 16;
}

static long give(void *ctx, uint8_t *buf, size_t cap, int wait)
{
	struct source *s = ctx;
	size_t len;

	(void)wait;
	FUZZ_CHECK(++s->taken <= s->most);
	if (s->dumping)
		return end_dump(s, buf);
	if (s->len < 2)
		return 0;
	len = (size_t)(s->p[0] << 8 | s->p[1]);
	s->p += 2;
	s->len -= 2;
	if (len > s->len)
		len = s->len;
	FUZZ_CHECK(len <= 65535);
	memcpy(buf, s->p, len < cap ? len : cap);
	s->p += len;
	s->len -= len;
	if (len >= 16 && len <= cap && buf[0] == '=') {
		memcpy(buf, s->request, 2);
		buf[3] = s->request[3];
		memcpy(buf + 8, s->request + 8, 8);
	}
	return (long)len;
}

static int claim(void *ctx, unsigned instance)
{
	(void)ctx;
	return instance < 2; /* two others are alive */
}

static void release(void *ctx, unsigned instance)
{
	(void)ctx;
	FUZZ_CHECK(instance >= 2 && instance < SDESP_PFKEY_INSTANCES);
}

/* What was read points into what was given, whole. */
static void check_read(const uint8_t *data, size_t size)
{
	struct pfkey_message msg;
	size_t total = 16;

	if (sdesp_pfkey_read(&msg, data, size) != SDESP_OK)
		return;
	for (unsigned i = 0; i < PFKEY_EXTS; i++) {
		if (msg.ext[i].p == NULL)
			continue;
		FUZZ_CHECK(msg.ext[i].len >= 8 && msg.ext[i].len % 8 == 0);
		FUZZ_CHECK(msg.ext[i].p >= data + 16);
		FUZZ_CHECK(msg.ext[i].p + msg.ext[i].len <= data + size);
		FUZZ_CHECK(sdesp_pfkey_get16(msg.ext[i].p + 2) == i);
		total += msg.ext[i].len;
	}
	FUZZ_CHECK(total <= size);
}

static struct sdesp_flow flow(void)
{
	struct sdesp_flow f = {.mode = SDESP_TRANSPORT, .udp = 1, .nts = 1};

	f.local.family = f.remote.family = 4;
	f.local.port = f.remote.port = 4500;
	f.local.ip[3] = 1;
	f.remote.ip[3] = 2;
	f.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	f.ts[0].local.kind = SDESP_TS_SELF;
	f.ts[0].remote.kind = SDESP_TS_PEER;
	f.ts[0].local.hi = f.ts[0].remote.hi = UINT16_MAX;
	return f;
}

static void fill(
	const struct sdesp_sa_source *source, struct sdesp_sa *sa, int inbound)
{
	(void)source;
	sa->spi = inbound ? 0x2000 : 0x3000;
}

/* To another port, then to another address. */
static void move_pair(struct sdesp_pfkey *pf, struct sdesp_sa_pair *pair)
{
	struct sdesp_addr to = pair->flow.remote;

	for (unsigned i = 0; i < 2; i++) {
		to.port++;
		to.ip[3] = (uint8_t)(to.ip[3] + i);
		(void)!sdesp_sa_pair_move(
			pair, &pf->base, &pair->flow.local, &to);
	}
}

static void run_pair(struct sdesp_pfkey *pf)
{
	struct sdesp_sa_pair pair = {.flow = flow()};
	struct sdesp_sa sa = {.suite = SDESP_AES_128_GCM_16, .window = 64};
	static const struct sdesp_sa_source source = {fill};
	struct sdesp_backend_event ev;
	struct sdesp_sa_stats stats;

	if (sdesp_sa_pair_reserve(&pair, &pf->base, 0x2000) == SDESP_OK &&
		sdesp_sa_pair_install(&pair, NULL, &pf->base, &sa, &source) ==
			SDESP_OK)
		(void)!sdesp_sa_pair_send(&pair, &pf->base);
	for (unsigned i = 0; i < 8; i++) {
		if (pf->base.vtable->poll(&pf->base, &ev) == 1)
			FUZZ_CHECK(ev.type <= SDESP_BACKEND_LOST);
	}
	(void)pf->base.vtable->sa_query(
		&pf->base, &pair.flow, 0x2000, 1, &stats);
	(void)sdesp_pfkey_tick(pf, 1000);
	move_pair(pf, &pair);
	(void)sdesp_sa_pair_delete(&pair, &pf->base);
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++)
		FUZZ_CHECK(pf->sas[i].state == SDESP_SA_NONE);
	for (unsigned i = 0; i < SDESP_PFKEY_FLOWS; i++)
		FUZZ_CHECK(!pf->flows[i].used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sdesp_pfkey_dialect *const dialects[] = {
		&sdesp_pfkey_freebsd, &sdesp_pfkey_netbsd, &sdesp_pfkey_macos,
		&sdesp_pfkey_openbsd, &sdesp_pfkey_linux};
	static struct sdesp_pfkey pf;
	struct source source = {.p = data, .len = size};
	struct sdesp_pfkey_config config = {.pid = 1,
		.seq = 0x100000,
		.send = take,
		.receive = give,
		.claim = claim,
		.release = release,
		.ctx = &source};

	check_read(data, size);
	if (size == 0)
		return 0;
	config.dialect = dialects[data[0] % 5];
	source.empty = data[0] < 0x80;
	source.most = 2 * SDESP_PFKEY_PATIENCE + size;
	source.p++;
	source.len--;
	if (sdesp_pfkey_init(&pf, &config) == SDESP_OK)
		run_pair(&pf);
	sdesp_pfkey_close(&pf);
	return 0;
}
