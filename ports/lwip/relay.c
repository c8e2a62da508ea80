/*
 * A relay's ports, and the connections that come in through them.
 * SPDX-License-Identifier: MIT
 */
#include "sdesp_relay.h"

#include <string.h>

#include "link.h"
#include "socket.h"

void sdesp_relay_init(struct sdesp_relay *r, struct sdesp_lwip *lwip,
	sdesp_relay_watch_fn *watch, void *ctx)
{
	memset(r, 0, sizeof *r);
	r->lwip = lwip;
	r->watch = watch;
	r->ctx = ctx;
}

static struct sdesp_relay_port *free_port(struct sdesp_relay *r)
{
	unsigned i;

	for (i = 0; i < SDESP_RELAY_PORTS; i++) {
		if (r->port[i].relay == NULL)
			return &r->port[i];
	}
	return NULL;
}

static void take_port(
	struct sdesp_relay_port *p, struct sdesp_relay *r, uint16_t port)
{
	p->relay = r;
	p->port = port;
}

/* From the peer, to our loopback. */
static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct sdesp_relay_port *p = arg;
	struct sdesp_relay_link *link = NULL;
	int fd;

	if (err != ERR_OK || pcb == NULL)
		return ERR_VAL;
	fd = p->relay->links < SDESP_RELAY_LINKS ? sdesp_socket_dial(p->port)
						 : -1;
	if (fd >= 0)
		link = sdesp_link_new(p->relay, fd);
	if (link == NULL) {
		p->relay->refused++;
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	p->relay->relayed++;
	sdesp_link_adopt(link, pcb);
	return sdesp_link_joined(link, pcb, ERR_OK);
}

/* From our host, to the peer. 0, or -1: nobody was waiting. */
static int accept_one(struct sdesp_relay_port *p)
{
	struct sdesp_relay *r = p->relay;
	int fd = sdesp_socket_accept(p->fd);
	struct sdesp_relay_link *link;
	struct tcp_pcb *pcb;

	if (fd < 0)
		return -1;
	link = sdesp_link_new(r, fd);
	if (link == NULL) {
		r->refused++;
		sdesp_socket_reset(fd);
		return 0;
	}
	link->fd_joined = 1;
	if (sdesp_lwip_connect(r->lwip, p->port, sdesp_link_joined, link,
		    &pcb) != SDESP_OK) {
		r->refused++;
		sdesp_link_reset(link);
		return 0;
	}
	r->relayed++;
	sdesp_link_adopt(link, pcb);
	sdesp_link_watch(link);
	return 0;
}

int sdesp_relay_expose(struct sdesp_relay *r, uint16_t port)
{
	struct sdesp_relay_port *p = free_port(r);
	struct tcp_pcb *pcb;
	int status;

	if (p == NULL)
		return SDESP_ERR_SPACE;
	status = sdesp_lwip_listen(r->lwip, port, &pcb);
	if (status != SDESP_OK)
		return status;
	take_port(p, r, port);
	p->pcb = pcb;
	tcp_arg(pcb, p);
	tcp_accept(pcb, accepted);
	return SDESP_OK;
}

int sdesp_relay_forward(
	struct sdesp_relay *r, struct sdesp_addr *at, uint16_t port)
{
	struct sdesp_relay_port *p = free_port(r);
	int fd;

	if (p == NULL)
		return SDESP_ERR_SPACE;
	fd = sdesp_socket_listen(at);
	if (fd < 0)
		return SDESP_ERR_BACKEND;
	take_port(p, r, port);
	p->fd = fd;
	r->watch(r->ctx, fd, SDESP_RELAY_READ);
	return SDESP_OK;
}

void sdesp_relay_ready(struct sdesp_relay *r, int fd)
{
	unsigned i;

	for (i = 0; i < SDESP_RELAY_LINKS; i++) {
		if (r->link[i].relay != NULL && r->link[i].fd == fd) {
			sdesp_link_ready(&r->link[i]);
			return;
		}
	}
	for (i = 0; i < SDESP_RELAY_PORTS; i++) {
		struct sdesp_relay_port *p = &r->port[i];

		if (p->relay == NULL || p->pcb != NULL || p->fd != fd)
			continue;
		for (i = 0; i < SDESP_RELAY_LINKS && accept_one(p) == 0; i++)
			continue;
		return;
	}
}

void sdesp_relay_close(struct sdesp_relay *r)
{
	unsigned i;

	for (i = 0; i < SDESP_RELAY_LINKS; i++) {
		if (r->link[i].relay != NULL)
			sdesp_link_reset(&r->link[i]);
	}
	for (i = 0; i < SDESP_RELAY_PORTS; i++) {
		struct sdesp_relay_port *p = &r->port[i];

		if (p->relay != NULL && p->pcb != NULL) {
			tcp_close(p->pcb); /* a listener's always succeeds */
		} else if (p->relay != NULL) {
			r->watch(r->ctx, p->fd, 0);
			sdesp_socket_close(p->fd);
		}
		p->relay = NULL;
	}
}
