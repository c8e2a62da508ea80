/*
 * The SAs of the PF_KEY backend.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "backends/pfkey/exchange.h"
#include "backends/pfkey/table.h"
#include "tests/unit/pfkey_fixture.h"

static void test_init(void **state)
{
	struct sdesp_pfkey_config config;

	(void)state;
	fake_pfkey_init(&kernel, dialects[0], &config);
	config.dialect = NULL;
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_ERR_ARG);
	for (unsigned fault = 0; fault < FAKE_FAULTS; fault++) {
		fake_pfkey_init(&kernel, dialects[0], &config);
		fake_pfkey_fail(&kernel, (enum fake_pfkey_fault)fault, 1, 0);
		assert_int_equal(
			sdesp_pfkey_init(&pf, &config), SDESP_ERR_BACKEND);
		assert_string_not_equal(pf.base.vtable->cause(&pf.base), "");
	}
	fake_pfkey_init(&kernel, dialects[0], &config);
	kernel.error = EPERM;
	fake_pfkey_fail(&kernel, FAKE_REFUSE, 1, 0);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_ERR_BACKEND);
	assert_string_equal(pf.base.vtable->cause(&pf.base),
		"PF_KEY REGISTER: Operation not permitted");
}

static void test_features(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_features features;
	struct sdesp_sa sa = keys(0x2000);

	(void)state;
	start(&sdesp_pfkey_freebsd);
	class->features(&pf.base, &features);
	assert_true(features.suites & SDESP_SUITE_BIT(SDESP_AES_128_GCM_16));
	assert_false(features.suites & SDESP_SUITE_BIT(SDESP_AES_128_CCM_8));
	assert_int_equal(features.esn, 1);
	assert_int_equal(features.max_window, SDESP_MAX_WINDOW);
	sa.suite = SDESP_AES_128_CCM_8;
	assert_int_equal(
		class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_UNSUPPORTED);
	sa.suite = SDESP_SUITE_END;
	assert_int_equal(
		class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_UNSUPPORTED);

	start(&sdesp_pfkey_netbsd);
	class->features(&pf.base, &features);
	assert_int_equal(features.esn, 0);
	sa = keys(0x2000);
	sa.esn = 1;
	assert_int_equal(
		class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_UNSUPPORTED);

	start(&sdesp_pfkey_linux);
	class->features(&pf.base, &features);
	assert_int_equal(features.suites, 0);
	assert_int_equal(kernel.calls, 3); /* REGISTER, DUMP, SPDDUMP */
}

static void test_unfit_flows(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(0x2000);

	(void)state;
	start(&sdesp_pfkey_openbsd);
	f.local.port = 4501; /* the kernel listens elsewhere */
	assert_int_equal(class->spi_reserve(&pf.base, &f, sa.spi),
		SDESP_ERR_UNSUPPORTED);
	assert_int_equal(
		class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_UNSUPPORTED);
	f = flow();
	f.remote = addr("2001:db8::7", 4500);
	assert_int_equal(class->policy_set(&pf.base, &f, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	f = flow();
	f.ts[0].local.hi = 4999;
	assert_int_equal(class->policy_set(&pf.base, &f, SDESP_BLOCK, 0),
		SDESP_ERR_UNSUPPORTED);
	assert_int_equal(class->spi_reserve(&pf.base, &f, 255), SDESP_ERR_ARG);
	assert_int_equal(kernel.calls, 3); /* as when it began */
	assert_int_equal(fake_pfkey_policies(&kernel), 0);
}

static void test_larval(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa_stats stats;

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->spi_reserve(&pf.base, &f, 0x2000), 0);
		assert_int_equal(class->spi_reserve(&pf.base, &f, 0x2000),
			SDESP_ERR_EXISTS);
		assert_int_equal(
			class->sa_query(&pf.base, &f, 0x2000, 1, &stats), 0);
		assert_int_equal(stats.state, SDESP_SA_LARVAL);
		assert_int_equal(class->sa_delete(&pf.base, &f, 0x2000, 1),
			SDESP_ERR_GONE);
		assert_int_equal(class->spi_release(&pf.base, &f, 0x2000), 0);
		assert_int_equal(fake_pfkey_sas(&kernel), 0);
		assert_int_equal(class->spi_release(&pf.base, &f, 0x2000),
			SDESP_ERR_GONE);
	}
}

