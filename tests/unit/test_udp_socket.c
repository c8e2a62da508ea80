/*
 * The UDP backend on real sockets of the loopback interface.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sdesp_udp_socket.h"
#include "tests/support/udp_pair.h"

static struct sdesp_udp_socket socks[2];
static struct sdesp_addr addrs[2];
static struct udp_end ends[2];
static struct sdesp_udp_buf bufs[SDESP_UDP_BATCH];
static struct sdesp_pkt pkts[SDESP_UDP_BATCH];
static struct sdesp_udp_meta meta[SDESP_UDP_BATCH];

/* In place of the system's: refuses everything while refuse_with is set. */
static int refuse_with;
static unsigned asked;

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	asked++;
	if (refuse_with == 0)
		return (int)syscall(SYS_sendmmsg, fd, msgs, n, flags);
	errno = refuse_with;
	return -1;
}

/* 0 when this machine has no such loopback. */
static int open_both(const char *ip)
{
	for (int i = 0; i < 2; i++) {
		addrs[i] = udp_addr(ip, 0);
		if (sdesp_udp_socket_open(&socks[i], &addrs[i]) != SDESP_OK)
			return 0;
		assert_int_not_equal(addrs[i].port, 0);
	}
	return 1;
}

static void skip_for(const char *reason)
{
	const char *all = getenv("SDESP_REQUIRE_ALL");

	print_message("SKIP: %s\n", reason);
	if (all != NULL && strcmp(all, "1") == 0)
		fail();
	skip();
}

static void close_both(void)
{
	sdesp_udp_socket_close(&socks[0]);
	sdesp_udp_socket_close(&socks[1]);
	assert_int_equal(socks[0].fd, -1);
}

static void start(void)
{
	struct sdesp_flow flow = udp_flow();

	flow.local = addrs[0];
	flow.remote = addrs[1];
	udp_pair_init(ends, &flow, SDESP_AES_128_GCM_16, 0);
	for (int i = 0; i < 2; i++) {
		ends[i].udp.config.send = sdesp_udp_socket_send;
		ends[i].udp.config.send_ctx = &socks[i];
	}
}

static void wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static size_t receive(int end)
{
	wait_for(socks[end].fd);
	return sdesp_udp_socket_receive(
		&socks[end], bufs, pkts, meta, SDESP_UDP_BATCH);
}

/* 100 packets of growing size, in batches, to the other end. */
static void check_traffic(void)
{
	static uint8_t data[1400];
	size_t got = 0;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 13);
	for (size_t sent = 0; sent < 100; sent += 25) {
		struct sdesp_pkt out[25];

		for (size_t i = 0; i < 25; i++)
			out[i] = udp_payload(i, data, (sent + i) * 14);
		assert_int_equal(sdesp_udp_send(&ends[0].udp, ends[0].id, 40000,
					 7, out, 25, 0),
			25);
		while (got < sent + 25) {
			size_t n = receive(1);

			assert_int_equal(
				sdesp_udp_input(&ends[1].udp, pkts, meta, n, 0),
				n);
			for (size_t i = 0; i < n; i++, got++) {
				assert_true(sdesp_addr_equal(
					&meta[i].from, &addrs[0]));
				assert_int_equal(pkts[i].len, got * 14);
				assert_memory_equal(
					pkts[i].data, data, pkts[i].len);
			}
		}
	}
	assert_int_equal(sdesp_udp_socket_receive(
				 &socks[1], bufs, pkts, meta, SDESP_UDP_BATCH),
		0);
	assert_int_equal(socks[1].refused, 0);
}

static void test_ip4(void **state)
{
	(void)state;
	assert_true(open_both("127.0.0.1"));
	start();
	check_traffic();
	close_both();
}

static void test_ip6(void **state)
{
	(void)state;
	if (!open_both("::1"))
		skip_for("no IPv6 loopback");
	start();
	check_traffic();
	close_both();
}

