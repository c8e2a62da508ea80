/*
 * What the SAs of the PF_KEY backend have to tell.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "backends/pfkey/writer.h"
#include "tests/unit/pfkey_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_events_meanwhile),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_tick_mute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
