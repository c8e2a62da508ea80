/*
 * PF_KEY requests about SAs, octet by octet against messages written by hand
 * from RFC 2367 and the headers that dialect.c names.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pfkey_message.h"

static struct sdesp_pfkey_sa sa_at(uint32_t spi, int inbound, const char *local,
	unsigned local_port, const char *remote, unsigned remote_port)
{
	struct sdesp_pfkey_sa at = {.spi = spi,
		.inbound = (uint8_t)inbound,
		.mode = SDESP_TRANSPORT,
		.udp = local_port != 0,
		.local = addr(local, local_port),
		.remote = addr(remote, remote_port)};

	return at;
}

static struct sdesp_sa keys(uint32_t spi, unsigned suite)
{
	struct sdesp_sa sa = {
		.spi = spi, .suite = (uint8_t)suite, .window = 64};

	for (unsigned i = 0; i < sizeof sa.keymat; i++)
		sa.keymat[i] = (uint8_t)i;
	return sa;
}

static void put_sa(struct pfkey_writer *w, const struct sdesp_pfkey_dialect *d,
	unsigned type, const struct sdesp_pfkey_sa *at,
	const struct sdesp_sa *sa)
{
	const struct pfkey_algorithm *a = sdesp_pfkey_algorithm(d, sa->suite);

	assert_non_null(a);
	sdesp_pfkey_begin(w, d, type, SEQ, PID);
	sdesp_pfkey_put_sa(w, at, sa, a);
}

static void test_freebsd_add(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0xc3f1a2b4, 1, "192.0.2.1", 4500, "198.51.100.7", 40000);
	struct sdesp_sa sa = keys(0xc3f1a2b4, SDESP_AES_128_GCM_16);
	struct pfkey_writer w;

	(void)state;
	sa.esn = 1;
	sa.hard.seconds = 28800;
	sa.hard.packets = 1000; /* FreeBSD does not count them */
	put_sa(&w, &sdesp_pfkey_freebsd, PFKEY_ADD, &at, &sa);
	assert_message(&w,
		"02 03 00 03 h001c h0000 w11223344 w55667788 "
		/* SA */
		"h0002 h0001 c3f1a2b4 08 01 00 14 w00000400 "
		/* hard lifetime, and a soft one that is no limit */
		"h0004 h0003 w00000000 q0000000000000000 q0000000000007080 "
		"q0000000000000000 "
		"h0004 h0004 w00000000 q0000000000000000 q0000000000000000 "
		"q0000000000000000 "
		/* source, destination */
		"h0003 h0005 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		/* key and salt */
		"h0004 h0009 h00a0 h0000 000102030405060708090a0b0c0d0e0f "
		"10111213 00000000 "
		/* mode, NAT-T, window */
		"h0002 h0013 01 00 h0000 w00000000 w00000000 "
		"h0001 h0014 02 000000 "
		"h0001 h0015 9c40 0000 "
		"h0001 h0016 1194 0000 "
		"h0001 h001a w00000040");
}

static void test_netbsd_add(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0x00000100, 0, "2001:db8::1", 0, "2001:db8::2", 0);
	struct sdesp_sa sa = keys(0x00000100, SDESP_NULL_HMAC_SHA2_256_128);
	struct pfkey_writer w;

	(void)state;
	at.mode = SDESP_TUNNEL;
	at.reqid = 0x3abc;
	sa.soft.bytes = 0x100000000;
	put_sa(&w, &sdesp_pfkey_netbsd, PFKEY_ADD, &at, &sa);
	assert_message(&w,
		"02 03 00 03 h001e h0000 w11223344 w55667788 "
		"h0002 h0001 00000100 00 01 05 0b w00000000 "
		"h0004 h0003 w00000000 q0000000000000000 q0000000000000000 "
		"q0000000000000000 "
		"h0004 h0004 w00000000 q0000000100000000 q0000000000000000 "
		"q0000000000000000 "
		"h0005 h0005 ff80 h0000 1c18 0000 00000000 "
		"20010db8000000000000000000000001 00000000 00000000 "
		"h0005 h0006 ff80 h0000 1c18 0000 00000000 "
		"20010db8000000000000000000000002 00000000 00000000 "
		"h0005 h0008 h0100 h0000 "
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f "
		/* no cipher key, and it is there */
		"h0001 h0009 h0000 h0000 "
		"h0002 h0013 02 00 h0000 w00000000 w00003abc");
}

