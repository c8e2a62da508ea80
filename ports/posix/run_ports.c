/*
 * Sockets on loopback and the table of who talks to whom.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/ports.h"
#include "ports/posix/report.h"
#include "ports/posix/run_ports.h"
#include "sdesp_udp_socket.h"

enum { UDP = 17 };

static int open_listener(struct run_ports *ports, struct port_word *w)
{
	struct run_listener *l = &ports->listeners[ports->nlisteners];
	struct sdesp_udp_socket socket;
	char text[SDESP_POSIX_ADDR_TEXT];

	if (sdesp_udp_socket_open(&socket, &w->at) != SDESP_OK)
		return system_error("-L %s: %s",
			sdesp_posix_print_addr(text, &w->at), strerror(errno));
	l->fd = socket.fd;
	l->remote_port = w->port;
	ports->nlisteners++;
	return sdesp_loop_add(ports->loop, l->fd, ports->readable,
		       ports->ctx) == SDESP_OK
		       ? DONE
		       : system_error("-L: too many sockets");
}

int run_ports_open(struct run_ports *ports, const struct options *o)
{
	struct port_word words[PORT_WORDS];
	unsigned i, n;
	int code = port_words_read(words, &n, o);

	for (i = 0; code == DONE && i < n; i++) {
		if (words[i].forward)
			code = open_listener(ports, &words[i]);
		else
			ports->exposed[ports->nexposed++] = words[i].port;
	}
	return code;
}

static void forget(struct run_ports *ports, struct run_flow *f)
{
	if (f->listener == NULL) {
		sdesp_loop_remove(ports->loop, f->fd);
		close(f->fd);
	}
	f->used = 0;
}

static struct run_flow *find_inside(
	struct run_ports *ports, uint16_t local_port, uint16_t remote_port)
{
	unsigned i;

	for (i = 0; i < RUN_FLOWS; i++) {
		struct run_flow *f = &ports->flows[i];

		if (f->used && f->local_port == local_port &&
			f->remote_port == remote_port)
			return f;
	}
	return NULL;
}

/* A free entry: the one that was silent longest makes room. */
static struct run_flow *make_room(struct run_ports *ports)
{
	struct run_flow *oldest = &ports->flows[0];
	unsigned i;

	for (i = 0; i < RUN_FLOWS; i++) {
		struct run_flow *f = &ports->flows[i];

		if (!f->used) {
			oldest = f;
			break;
		}
		if (f->last_ms < oldest->last_ms)
			oldest = f;
	}
	if (oldest->used)
		forget(ports, oldest);
	memset(oldest, 0, sizeof *oldest);
	oldest->fd = -1;
	oldest->last_ms = sdesp_posix_now_ms();
	return oldest;
}

static int is_allowed(const struct run_ports *ports, uint16_t local_port,
	uint16_t remote_port)
{
	struct sdesp_addr local = ports->selectors->local;
	struct sdesp_addr remote = ports->selectors->remote;

	local.port = local_port;
	remote.port = remote_port;
	return sdesp_flow_match(ports->selectors, UDP, &local, &remote);
}

/* A port inside ESP for a client: its own if that may be, else the first that
 * the selectors allow and nobody has. 0: there is none. */
static uint16_t choose_port(
	struct run_ports *ports, uint16_t own, uint16_t remote_port)
{
	unsigned i;

	if (is_allowed(ports, own, remote_port) &&
		find_inside(ports, own, remote_port) == NULL)
		return own;
	for (i = 0; i < ports->selectors->nts; i++) {
		const struct sdesp_ts_side *side =
			&ports->selectors->ts[i].local;
		unsigned port = side->lo > 0 ? side->lo : 1;
		unsigned tries;

		for (tries = 0; port <= side->hi && tries < RUN_FLOWS;
			port++, tries++) {
			if (is_allowed(ports, (uint16_t)port, remote_port) &&
				find_inside(ports, (uint16_t)port,
					remote_port) == NULL)
				return (uint16_t)port;
		}
	}
	return 0;
}

static struct run_flow *find_client(struct run_ports *ports,
	struct run_listener *l, const struct sdesp_addr *client)
{
	struct run_flow *f;
	uint16_t port;
	unsigned i;

	for (i = 0; i < RUN_FLOWS; i++) {
		f = &ports->flows[i];
		if (f->used && f->listener == l &&
			sdesp_addr_equal(&f->client, client))
			return f;
	}
	port = choose_port(ports, client->port, l->remote_port);
	if (port == 0)
		return NULL;
	f = make_room(ports);
	f->used = 1;
	f->listener = l;
	f->client = *client;
	f->local_port = port;
	f->remote_port = l->remote_port;
	return f;
}

