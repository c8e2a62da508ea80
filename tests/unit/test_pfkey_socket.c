/*
 * The PF_KEY socket, with the other end of a socket pair for a kernel.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/pfkey/writer.h"
#include "sdesp_pfkey_socket.h"

static struct sdesp_pfkey_socket sock;
static struct sdesp_pfkey_config config;
static struct sdesp_pfkey pf;
static int kernel = -1, refuse_with;
static char locks[] = "/tmp/sdesp-pfkey-XXXXXX";

/* In place of the system's: PF_KEY is one end of a pair. */
int socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != PF_KEY)
		return (int)syscall(SYS_socket, domain, type, protocol);
	assert_int_equal(type, SOCK_RAW);
	assert_int_equal(protocol, 2);
	errno = refuse_with;
	if (refuse_with != 0 ||
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	kernel = pair[1];
	return pair[0];
}

static void open_it(void)
{
	assert_int_equal(sdesp_pfkey_socket_open(&sock, &config), SDESP_OK);
	sock.locks = locks;
	assert_true(fcntl(sock.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(sock.fd, F_GETFL) & O_NONBLOCK);
}

static void close_it(void)
{
	sdesp_pfkey_socket_close(&sock);
	assert_int_equal(sock.fd, -1);
	if (kernel >= 0)
		close(kernel);
	kernel = -1;
}

/* A message without extensions, as the kernel would send it. */
static void answer(unsigned type, uint32_t seq, uint32_t pid)
{
	struct pfkey_writer w;

	sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, type, seq, pid);
	assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
	assert_int_equal(write(kernel, w.buf, w.len), w.len);
}

/* Nothing is there: what a kernel says to DUMP and SPDDUMP then. */
static void answer_empty(void)
{
	static const uint8_t types[] = {PFKEY_DUMP, KAME_SPDDUMP};

	for (unsigned i = 0; i < 2; i++) {
		struct pfkey_writer w;

		sdesp_pfkey_begin(&w, &sdesp_pfkey_linux, types[i],
			config.seq + 2 + i, config.pid);
		assert_int_equal(sdesp_pfkey_end(&w), SDESP_OK);
		w.buf[2] = ENOENT;
		assert_int_equal(write(kernel, w.buf, w.len), w.len);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_refused(void **state)
{
	(void)state;
	refuse_with = EAFNOSUPPORT;
	assert_int_equal(
		sdesp_pfkey_socket_open(&sock, &config), SDESP_ERR_BACKEND);
	assert_int_equal(errno, EAFNOSUPPORT);
	assert_int_equal(sock.fd, -1);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_ERR_ARG);
	refuse_with = 0;
	sdesp_pfkey_socket_close(&sock);
}

static void test_answered(void **state)
{
	uint8_t request[64];

	(void)state;
	open_it();
	assert_int_equal(config.pid, getpid());
	assert_ptr_equal(config.dialect, &sdesp_pfkey_linux);
	answer(PFKEY_REGISTER, config.seq + 1, config.pid + 1);
	answer(PFKEY_REGISTER, config.seq, config.pid);
	answer(PFKEY_GET, config.seq + 1, config.pid);
	answer(PFKEY_REGISTER, config.seq + 1, config.pid);
	answer_empty();
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_OK);
	assert_int_equal(read(kernel, request, sizeof request), 16);
	assert_int_equal(request[1], PFKEY_REGISTER);
	close_it();
}

/* Whatever else comes, the wait ends. */
static void test_no_answer(void **state)
{
	double start = seconds();

	(void)state;
	open_it();
	for (unsigned i = 0; i < 20; i++)
		answer(PFKEY_REGISTER, config.seq + 1, config.pid + 1);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_ERR_BACKEND);
	assert_string_equal(
		pf.base.vtable->cause(&pf.base), "PF_KEY REGISTER: no reply");
	assert_true(seconds() - start >= SDESP_PFKEY_WAIT_MS / 1000.0 - 0.1);
	assert_true(seconds() - start < SDESP_PFKEY_WAIT_MS / 1000.0 + 5);
	close_it();
}

/* A kernel that is gone is not waited for. */
static void test_gone(void **state)
{
	double start = seconds();

	(void)state;
	open_it();
	shutdown(kernel, SHUT_WR);
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_ERR_BACKEND);
	assert_true(seconds() - start < 1);
	close_it();
	open_it();
	close(kernel);
	kernel = open("/dev/null", O_RDONLY);
	assert_int_equal(
		config.send(config.ctx, (const uint8_t *)"x", 0), EPIPE);
	close_it();
}

static void test_cut(void **state)
{
	static uint8_t big[SDESP_PFKEY_REPLY + 8];
	struct sdesp_backend_event ev;

	(void)state;
	open_it();
	answer(PFKEY_REGISTER, config.seq + 1, config.pid);
	answer_empty();
	assert_int_equal(sdesp_pfkey_init(&pf, &config), SDESP_OK);
	assert_int_equal(pf.base.vtable->poll(&pf.base, &ev), 0);
	assert_int_equal(write(kernel, big, sizeof big), sizeof big);
	assert_int_equal(pf.base.vtable->poll(&pf.base, &ev), 1);
	assert_int_equal(ev.type, SDESP_BACKEND_LOST);
	assert_int_equal(pf.base.vtable->poll(&pf.base, &ev), 0);
	close_it();
}

/* An instance is one's until one lets go of it, or ends in any way. */
static void test_held(void **state)
{
	static struct sdesp_pfkey_socket two;
	struct sdesp_pfkey_config other;
	int status;
	pid_t child;

	(void)state;
	open_it();
	close(kernel);
	assert_int_equal(sdesp_pfkey_socket_open(&two, &other), SDESP_OK);
	two.locks = locks;
	assert_int_equal(config.claim(config.ctx, 3), 0);
	assert_int_not_equal(other.claim(other.ctx, 3), 0);
	assert_int_equal(other.claim(other.ctx, 4), 0);
	config.release(config.ctx, 3);
	assert_int_equal(other.claim(other.ctx, 3), 0);
	other.release(other.ctx, 3);

	child = fork();
	if (child == 0) {
		if (config.claim(config.ctx, 3) == 0)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(other.claim(other.ctx, 3), 0);
	sdesp_pfkey_socket_close(&two);
	assert_int_equal(config.claim(config.ctx, 4), 0);
	two.locks = sock.locks = "/nonexistent";
	assert_int_not_equal(config.claim(config.ctx, 5), 0);
	close_it();
}

static void test_encap(void **state)
{
	(void)state;
	assert_int_equal(sdesp_pfkey_socket_encap(-1, 4), SDESP_ERR_BACKEND);
	assert_int_equal(errno, EBADF);
	assert_int_equal(sdesp_pfkey_socket_encap(-1, 6), SDESP_ERR_BACKEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_encap),
	};
	char path[64];
	int failed;

	if (mkdtemp(locks) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned i = 0; i < SDESP_PFKEY_INSTANCES; i++) {
		(void)snprintf(
			path, sizeof path, "%s/sdesp-pfkey.%u", locks, i);
		(void)unlink(path);
	}
	(void)rmdir(locks);
	return failed;
}
