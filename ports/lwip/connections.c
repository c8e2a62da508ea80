/*
 * How many TCP connections a netif has, and the end of those in TIME-WAIT.
 * lwIP has no call for either: this reads its lists, as its own applications
 * (SNMP) do. SPDX-License-Identifier: MIT
 */
#include "lwip/priv/tcp_priv.h"

#include "connections.h"

static int is_of(const struct tcp_pcb *pcb, const struct sdesp_lwip *l)
{
	return ip_addr_cmp(&pcb->remote_ip, &l->peer);
}

static unsigned count(const struct tcp_pcb *list, const struct sdesp_lwip *l)
{
	unsigned n = 0;

	for (; list != NULL; list = list->next)
		n += is_of(list, l) ? 1U : 0U;
	return n;
}

/* lwIP puts the newest at the front. */
static struct tcp_pcb *oldest_waiting(const struct sdesp_lwip *l)
{
	struct tcp_pcb *pcb, *oldest = NULL;

	for (pcb = tcp_tw_pcbs; pcb != NULL; pcb = pcb->next) {
		if (is_of(pcb, l))
			oldest = pcb;
	}
	return oldest;
}

int sdesp_lwip_make_room(struct sdesp_lwip *l)
{
	struct tcp_pcb *waiting;

	if (count(tcp_active_pcbs, l) + count(tcp_tw_pcbs, l) <
		SDESP_LWIP_CONNECTIONS)
		return 1;
	waiting = oldest_waiting(l);
	if (waiting == NULL)
		return 0;
	tcp_abort(waiting);
	return 1;
}

void sdesp_lwip_forget(struct sdesp_lwip *l)
{
	struct tcp_pcb *pcb;

	while ((pcb = oldest_waiting(l)) != NULL)
		tcp_abort(pcb);
}