static void test_macos_update(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0xffeeddcc, 1, "192.0.2.1", 4500, "198.51.100.7", 40000);
	struct sdesp_sa sa = keys(0xffeeddcc, SDESP_CHACHA20_POLY1305);
	struct pfkey_writer w;

	(void)state;
	sa.window = 33; /* rounded up */
	put_sa(&w, &sdesp_pfkey_macos, PFKEY_UPDATE, &at, &sa);
	assert_message(&w,
		"02 02 00 03 h0013 h0000 w11223344 w55667788 "
		/* a longer SA, with the peer's port */
		"h0003 h0001 ffeeddcc 05 01 00 0e w00000002 "
		"h9c40 h0000 w00000000 "
		"h0003 h0005 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0006 h0009 h0120 h0000 "
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f 20212223 00000000 "
		"h0002 h0013 01 00 h0000 w00000000 w00000000");
}

static void test_openbsd_add(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0xd0a4177e, 0, "2001:db8::1", 4500, "2001:db8::2", 4500);
	struct sdesp_sa sa =
		keys(0xd0a4177e, SDESP_AES_128_CBC_HMAC_SHA2_256_128);
	struct pfkey_writer w;

	(void)state;
	at.mode = SDESP_TUNNEL;
	at.reqid = 0x3a05;
	put_sa(&w, &sdesp_pfkey_openbsd, PFKEY_ADD, &at, &sa);
	assert_message(&w,
		"02 03 00 02 h0021 h0000 w11223344 w55667788 "
		"h0002 h0001 d0a4177e 00 01 05 0c w00000204 "
		"h0005 h0005 0000 h0000 1c18 0000 00000000 "
		"20010db8000000000000000000000001 00000000 00000000 "
		"h0005 h0006 0000 h0000 1c18 0000 00000000 "
		"20010db8000000000000000000000002 00000000 00000000 "
		"h0005 h0008 h0100 h0000 "
		"101112131415161718191a1b1c1d1e1f"
		"202122232425262728292a2b2c2d2e2f "
		"h0003 h0009 h0080 h0000 000102030405060708090a0b0c0d0e0f "
		"h0001 h001f 1194 0000 "
		/* identities: sdesp-a-d0a4177e */
		"h0005 h000a h0002 h0000 q0000000000000000 "
		"73646573702d612d6430613431373765 00 00000000000000 "
		"h0005 h000b h0002 h0000 q0000000000000000 "
		"73646573702d612d6430613431373765 00 00000000000000");
}

/* Its rows are of no use to a session, but the kernel test sends them. */
static void test_linux_add(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0x12345678, 1, "192.0.2.1", 0, "198.51.100.7", 0);
	struct sdesp_sa sa =
		keys(0x12345678, SDESP_AES_128_CBC_HMAC_SHA2_256_128);
	struct pfkey_writer w;

	(void)state;
	sa.window = 32;
	sa.hard.packets = 0x100000000; /* more than the field holds */
	sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, PFKEY_ADD, SEQ, PID);
	sdesp_pfkey_put_sa(&w, &at, &sa, sdesp_pfkey_linux.algorithms);
	assert_message(&w,
		"02 03 00 03 h001c h0000 w11223344 w55667788 "
		"h0002 h0001 12345678 20 01 05 0c w00000000 "
		"h0004 h0003 wffffffff q0000000000000000 q0000000000000000 "
		"q0000000000000000 "
		"h0004 h0004 w00000000 q0000000000000000 q0000000000000000 "
		"q0000000000000000 "
		"h0003 h0005 ff20 h0000 h0002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 h0002 0000 c0000201 0000000000000000 "
		"h0005 h0008 h0100 h0000 "
		"101112131415161718191a1b1c1d1e1f"
		"202122232425262728292a2b2c2d2e2f "
		"h0003 h0009 h0080 h0000 000102030405060708090a0b0c0d0e0f "
		"h0002 h0013 01 00 h0000 w00000000 w00000000");
}

