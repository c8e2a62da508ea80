/*
 * The policies of a guard. SPDX-License-Identifier: MIT
 */
#include <unistd.h>

#include "ports/posix/guard.h"

int guard_open_policies(struct guard *g, unsigned device)
{
	struct sdesp_xfrm_config config = {&sdesp_xfrm_socket_io, &g->socket};

	if (sdesp_xfrm_socket_open(&g->socket) != SDESP_OK)
		return 0;
	g->has_policies = 1;
	/* Nobody waits for notices. */
	close(g->socket.events);
	g->socket.events = -1;
	g->has_mark = guard_mark(g, device) == 0;
	return sdesp_xfrm_guard_init(&g->policies, &config, g->instance, device,
		       g->has_mark ? GUARD_CAME : 0) == SDESP_OK
		       ? 0
		       : -1;
}

int guard_shut(struct guard *g, const struct sdesp_flow *flow, unsigned place)
{
	return g->has_policies
		       ? sdesp_xfrm_guard_shut(&g->policies, flow, place)
		       : SDESP_OK;
}

void guard_unshut(
	struct guard *g, const struct sdesp_flow *flow, unsigned place)
{
	if (g->has_policies && !g->heir)
		sdesp_xfrm_guard_let(&g->policies, flow, place);
}

void guard_bury_policies(struct guard *g, unsigned instance)
{
	if (g->has_policies)
		sdesp_xfrm_guard_remove(&g->policies, instance);
}

void guard_close_policies(struct guard *g)
{
	if (g->has_policies)
		sdesp_xfrm_socket_close(&g->socket);
	g->has_policies = 0;
}
