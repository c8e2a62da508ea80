/*
 * The PF_KEY backend over a kernel that fails on the nth request, in every
 * way it can. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "backends/pfkey/exchange.h"
#include "backends/pfkey/table.h"
#include "sdesp_sa_pair.h"
#include "tests/support/fake_pfkey.h"

static const struct sdesp_pfkey_dialect *const dialects[] = {
	&sdesp_pfkey_freebsd, &sdesp_pfkey_netbsd, &sdesp_pfkey_macos,
	&sdesp_pfkey_openbsd};

#define DIALECTS (sizeof dialects / sizeof dialects[0])

static struct fake_pfkey kernel;
static struct sdesp_pfkey pf;
static const struct sdesp_backend_class *class;

static void start(const struct sdesp_pfkey_dialect *d)
{
	struct sdesp_pfkey_config config;

	fake_pfkey_init(&kernel, d, &config);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_OK);
	class = pf.base.vtable;
}

static struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

/* Two selectors: RTP, and everything of ICMP. */
static struct sdesp_flow flow(void)
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

static struct sdesp_sa keys(uint32_t spi)
{
	struct sdesp_sa sa = {
		.spi = spi, .suite = SDESP_AES_128_GCM_16, .window = 64};

	memset(sa.keymat, 0x5a, sizeof sa.keymat);
	return sa;
}

/* Gives the pair its SPIs; both SAs have the same keys. */
struct source {
	struct sdesp_sa_source base;
	uint32_t spi;
};

static void fill(
	const struct sdesp_sa_source *base, struct sdesp_sa *sa, int inbound)
{
	const struct source *source = (const struct source *)base;

	*sa = keys(source->spi + (inbound ? 0 : 0x1000));
}

static int install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, uint32_t spi)
{
	struct source source = {.base.fill = fill, .spi = spi};
	struct sdesp_sa sa = keys(0);

	return sdesp_sa_pair_install(pair, other, &pf.base, &sa, &source.base);
}

/* 1 when the keys are anywhere in our memory or in what was sent last. */
static int keys_left(void)
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

/* Every outbound SA is one that a policy can name. */
static void test_switch(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa one = keys(0x3000), two = keys(0x3000 + 0x1000);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		uint32_t first, second;

		start(dialects[i]);
		assert_int_equal(class->sa_add(&pf.base, &f, &one, 0), 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &two, 0), 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		assert_int_equal(fake_pfkey_policies(&kernel), 4);
		first = fake_pfkey_sum(&kernel);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, two.spi),
			SDESP_OK);
		second = fake_pfkey_sum(&kernel);
		assert_int_not_equal(first, second);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		assert_int_equal(fake_pfkey_sum(&kernel), first);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, 0x9999),
			SDESP_ERR_GONE);
		assert_int_equal(fake_pfkey_sum(&kernel), first);
		assert_int_equal(class->policy_delete(&pf.base, &f), SDESP_OK);
		assert_int_equal(
			class->policy_delete(&pf.base, &f), SDESP_ERR_GONE);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
	}
}

/* A failing switch leaves every policy as it was. */
static void test_switch_fails(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa one = keys(0x3000), two = keys(0x4000);

	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS * 3; i++) {
		enum fake_pfkey_fault fault =
			(enum fake_pfkey_fault)(i / DIALECTS % FAKE_FAULTS);
		unsigned nth = (unsigned)(i / DIALECTS / FAKE_FAULTS) + 1;
		uint32_t before;
		int status;

		start(dialects[i % DIALECTS]);
		assert_int_equal(class->sa_add(&pf.base, &f, &one, 0), 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &two, 0), 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_PROTECT, one.spi),
			SDESP_OK);
		before = fake_pfkey_sum(&kernel);
		fake_pfkey_fail(&kernel, fault, nth, 0);
		status =
			class->policy_set(&pf.base, &f, SDESP_PROTECT, two.spi);
		assert_int_equal(
			status, nth <= 2 ? SDESP_ERR_BACKEND : SDESP_OK);
		if (nth <= 2)
			assert_int_equal(fake_pfkey_sum(&kernel), before);
	}
}

/*
 * The whole life of two pairs, with one request of it failing: the first
 * failure ends it. Returns 1 when there was none.
 */