/* The peer may not be known yet. */
static void test_getspi(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0xc0ffee01, 1, "192.0.2.1", 4500, "0.0.0.0", 0);
	struct pfkey_writer w;

	(void)state;
	memset(&at.remote, 0, sizeof at.remote);
	sdesp_pfkey_begin(&w, &sdesp_pfkey_freebsd, PFKEY_GETSPI, SEQ, PID);
	sdesp_pfkey_put_getspi(&w, &at);
	assert_message(&w,
		"02 01 00 03 h000f h0000 w11223344 w55667788 "
		"h0003 h0005 ff20 h0000 1002 0000 00000000 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0002 h0010 wc0ffee01 wc0ffee01 w00000000 "
		"h0002 h0013 01 00 h0000 w00000000 w00000000 "
		"h0001 h0014 02 000000 h0001 h0015 0000 0000 "
		"h0001 h0016 1194 0000");
}

static void test_delete(void **state)
{
	struct sdesp_pfkey_sa at =
		sa_at(0xd0a4177e, 0, "192.0.2.1", 0, "198.51.100.7", 0);
	struct pfkey_writer w;

	(void)state;
	sdesp_pfkey_begin(&w, &sdesp_pfkey_openbsd, PFKEY_DELETE, SEQ, PID);
	sdesp_pfkey_put_name(&w, &at);
	assert_message(&w,
		"02 04 00 02 h000a h0000 w11223344 w55667788 "
		"h0002 h0001 d0a4177e 00 01 0000 w00000000 "
		"h0003 h0005 0000 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0006 0000 h0000 1002 0000 c6336407 0000000000000000");
}

static void put_move(struct pfkey_writer *w,
	const struct sdesp_pfkey_dialect *d, unsigned type,
	const struct sdesp_pfkey_sa *from, const struct sdesp_pfkey_sa *to)
{
	sdesp_pfkey_begin(w, d, type, SEQ, PID);
	sdesp_pfkey_put_move(w, from, to, NULL);
}

/* The peer has another port, then another address as well. */
static void test_freebsd_move(void **state)
{
	struct sdesp_pfkey_sa from =
		sa_at(0xc3f1a2b4, 1, "192.0.2.1", 4500, "198.51.100.7", 40000);
	struct sdesp_pfkey_sa to =
		sa_at(0xc3f1a2b4, 1, "192.0.2.1", 4500, "198.51.100.7", 40001);
	struct pfkey_writer w;

	(void)state;
	from.reqid = 0x3000;
	from.soft.seconds = 1;
	put_move(&w, &sdesp_pfkey_freebsd, PFKEY_UPDATE, &from, &to);
	assert_message(&w,
		"02 02 00 03 h0017 h0000 w11223344 w55667788 "
		"h0002 h0001 c3f1a2b4 00 01 0000 w00000000 "
		"h0004 h0003 w00000000 q0000000000000000 q0000000000000000 "
		"q0000000000000000 "
		"h0004 h0004 w00000000 q0000000000000000 q0000000000000001 "
		"q0000000000000000 "
		"h0003 h0005 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0002 h0013 01 00 h0000 w00000000 w00003000 "
		"h0001 h0014 02 000000 "
		"h0001 h0015 9c41 0000 "
		"h0001 h0016 1194 0000");

	from.soft.seconds = 0;
	to.remote = addr("203.0.113.9", 40001);
	put_move(&w, &sdesp_pfkey_freebsd, PFKEY_UPDATE, &from, &to);
	assert_message(&w,
		"02 02 00 03 h0015 h0000 w11223344 w55667788 "
		"h0002 h0001 c3f1a2b4 00 01 0000 w00000000 "
		"h0003 h0005 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0002 h0013 01 00 h0000 w00000000 w00003000 "
		"h0001 h0014 02 000000 "
		"h0001 h0015 9c41 0000 "
		"h0001 h0016 1194 0000 "
		"h0003 h001b ff20 h0000 1002 0000 cb007109 0000000000000000 "
		"h0003 h001c ff20 h0000 1002 0000 c0000201 0000000000000000");
}

