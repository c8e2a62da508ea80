/*
 * What a kernel may answer, and what it may not. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "backends/pfkey/reader.h"
#include "backends/pfkey/writer.h"

static struct pfkey_writer w;
static struct pfkey_message msg;

static void begin(const struct sdesp_pfkey_dialect *d, unsigned type)
{
	sdesp_pfkey_begin(&w, d, type, 7, 8);
}

static int read_it(void)
{
	assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
	return sdesp_pfkey_read(&msg, w.buf, w.len);
}

static void put_algorithm(unsigned id, unsigned min, unsigned max)
{
	sdesp_pfkey_put8(&w, id);
	sdesp_pfkey_put8(&w, 0);
	sdesp_pfkey_put16(&w, min);
	sdesp_pfkey_put16(&w, max);
	sdesp_pfkey_put16(&w, 0);
}

static void open_list(unsigned type)
{
	sdesp_pfkey_open_ext(&w, type);
	sdesp_pfkey_put32(&w, 0);
}

static void test_base(void **state)
{
	(void)state;
	begin(&sdesp_pfkey_linux, PFKEY_GET);
	w.buf[2] = 3;
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(msg.type, PFKEY_GET);
	assert_int_equal(msg.error, 3);
	assert_int_equal(msg.satype, 3);
	assert_int_equal(msg.seq, 7);
	assert_int_equal(msg.pid, 8);
	for (unsigned i = 0; i < PFKEY_EXTS; i++)
		assert_null(sdesp_pfkey_ext(&msg, i, 0));
}

/* Every length of a good message but its own is refused, and so is every
 * length in it but the right one. */
static void test_lengths(void **state)
{
	uint16_t n;

	(void)state;
	begin(&sdesp_pfkey_linux, PFKEY_GET);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_SA);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_close_ext(&w);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_LIFETIME_HARD);
	sdesp_pfkey_close_ext(&w);
	assert_int_equal(read_it(), SDESP_OK);
	for (size_t len = 0; len < w.len + 64; len++)
		assert_int_equal(sdesp_pfkey_read(&msg, w.buf, len),
			len == w.len ? SDESP_OK : SDESP_ERR_SYNTAX);
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		n = (uint16_t)i;
		memcpy(w.buf + 16, &n, 2);
		assert_int_equal(sdesp_pfkey_read(&msg, w.buf, w.len),
			i == 2 || i == 3 ? SDESP_OK : SDESP_ERR_SYNTAX);
	}
	w.buf[0] = 1;
	n = 2;
	memcpy(w.buf + 16, &n, 2);
	assert_int_equal(
		sdesp_pfkey_read(&msg, w.buf, w.len), SDESP_ERR_SYNTAX);
}

/* Of a kind that is not looked at, nothing but its length is there to be
 * wrong; one of length 0 would be read for ever. */
static void test_unknown_kind(void **state)
{
	uint16_t n = 0;

	(void)state;
	begin(&sdesp_pfkey_linux, PFKEY_GET);
	sdesp_pfkey_open_ext(&w, 0xffff);
	sdesp_pfkey_close_ext(&w);
	assert_int_equal(read_it(), SDESP_OK);
	memcpy(w.buf + 16, &n, 2);
	assert_int_equal(read_it(), SDESP_ERR_SYNTAX);
}

static void test_twice(void **state)
{
	(void)state;
	begin(&sdesp_pfkey_linux, PFKEY_GET);
	for (unsigned i = 0; i < 2; i++) {
		sdesp_pfkey_open_ext(&w, PFKEY_EXTS); /* not looked at */
		sdesp_pfkey_close_ext(&w);
	}
	assert_int_equal(read_it(), SDESP_OK);
	for (unsigned i = 0; i < 2; i++) {
		sdesp_pfkey_open_ext(&w, PFKEY_EXTS - 1);
		sdesp_pfkey_close_ext(&w);
	}
	assert_int_equal(read_it(), SDESP_ERR_SYNTAX);
}

static void test_address(void **state)
{
	struct sdesp_addr a = {.family = 6, .port = 77}, got;

	(void)state;
	memset(a.ip, 0xab, sizeof a.ip);
	begin(&sdesp_pfkey_freebsd, PFKEY_GET);
	sdesp_pfkey_put_address(&w, PFKEY_EXT_ADDRESS_SRC, 0, 0, &a);
	a.family = 4;
	memset(a.ip + 4, 0, 12);
	sdesp_pfkey_put_address(&w, PFKEY_EXT_ADDRESS_DST, 0, 0, &a);
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(sdesp_pfkey_get_address(&got, &sdesp_pfkey_freebsd,
				 &msg, PFKEY_EXT_ADDRESS_DST),
		1);
	assert_true(sdesp_addr_equal(&a, &got));
	assert_int_equal(sdesp_pfkey_get_address(&got, &sdesp_pfkey_freebsd,
				 &msg, PFKEY_EXT_ADDRESS_SRC),
		1);
	assert_int_equal(got.family, 6);
	assert_int_equal(got.ip[15], 0xab);

	/* One family's number is another system's nonsense. */
	assert_int_equal(sdesp_pfkey_get_address(&got, &sdesp_pfkey_netbsd,
				 &msg, PFKEY_EXT_ADDRESS_SRC),
		0);
	assert_int_equal(sdesp_pfkey_get_address(&got, &sdesp_pfkey_freebsd,
				 &msg, PFKEY_EXT_SA),
		0);
	/* IPv6 in the room of IPv4. */
	w.buf[w.len - 16 + 1] = 28;
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(sdesp_pfkey_get_address(&got, &sdesp_pfkey_freebsd,
				 &msg, PFKEY_EXT_ADDRESS_DST),
		0);
	assert_int_equal(got.family, 0);
}