static int live(void)
{
	struct sdesp_sa_pair one = {.flow = flow()}, two = {.flow = flow()};
	struct sdesp_backend *be = &pf.base;
	int ok;

	memset(&one.flow.remote, 0, sizeof one.flow.remote);
	ok = sdesp_sa_pair_reserve(&one, be, 0x2000) == SDESP_OK;
	one.flow = flow();
	ok = ok && install(&one, NULL, 0x2000) == SDESP_OK &&
	     sdesp_sa_pair_send(&one, be) == SDESP_OK &&
	     sdesp_sa_pair_reserve(&two, be, 0x2001) == SDESP_OK &&
	     install(&two, &one, 0x2001) == SDESP_OK &&
	     sdesp_sa_pair_send(&two, be) == SDESP_OK &&
	     sdesp_sa_pair_retire(&one, &two, be) == SDESP_OK;
	assert_false(keys_left());
	(void)sdesp_sa_pair_delete(&one, be);
	(void)sdesp_sa_pair_delete(&two, be);
	assert_int_equal(fake_pfkey_sas(&kernel), 0);
	assert_int_equal(fake_pfkey_policies(&kernel), 0);
	return ok;
}

static void test_nothing_half_installed(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALECTS * FAKE_FAULTS; i++) {
		unsigned nth = 1, failures = 0;

		do {
			start(dialects[i % DIALECTS]);
			fake_pfkey_fail(&kernel,
				(enum fake_pfkey_fault)(i / DIALECTS), nth, 0);
			failures += !live();
		} while (kernel.calls >= kernel.fail_at && nth++ < 1000);
		assert_in_range(nth, 24, 999);
		assert_in_range(failures, 10, nth);
	}
}

/* A port that is in two lines has one policy. */
static void test_repeated_selectors(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	f.ts[1] = f.ts[0];
	f.ts[1].local.lo = 3999;
	f.ts[1].local.hi = 4001;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_BLOCK, 0), 0);
		assert_int_equal(fake_pfkey_policies(&kernel), 6);
		assert_int_equal(class->policy_delete(&pf.base, &f), 0);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
		fake_pfkey_fail(&kernel, FAKE_REFUSE, 6, 0);
		assert_int_equal(
			class->policy_set(&pf.base, &f, SDESP_BLOCK, 0),
			SDESP_ERR_BACKEND);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
	}
}

/* Policies go by their selectors: what is one flow's cannot be another's,
 * least of all where a kernel would just replace it. */
static void test_same_selectors(void **state)
{
	struct sdesp_flow one = flow(), two;
	struct sdesp_sa sa = keys(0x3000);
	uint32_t before;

	(void)state;
	one.mode = SDESP_TUNNEL;
	for (unsigned i = 0; i < 2; i++) {
		one.ts[i].local.kind = one.ts[i].remote.kind = SDESP_TS_PREFIX;
		one.ts[i].local.family = one.ts[i].remote.family = 4;
	}
	two = one;
	two.remote.ip[3]++;
	two.ts[0] = one.ts[1];
	two.nts = 1;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->sa_add(&pf.base, &one, &sa, 0), 0);
		assert_int_equal(class->policy_set(
					 &pf.base, &one, SDESP_PROTECT, sa.spi),
			SDESP_OK);
		before = fake_pfkey_sum(&kernel);
		assert_int_equal(
			class->policy_set(&pf.base, &two, SDESP_BLOCK, 0),
			SDESP_ERR_BACKEND);
		assert_string_equal(class->cause(&pf.base),
			"PF_KEY policy: another flow has this selector");
		assert_int_equal(fake_pfkey_sum(&kernel), before);
		assert_int_equal(
			class->policy_delete(&pf.base, &two), SDESP_ERR_GONE);
		assert_int_equal(
			class->policy_delete(&pf.base, &one), SDESP_OK);
		assert_int_equal(
			class->policy_set(&pf.base, &two, SDESP_BLOCK, 0),
			SDESP_OK);
	}
}

