/*
 * The XFRM backend over a fake kernel: what it asks for, and that whatever
 * fails leaves nothing half made. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "sdesp_sa_pair.h"
#include "tests/support/fake_kernel.h"

#define SPI_IN 0xc0000001U
#define SPI_OUT 0xc0000002U
#define FOREIGN 7 /* reqid of another program */

static struct fake_kernel kernel;
static struct sdesp_xfrm x;
static struct sdesp_backend *be = &x.base;
static const struct sdesp_backend_class *class;

static void start(void)
{
	fake_kernel_init(&kernel);
	fake_kernel_begin(&kernel, &x);
	class = be->vtable;
}

static struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

/* Ports 40000 to 40002 of ours, all of the peer's: two selectors. */
static struct sdesp_flow flow_to(const char *peer, unsigned port)
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

static struct sdesp_flow flow_of(void)
{
	return flow_to("198.51.100.2", 4501);
}

static struct sdesp_sa sa_of(uint32_t spi)
{
	struct sdesp_sa sa;

	memset(&sa, 0, sizeof sa);
	sa.spi = spi;
	sa.suite = SDESP_AES_128_GCM_16;
	sa.window = 64;
	memset(sa.keymat, 1, sizeof sa.keymat);
	return sa;
}

#define ACTION(dir) fake_kernel_policy(&kernel, dir)->info.action
#define TMPL(dir) fake_kernel_policy(&kernel, dir)->tmpl

static uint32_t be32(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v & 0xff00) << 8 | v << 24;
}

/* --- begin ---------------------------------------------------------------- */

static void test_features(void **state)
{
	struct sdesp_xfrm_config config = {NULL, NULL};
	struct sdesp_features f;

	(void)state;
	start();
	class->features(be, &f);
	assert_int_equal(f.suites,
		SDESP_SUITE_BIT(SDESP_AES_128_GCM_16) |
			SDESP_SUITE_BIT(SDESP_AES_256_GCM_16) |
			SDESP_SUITE_BIT(SDESP_CHACHA20_POLY1305) |
			SDESP_SUITE_BIT(SDESP_AES_128_CCM_8) |
			SDESP_SUITE_BIT(SDESP_AES_128_CBC_HMAC_SHA2_256_128) |
			SDESP_SUITE_BIT(SDESP_AES_256_CBC_HMAC_SHA2_256_128) |
			SDESP_SUITE_BIT(SDESP_NULL_HMAC_SHA2_256_128));
	assert_int_equal(f.modes, SDESP_TRANSPORT | SDESP_TUNNEL);
	assert_int_equal(f.max_window, 4096);
	assert_true(f.esn && f.udp && f.raw && f.ipv4 && f.ipv6);
	assert_int_equal(fake_kernel_sas(&kernel), 0);
	assert_null(class->bypass);
	sdesp_xfrm_close(&x);
	assert_int_equal(kernel.claimed, 0);
	assert_int_equal(sdesp_xfrm_init(&x, &config), SDESP_ERR_ARG);
}

static void test_no_esp(void **state)
{
	struct sdesp_xfrm_config config = {&fake_kernel_io, &kernel};

	(void)state;
	fake_kernel_init(&kernel);
	kernel.no_esp = 1;
	assert_int_equal(sdesp_xfrm_init(&x, &config), SDESP_ERR_BACKEND);
	assert_non_null(strstr(sdesp_xfrm_cause(&x), "CONFIG_INET_ESP"));
	assert_non_null(strstr(sdesp_xfrm_cause(&x), "--backend udp"));
	assert_non_null(
		strstr(sdesp_xfrm_cause(&x), "the fake kernel says no"));
	assert_int_equal(kernel.claimed, 0);

	/* A backend that never began does nothing, and ends well. */
	assert_int_equal(x.base.vtable->poll(be, NULL), SDESP_ERR_BACKEND);
	sdesp_xfrm_close(&x);
}

static void test_no_permission(void **state)
{
	struct sdesp_xfrm_config config = {&fake_kernel_io, &kernel};

	(void)state;
	fake_kernel_init(&kernel);
	kernel.error = EPERM;
	fake_kernel_fail(&kernel, 1, 1000);
	assert_int_equal(sdesp_xfrm_init(&x, &config), SDESP_ERR_BACKEND);
	assert_non_null(strstr(sdesp_xfrm_cause(&x), "CAP_NET_ADMIN"));
	assert_int_equal(kernel.claimed, 0);
}

