/*
 * What the XFRM backend makes of the kernel's notices and counters.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/netlink.h>
#include <string.h>

#include "tests/support/fake_kernel.h"

#define SPI 0xc0000001U
#define STRANGER 99 /* netlink port of another program */

static struct fake_kernel kernel;
static struct sdesp_xfrm x;
static struct sdesp_backend *be = &x.base;
static const struct sdesp_backend_class *class;
static struct sdesp_flow flow;
static struct sdesp_backend_event ev;
static struct kernel_sa *in; /* the kernel's own */

static struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

/* One inbound SA, and time to look at it. */
static void start(void)
{
	struct sdesp_sa sa;

	fake_kernel_init(&kernel);
	fake_kernel_begin(&kernel, &x);
	class = be->vtable;
	memset(&flow, 0, sizeof flow);
	flow.local = addr("192.0.2.1", 4500);
	flow.remote = addr("198.51.100.2", 4501);
	flow.mode = SDESP_TRANSPORT;
	flow.udp = 1;
	memset(&sa, 0, sizeof sa);
	sa.spi = SPI;
	sa.suite = SDESP_AES_128_GCM_16;
	sa.window = 64;
	memset(sa.keymat, 1, sizeof sa.keymat);
	assert_int_equal(class->sa_add(be, &flow, &sa, 1), SDESP_OK);
	in = fake_kernel_sa(&kernel, SPI);
	assert_non_null(in);
}

/* The next event, once the counters may be looked at again; 0 = none. */
static int next(void)
{
	memset(&ev, 0, sizeof ev);
	kernel.now_ms += SDESP_XFRM_POLL_MS;
	return class->poll(be, &ev);
}

static void assert_event(unsigned type)
{
	assert_int_equal(next(), 1);
	assert_int_equal(ev.type, type);
	assert_int_equal(ev.spi, SPI);
	assert_int_equal(ev.inbound, 1);
	assert_true(sdesp_addr_equal(&ev.local, &flow.local));
}

/* n packets, the last numbered highest: octets of the kernel's SA. */
static void receive(unsigned n, uint32_t highest)
{
	in->info.curlft.packets += n;
	/* XFRMA_REPLAY_ESN_VAL comes first: length and type, bmp_len, oseq,
	 * then seq. */
	memcpy(in->attrs + 12, &highest, sizeof highest);
}

static void test_used(void **state)
{
	(void)state;
	start();
	assert_int_equal(next(), 0);
	receive(1, 1);
	assert_event(SDESP_BACKEND_USED);
	receive(1, 2);
	assert_int_equal(next(), 0);

	/* Not before its time. */
	start();
	assert_int_equal(next(), 0);
	receive(1, 1);
	assert_int_equal(class->poll(be, &ev), 0);
	assert_event(SDESP_BACKEND_USED);
}

static void test_expiry(void **state)
{
	(void)state;
	start();
	fake_kernel_expire(&kernel, in, 0);
	assert_event(SDESP_BACKEND_SOFT);
	assert_int_equal(next(), 0);

	/* The kernel removes it first. */
	fake_kernel_expire(&kernel, in, 1);
	in->used = 0;
	assert_event(SDESP_BACKEND_HARD);

	/* An SPI that has come back since is not dead. */
	start();
	fake_kernel_expire(&kernel, in, 1);
	assert_int_equal(next(), 0);
}

static void test_deleted(void **state)
{
	struct xfrm_usersa_id id;

	(void)state;
	start();
	memset(&id, 0, sizeof id);
	id.daddr = in->info.id.daddr;
	id.spi = in->info.id.spi;
	id.family = in->info.family;
	fake_kernel_notice(&kernel, XFRM_MSG_DELSA, STRANGER, &id, sizeof id);
	in->used = 0;
	assert_event(SDESP_BACKEND_GONE);

	/* Our own deletion is no news. */
	start();
	assert_int_equal(class->sa_delete(be, &flow, SPI, 1), SDESP_OK);
	assert_int_equal(kernel.notices.n, 1);
	assert_int_equal(next(), 0);
}

static void test_lost(void **state)
{
	uint8_t flush = 50;

	(void)state;
	start();
	fake_kernel_lose(&kernel);
	assert_int_equal(next(), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_LOST);
	assert_int_equal(next(), 0);
	fake_kernel_notice(&kernel, XFRM_MSG_FLUSHSA, STRANGER, &flush, 1);
	assert_int_equal(next(), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_LOST);
}

/* What is cut, unknown, of no SA of ours or nonsense is passed over. */
static void test_nonsense(void **state)
{
	static const unsigned types[] = {XFRM_MSG_EXPIRE, XFRM_MSG_DELSA,
		XFRM_MSG_MAPPING, XFRM_MSG_ACQUIRE, XFRM_MSG_NEWSA, 9999};
	uint8_t octets[1024];

	(void)state;
	start();
	memset(octets, 0xff, sizeof octets);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		for (size_t n = 0; n < sizeof octets; n += 7) {
			fake_kernel_notice(
				&kernel, types[i], STRANGER, octets, n);
			assert_int_equal(next(), 0);
		}
	}
	/* A length that cannot be: who knows what was in there. */
	fake_kernel_notice(&kernel, XFRM_MSG_EXPIRE, 0, octets, 8);
	memset(kernel.notices.item[0].octets, 0, 4);
	assert_int_equal(next(), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_LOST);
}

/* Behind a NAT from the beginning: nothing ever came from where it was said
 * to be. */
static void test_natted(void **state)
{
	struct sdesp_addr nat = addr("198.51.100.2", 7000);

	(void)state;
	start();
	for (unsigned i = 1; i <= 5; i++)
		fake_kernel_map(&kernel, in, &nat);
	receive(5, 5);
	assert_event(SDESP_BACKEND_USED);
	assert_event(SDESP_BACKEND_MOVED);
	assert_true(sdesp_addr_equal(&ev.addr, &nat));
	assert_int_equal(ev.quiet_ms, UINT32_MAX);
}

static void test_moved(void **state)
{
	struct sdesp_addr nat = addr("203.0.113.5", 7000);

	(void)state;
	start();
	receive(10, 10);
	assert_event(SDESP_BACKEND_USED);

	/* An old one, kept back by somebody: it is not the newest. */
	fake_kernel_map(&kernel, in, &nat);
	receive(1, 10);
	assert_int_equal(next(), 0);

	/* The newest. How long the old address has been quiet is told. */
	kernel.now_ms += 3000;
	fake_kernel_map(&kernel, in, &nat);
	receive(1, 11);
	assert_event(SDESP_BACKEND_MOVED);
	assert_true(sdesp_addr_equal(&ev.addr, &nat));
	assert_int_equal(ev.quiet_ms, 3000 + 2 * SDESP_XFRM_POLL_MS);

	/* Both at once: the old one lives. */
	fake_kernel_map(&kernel, in, &nat);
	receive(2, 13);
	assert_int_equal(next(), 0);
	fake_kernel_map(&kernel, in, &nat);
	receive(1, 14);
	assert_event(SDESP_BACKEND_MOVED);
	assert_int_equal(ev.quiet_ms, SDESP_XFRM_POLL_MS);
	assert_int_equal(next(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_natted),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
