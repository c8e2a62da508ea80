/*
 * The methods of struct sdesp_backend_class that are about SAs. SPEC 9.2.
 * SPDX-License-Identifier: MIT
 */
#include "sdesp_pfkey.h"

#include <errno.h>
#include <string.h>

#include "base/ct.h"

#include "events.h"
#include "exchange.h"
#include "methods.h"
#include "request.h"
#include "table.h"

static struct sdesp_pfkey *self(struct sdesp_backend *be)
{
	return (struct sdesp_pfkey *)be;
}

static int natt_port_fits(
	const struct sdesp_pfkey *pf, const struct sdesp_flow *flow)
{
	unsigned port = pf->config.dialect->natt_port;

	return !flow->udp || port == 0 || flow->local.port == port;
}

int sdesp_pfkey_check_flow(
	const struct sdesp_pfkey *pf, const struct sdesp_flow *flow)
{
	if (!natt_port_fits(pf, flow))
		return SDESP_ERR_UNSUPPORTED;
	return sdesp_flow_check(flow);
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	const struct sdesp_pfkey_dialect *d = self(be)->config.dialect;

	memset(f, 0, sizeof *f);
	f->suites = self(be)->suites;
	f->max_window = d->max_window;
	f->modes = SDESP_TRANSPORT | SDESP_TUNNEL;
	f->esn = d->esn != 0;
	f->udp = 1;
	f->raw = 1;
	f->ipv4 = 1;
	f->ipv6 = 1;
}

/* The request may have been obeyed although nothing has come back. */
static void undo_if_unsure(
	struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa)
{
	struct pfkey_writer w;

	if (!pf->unsure)
		return;
	sdesp_pfkey_ask(pf, &w, PFKEY_DELETE);
	sdesp_pfkey_put_name(&w, sa);
	sdesp_pfkey_undo(pf, &w);
}

static int getspi(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa)
{
	struct pfkey_message msg;
	struct pfkey_writer w;
	uint32_t spi = 0;
	int status;

	sdesp_pfkey_ask(pf, &w, PFKEY_GETSPI);
	sdesp_pfkey_put_getspi(&w, sa);
	status = sdesp_pfkey_exchange(pf, &w, &msg);
	if (status == SDESP_OK)
		spi = sdesp_pfkey_get_spi(&msg);
	else if (!pf->unsure && msg.error == ENOENT)
		status = SDESP_ERR_EXISTS; /* Linux' word for it */
	sdesp_wipe(pf->reply, sizeof pf->reply);
	if (status == SDESP_OK && spi != sa->spi) {
		pf->unsure = 1;
		status = sdesp_pfkey_blame(pf, "GETSPI", "another SPI");
	}
	undo_if_unsure(pf, sa);
	return status;
}

/* The remote address may not be known yet. */
static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_pfkey *pf = self(be);
	struct sdesp_pfkey_sa *sa;
	int status;

	if (spi < SDESP_SPI_MIN)
		return SDESP_ERR_ARG;
	if ((flow->local.family != 4 && flow->local.family != 6) ||
		!natt_port_fits(pf, flow))
		return SDESP_ERR_UNSUPPORTED;
	if (sdesp_pfkey_find(pf, flow, spi, 1) != NULL)
		return SDESP_ERR_EXISTS;
	sa = sdesp_pfkey_new(pf, flow, spi, 1);
	if (sa == NULL)
		return SDESP_ERR_SPACE;
	if (sa->mode == 0)
		sa->mode = SDESP_TRANSPORT;
	sa->reqid = pf->reqid;
	status = getspi(pf, sa);
	if (status == SDESP_OK)
		sa->state = SDESP_SA_LARVAL;
	return status;
}