/* Instance 1 died, 0 lives, 7 is another program's. */
static void test_leftovers(void **state)
{
	struct xfrm_selector sel;

	(void)state;
	fake_kernel_init(&kernel);
	memset(&sel, 0, sizeof sel);
	kernel.claimed = 1;
	for (uint32_t i = 0; i < 40; i++) {
		fake_kernel_put_sa(&kernel, 0x1000 + i,
			SDESP_XFRM_REQID + 4096 + (i & 1) * 4095);
		sel.proto = (uint8_t)i;
		fake_kernel_put_policy(
			&kernel, &sel, i % 3, SDESP_XFRM_REQID + 4096 * 15);
	}
	fake_kernel_put_sa(&kernel, 0x2000, SDESP_XFRM_REQID + 1);
	fake_kernel_put_sa(&kernel, 0x2001, FOREIGN);
	fake_kernel_put_sa(&kernel, 0x2002, SDESP_XFRM_REQID - 1);
	fake_kernel_put_sa(&kernel, 0x2003, SDESP_XFRM_REQID + 4096 * 16);
	sel.proto = 99;
	fake_kernel_put_policy(&kernel, &sel, 1, SDESP_XFRM_REQID + 4095);
	sel.proto = 98;
	fake_kernel_put_policy(&kernel, &sel, 1, FOREIGN);
	fake_kernel_begin(&kernel, &x);
	assert_int_equal(x.reqid, SDESP_XFRM_REQID + 4096);
	assert_int_equal(fake_kernel_sas(&kernel), 4);
	assert_non_null(fake_kernel_sa(&kernel, 0x2000));
	assert_int_equal(fake_kernel_policies(&kernel), 2);
	assert_int_equal(kernel.claimed, 3);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_sas(&kernel), 4);
	kernel.claimed = 0xffff;
	assert_int_equal(
		sdesp_xfrm_init(&x,
			&(struct sdesp_xfrm_config){&fake_kernel_io, &kernel}),
		SDESP_ERR_EXISTS);
}

/* --- a pair --------------------------------------------------------------- */

static int reserve(struct sdesp_sa_pair *pair, uint32_t spi)
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

static void fill(
	const struct sdesp_sa_source *source, struct sdesp_sa *sa, int inbound)
{
	const struct spis *spis = (const struct spis *)source;

	sa->spi = inbound ? spis->in : spis->out;
}

static int install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, uint32_t in_spi, uint32_t out_spi)
{
	struct spis spis = {{fill}, in_spi, out_spi};
	struct sdesp_sa sa = sa_of(0);

	pair->flow = flow_of();
	return sdesp_sa_pair_install(pair, other, be, &sa, &spis.source);
}

