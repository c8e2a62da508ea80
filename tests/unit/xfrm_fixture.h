/*
 * The XFRM backend over a fake kernel. For tests with cmocka.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_XFRM_FIXTURE_H
#define TESTS_XFRM_FIXTURE_H

#include <string.h>

#include "tests/support/fake_kernel.h"

#define SPI_IN 0xc0000001U
#define SPI_OUT 0xc0000002U
#define FOREIGN 7 /* reqid of another program */

static struct fake_kernel kernel;
static struct sdesp_xfrm x;
static struct sdesp_backend *be = &x.base;
static const struct sdesp_backend_class *class;

static inline void start(void)
{
	fake_kernel_init(&kernel);
	fake_kernel_begin(&kernel, &x);
	class = be->vtable;
}

static inline struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

/* Ports 40000 to 40002 of ours, all of the peer's: two selectors. */
static inline struct sdesp_flow flow_to(const char *peer, unsigned port)
{
	struct sdesp_flow flow;

	memset(&flow, 0, sizeof flow);
	flow.local = addr("192.0.2.1", 4500);
	flow.remote = addr(peer, port);
	flow.mode = SDESP_TRANSPORT;
	flow.udp = 1;
	flow.nts = 1;
	flow.ts[0].protocol = 17;
	flow.ts[0].local.kind = SDESP_TS_SELF;
	flow.ts[0].local.lo = 40000;
	flow.ts[0].local.hi = 40002;
	flow.ts[0].remote.kind = SDESP_TS_PEER;
	flow.ts[0].remote.hi = 65535;
	return flow;
}

static inline struct sdesp_flow flow_of(void)
{
	return flow_to("198.51.100.2", 4501);
}

static inline struct sdesp_sa sa_of(uint32_t spi)
{
	struct sdesp_sa sa;

	memset(&sa, 0, sizeof sa);
	sa.spi = spi;
	sa.suite = SDESP_AES_128_GCM_16;
	sa.window = 64;
	memset(sa.keymat, 1, sizeof sa.keymat);
	return sa;
}

static inline uint32_t be32(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v & 0xff00) << 8 | v << 24;
}

static inline int reserve(struct sdesp_sa_pair *pair, uint32_t spi)
{
	memset(pair, 0, sizeof *pair);
	pair->flow = flow_of();
	memset(&pair->flow.remote, 0, sizeof pair->flow.remote);
	return sdesp_sa_pair_reserve(pair, be, spi);
}

struct spis {
	struct sdesp_sa_source source;
	uint32_t in, out;
};

static inline void fill(
	const struct sdesp_sa_source *source, struct sdesp_sa *sa, int inbound)
{
	const struct spis *spis = (const struct spis *)source;

	sa->spi = inbound ? spis->in : spis->out;
}

static inline int install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, uint32_t in_spi, uint32_t out_spi)
{
	struct spis spis = {{fill}, in_spi, out_spi};
	struct sdesp_sa sa = sa_of(0);

	pair->flow = flow_of();
	return sdesp_sa_pair_install(pair, other, be, &sa, &spis.source);
}

#endif