/* Whose SPI it is, the kernel knows; each has its word for it. */
static void test_spi_taken(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	start(&sdesp_pfkey_freebsd);
	fake_pfkey_fail(&kernel, FAKE_REFUSE, 1, 0);
	kernel.error = EEXIST;
	assert_int_equal(
		class->spi_reserve(&pf.base, &f, 0x2000), SDESP_ERR_EXISTS);
	fake_pfkey_fail(&kernel, FAKE_REFUSE, 1, 0);
	kernel.error = ENOENT;
	assert_int_equal(
		class->spi_reserve(&pf.base, &f, 0x2000), SDESP_ERR_EXISTS);
	kernel.other_spi = 0x2001;
	assert_int_equal(
		class->spi_reserve(&pf.base, &f, 0x2000), SDESP_ERR_BACKEND);
	assert_string_equal(
		class->cause(&pf.base), "PF_KEY GETSPI: another SPI");
	assert_int_equal(fake_pfkey_sas(&kernel), 0);
}

/* A larval SA becomes a mature one: as it is, once it has a peer, or although
 * the kernel has forgotten it or will not update it. */
static void test_larval_matures(void **state)
{
	struct sdesp_flow f = flow(), nobody = flow();
	struct sdesp_sa sa = keys(0x2000);
	struct sdesp_sa_stats stats;

	(void)state;
	memset(&nobody.remote, 0, sizeof nobody.remote);
	for (unsigned i = 0; i < 4; i++) {
		start(&sdesp_pfkey_freebsd);
		assert_int_equal(class->spi_reserve(&pf.base,
					 i == 1 ? &nobody : &f, 0x2000),
			SDESP_OK);
		if (i == 2)
			memset(kernel.sas, 0, sizeof kernel.sas);
		if (i == 3)
			fake_pfkey_fail(&kernel, FAKE_REFUSE, 1, 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &sa, 1), 0);
		assert_int_equal(
			class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_EXISTS);
		assert_int_equal(
			class->sa_query(&pf.base, &f, 0x2000, 1, &stats), 0);
		assert_int_equal(stats.state, SDESP_SA_MATURE);
		assert_int_equal(fake_pfkey_sas(&kernel), 1);
		assert_int_equal(class->sa_delete(&pf.base, &f, 0x2000, 1), 0);
		assert_int_equal(fake_pfkey_sas(&kernel), 0);
	}
}

/* If all ways fail it is larval again: the kernel refuses UPDATE, DELETE twice
 * and ADD, or it deletes and then refuses ADD. */
static void test_larval_stays(void **state)
{
	struct sdesp_flow f = flow(), nobody = flow();
	struct sdesp_sa sa = keys(0x2000);

	(void)state;
	memset(&nobody.remote, 0, sizeof nobody.remote);
	for (unsigned i = 0; i < 2; i++) {
		start(&sdesp_pfkey_freebsd);
		assert_int_equal(class->spi_reserve(&pf.base,
					 i == 0 ? &f : &nobody, 0x2000),
			SDESP_OK);
		fake_pfkey_fail(&kernel, FAKE_REFUSE, i + 1, i == 0 ? 3 : 0);
		assert_int_equal(
			class->sa_add(&pf.base, &f, &sa, 1), SDESP_ERR_BACKEND);
		assert_non_null(strstr(class->cause(&pf.base), "PF_KEY ADD: "));
		assert_int_equal(fake_pfkey_sas(&kernel), 1);
		assert_int_equal(class->spi_release(&pf.base, &f, 0x2000), 0);
		assert_int_equal(fake_pfkey_sas(&kernel), 0);
	}
}

