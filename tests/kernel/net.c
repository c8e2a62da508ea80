/* Two namespaces and a cable. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdesp_crypto.h"
#include "sdesp_posix.h"
#include "sdesp_udp_socket.h"

static int spaces[2];
static const struct net_server *servers[2];

static const char *const outers[2][2] = {
	{"192.0.2.1", "2001:db8::1"}, {"192.0.2.2", "2001:db8::2"}};
static const char *const inners[2][2] = {
	{"10.1.0.1", "fd01::1"}, {"10.2.0.1", "fd02::1"}};

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void run(const char *command)
{
	if (system(command) != 0)
		die(command);
}

static void run_all(const char *const *commands)
{
	while (*commands != NULL)
		run(*commands++);
}

void net_cable(void)
{
	static const char *const commands[] = {
		"ip link add v0 netns sd0 type veth peer name v1 netns sd1",
		"ip -n sd0 addr add 192.0.2.1/24 dev v0",
		"ip -n sd0 addr add 192.0.2.11/24 dev v0",
		"ip -n sd1 addr add 192.0.2.2/24 dev v1",
		"ip -n sd0 addr add 2001:db8::1/64 dev v0 nodad",
		"ip -n sd1 addr add 2001:db8::2/64 dev v1 nodad",
		"ip -n sd0 link set v0 up",
		"ip -n sd1 link set v1 up",
		"ip -n sd0 route add 10.2.0.0/16 via 192.0.2.2",
		"ip -n sd1 route add 10.1.0.0/16 via 192.0.2.1",
		"ip -n sd0 route add fd02::/64 via 2001:db8::2",
		"ip -n sd1 route add fd01::/64 via 2001:db8::1",
		NULL,
	};
	struct sdesp_addr from, to;

	run_all(commands);
	/* Neighbours know each other before a capture begins. */
	from = net_outer(0, 6);
	to = net_outer(1, 6);
	(void)net_ping(0, &from, &to);
}

void net_make(void)
{
	static const char *const commands[] = {
		"ip netns add sd0",
		"ip netns add sd1",
		"ip -n sd0 link set lo up",
		"ip -n sd1 link set lo up",
		"ip -n sd0 addr add 10.1.0.1/32 dev lo",
		"ip -n sd1 addr add 10.2.0.1/32 dev lo",
		"ip -n sd0 addr add fd01::1/128 dev lo nodad",
		"ip -n sd1 addr add fd02::1/128 dev lo nodad",
		NULL,
	};

	run_all(commands);
	spaces[0] = open("/run/netns/sd0", O_RDONLY | O_CLOEXEC);
	spaces[1] = open("/run/netns/sd1", O_RDONLY | O_CLOEXEC);
	if (spaces[0] < 0 || spaces[1] < 0)
		die("/run/netns");
	net_cable();
}

void net_forget(int ns)
{
	net_enter(!ns);
	close(spaces[ns]);
	spaces[ns] = -1;
}

void net_enter(int ns)
{
	if (setns(spaces[ns], CLONE_NEWNET) < 0)
		die("setns");
}

static socklen_t name_of(
	struct sockaddr_storage *ss, const struct sdesp_addr *addr)
{
	return sdesp_udp_to_sockaddr(ss, addr, addr->family);
}

static struct sdesp_addr literal(const char *text)
{
	struct sdesp_addr addr;

	if (sdesp_addr_parse(&addr, text, strlen(text)) != SDESP_OK)
		die(text);
	return addr;
}

struct sdesp_addr net_outer(int ns, unsigned family)
{
	return literal(outers[ns][family == 6]);
}

struct sdesp_addr net_inner(int ns, unsigned family)
{
	return literal(inners[ns][family == 6]);
}

int net_socket(int ns, int type, const struct sdesp_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len = name_of(&ss, addr);
	int on = 1, fd;

	net_enter(ns);
	fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&ss, len) < 0)
		die("bind");
	return fd;
}

int net_send(int fd, const void *data, size_t len, const struct sdesp_addr *to)
{
	struct sockaddr_storage ss;
	socklen_t n = name_of(&ss, to);

	return sendto(fd, data, len, 0, (struct sockaddr *)&ss, n) ==
	       (ssize_t)len;
}

int net_run(int ns, const char *command)
{
	net_enter(ns);
	return system(command) == 0;
}

int net_count(int ns, const char *command, const char *word)
{
	char line[200];
	FILE *p;
	int n = 0;

	net_enter(ns);
	p = popen(command, "r");
	if (p == NULL)
		die(command);
	while (fgets(line, sizeof line, p) != NULL)
		n += strstr(line, word) != NULL;
	pclose(p);
	return n;
}

void net_serve(int ns, const struct net_server *server)
{
	servers[ns] = server;
}

/* One poll(2) of the socket and of all that is served. */
static int wait_once(int fd, int wait_ms)
{
	struct pollfd p[1 + 2 * NET_SERVED] = {{fd, POLLIN, 0}};
	nfds_t n = 1, at[2];

	for (int i = 0; i < 2; i++) {
		at[i] = n;
		if (servers[i] != NULL)
			n += servers[i]->fds(servers[i]->ctx, p + n);
	}
	if (poll(p, n, wait_ms) < 0)
		die("poll");
	for (int i = 0; i < 2; i++) {
		if (servers[i] != NULL)
			servers[i]->serve(servers[i]->ctx, p + at[i]);
	}
	return p[0].revents != 0;
}

int net_wait(int fd, int wait_ms)
{
	uint64_t now = net_now_ms(), until = now + (uint64_t)wait_ms;

	while (!wait_once(fd, (int)(until - now))) {
		now = net_now_ms();
		if (now >= until)
			return 0;
	}
	return 1;
}

