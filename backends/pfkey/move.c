/*
 * An SA whose outer addresses change, in the ways that kernels have for it.
 * SPEC 9.2. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/ct.h"

#include "exchange.h"
#include "methods.h"
#include "request.h"
#include "table.h"

static int same_ips(
	const struct sdesp_pfkey_sa *a, const struct sdesp_pfkey_sa *b)
{
	return sdesp_addr_same_ip(&a->local, &b->local) &&
	       sdesp_addr_same_ip(&a->remote, &b->remote);
}

/* What the kernel has under a name; *msg is in pf->reply. */
static int look(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *at,
	struct pfkey_message *msg)
{
	struct pfkey_writer w;

	sdesp_pfkey_ask(pf, &w, PFKEY_GET);
	sdesp_pfkey_put_name(&w, at);
	return sdesp_pfkey_exchange(pf, &w, msg);
}

/* Is it there now? A kernel may have passed over what it does not know. */
static int is_at(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *at)
{
	const struct sdesp_pfkey_dialect *d = pf->config.dialect;
	struct sdesp_addr src, dst;
	struct pfkey_message msg;
	int status = look(pf, at, &msg);

	if (status == SDESP_OK &&
		(!sdesp_pfkey_get_address(
			 &src, d, &msg, PFKEY_EXT_ADDRESS_SRC) ||
			!sdesp_pfkey_get_address(
				&dst, d, &msg, PFKEY_EXT_ADDRESS_DST) ||
			!sdesp_addr_same_ip(
				&src, at->inbound ? &at->remote : &at->local) ||
			!sdesp_addr_same_ip(
				&dst, at->inbound ? &at->local : &at->remote)))
		status = sdesp_pfkey_blame(pf, "GET", "it has not moved");
	sdesp_wipe(pf->reply, sizeof pf->reply);
	return status;
}

static int carry(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *from,
	const struct sdesp_pfkey_sa *to)
{
	unsigned move = pf->config.dialect->move;
	struct pfkey_message got;
	struct pfkey_writer w;
	int status = SDESP_OK;

	memset(&got, 0, sizeof got);
	if (move == MOVE_PORTS)
		status = look(pf, from, &got);
	if (status == SDESP_OK) {
		sdesp_pfkey_ask(pf, &w,
			move == MOVE_MIGRATE ? MACOS_MIGRATE : PFKEY_UPDATE);
		sdesp_pfkey_put_move(&w, from, to, &got);
		status = sdesp_pfkey_tell(pf, &w);
	}
	sdesp_wipe(pf->reply, sizeof pf->reply);
	return status;
}

/* What the last failure was stays said. */
static void carry_back(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *to,
	const struct sdesp_pfkey_sa *from)
{
	char cause[sizeof pf->cause];

	memcpy(cause, pf->cause, sizeof cause);
	(void)carry(pf, to, from);
	memcpy(pf->cause, cause, sizeof cause);
}

static int move(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *from,
	const struct sdesp_pfkey_sa *to)
{
	int status = carry(pf, from, to);
	int doubt = pf->unsure;

	if (status == SDESP_OK && !same_ips(from, to)) {
		status = is_at(pf, to);
		doubt = status != SDESP_OK;
	}
	if (doubt)
		carry_back(pf, to, from);
	return status;
}

static int can(const struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *from,
	const struct sdesp_pfkey_sa *to, const struct sdesp_flow *flow)
{
	unsigned way = pf->config.dialect->move;

	return way != MOVE_NOT && flow->udp == from->udp &&
	       flow->mode == from->mode &&
	       to->local.family == from->local.family &&
	       (way != MOVE_PORTS || same_ips(from, to));
}

int sdesp_pfkey_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;
	struct sdesp_pfkey_sa *sa = sdesp_pfkey_find(pf, old, spi, inbound);
	const struct sdesp_pfkey_sa *other =
		sdesp_pfkey_find(pf, flow, spi, inbound);
	struct sdesp_pfkey_sa to;
	int status = sdesp_pfkey_check_flow(pf, flow);

	if (status != SDESP_OK)
		return status;
	if (sa == NULL || sa->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	if (other != NULL && other != sa)
		return SDESP_ERR_EXISTS;
	to = *sa;
	to.local = flow->local;
	to.remote = flow->remote;
	if (!can(pf, sa, &to, flow))
		return SDESP_ERR_UNSUPPORTED;
	status = move(pf, sa, &to);
	if (status == SDESP_OK)
		*sa = to;
	return status;
}