static struct run_flow *flow_of_socket(
	struct run_ports *ports, int fd, const struct sdesp_addr *from)
{
	unsigned i;

	for (i = 0; i < ports->nlisteners; i++) {
		if (ports->listeners[i].fd == fd)
			return find_client(ports, &ports->listeners[i], from);
	}
	for (i = 0; i < RUN_FLOWS; i++) {
		if (ports->flows[i].used && ports->flows[i].fd == fd)
			return &ports->flows[i];
	}
	return NULL;
}

int run_ports_receive(struct run_ports *ports, int fd, uint8_t *data,
	size_t cap, size_t *len, uint16_t *local_port, uint16_t *remote_port)
{
	for (;;) {
		struct sockaddr_storage sa;
		socklen_t sa_len = (socklen_t)sizeof sa;
		struct sdesp_addr from;
		struct run_flow *f;
		ssize_t n = recvfrom(
			fd, data, cap, 0, (struct sockaddr *)&sa, &sa_len);

		if (n < 0 && (errno == EINTR || errno == ECONNREFUSED))
			continue;
		if (n < 0)
			return 0;
		if (sdesp_udp_from_sockaddr(&from, &sa) != SDESP_OK)
			continue;
		f = flow_of_socket(ports, fd, &from);
		if (f == NULL || (size_t)n == cap) {
			ports->undeliverable++;
			continue;
		}
		f->last_ms = sdesp_posix_now_ms();
		*len = (size_t)n;
		*local_port = f->local_port;
		*remote_port = f->remote_port;
		return 1;
	}
}

/* A socket of its own for each remote port, so that the service at the exposed
 * port can tell its clients apart. */
static struct run_flow *open_exposed(
	struct run_ports *ports, uint16_t local_port, uint16_t remote_port)
{
	struct sdesp_addr any, to;
	struct sdesp_udp_socket socket;
	struct sockaddr_storage sa;
	struct run_flow *f;
	socklen_t len;
	unsigned i = 0;
	int fd;

	while (i < ports->nexposed && ports->exposed[i] != local_port)
		i++;
	if (i == ports->nexposed ||
		sdesp_posix_parse_addr(&any, "127.0.0.1", 0) != SDESP_OK)
		return NULL;
	to = any;
	to.port = local_port;
	f = make_room(ports);
	if (sdesp_udp_socket_open(&socket, &any) != SDESP_OK)
		return NULL;
	fd = socket.fd;
	len = sdesp_udp_to_sockaddr(&sa, &to, to.family);
	if (connect(fd, (const struct sockaddr *)&sa, len) != 0 ||
		sdesp_loop_add(ports->loop, fd, ports->readable, ports->ctx) !=
			SDESP_OK) {
		close(fd);
		return NULL;
	}
	f->used = 1;
	f->fd = fd;
	f->local_port = local_port;
	f->remote_port = remote_port;
	return f;
}

void run_ports_deliver(struct run_ports *ports, const uint8_t *data, size_t len,
	uint16_t local_port, uint16_t remote_port)
{
	struct run_flow *f = find_inside(ports, local_port, remote_port);
	ssize_t sent;

	if (f == NULL)
		f = open_exposed(ports, local_port, remote_port);
	if (f == NULL) {
		ports->undeliverable++;
		return;
	}
	f->last_ms = sdesp_posix_now_ms();
	if (f->listener != NULL) {
		struct sockaddr_storage sa;
		socklen_t sa_len = sdesp_udp_to_sockaddr(
			&sa, &f->client, f->client.family);

		sent = sendto(f->listener->fd, data, len, 0,
			(const struct sockaddr *)&sa, sa_len);
	} else {
		sent = send(f->fd, data, len, 0);
	}
	if (sent < 0)
		ports->undeliverable++;
}

void run_ports_close(struct run_ports *ports)
{
	unsigned i;

	for (i = 0; i < RUN_FLOWS; i++) {
		if (ports->flows[i].used)
			forget(ports, &ports->flows[i]);
	}
	for (i = 0; i < ports->nlisteners; i++) {
		sdesp_loop_remove(ports->loop, ports->listeners[i].fd);
		close(ports->listeners[i].fd);
	}
	ports->nlisteners = 0;
}