long net_receive(int fd, void *data, size_t cap, int wait_ms)
{
	if (!net_wait(fd, wait_ms))
		return -1;
	return (long)recv(fd, data, cap, 0);
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An echo of our own comes back with the answer's type and our number. */
static int await_echo(int fd, unsigned type, uint8_t number)
{
	uint64_t until = net_now_ms() + 3000;

	while (net_now_ms() < until) {
		uint8_t got[256];
		long n = net_receive(fd, got, sizeof got, 100);
		size_t at = type == 0 ? 20 : 0; /* IPv4 comes with its header */

		if (n >= (long)at + 8 && got[at] == type &&
			got[at + 7] == number)
			return 1;
	}
	return 0;
}

int net_ping(int ns, const struct sdesp_addr *from, const struct sdesp_addr *to)
{
	static uint8_t number;
	int v6 = to->family == 6, fd, ok;
	uint8_t echo[64] = {8};
	struct sockaddr_storage ss;
	struct sdesp_addr self = *from, peer = *to;
	uint16_t sum;

	self.port = 0;
	peer.port = 0;
	net_enter(ns);
	fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC,
		v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ss, name_of(&ss, &self)) < 0)
		die("ICMP socket");
	echo[0] = v6 ? 128 : 8;
	echo[7] = ++number;
	sum = checksum(echo, sizeof echo);
	if (!v6) {
		echo[2] = (uint8_t)(sum >> 8);
		echo[3] = (uint8_t)sum;
	}
	ok = net_send(fd, echo, sizeof echo, &peer) &&
	     await_echo(fd, v6 ? 129 : 0, number);
	close(fd);
	return ok;
}

int net_exchange(int a, const struct sdesp_addr *at_a, int b,
	const struct sdesp_addr *at_b, size_t n)
{
	static uint8_t turn;
	uint8_t sent[1400], got[1400];

	memset(sent, ++turn, sizeof sent);
	if (!net_send(a, sent, n, at_b) ||
		net_receive(b, got, sizeof got, 1000) != (long)n ||
		memcmp(sent, got, n) != 0)
		return 0;
	return net_send(b, got, n, at_a) &&
	       net_receive(a, got, sizeof got, 1000) == (long)n &&
	       memcmp(sent, got, n) == 0;
}

uint8_t net_octet(size_t at)
{
	return (uint8_t)(at * 167 >> 3);
}

/* Move octets until the receiver has reached a count, within 5 s. */
static int pump(int from, int to, size_t *sent, size_t *got, size_t goal,
	struct sdesp_hash *in, struct sdesp_hash *out)
{
	uint64_t until = net_now_ms() + 5000;
	uint8_t chunk[4096];

	while (*got < goal && net_now_ms() < until) {
		size_t left = goal - *sent;
		ssize_t n;

		for (size_t i = 0; i < sizeof chunk; i++)
			chunk[i] = net_octet(*sent + i);
		n = left == 0
			    ? 0
			    : send(from, chunk,
				      left < sizeof chunk ? left : sizeof chunk,
				      MSG_NOSIGNAL);
		if (n > 0) {
			sdesp_bearssl_kex.hash_update(out, chunk, (size_t)n);
			*sent += (size_t)n;
		}
		if (!net_wait(to, 1))
			continue;
		n = recv(to, chunk, sizeof chunk, 0);
		if (n <= 0)
			return 0;
		sdesp_bearssl_kex.hash_update(in, chunk, (size_t)n);
		*got += (size_t)n;
	}
	return *got == goal;
}

int net_connect(
	int fd[2], const struct sdesp_addr *from, const struct sdesp_addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = name_of(&ss, to);
	int listener = net_socket(1, SOCK_STREAM, to);

	fd[1] = -1;
	fd[0] = net_socket(0, SOCK_STREAM, from);
	if (listen(listener, 1) < 0)
		die("listen");
	if ((connect(fd[0], (struct sockaddr *)&ss, len) == 0 ||
		    errno == EINPROGRESS) &&
		net_wait(listener, 3000))
		fd[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	close(listener);
	return fd[1] >= 0;
}

void net_hang_up(int fd[2])
{
	for (int i = 0; i < 2; i++) {
		struct linger now = {1, 0};

		/* No TIME-WAIT: the ports are wanted again. */
		if (fd[i] >= 0) {
			(void)setsockopt(
				fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
			close(fd[i]);
		}
	}
}

int net_file(const struct sdesp_addr *from, const struct sdesp_addr *to,
	size_t len, int (*midway)(void *ctx), void *ctx)
{
	struct sdesp_hash in, out;
	uint8_t digest[2][32];
	size_t sent = 0, got = 0;
	int fd[2], ok = net_connect(fd, from, to);

	sdesp_bearssl_kex.hash_init(&in);
	sdesp_bearssl_kex.hash_init(&out);
	ok = ok && pump(fd[0], fd[1], &sent, &got, len / 2, &in, &out);
	ok = ok && midway(ctx);
	ok = ok && pump(fd[0], fd[1], &sent, &got, len, &in, &out);
	sdesp_bearssl_kex.hash_final(&in, digest[0]);
	sdesp_bearssl_kex.hash_final(&out, digest[1]);
	net_hang_up(fd);
	return ok && memcmp(digest[0], digest[1], 32) == 0;
}

uint64_t net_now_ms(void)
{
	return sdesp_posix_now_ms();
}

void net_sleep_ms(unsigned ms)
{
	(void)net_wait(-1, (int)ms);
}
