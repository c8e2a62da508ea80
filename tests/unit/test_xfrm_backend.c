/*
 * The XFRM backend over a fake kernel: what it asks for.
 * SPDX-License-Identifier: MIT
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
#include "tests/unit/xfrm_fixture.h"

#define ACTION(dir) fake_kernel_policy(&kernel, dir)->info.action
#define TMPL(dir) fake_kernel_policy(&kernel, dir)->tmpl

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
	assert_int_equal(fake_kernel_policies(&kernel), 42);
	assert_int_equal(kernel.claimed, 3);
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_sas(&kernel), 4);
	assert_int_equal(fake_kernel_policies(&kernel), 2);
	assert_int_equal(kernel.claimed, 1);
	kernel.claimed = 0xffff;
	assert_int_equal(
		sdesp_xfrm_init(&x,
			&(struct sdesp_xfrm_config){&fake_kernel_io, &kernel}),
		SDESP_ERR_EXISTS);
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
	/* Killed, and begun again beside another. */
	kernel.claimed = 1;
	fake_kernel_begin(&kernel, &x);
	kernel.claimed &= ~1U;
	assert_int_equal(
		class->policy_set(be, &flow, SDESP_BLOCK, 0), SDESP_OK);
	assert_int_equal(fake_kernel_policies(&kernel), 9);
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		const struct kernel_policy *p = &kernel.policies[i];

		if (p->used && p->tmpl.reqid == 0)
			assert_int_equal(p->info.index >> 16 & 15, 1);
	}
	sdesp_xfrm_close(&x);
	assert_int_equal(fake_kernel_policies(&kernel), 0);
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
		cmocka_unit_test(test_foreign_policy),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_same_selector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