/* One end on an IPv6 socket for everything, spoken to over IPv4. */
static void test_mapped(void **state)
{
	(void)state;
	addrs[0] = udp_addr("::", 0);
	addrs[1] = udp_addr("127.0.0.1", 0);
	if (sdesp_udp_socket_open(&socks[0], &addrs[0]) != SDESP_OK)
		skip_for("no IPv6 sockets");
	assert_int_equal(sdesp_udp_socket_open(&socks[1], &addrs[1]), SDESP_OK);
	addrs[0] = udp_addr("127.0.0.1", addrs[0].port);
	start();
	check_traffic();
	close_both();
}

static void test_truncated(void **state)
{
	static uint8_t data[SDESP_UDP_DATAGRAM + 1] = "big";
	struct sdesp_pkt out[3] = {{.data = data, .len = SDESP_UDP_DATAGRAM},
		{.data = data, .len = SDESP_UDP_DATAGRAM + 1},
		{.data = data, .len = 0}};
	size_t got = 0;

	(void)state;
	assert_true(open_both("127.0.0.1"));
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[1], out, 3), 3);
	while (got < 2)
		got += receive(1);
	assert_int_equal(got, 2);
	assert_int_equal(socks[1].truncated, 1);
	close_both();
}

/* The whole room around a datagram is what it is said to be. */
static void test_room(void **state)
{
	uint8_t octet = 0xc0;
	struct sdesp_pkt out = {.data = &octet, .len = 1};

	(void)state;
	assert_true(open_both("127.0.0.1"));
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[1], &out, 1), 1);
	assert_int_equal(receive(1), 1);
	assert_ptr_equal(pkts[0].data - pkts[0].head, bufs[0].octets);
	assert_int_equal(pkts[0].head + pkts[0].len + pkts[0].tail,
		sizeof bufs[0].octets);
	close_both();
}

static void test_errors(void **state)
{
	uint8_t octet = 0xff;
	struct sdesp_pkt out[40];
	struct sdesp_addr taken, six = udp_addr("2001:db8::1", 9);
	struct sdesp_udp_socket other;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		out[i] = (struct sdesp_pkt){.data = &octet, .len = 1};
	assert_true(open_both("127.0.0.1"));
	taken = addrs[0];
	assert_int_equal(
		sdesp_udp_socket_open(&other, &taken), SDESP_ERR_BACKEND);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(other.fd, -1);
	assert_int_equal(
		sdesp_udp_socket_attach(&other, -1, 4), SDESP_ERR_BACKEND);
	assert_int_equal(other.fd, -1);

	/* IPv6 over an IPv4 socket; one that is too long. */
	assert_int_equal(sdesp_udp_socket_send(&socks[0], &six, out, 40), 0);
	assert_int_equal(socks[0].unsent, 40);
	assert_int_equal(socks[0].last_errno, EAFNOSUPPORT);
	out[0].len = 70000;
	out[0].data = malloc(70000);
	assert_non_null(out[0].data);
	memset(out[0].data, 0, 70000);
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[1], out, 40), 39);
	free(out[0].data);
	assert_int_equal(socks[0].unsent, 41);
	assert_int_equal(socks[0].last_errno, EMSGSIZE);
	close_both();

	/* Errors on reading are counted, not repeated. */
	assert_int_equal(sdesp_udp_socket_receive(
				 &socks[0], bufs, pkts, meta, SDESP_UDP_BATCH),
		0);
	assert_int_equal(socks[0].refused, 1);
	assert_int_equal(socks[0].last_errno, EBADF);
}