static void test_macos_move(void **state)
{
	struct sdesp_pfkey_sa from =
		sa_at(0xffeeddcc, 0, "192.0.2.1", 4500, "198.51.100.7", 40000);
	struct sdesp_pfkey_sa to =
		sa_at(0xffeeddcc, 0, "192.0.2.1", 4500, "203.0.113.9", 40001);
	struct pfkey_writer w;

	(void)state;
	put_move(&w, &sdesp_pfkey_macos, MACOS_MIGRATE, &from, &to);
	assert_message(&w,
		"02 1a 00 03 h0011 h0000 w11223344 w55667788 "
		"h0003 h0001 ffeeddcc 00 01 0000 w00000002 "
		"h9c41 h0000 w00000000 "
		"h0003 h0005 ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0006 ff20 h0000 1002 0000 c6336407 0000000000000000 "
		"h0003 h001b ff20 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h001c ff20 h0000 1002 0000 cb007109 0000000000000000");
}

static void test_openbsd_move(void **state)
{
	struct sdesp_pfkey_sa from =
		sa_at(0xd0a4177e, 0, "192.0.2.1", 4500, "198.51.100.7", 40000);
	struct sdesp_pfkey_sa to =
		sa_at(0xd0a4177e, 0, "192.0.2.1", 4500, "198.51.100.7", 40001);
	struct pfkey_writer w;

	(void)state;
	put_move(&w, &sdesp_pfkey_openbsd, PFKEY_UPDATE, &from, &to);
	assert_message(&w,
		"02 02 00 02 h0008 h0000 w11223344 w55667788 "
		"h0002 h0001 d0a4177e 00 01 0000 w00000000 "
		"h0003 h0006 0000 h0000 1002 0000 c6336407 0000000000000000 "
		"h0001 h001f 9c41 0000");
	to.remote = addr("203.0.113.9", 40001);
	put_move(&w, &sdesp_pfkey_openbsd, PFKEY_UPDATE, &from, &to);
	assert_message(&w,
		"02 02 00 02 h000e h0000 w11223344 w55667788 "
		"h0002 h0001 d0a4177e 00 01 0000 w00000000 "
		"h0003 h0005 0000 h0000 1002 0000 c0000201 0000000000000000 "
		"h0003 h0007 0000 h0000 1002 0000 cb007109 0000000000000000 "
		"h0003 h0006 0000 h0000 1002 0000 c6336407 0000000000000000 "
		"h0001 h001f 9c41 0000");
}

/* The longest request of all fits, and one that does not is not sent. */
static void test_space(void **state)
{
	struct pfkey_writer w;

	(void)state;
	sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, PFKEY_ADD, SEQ, PID);
	for (unsigned i = 0; i < SDESP_PFKEY_REQUEST / 8 - 2; i++)
		sdesp_pfkey_put64(&w, i);
	assert_int_equal(w.status, SDESP_OK);
	sdesp_pfkey_put8(&w, 1);
	assert_int_equal(sdesp_pfkey_end(&w), SDESP_ERR_SPACE);
	assert_int_equal(w.len, SDESP_PFKEY_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freebsd_add),
		cmocka_unit_test(test_netbsd_add),
		cmocka_unit_test(test_macos_update),
		cmocka_unit_test(test_openbsd_add),
		cmocka_unit_test(test_linux_add),
		cmocka_unit_test(test_getspi),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_freebsd_move),
		cmocka_unit_test(test_macos_move),
		cmocka_unit_test(test_openbsd_move),
		cmocka_unit_test(test_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
