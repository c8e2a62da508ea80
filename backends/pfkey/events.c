/*
 * Events, held by the SA that they are of, so that none can be lost for want
 * of room. SPEC 9.3. SPDX-License-Identifier: MIT
 */
#include "events.h"

#include <string.h>

#include "exchange.h"
#include "table.h"

void sdesp_pfkey_raise(struct sdesp_pfkey_sa *sa, unsigned type)
{
	uint8_t bit = (uint8_t)(1U << type);

	if ((sa->told & bit) != 0)
		return;
	sa->told |= bit;
	sa->events |= bit;
}

/* The SA that a message names by its addresses and SPI. */
static struct sdesp_pfkey_sa *named(
	struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	const struct sdesp_pfkey_dialect *d = pf->config.dialect;
	uint32_t spi = sdesp_pfkey_get_spi(msg);
	struct sdesp_addr dst;

	if (msg->satype != d->satype ||
		!sdesp_pfkey_get_address(&dst, d, msg, PFKEY_EXT_ADDRESS_DST))
		return NULL;
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		struct sdesp_pfkey_sa *sa = &pf->sas[i];

		if (sa->state > SDESP_SA_LARVAL && sa->spi == spi &&
			sdesp_addr_same_ip(
				sa->inbound ? &sa->local : &sa->remote, &dst))
			return sa;
	}
	return NULL;
}

static void expire(struct sdesp_pfkey_sa *sa, const struct pfkey_message *msg)
{
	if (sdesp_pfkey_ext(msg, PFKEY_EXT_LIFETIME_HARD, 32) != NULL)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_HARD);
	else if (sdesp_pfkey_ext(msg, PFKEY_EXT_LIFETIME_SOFT, 32) != NULL)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_SOFT);
}

/* Deletions are told to everybody, with the pid of who asked for them. */
void sdesp_pfkey_event(struct sdesp_pfkey *pf, const struct pfkey_message *msg)
{
	struct sdesp_pfkey_sa *sa;

	if (msg->error != 0)
		return;
	if (msg->type == PFKEY_FLUSH &&
		(msg->satype == 0 || msg->satype == pf->config.dialect->satype))
		pf->lost = 1;
	if (msg->type != PFKEY_EXPIRE && msg->type != PFKEY_DELETE)
		return;
	sa = named(pf, msg);
	if (sa == NULL)
		return;
	if (msg->type == PFKEY_EXPIRE)
		expire(sa, msg);
	else if (msg->pid != pf->config.pid)
		sdesp_pfkey_raise(sa, SDESP_BACKEND_GONE);
}

/* One event of an SA that has some. */
static void take(struct sdesp_pfkey_sa *sa, struct sdesp_backend_event *ev)
{
	unsigned type = SDESP_BACKEND_USED;

	while ((sa->events & 1U << type) == 0)
		type++;
	sa->events &= (uint8_t) ~(1U << type);
	ev->type = (uint8_t)type;
	ev->inbound = sa->inbound;
	ev->spi = sa->spi;
	ev->local = sa->local;
}

/* Goes on behind the last one, so that no SA waits for ever. */
int sdesp_pfkey_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev)
{
	struct sdesp_pfkey *pf = (struct sdesp_pfkey *)be;

	for (unsigned i = 0; i < SDESP_PFKEY_PATIENCE; i++) {
		if (!sdesp_pfkey_overhear(pf))
			break;
	}
	memset(ev, 0, sizeof *ev);
	if (pf->lost) {
		pf->lost = 0;
		ev->type = SDESP_BACKEND_LOST;
		return 1;
	}
	for (unsigned i = 0; i < SDESP_PFKEY_SAS; i++) {
		struct sdesp_pfkey_sa *sa = &pf->sas[pf->poll_at];

		pf->poll_at = (pf->poll_at + 1) % SDESP_PFKEY_SAS;
		if (sa->state != SDESP_SA_NONE && sa->events != 0) {
			take(sa, ev);
			return 1;
		}
	}
	return 0;
}