static void test_bypass(void **state)
{
	struct sdesp_addr local = addr("192.0.2.1", 5060);
	struct sdesp_addr remote = addr("198.51.100.7", 5060);
	struct sdesp_addr six = addr("2001:db8::1", 5060);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->bypass(&pf.base, 17, &local, &six),
			SDESP_ERR_UNSUPPORTED);
		for (unsigned n = 1; n <= 2; n++) {
			fake_pfkey_fail(&kernel, FAKE_MUTE, n, 0);
			assert_int_equal(
				class->bypass(&pf.base, 17, &local, &remote),
				SDESP_ERR_BACKEND);
			assert_int_equal(fake_pfkey_policies(&kernel), 0);
		}
		for (unsigned n = 0; n < SDESP_PFKEY_BYPASSES; n++) {
			remote.port = (uint16_t)(5060 + n);
			assert_int_equal(
				class->bypass(&pf.base, 17, &local, &remote),
				SDESP_OK);
		}
		remote.port = 6000;
		assert_int_equal(class->bypass(&pf.base, 17, &local, &remote),
			SDESP_ERR_SPACE);
		assert_int_equal(
			fake_pfkey_policies(&kernel), 2 * SDESP_PFKEY_BYPASSES);
		sdesp_pfkey_close(&pf);
		assert_int_equal(fake_pfkey_policies(&kernel), 0);
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

/* A message about an SA that the kernel sends of its own accord. */
static void tell(unsigned type, uint32_t spi, unsigned lifetime, uint32_t pid)
{
	const struct sdesp_pfkey_dialect *d = kernel.dialect;
	struct sdesp_addr src = addr("198.51.100.7", 0);
	struct sdesp_addr dst = addr("192.0.2.1", 0);
	struct pfkey_writer w;

	sdesp_pfkey_begin(&w, d, type, 0, pid);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_SA);
	for (unsigned i = 0; i < 4; i++)
		sdesp_pfkey_put8(&w, spi >> (24 - 8 * i) & 0xff);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_close_ext(&w);
	if (lifetime != 0) {
		sdesp_pfkey_open_ext(&w, lifetime);
		for (unsigned i = 0; i < 7; i++)
			sdesp_pfkey_put32(&w, 0);
		sdesp_pfkey_close_ext(&w);
	}
	sdesp_pfkey_put_address(&w, PFKEY_EXT_ADDRESS_SRC, 0, 32, &src);
	sdesp_pfkey_put_address(&w, PFKEY_EXT_ADDRESS_DST, 0, 32, &dst);
	assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
	fake_pfkey_push(&kernel, w.buf, w.len);
}

static void assert_event(int type, uint32_t spi)
{
	struct sdesp_backend_event ev;

	assert_int_equal(class->poll(&pf.base, &ev), 1);
	assert_int_equal(ev.type, type);
	assert_int_equal(ev.spi, spi);
	if (spi != 0)
		assert_int_equal(ev.local.port, 4500);
}

static void assert_no_event(void)
{
	struct sdesp_backend_event ev;

	assert_int_equal(class->poll(&pf.base, &ev), 0);
}

static void test_events(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(0x2000);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(class->sa_add(&pf.base, &f, &sa, 1), 0);
		tell(PFKEY_EXPIRE, 0x2001, PFKEY_EXT_LIFETIME_SOFT, 0);
		tell(PFKEY_EXPIRE, 0x2000, 0, 0);
		tell(PFKEY_DELETE, 0x2000, 0, 0x01020304); /* that was us */
		assert_no_event();
		tell(PFKEY_EXPIRE, 0x2000, PFKEY_EXT_LIFETIME_SOFT, 0);
		tell(PFKEY_EXPIRE, 0x2000, PFKEY_EXT_LIFETIME_SOFT, 0);
		assert_event(SDESP_BACKEND_SOFT, 0x2000);
		assert_no_event();
		tell(PFKEY_EXPIRE, 0x2000, PFKEY_EXT_LIFETIME_HARD, 0);
		tell(PFKEY_DELETE, 0x2000, 0, 99);
		assert_event(SDESP_BACKEND_HARD, 0x2000);
		assert_event(SDESP_BACKEND_GONE, 0x2000);
		tell(PFKEY_FLUSH, 0, 0, 99);
		assert_event(SDESP_BACKEND_LOST, 0);
		assert_no_event();
	}
}