/* A peer that is not there: the system says so on a connected socket. */
static void test_connection_refused(void **state)
{
	struct sockaddr_storage ss;
	socklen_t len;
	uint8_t octet = 0xff;
	struct sdesp_pkt out = {.data = &octet, .len = 1};

	(void)state;
	assert_true(open_both("127.0.0.1"));
	len = sdesp_udp_to_sockaddr(&ss, &addrs[1], 4);
	assert_int_equal(connect(socks[0].fd, (struct sockaddr *)&ss, len), 0);
	sdesp_udp_socket_close(&socks[1]);
	assert_int_equal(send(socks[0].fd, &octet, 1, 0), 1);
	assert_int_equal(receive(0), 0);
	assert_int_equal(socks[0].last_errno, ECONNREFUSED);
	assert_int_equal(socks[0].refused, 1);
	assert_int_equal(send(socks[0].fd, &octet, 1, 0), 1);
	wait_for(socks[0].fd);
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[0], &out, 1), 0);
	assert_int_equal(socks[0].unsent, 1);
	close_both();
}

/* What comes from no IP address is dropped. */
static void test_not_ip(void **state)
{
	int fds[2];
	uint8_t octet = 0xff;
	struct sdesp_udp_socket s;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	assert_int_equal(sdesp_udp_socket_attach(&s, fds[0], 4), SDESP_OK);
	assert_int_equal(send(fds[1], &octet, 1, 0), 1);
	wait_for(s.fd);
	assert_int_equal(
		sdesp_udp_socket_receive(&s, bufs, pkts, meta, SDESP_UDP_BATCH),
		0);
	assert_int_equal(s.unnamed, 1);
	close(fds[1]);
	sdesp_udp_socket_close(&s);
}

/* A queue that is full is not waited for, and asked once. */
static void test_full(void **state)
{
	static const int errors[] = {EAGAIN, ENOBUFS, ENOMEM};
	uint8_t octet = 0xff;
	struct sdesp_pkt out[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		out[i] = (struct sdesp_pkt){.data = &octet, .len = 1};
	assert_true(open_both("127.0.0.1"));
	for (unsigned i = 0; i < 3; i++) {
		refuse_with = errors[i];
		asked = 0;
		assert_int_equal(
			sdesp_udp_socket_send(&socks[0], &addrs[1], out, 30),
			0);
		assert_int_equal(asked, 1);
		assert_int_equal(socks[0].full, (i + 1) * 30);
		assert_int_equal(socks[0].last_errno, errors[i]);
	}
	refuse_with = EPERM;
	asked = 0;
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[1], out, 40), 0);
	assert_int_equal(asked, 40);
	assert_int_equal(socks[0].unsent, 40);
	refuse_with = 0;
	assert_int_equal(
		sdesp_udp_socket_send(&socks[0], &addrs[1], out, 40), 40);
	close_both();
}

static void test_sockaddr(void **state)
{
	struct sockaddr_storage ss;
	struct sdesp_addr addr = {9, {9}, 9}, four, six, none = {0};

	(void)state;
	four = udp_addr("192.0.2.1", 4500);
	six = udp_addr("2001:db8::7", 4501);
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &four, 4),
		sizeof(struct sockaddr_in));
	assert_int_equal(sdesp_udp_from_sockaddr(&addr, &ss), SDESP_OK);
	assert_true(sdesp_addr_equal(&addr, &four));
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &four, 6),
		sizeof(struct sockaddr_in6));
	assert_int_equal(sdesp_udp_from_sockaddr(&addr, &ss), SDESP_OK);
	assert_true(sdesp_addr_equal(&addr, &four));
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &six, 6),
		sizeof(struct sockaddr_in6));
	assert_int_equal(sdesp_udp_from_sockaddr(&addr, &ss), SDESP_OK);
	assert_true(sdesp_addr_equal(&addr, &six));
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &six, 4), 0);
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &none, 4), 0);
	assert_int_equal(sdesp_udp_to_sockaddr(&ss, &none, 6), 0);
	ss.ss_family = AF_UNIX;
	assert_int_equal(
		sdesp_udp_from_sockaddr(&addr, &ss), SDESP_ERR_UNSUPPORTED);
	assert_true(sdesp_addr_equal(&addr, &six));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_connection_refused),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_sockaddr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
