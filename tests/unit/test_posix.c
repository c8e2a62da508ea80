/*
 * The POSIX port's library: addresses, random octets, clock, loop, key log.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/posix/sdesp_posix.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1:7"},
		{"192.0.2.1:4500", "192.0.2.1:4500"},
		{"2001:db8::1", "[2001:db8::1]:7"},
		{"[2001:db8::1]", "[2001:db8::1]:7"},
		{"[2001:db8::1]:65535", "[2001:db8::1]:65535"},
		{"[2001:db8::1]:65536", NULL},
		{"[2001:db8::1]x", NULL},
		{"[2001:db8::1", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:1x", NULL},
		{"192.0.2.1:000001", NULL},
		{"host:1", NULL},
		{"", NULL},
		{":", NULL},
	};
	char text[SDESP_POSIX_ADDR_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sdesp_addr a = {0, {0}, 99};
		int status = sdesp_posix_parse_addr(&a, rows[i].text, 7);

		if (rows[i].printed == NULL) {
			assert_int_equal(status, SDESP_ERR_SYNTAX);
			assert_int_equal(a.port, 99);
			continue;
		}
		assert_int_equal(status, SDESP_OK);
		assert_string_equal(
			sdesp_posix_print_addr(text, &a), rows[i].printed);
	}
}

static void test_random_and_clocks(void **state)
{
	static uint8_t a[1000], b[1000];
	struct sdesp_port port;
	uint64_t before = sdesp_posix_now_ms();

	(void)state;
	sdesp_posix_port(&port);
	assert_ptr_equal(port.kex, &sdesp_bearssl_kex);
	assert_int_equal(port.random(port.ctx, a, sizeof a), 0);
	assert_int_equal(port.random(port.ctx, b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
	assert_true(sdesp_posix_now_ms() >= before);
	assert_true(sdesp_posix_wall_ms() > (uint64_t)1600000000 * 1000);
}

struct count {
	struct sdesp_loop *loop;
	int calls;
};

static void take_and_leave(void *ctx, int fd)
{
	struct count *c = ctx;
	char octet;

	assert_int_equal(read(fd, &octet, 1), 1);
	c->calls++;
	sdesp_loop_remove(c->loop, fd);
}

static void test_loop(void **state)
{
	struct sdesp_loop loop;
	struct count c = {&loop, 0};
	int ends[2], i;

	(void)state;
	sdesp_loop_init(&loop);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sdesp_loop_add(&loop, ends[0], take_and_leave, &c), 0);
	assert_int_equal(sdesp_loop_wait(&loop, 0), 0);
	assert_int_equal(sdesp_loop_wait(&loop, sdesp_posix_now_ms() + 5), 0);
	assert_int_equal(write(ends[1], "xx", 2), 2);
	assert_int_equal(sdesp_loop_wait(&loop, UINT64_MAX), 1);
	assert_int_equal(c.calls, 1);
	assert_int_equal(sdesp_loop_wait(&loop, 0), 0); /* it left */
	sdesp_loop_remove(&loop, 12345);
	for (i = 0; i < SDESP_LOOP_MAX; i++)
		assert_int_equal(
			sdesp_loop_add(&loop, ends[0], take_and_leave, &c), 0);
	assert_int_equal(sdesp_loop_add(&loop, ends[0], take_and_leave, &c),
		SDESP_ERR_SPACE);
	close(ends[0]);
	close(ends[1]);
}

static void test_keylog(void **state)
{
	char path[] = "/tmp/sdesp-keylog.XXXXXX";
	struct sdesp_flow flow;
	struct sdesp_sa sa;
	struct stat info;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	memset(&flow, 0, sizeof flow);
	memset(&sa, 0, sizeof sa);
	assert_int_equal(
		sdesp_posix_parse_addr(&flow.local, "192.0.2.1", 1), 0);
	assert_int_equal(
		sdesp_posix_parse_addr(&flow.remote, "192.0.2.2", 1), 0);
	sa.spi = 0x12345678;
	sa.suite = SDESP_AES_128_GCM_16;
	unsetenv("SDESP_KEYLOGFILE");
	sdesp_posix_keylog(NULL, &flow, &sa, 0);
	assert_int_equal(stat(path, &info), -1);
	sdesp_posix_keylog(path, &flow, &sa, 0);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_true(info.st_size > 20);
	setenv("SDESP_KEYLOGFILE", path, 1);
	sdesp_posix_keylog(NULL, &flow, &sa, 1);
	unsetenv("SDESP_KEYLOGFILE");
	fd = (int)info.st_size;
	assert_int_equal(stat(path, &info), 0);
	assert_true(info.st_size > fd + 20);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_random_and_clocks),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_keylog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
