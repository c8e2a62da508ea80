/*
 * The PF_KEY backend over a fake kernel. For tests with cmocka.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_PFKEY_FIXTURE_H
#define TESTS_PFKEY_FIXTURE_H

#include <string.h>

#include "tests/support/fake_pfkey.h"

static const struct sdesp_pfkey_dialect *const dialects[] = {
	&sdesp_pfkey_freebsd, &sdesp_pfkey_netbsd, &sdesp_pfkey_macos,
	&sdesp_pfkey_openbsd};

#define DIALECTS (sizeof dialects / sizeof dialects[0])

static struct fake_pfkey kernel;
static struct sdesp_pfkey pf;
static const struct sdesp_backend_class *class;

static inline void start(const struct sdesp_pfkey_dialect *d)
{
	struct sdesp_pfkey_config config;

	fake_pfkey_init(&kernel, d, &config);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_OK);
	class = pf.base.vtable;
}

static inline struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

/* Two selectors: RTP, and everything of ICMP. */
static inline struct sdesp_flow flow(void)
{
	struct sdesp_flow f = {.mode = SDESP_TRANSPORT,
		.udp = 1,
		.nts = 2,
		.local = addr("192.0.2.1", 4500),
		.remote = addr("198.51.100.7", 40000)};

	for (unsigned i = 0; i < 2; i++) {
		f.ts[i].protocol = i == 0 ? 17 : 1;
		f.ts[i].local.kind = SDESP_TS_SELF;
		f.ts[i].remote.kind = SDESP_TS_PEER;
		f.ts[i].local.hi = f.ts[i].remote.hi = UINT16_MAX;
	}
	f.ts[0].local.lo = f.ts[0].local.hi = 4000;
	return f;
}

static inline struct sdesp_sa keys(uint32_t spi)
{
	struct sdesp_sa sa = {
		.spi = spi, .suite = SDESP_AES_128_GCM_16, .window = 64};

	memset(sa.keymat, 0x5a, sizeof sa.keymat);
	return sa;
}

/* 1 when the keys are anywhere in our memory or in what was sent last. */
static inline int keys_left(void)
{
	static const uint8_t key[8] = {
		0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a};
	const uint8_t *p = (const uint8_t *)&pf;

	for (size_t i = 0; i + sizeof key <= sizeof pf; i++) {
		if (memcmp(p + i, key, sizeof key) == 0)
			return 1;
	}
	return 0;
}

#endif