/* With the salt counted, as OpenBSD does, or not, as FreeBSD. */
static void test_suites(void **state)
{
	(void)state;
	begin(&sdesp_pfkey_freebsd, PFKEY_REGISTER);
	open_list(PFKEY_EXT_SUPPORTED_ENCRYPT);
	put_algorithm(20, 128, 256);
	sdesp_pfkey_close_ext(&w);
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(sdesp_pfkey_get_suites(&sdesp_pfkey_freebsd, &msg),
		SDESP_SUITE_BIT(SDESP_AES_128_GCM_16) |
			SDESP_SUITE_BIT(SDESP_AES_256_GCM_16));

	begin(&sdesp_pfkey_openbsd, PFKEY_REGISTER);
	open_list(PFKEY_EXT_SUPPORTED_ENCRYPT);
	put_algorithm(20, 160, 160);
	put_algorithm(22, 288, 288);
	put_algorithm(12, 128, 128);
	sdesp_pfkey_close_ext(&w);
	open_list(PFKEY_EXT_SUPPORTED_AUTH);
	put_algorithm(5, 256, 256);
	sdesp_pfkey_close_ext(&w);
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(sdesp_pfkey_get_suites(&sdesp_pfkey_openbsd, &msg),
		SDESP_SUITE_BIT(SDESP_AES_128_GCM_16) |
			SDESP_SUITE_BIT(SDESP_CHACHA20_POLY1305) |
			SDESP_SUITE_BIT(SDESP_AES_128_CBC_HMAC_SHA2_256_128));

	/* The same on FreeBSD would be another cipher, and on Linux it is 96
	 * bits of ICV. */
	assert_int_equal(sdesp_pfkey_get_suites(&sdesp_pfkey_netbsd, &msg),
		SDESP_SUITE_BIT(SDESP_AES_128_GCM_16) |
			SDESP_SUITE_BIT(SDESP_AES_128_CBC_HMAC_SHA2_256_128));
	assert_int_equal(sdesp_pfkey_get_suites(&sdesp_pfkey_linux, &msg), 0);
}

static void test_stats(void **state)
{
	static const uint8_t states[] = {SDESP_SA_LARVAL, SDESP_SA_MATURE,
		SDESP_SA_DYING, SDESP_SA_DEAD};
	struct sdesp_sa_stats stats;

	(void)state;
	begin(&sdesp_pfkey_freebsd, PFKEY_GET);
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(
		sdesp_pfkey_get_stats(&stats, &sdesp_pfkey_freebsd, &msg),
		SDESP_ERR_SYNTAX);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_SA);
	sdesp_pfkey_put32(&w, 0);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_close_ext(&w);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_LIFETIME_CURRENT);
	sdesp_pfkey_put32(&w, 0xfffffffe);
	sdesp_pfkey_put64(&w, 0x123456789a);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_close_ext(&w);
	sdesp_pfkey_open_ext(&w, KAME_EXT_SA2);
	sdesp_pfkey_put32(&w, 0);
	sdesp_pfkey_put32(&w, 55);
	sdesp_pfkey_put32(&w, 0);
	sdesp_pfkey_close_ext(&w);
	for (unsigned i = 0; i < 256; i++) {
		w.buf[16 + 9] = (uint8_t)i;
		assert_int_equal(read_it(), SDESP_OK);
		assert_int_equal(sdesp_pfkey_get_stats(
					 &stats, &sdesp_pfkey_freebsd, &msg),
			i < 4 ? SDESP_OK : SDESP_ERR_SYNTAX);
		if (i < 4)
			assert_int_equal(stats.state, states[i]);
	}
	w.buf[16 + 9] = 1;
	assert_int_equal(
		sdesp_pfkey_get_stats(&stats, &sdesp_pfkey_freebsd, &msg),
		SDESP_OK);
	assert_int_equal(stats.packets, 0xfffffffe);
	assert_int_equal(stats.bytes, 0x123456789a);
	assert_int_equal(stats.seq, 55);
}

static void test_openbsd_stats(void **state)
{
	struct sdesp_sa_stats stats;

	(void)state;
	begin(&sdesp_pfkey_openbsd, PFKEY_GET);
	sdesp_pfkey_open_ext(&w, PFKEY_EXT_SA);
	sdesp_pfkey_put32(&w, 0);
	sdesp_pfkey_put64(&w, 0);
	sdesp_pfkey_close_ext(&w);
	w.buf[16 + 9] = 1;
	sdesp_pfkey_open_ext(&w, OPENBSD_EXT_COUNTER);
	sdesp_pfkey_put32(&w, 0);
	for (unsigned i = 1; i <= 8; i++)
		sdesp_pfkey_put64(&w, (uint64_t)i << 33);
	sdesp_pfkey_close_ext(&w);
	sdesp_pfkey_open_ext(&w, OPENBSD_EXT_REPLAY);
	sdesp_pfkey_put32(&w, 0);
	sdesp_pfkey_put64(&w, (uint64_t)5 << 32);
	sdesp_pfkey_close_ext(&w);
	assert_int_equal(read_it(), SDESP_OK);
	assert_int_equal(
		sdesp_pfkey_get_stats(&stats, &sdesp_pfkey_openbsd, &msg),
		SDESP_OK);
	assert_int_equal(stats.packets, (uint64_t)3 << 33);
	assert_int_equal(stats.seq, (uint64_t)5 << 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_unknown_kind),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_openbsd_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
