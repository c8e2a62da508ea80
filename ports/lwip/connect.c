/*
 * TCP PCBs that are tied to a netif: through this session or not at all.
 * SPDX-License-Identifier: MIT
 */
#include "connections.h"
#include "sdesp_lwip.h"

enum { TCP = 6, TRIES = 512, FIRST_FREE = 49152, LAST_FREE = 65535 };

static struct tcp_pcb *new_pcb(struct sdesp_lwip *l)
{
	struct tcp_pcb *pcb = tcp_new();

	if (pcb != NULL)
		tcp_bind_netif(pcb, &l->netif);
	return pcb;
}

int sdesp_lwip_listen(struct sdesp_lwip *l, uint16_t port, struct tcp_pcb **pcb)
{
	struct tcp_pcb *bound = new_pcb(l);

	if (bound == NULL)
		return SDESP_ERR_SPACE;
	if (tcp_bind(bound, &l->netif.ip_addr, port) != ERR_OK) {
		tcp_abort(bound);
		return SDESP_ERR_EXISTS;
	}
	*pcb = tcp_listen(bound);
	if (*pcb == NULL) {
		tcp_abort(bound);
		return SDESP_ERR_SPACE;
	}
	/* A new PCB, which not every lwIP ties as the old one was. */
	tcp_bind_netif(*pcb, &l->netif);
	return SDESP_OK;
}

static int is_allowed(
	const struct sdesp_lwip *l, uint16_t local_port, uint16_t remote_port)
{
	struct sdesp_addr local = l->flow.local, remote = l->flow.remote;

	local.port = local_port;
	remote.port = remote_port;
	return sdesp_flow_match(&l->flow, TCP, &local, &remote);
}

/* Ports go round, so that a peer that still knows the last connection is not
 * met with its port again. */
static int bind_within(struct sdesp_lwip *l, struct tcp_pcb *pcb,
	const struct sdesp_ts_side *side, uint16_t remote_port)
{
	unsigned lo = side->lo > 0 ? side->lo : 1, hi = side->hi;
	unsigned span, i;
	int status = SDESP_ERR_SELECTOR;

	if (lo <= FIRST_FREE && hi == LAST_FREE)
		lo = FIRST_FREE;
	span = hi >= lo ? hi - lo + 1 : 0;
	for (i = 0; i < span && i < TRIES; i++) {
		uint16_t port = (uint16_t)(lo + l->next_port++ % span);

		if (!is_allowed(l, port, remote_port))
			continue;
		if (tcp_bind(pcb, &l->netif.ip_addr, port) == ERR_OK)
			return SDESP_OK;
		status = SDESP_ERR_SPACE;
	}
	return status;
}

static int bind_allowed(
	struct sdesp_lwip *l, struct tcp_pcb *pcb, uint16_t remote_port)
{
	int status = SDESP_ERR_SELECTOR;
	unsigned i;

	for (i = 0; i < l->flow.nts && status != SDESP_OK; i++) {
		int next =
			bind_within(l, pcb, &l->flow.ts[i].local, remote_port);

		if (next != SDESP_ERR_SELECTOR)
			status = next;
	}
	return status;
}

int sdesp_lwip_connect(struct sdesp_lwip *l, uint16_t port,
	tcp_connected_fn connected, void *arg, struct tcp_pcb **pcb)
{
	struct tcp_pcb *new = sdesp_lwip_make_room(l) ? new_pcb(l) : NULL;
	int status;

	if (new == NULL)
		return SDESP_ERR_SPACE;
	tcp_arg(new, arg);
	status = bind_allowed(l, new, port);
	if (status == SDESP_OK &&
		tcp_connect(new, &l->peer, port, connected) != ERR_OK)
		status = SDESP_ERR_SPACE;
	if (status != SDESP_OK) {
		tcp_abort(new);
		return status;
	}
	*pcb = new;
	return SDESP_OK;
}