static void test_pair(void **state)
{
	struct sdesp_sa_pair pair;
	struct sdesp_sa_stats stats;
	struct kernel_sa *in, *out;

	(void)state;
	start();
	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	assert_int_equal(fake_kernel_sas(&kernel), 1);
	assert_int_equal(fake_kernel_mature(&kernel), 0);
	assert_int_equal(
		class->spi_reserve(be, &pair.flow, SPI_IN), SDESP_ERR_EXISTS);
	assert_int_equal(
		class->spi_reserve(be, &pair.flow, 255), SDESP_ERR_ARG);

	assert_int_equal(install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(fake_kernel_mature(&kernel), 2);
	assert_int_equal(fake_kernel_sas(&kernel), 2);
	assert_int_equal(fake_kernel_policies(&kernel), 6);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_BLOCK);
	assert_int_equal(ACTION(XFRM_POLICY_IN), XFRM_POLICY_ALLOW);
	assert_int_equal(ACTION(XFRM_POLICY_FWD), XFRM_POLICY_ALLOW);
	in = fake_kernel_sa(&kernel, SPI_IN);
	out = fake_kernel_sa(&kernel, SPI_OUT);
	assert_int_equal(in->info.reqid, out->info.reqid);
	assert_int_equal(in->info.reqid, TMPL(XFRM_POLICY_IN).reqid);
	assert_int_equal(TMPL(XFRM_POLICY_IN).id.spi, 0);
	/* Only UDP from the peer is let in by it. */
	assert_int_equal(in->info.sel.proto, 17);
	assert_int_equal(in->info.sel.prefixlen_s, 32);

	assert_int_equal(sdesp_sa_pair_send(&pair, be), SDESP_OK);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_ALLOW);
	assert_int_equal(TMPL(XFRM_POLICY_OUT).id.spi, be32(SPI_OUT));

	in->info.curlft.packets = 5;
	in->info.curlft.bytes = 500;
	in->info.stats.replay_window = 1;
	in->info.stats.replay = 2;
	in->info.stats.integrity_failed = 3;
	assert_int_equal(
		class->sa_query(be, &pair.flow, SPI_IN, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_MATURE);
	assert_int_equal(stats.packets, 5);
	assert_int_equal(stats.bytes, 500);
	assert_int_equal(stats.replays, 3);
	assert_int_equal(stats.icv_failures, 3);
	in->info.lft.soft_packet_limit = 5;
	assert_int_equal(
		class->sa_query(be, &pair.flow, SPI_IN, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_DYING);
	in->info.lft.hard_byte_limit = 500;
	assert_int_equal(
		class->sa_query(be, &pair.flow, SPI_IN, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_DEAD);
	in->used = 0;
	assert_int_equal(class->sa_query(be, &pair.flow, SPI_IN, 1, &stats),
		SDESP_ERR_GONE);

	/* What has vanished is no failure. */
	assert_int_equal(sdesp_sa_pair_delete(&pair, be), SDESP_OK);
	assert_int_equal(fake_kernel_sas(&kernel), 0);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
	assert_int_equal(class->policy_delete(be, &pair.flow), SDESP_ERR_GONE);
	assert_int_equal(
		class->sa_delete(be, &pair.flow, SPI_IN, 1), SDESP_ERR_GONE);
	assert_int_equal(
		class->spi_release(be, &pair.flow, SPI_IN), SDESP_ERR_GONE);
	sdesp_xfrm_close(&x);
}

/* After 30 s the larval SA is gone; somebody else may have its SPI. */
static void test_larval_vanished(void **state)
{
	struct sdesp_sa_pair pair;
	struct kernel_sa *sa;

	(void)state;
	start();
	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	fake_kernel_sa(&kernel, SPI_IN)->used = 0;
	assert_int_equal(install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(fake_kernel_mature(&kernel), 2);
	assert_int_equal(sdesp_sa_pair_delete(&pair, be), SDESP_OK);

	assert_int_equal(reserve(&pair, SPI_IN), SDESP_OK);
	sa = fake_kernel_sa(&kernel, SPI_IN);
	sa->info.reqid = FOREIGN;
	sa->keyed = 1;
	assert_int_equal(
		install(&pair, NULL, SPI_IN, SPI_OUT), SDESP_ERR_EXISTS);
	(void)sdesp_sa_pair_delete(&pair, be);
	assert_int_equal(fake_kernel_sas(&kernel), 1);
	assert_int_equal(sa->info.reqid, FOREIGN);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_sas(&kernel), 1);
}

static void test_refused(void **state)
{
	struct sdesp_flow flow = flow_of();
	struct sdesp_sa sa = sa_of(SPI_OUT);

	(void)state;
	start();
	assert_int_equal(class->policy_set(be, &flow, SDESP_PROTECT, SPI_OUT),
		SDESP_ERR_GONE);
	sa.suite = SDESP_AES_128_GCM_16_IIV;
	assert_int_equal(
		class->sa_add(be, &flow, &sa, 0), SDESP_ERR_UNSUPPORTED);
	flow.mode = 0;
	assert_int_equal(
		class->sa_add(be, &flow, &sa, 0), SDESP_ERR_UNSUPPORTED);
	flow = flow_of();
	flow.remote.family = 6;
	assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	flow = flow_of();
	flow.ts[0].protocol = 0;
	assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	sa = sa_of(SPI_OUT);
	flow = flow_of();
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_OK);
	assert_int_equal(class->sa_add(be, &flow, &sa, 0), SDESP_ERR_EXISTS);
	sdesp_xfrm_close(&x);
}

static void test_tables_full(void **state)
{
	struct sdesp_flow flow = flow_of();
	unsigned n;

	(void)state;
	start();
	for (n = 0; n < SDESP_XFRM_FLOWS; n++) {
		flow.ts[0].local.lo = flow.ts[0].local.hi = (uint16_t)n;
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	}
	flow.ts[0].local.lo = flow.ts[0].local.hi = 1000;
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_ERR_SPACE);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
}