static void test_full(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(0);
	uint32_t spi = 0x2000;

	(void)state;
	start(&sdesp_pfkey_freebsd);
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++)
		assert_int_equal(
			class->spi_reserve(&pf.base, &f, spi + i), SDESP_OK);
	assert_int_equal(
		class->spi_reserve(&pf.base, &f, 0x9000), SDESP_ERR_SPACE);
	sa.spi = 0x9000;
	assert_int_equal(class->sa_add(&pf.base, &f, &sa, 0), SDESP_ERR_SPACE);
	assert_int_equal(fake_pfkey_sas(&kernel), SDESP_PFKEY_SAS);
	f.nts = 1;
	for (unsigned i = 0; i <= SDESP_PFKEY_FLOWS; i++) {
		f.remote.ip[3] = (uint8_t)i;
		memset(kernel.policies, 0, sizeof kernel.policies);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_BLOCK, 0),
			i < SDESP_PFKEY_FLOWS ? SDESP_OK : SDESP_ERR_SPACE);
	}
}

static void test_query(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(0x2000);
	struct sdesp_sa_stats stats, before;

	(void)state;
	start(&sdesp_pfkey_freebsd);
	memset(&stats, 0xee, sizeof stats);
	before = stats;
	assert_int_equal(class->sa_query(&pf.base, &f, 0x2000, 1, &stats),
		SDESP_ERR_GONE);
	assert_int_equal(class->sa_add(&pf.base, &f, &sa, 1), SDESP_OK);
	kernel.state = 9; /* no such state */
	assert_int_equal(class->sa_query(&pf.base, &f, 0x2000, 1, &stats),
		SDESP_ERR_BACKEND);
	assert_string_equal(
		class->cause(&pf.base), "PF_KEY GET: not of this SA");
	assert_memory_equal(&stats, &before, sizeof stats);
	assert_false(keys_left());
	kernel.state = 2;
	kernel.packets = 12;
	assert_int_equal(
		class->sa_query(&pf.base, &f, 0x2000, 1, &stats), SDESP_OK);
	assert_int_equal(stats.state, SDESP_SA_DYING);
	assert_int_equal(stats.packets, 12);
	assert_false(keys_left());
}

/* Requests carry keys, too, whether they are obeyed or not. */
static void test_requests_wiped(void **state)
{
	static const uint8_t zero[SDESP_PFKEY_REQUEST];
	struct pfkey_writer w;

	(void)state;
	start(&sdesp_pfkey_freebsd);
	for (unsigned i = 0; i < 2; i++) {
		fake_pfkey_fail(&kernel, FAKE_SEND, i, 0);
		sdesp_pfkey_ask(&pf, &w, PFKEY_REGISTER);
		sdesp_pfkey_open_ext(&w, PFKEY_EXT_KEY_ENCRYPT);
		sdesp_pfkey_put64(&w, 0x5a5a5a5a5a5a5a5a);
		sdesp_pfkey_close_ext(&w);
		assert_int_equal(sdesp_pfkey_tell(&pf, &w),
			i == 0 ? SDESP_OK : SDESP_ERR_BACKEND);
		assert_memory_equal(w.buf, zero, sizeof zero);
	}
}

/* Ids are ours alone here, and others begin elsewhere. */
static void test_reqids(void **state)
{
	struct sdesp_flow f = flow();
	uint8_t seen[0x1000] = {0};

	(void)state;
	start(&sdesp_pfkey_freebsd);
	assert_int_not_equal(
		sdesp_pfkey_reqid(&pf, 0x2000), sdesp_pfkey_reqid(&pf, 0x2001));
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		struct sdesp_sa sa = keys(0x2fff + i % 2 * 0x1000 + i * 0x2000);
		uint16_t id;

		assert_int_equal(class->sa_add(&pf.base, &f, &sa, 0), 0);
		id = sdesp_pfkey_find(&pf, &f, sa.spi, 0)->reqid;
		assert_in_range(id, SDESP_PFKEY_REQID, KAME_REQID_MAX);
		assert_int_equal(seen[id - SDESP_PFKEY_REQID]++, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_unfit_flows),
		cmocka_unit_test(test_larval),
		cmocka_unit_test(test_spi_taken),
		cmocka_unit_test(test_larval_matures),
		cmocka_unit_test(test_larval_stays),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_requests_wiped),
		cmocka_unit_test(test_reqids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
