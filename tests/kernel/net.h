/*
 * Two network namespaces joined by a cable, for tests inside a guest: sockets
 * in either, and traffic between them.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_KERNEL_NET_H
#define TESTS_KERNEL_NET_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "sdesp_sa.h"

/*
 * Make namespaces 0 and 1 with iproute2, joined by a veth pair:
 *
 *	192.0.2.1, 2001:db8::1      192.0.2.2, 2001:db8::2
 *	192.0.2.11 (0 moves there)  10.2.0.1, fd02::1   inner addresses
 *	10.1.0.1, fd01::1
 *
 * Exits with a message when it cannot.
 */
void net_make(void);

/* The cable anew, when it has been taken away. */
void net_cable(void);

/* Whatever this thread opens from now on is in this namespace. */
void net_enter(int ns);

/* A shell command in a namespace: 1 when it says that all is well. */
int net_run(int ns, const char *command);

/* How many of the lines that it writes have this word in them. */
int net_count(int ns, const char *command, const char *word);

/* An end in user space that carries packets of its namespace's kernel: it is
 * turned whenever something here waits. */
#define NET_SERVED 8
struct net_server {
	nfds_t (*fds)(void *ctx, struct pollfd fds[NET_SERVED]);
	void (*serve)(void *ctx, const struct pollfd *fds);
	void *ctx;
};

/* From now on, until server is NULL. */
void net_serve(int ns, const struct net_server *server);

/* Until there is something to read, or wait_ms have passed: 1 or 0. fd may be
 * -1, which never has. */
int net_wait(int fd, int wait_ms);

/* Let go of a namespace, which nothing of this file can use any more. */
void net_forget(int ns);

/* Outer and inner address of an end. */
struct sdesp_addr net_outer(int ns, unsigned family);
struct sdesp_addr net_inner(int ns, unsigned family);

/* A nonblocking socket of SOCK_DGRAM or SOCK_STREAM in ns, bound to addr.
 * Exits when there is none. */
int net_socket(int ns, int type, const struct sdesp_addr *addr);

/* Send one datagram; 1 when the kernel took it. */
int net_send(int fd, const void *data, size_t len, const struct sdesp_addr *to);

/* The next datagram within wait_ms: octets, -1 for none. */
long net_receive(int fd, void *data, size_t cap, int wait_ms);

/* Ping: 1 when the answer came within 3 s. */
int net_ping(
	int ns, const struct sdesp_addr *from, const struct sdesp_addr *to);

/* n octets there and back between two bound UDP sockets: 1 when they came. */
int net_exchange(int a, const struct sdesp_addr *at_a, int b,
	const struct sdesp_addr *at_b, size_t n);

/* A TCP connection from 0 to 1, nonblocking; 1, or 0 and -1 in fd[1]. Then
 * its end, at once, which leaves the ports free. */
int net_connect(
	int fd[2], const struct sdesp_addr *from, const struct sdesp_addr *to);
void net_hang_up(int fd[2]);

/* What a file has at an offset. */
uint8_t net_octet(size_t at);

/*
 * A file over TCP from 0 to 1, half of it before and half after midway(ctx),
 * which returns 1 to go on. 1 when both ends have the same SHA-256.
 */
int net_file(const struct sdesp_addr *from, const struct sdesp_addr *to,
	size_t len, int (*midway)(void *ctx), void *ctx);

uint64_t net_now_ms(void);
void net_sleep_ms(unsigned ms);

#endif