/* A policy of another program with one of our selectors. */
static void test_foreign_policy(void **state)
{
	struct sdesp_flow flow = flow_of();
	struct kernel_policy *p;

	(void)state;
	start();
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	for (unsigned i = 0; i < 6; i++) {
		struct kernel_policy kept = kernel.policies[i];

		kept.tmpl.reqid = FOREIGN;
		sdesp_xfrm_close(&x);
		start();
		p = &kernel.policies[0];
		*p = kept;
		assert_int_equal(class->policy_set(be, &flow, SDESP_BLOCK, 0),
			SDESP_ERR_UNSUPPORTED);
		assert_non_null(strstr(class->cause(be), "another program"));
		assert_int_equal(fake_kernel_policies(&kernel), 1);
		assert_int_equal(p->tmpl.reqid, FOREIGN);
		p->used = 0;
		assert_int_equal(
			class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	}
	sdesp_xfrm_close(&x);
}

/* Their policies allow, come first, and are found again when we are dead. */
static void test_neighbours(void **state)
{
	struct sdesp_flow flow = flow_of();
	unsigned found = 0;

	(void)state;
	start();
	flow.local = addr("2001:db8::1", 0);
	flow.remote = addr("2001:db8::2", 0);
	flow.udp = 0;
	flow.ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	flow.ts[0].local.lo = 0;
	flow.ts[0].local.hi = 65535;
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 9);
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		const struct kernel_policy *p = &kernel.policies[i];

		if (!p->used || p->tmpl.reqid != 0)
			continue;
		found++;
		assert_int_equal(p->info.action, XFRM_POLICY_ALLOW);
		assert_true(
			p->info.priority < kernel.policies[0].info.priority);
		assert_int_equal(p->info.index & 7, p->info.dir);
	}
	assert_int_equal(found, 6);
	/* Killed, and begun again. */
	kernel.claimed = 0;
	fake_kernel_begin(&kernel, &x);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
	sdesp_xfrm_close(&x);
}

/* --- failures ------------------------------------------------------------- */

/* The kernel's outbound policy is always there while the flow is ours. */
static void shut(void)
{
	assert_non_null(fake_kernel_policy(&kernel, XFRM_POLICY_OUT));
}

/* A pair, a rekey, a move: up to the first failure, as a session would. */
static int live(struct sdesp_sa_pair pair[2])
{
	struct sdesp_addr local = addr("192.0.2.1", 4500);
	struct sdesp_addr far = addr("198.51.100.9", 4501);
	int status = reserve(&pair[0], SPI_IN);

	memset(&pair[1], 0, sizeof pair[1]);
	if (status == SDESP_OK)
		status = install(&pair[0], NULL, SPI_IN, SPI_OUT);
	if (status == SDESP_OK) {
		shut();
		status = sdesp_sa_pair_send(&pair[0], be);
	}
	if (status == SDESP_OK)
		status = reserve(&pair[1], SPI_IN + 16);
	if (status == SDESP_OK)
		status = install(&pair[1], &pair[0], SPI_IN + 16, SPI_OUT + 16);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_send(&pair[1], be);
	if ((pair[0].parts & SDESP_PAIR_POLICY) != 0)
		shut();
	if (status == SDESP_OK)
		status = sdesp_sa_pair_retire(&pair[0], &pair[1], be);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_move(&pair[1], be, &local, &far);
	if (status == SDESP_OK)
		status = sdesp_sa_pair_send(&pair[1], be);
	if ((pair[1].parts & SDESP_PAIR_POLICY) != 0)
		shut();
	return status;
}

/* Fail the nth request, and more after it, for every n that there is. A
 * failure that passes leaves nothing; one that stays leaves nothing either
 * once the kernel is well again. */
static unsigned fail_all(unsigned more)
{
	struct sdesp_sa_pair pair[2];
	unsigned nth = 0, failures = 0, reached;

	do {
		start();
		fake_kernel_fail(&kernel, ++nth, more);
		failures += live(pair) != SDESP_OK;
		(void)sdesp_sa_pair_delete(&pair[1], be);
		(void)sdesp_sa_pair_delete(&pair[0], be);
		if (more == 0) {
			assert_int_equal(fake_kernel_sas(&kernel), 0);
			assert_int_equal(fake_kernel_policies(&kernel), 0);
		}
		reached = kernel.requests >= kernel.fail_at;
		kernel.fail_at = 0;
		sdesp_xfrm_close(&x);
		assert_int_equal(fake_kernel_sas(&kernel), 0);
		assert_int_equal(fake_kernel_policies(&kernel), 0);
		assert_int_equal(kernel.claimed, 0);
	} while (reached);
	return failures;
}

static void test_nth_fails(void **state)
{
	(void)state;
	assert_true(fail_all(0) > 20);
}

static void test_all_fail_from_nth(void **state)
{
	(void)state;
	assert_true(fail_all(10000) > 20);
}