/* What comes between a request and its reply is not lost. */
static void test_events_meanwhile(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa sa = keys(0x2000);
	struct sdesp_sa_stats stats;

	(void)state;
	start(&sdesp_pfkey_freebsd);
	assert_int_equal(class->sa_add(&pf.base, &f, &sa, 1), SDESP_OK);
	tell(PFKEY_EXPIRE, 0x2000, PFKEY_EXT_LIFETIME_SOFT, 0);
	assert_int_equal(
		class->sa_query(&pf.base, &f, 0x2000, 1, &stats), SDESP_OK);
	assert_event(SDESP_BACKEND_SOFT, 0x2000);

	fake_pfkey_fail(&kernel, FAKE_ENOBUFS, 1, 0);
	assert_int_equal(class->sa_query(&pf.base, &f, 0x2000, 1, &stats),
		SDESP_ERR_BACKEND);
	assert_event(SDESP_BACKEND_LOST, 0);
	fake_pfkey_fail(&kernel, FAKE_TRUNCATED, 1, 0);
	assert_int_equal(class->sa_query(&pf.base, &f, 0x2000, 1, &stats),
		SDESP_ERR_BACKEND);
	assert_event(SDESP_BACKEND_LOST, 0);
	assert_no_event();
}

static void test_tick(void **state)
{
	struct sdesp_flow f = flow();
	struct sdesp_sa in = keys(0x2000), out = keys(0x3000);

	(void)state;
	for (size_t i = 0; i < DIALECTS; i++) {
		start(dialects[i]);
		assert_int_equal(sdesp_pfkey_tick(&pf, 5), UINT64_MAX);
		in.hard.packets = 0;
		out.soft.packets = 10;
		out.hard.packets = 20;
		assert_int_equal(class->sa_add(&pf.base, &f, &in, 1), 0);
		assert_int_equal(class->sa_add(&pf.base, &f, &out, 0), 0);
		assert_int_equal(sdesp_pfkey_tick(&pf, 2000), 3000);
		assert_no_event();
		kernel.packets = 10;
		assert_int_equal(sdesp_pfkey_tick(&pf, 2500), 3000);
		assert_no_event();
		assert_int_equal(sdesp_pfkey_tick(&pf, 3000), 4000);
		assert_event(SDESP_BACKEND_USED, 0x2000);
		assert_event(SDESP_BACKEND_SOFT, 0x3000);
		assert_no_event();
		kernel.packets = 20;
		assert_int_equal(sdesp_pfkey_tick(&pf, 4000), 5000);
		assert_event(SDESP_BACKEND_HARD, 0x3000);
		assert_no_event();
		assert_int_equal(sdesp_pfkey_tick(&pf, 5000), UINT64_MAX);
	}
}

/* A kernel that does not answer costs one wait a tick, not one an SA. */
static void test_tick_mute(void **state)
{
	struct sdesp_flow f = flow();

	(void)state;
	start(&sdesp_pfkey_freebsd);
	for (unsigned i = 0; i < 8; i++) {
		struct sdesp_sa sa = keys(0x2000 + i);

		assert_int_equal(class->sa_add(&pf.base, &f, &sa, 1), 0);
	}
	fake_pfkey_fail(&kernel, FAKE_DEAF, 1, 100);
	kernel.waits = 0;
	assert_int_equal(sdesp_pfkey_tick(&pf, 1000), 2000);
	assert_int_equal(kernel.waits, 1);
	fake_pfkey_fail(&kernel, FAKE_DEAF, 0, 0);
	memset(kernel.sas, 0, sizeof kernel.sas);
	assert_int_equal(sdesp_pfkey_tick(&pf, 2000), 3000);
	for (unsigned i = 0; i < 8; i++)
		assert_event(SDESP_BACKEND_GONE, 0x2000 + i);
	assert_int_equal(sdesp_pfkey_tick(&pf, 3000), UINT64_MAX);
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
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_switch_fails),
		cmocka_unit_test(test_nothing_half_installed),
		cmocka_unit_test(test_repeated_selectors),
		cmocka_unit_test(test_same_selectors),
		cmocka_unit_test(test_bypass),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_events_meanwhile),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_tick_mute),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_requests_wiped),
		cmocka_unit_test(test_reqids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
