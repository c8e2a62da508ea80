/*
 * What the device and the sockets of the TUN backend refuse, and what they do
 * without a network. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/tun/sdesp_tun_io.h"
#include "tests/support/tun_pair.h"

static struct sdesp_tun_buf bufs[SDESP_TUN_BATCH];

/* An io without a device; whatever is written to it can be read from *end. */
static struct sdesp_tun_io empty(int *end_fd)
{
	struct sdesp_tun_io io = {.out4 = -1, .out6 = -1};
	int fds[2] = {-1, -1};

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	io.device = fds[1];
	*end_fd = fds[0];
	return io;
}

static void test_open(void **state)
{
	struct sdesp_tun_io io;

	(void)state;
	assert_int_equal(sdesp_tun_io_open(&io, "a-name-that-is-too-long"),
		SDESP_ERR_BACKEND);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(io.device, -1);
	/* A name that no device may have, or no device at all. */
	assert_int_equal(sdesp_tun_io_open(&io, "a/b"), SDESP_ERR_BACKEND);
	assert_int_not_equal(errno, 0);
	assert_int_equal(io.device, -1);
	assert_int_equal(sdesp_tun_io_up(&io, 1400), SDESP_ERR_BACKEND);
	sdesp_tun_io_close(&io);
}

static void test_listen(void **state)
{
	struct sdesp_addr local = udp_addr("127.0.0.1", 0);
	struct sdesp_addr away = udp_addr("198.51.100.77", 0);
	struct sdesp_tun_io io;
	struct pollfd fds[SDESP_TUN_FDS];
	int status, other;

	(void)state;
	io = empty(&other);
	status = sdesp_tun_io_listen(&io, &local, 1, NULL);
	if (status != SDESP_OK) { /* said, and nothing is open */
		assert_int_equal(status, SDESP_ERR_BACKEND);
		assert_int_equal(errno, EPERM);
		assert_int_equal(io.out4, -1);
		print_message("no CAP_NET_RAW: only its lack was tested\n");
		sdesp_tun_io_close(&io);
		close(other);
		return;
	}
	assert_int_not_equal(local.port, 0);
	assert_int_equal(
		sdesp_tun_io_listen(&io, &local, 1, NULL), SDESP_ERR_BACKEND);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(
		sdesp_tun_io_listen(&io, &away, 0, NULL), SDESP_ERR_BACKEND);
	assert_int_equal(errno, EADDRNOTAVAIL);
	for (unsigned i = 1; i < SDESP_TUN_SOCKETS; i++) {
		local.port = 0;
		assert_int_equal(
			sdesp_tun_io_listen(&io, &local, i % 2, NULL), 0);
	}
	local.port = 0;
	assert_int_equal(
		sdesp_tun_io_listen(&io, &local, 1, NULL), SDESP_ERR_SPACE);
	assert_int_equal(sdesp_tun_io_fds(&io, fds), SDESP_TUN_FDS);
	sdesp_tun_io_close(&io);
	assert_int_equal(io.out4, -1);
	assert_int_equal(sdesp_tun_io_fds(&io, fds), 1);

	/* An interface that is not there. */
	io.device = -1;
	assert_int_equal(sdesp_tun_io_listen(&io, &local, 1, "none-such"),
		SDESP_ERR_BACKEND);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(io.out4, -1);
	close(other);
}

static void test_answer(void **state)
{
	struct sdesp_pkt pkts[3] = {tun_udp(0, "10.0.0.1", "10.1.0.1", 60),
		tun_udp(1, "10.0.0.1", "10.1.0.1", 60),
		tun_udp(2, "10.0.0.1", "10.1.0.1", 60)};
	struct sdesp_tun_io io;
	uint8_t octets[200];
	int other;

	(void)state;
	io = empty(&other);
	pkts[1].status = SDESP_ERR_AUTH; /* never reaches the device */
	assert_int_equal(sdesp_tun_io_answer(&io, pkts, 3), 2);
	assert_int_equal(read(other, octets, sizeof octets), 120);
	close(io.device);
	io.device = -1;
	assert_int_equal(sdesp_tun_io_answer(&io, pkts, 3), 0);
	assert_int_equal(io.undelivered, 2);
	assert_int_equal(io.last_errno, EBADF);
	close(other);
}

/* The device has gone, and no socket to send by: said, not hung. */
static void test_gone(void **state)
{
	static struct tun_end end;
	struct sdesp_pkt pkt = tun_udp(0, "10.0.0.1", "10.1.0.1", 60);
	struct pollfd fds[SDESP_TUN_FDS];
	struct sdesp_tun_io io;
	int other;

	(void)state;
	io = empty(&other);
	tun_end_init(&end, 2, 1);
	close(io.device);
	sdesp_tun_io_fds(&io, fds);
	fds[0].revents = POLLERR;
	assert_int_equal(sdesp_tun_io_serve(&io, &end.tun, bufs, fds, 0),
		SDESP_ERR_BACKEND);
	assert_int_equal(io.last_errno, EBADF);
	assert_int_equal(sdesp_tun_io_send(&io, &pkt, 1), 0);
	assert_int_equal(io.unsent, 1);
	tun_end_close(&end);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