/* A failed switch leaves the old SA in use, a failed install the old pair. */
static void test_switch_fails(void **state)
{
	struct sdesp_sa_pair old, new;

	(void)state;
	start();
	assert_int_equal(reserve(&old, SPI_IN), SDESP_OK);
	assert_int_equal(install(&old, NULL, SPI_IN, SPI_OUT), SDESP_OK);
	assert_int_equal(sdesp_sa_pair_send(&old, be), SDESP_OK);
	assert_int_equal(reserve(&new, SPI_IN + 16), SDESP_OK);
	assert_int_equal(
		install(&new, &old, SPI_IN + 16, SPI_OUT + 16), SDESP_OK);
	for (unsigned nth = 1; nth <= 2; nth++) {
		fake_kernel_fail(&kernel, nth, 0);
		assert_int_equal(
			sdesp_sa_pair_send(&new, be), SDESP_ERR_BACKEND);
		for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
			if (!kernel.policies[i].used ||
				kernel.policies[i].info.dir != XFRM_POLICY_OUT)
				continue;
			assert_int_equal(
				kernel.policies[i].tmpl.id.spi, be32(SPI_OUT));
			assert_int_equal(kernel.policies[i].info.action,
				XFRM_POLICY_ALLOW);
		}
	}
	assert_int_equal(sdesp_sa_pair_send(&new, be), SDESP_OK);
	sdesp_xfrm_close(&x);
}

/* Whatever the kernel answers, nothing hangs, and a failure is one. */
static void test_absurd_answers(void **state)
{
	static const enum kernel_mangle ways[] = {KERNEL_SILENT,
		KERNEL_ZERO_LENGTH, KERNEL_TOO_LONG, KERNEL_SHORT,
		KERNEL_OTHER_SEQ, KERNEL_NO_DATA};
	struct sdesp_flow flow = flow_of();

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct sdesp_xfrm_config config = {&fake_kernel_io, &kernel};

		start();
		kernel.mangle = ways[i];
		assert_int_equal(class->spi_reserve(be, &flow, SPI_IN),
			SDESP_ERR_BACKEND);
		assert_true(class->cause(be)[0] != '\0');
		kernel.mangle = KERNEL_WELL;
		sdesp_xfrm_close(&x);
		kernel.mangle = ways[i];
		if (ways[i] != KERNEL_NO_DATA)
			assert_int_equal(sdesp_xfrm_init(&x, &config),
				SDESP_ERR_BACKEND);
		kernel.mangle = KERNEL_WELL;
		kernel.claimed = 0;
	}
}

/* --- flows that share selectors ------------------------------------------- */

/* Only the peer's port differs: the kernel cannot tell the two apart. */
static void test_same_selector(void **state)
{
	struct sdesp_flow a = flow_of(), b = flow_to("198.51.100.2", 9999);
	struct sdesp_sa sa = sa_of(SPI_OUT), other = sa_of(SPI_OUT + 1);

	(void)state;
	start();
	assert_int_equal(class->policy_set(be, &a, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(class->sa_add(be, &a, &sa, 0), SDESP_OK);
	assert_int_equal(
		class->policy_set(be, &a, SDESP_PROTECT, SPI_OUT), SDESP_OK);

	/* Another session: its block takes nothing, its SA is refused. */
	assert_int_equal(class->policy_set(be, &b, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_ALLOW);
	assert_int_equal(
		class->sa_add(be, &b, &other, 0), SDESP_ERR_UNSUPPORTED);
	assert_int_equal(class->policy_delete(be, &b), SDESP_OK);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_ALLOW);
	assert_int_equal(TMPL(XFRM_POLICY_OUT).id.spi, be32(SPI_OUT));

	/* The peer moved: the block of the new address inherits. */
	assert_int_equal(class->policy_set(be, &b, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(class->sa_move(be, &b, &a, SPI_OUT, 0), SDESP_OK);
	assert_int_equal(class->policy_delete(be, &a), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 6);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_BLOCK);
	assert_int_equal(
		class->policy_set(be, &b, SDESP_PROTECT, SPI_OUT), SDESP_OK);
	assert_int_equal(ACTION(XFRM_POLICY_OUT), XFRM_POLICY_ALLOW);
	assert_int_equal(fake_kernel_mature(&kernel), 1);
	assert_int_equal(class->policy_delete(be, &b), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
	sdesp_xfrm_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_no_esp),
		cmocka_unit_test(test_no_permission),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_larval_vanished),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_tables_full),
		cmocka_unit_test(test_foreign_policy),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_nth_fails),
		cmocka_unit_test(test_all_fail_from_nth),
		cmocka_unit_test(test_switch_fails),
		cmocka_unit_test(test_absurd_answers),
		cmocka_unit_test(test_same_selector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