/* A second time, if the first has failed: nothing may stay behind. */
static int remove_sa(struct sdesp_pfkey *pf, struct sdesp_pfkey_sa *sa)
{
	struct pfkey_writer w;
	int status = SDESP_ERR_BACKEND, tries = 0;

	while (tries++ < 2 && status != SDESP_OK && status != SDESP_ERR_GONE) {
		sdesp_pfkey_ask(pf, &w, PFKEY_DELETE);
		sdesp_pfkey_put_name(&w, sa);
		status = sdesp_pfkey_tell(pf, &w);
	}
	sdesp_wipe(sa, sizeof *sa);
	return status;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_pfkey *pf = self(be);
	struct sdesp_pfkey_sa *sa = sdesp_pfkey_find(pf, flow, spi, 1);

	if (sa == NULL || sa->state != SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	return remove_sa(pf, sa);
}

static int put_keys(struct sdesp_pfkey *pf, unsigned type,
	const struct sdesp_pfkey_sa *at, const struct sdesp_sa *sa)
{
	const struct pfkey_algorithm *a =
		sdesp_pfkey_algorithm(pf->config.dialect, sa->suite);
	struct pfkey_writer w;
	int status;

	sdesp_pfkey_ask(pf, &w, type);
	sdesp_pfkey_put_sa(&w, at, sa, a);
	status = sdesp_pfkey_tell(pf, &w);
	undo_if_unsure(pf, at);
	return status;
}

/* If it cannot be, sa_add() will do without it. */
static void restore_larval(
	struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *larval)
{
	struct pfkey_writer w;

	sdesp_pfkey_ask(pf, &w, PFKEY_GETSPI);
	sdesp_pfkey_put_getspi(&w, larval);
	sdesp_pfkey_undo(pf, &w);
}

/*
 * The larval SA becomes the mature one where its addresses are right. Where
 * they are not, or the kernel has forgotten it, or will not have it that way
 * (words differ), it makes place for a new one.
 */
static int replace_larval(struct sdesp_pfkey *pf, struct sdesp_pfkey_sa *larval,
	const struct sdesp_pfkey_sa *at, const struct sdesp_sa *sa)
{
	struct sdesp_pfkey_sa kept = *larval;
	int status;

	if (sdesp_addr_equal(&kept.remote, &at->remote) &&
		kept.mode == at->mode) {
		status = put_keys(pf, PFKEY_UPDATE, at, sa);
		if (status == SDESP_OK || pf->unsure)
			return status;
	}
	(void)remove_sa(pf, larval);
	status = put_keys(pf, PFKEY_ADD, at, sa);
	*larval = kept;
	if (status != SDESP_OK)
		restore_larval(pf, larval);
	return status;
}

static int check_sa(const struct sdesp_pfkey *pf, const struct sdesp_sa *sa)
{
	if (sa->suite >= SDESP_SUITE_END ||
		(pf->suites & SDESP_SUITE_BIT(sa->suite)) == 0 ||
		(sa->esn && pf->config.dialect->esn == 0))
		return SDESP_ERR_UNSUPPORTED;
	return SDESP_OK;
}

static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct sdesp_pfkey *pf = self(be);
	struct sdesp_pfkey_sa *own, at;
	int status = sdesp_pfkey_check_flow(pf, flow);

	if (status == SDESP_OK)
		status = check_sa(pf, sa);
	if (status != SDESP_OK)
		return status;
	own = sdesp_pfkey_find(pf, flow, sa->spi, inbound);
	if (own != NULL && own->state != SDESP_SA_LARVAL)
		return SDESP_ERR_EXISTS;

	sdesp_pfkey_name(&at, flow, sa->spi, inbound);
	at.soft = sa->soft;
	at.hard = sa->hard;
	at.reqid = inbound ? pf->reqid : sdesp_pfkey_reqid(pf, sa->spi);
	if (own != NULL) {
		status = replace_larval(pf, own, &at, sa);
	} else {
		own = sdesp_pfkey_new(pf, flow, sa->spi, inbound);
		if (own == NULL)
			return SDESP_ERR_SPACE;
		status = put_keys(pf, PFKEY_ADD, &at, sa);
	}
	if (status != SDESP_OK)
		return status;
	*own = at;
	own->state = SDESP_SA_MATURE;
	return SDESP_OK;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct sdesp_pfkey *pf = self(be);
	struct sdesp_pfkey_sa *sa = sdesp_pfkey_find(pf, flow, spi, inbound);

	if (sa == NULL || sa->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	return remove_sa(pf, sa);
}

int sdesp_pfkey_stats(struct sdesp_pfkey *pf, const struct sdesp_pfkey_sa *sa,
	struct sdesp_sa_stats *stats)
{
	struct pfkey_message msg;
	struct pfkey_writer w;
	int status;

	sdesp_pfkey_ask(pf, &w, PFKEY_GET);
	sdesp_pfkey_put_name(&w, sa);
	status = sdesp_pfkey_exchange(pf, &w, &msg);
	if (status == SDESP_OK &&
		(sdesp_pfkey_get_stats(stats, pf->config.dialect, &msg) !=
				SDESP_OK ||
			sdesp_pfkey_get_spi(&msg) != sa->spi))
		status = sdesp_pfkey_blame(pf, "GET", "not of this SA");
	sdesp_wipe(pf->reply, sizeof pf->reply);
	return status;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct sdesp_pfkey *pf = self(be);
	struct sdesp_pfkey_sa *sa = sdesp_pfkey_find(pf, flow, spi, inbound);
	struct sdesp_sa_stats got;
	int status;

	if (sa == NULL)
		return SDESP_ERR_GONE;
	status = sdesp_pfkey_stats(pf, sa, &got);
	if (status == SDESP_OK)
		*stats = got;
	return status;
}

static const char *cause(struct sdesp_backend *be)
{
	return self(be)->cause;
}

const struct sdesp_backend_class sdesp_pfkey_class = {
	.version = 1,
	.name = "pfkey",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sdesp_pfkey_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = sdesp_pfkey_policy_set,
	.policy_delete = sdesp_pfkey_policy_delete,
	.bypass = sdesp_pfkey_add_bypass,
	.poll = sdesp_pfkey_poll,
	.cause = cause,
};
