/*
 * The methods of struct sdesp_backend_class that are about SAs. SPEC 9.2.
 * SPDX-License-Identifier: MIT
 */
#include "backend.h"

#include <errno.h>
#include <string.h>

#include "policy.h"
#include "selector.h"
#include "talk.h"

int sdesp_xfrm_check_flow(struct sdesp_xfrm *x, const struct sdesp_flow *flow)
{
	if (!x->open)
		return SDESP_ERR_BACKEND;
	if ((flow->mode & x->has.modes) == 0)
		return SDESP_ERR_UNSUPPORTED;
	return sdesp_flow_check(flow);
}

static void features(struct sdesp_backend *be, struct sdesp_features *f)
{
	*f = sdesp_xfrm_self(be)->has;
}

int sdesp_xfrm_ask(struct sdesp_xfrm *x, const struct sdesp_xfrm_ident *id,
	struct sdesp_xfrm_seen *seen, struct sdesp_nl_msg *reply)
{
	struct sdesp_nl_msg own;
	struct sdesp_nl m;
	int error;

	if (reply == NULL)
		reply = &own;
	sdesp_xfrm_put_name(
		&m, x->request, sizeof x->request, XFRM_MSG_GETSA, id);
	error = sdesp_xfrm_talk(x, &m, "asking for an SA", reply);
	if (error == 0 && (sdesp_xfrm_read_sa(seen, reply) != 0 ||
				  reply->type != XFRM_MSG_NEWSA)) {
		error = -EPROTO;
		sdesp_xfrm_blame(x, "asking for an SA", error, "", 0);
	}
	if (reply == &own)
		sdesp_xfrm_forget(x);
	return error;
}

/* 1 when the kernel still has the larval SA that we made: it drops it after
 * net.core.xfrm_acq_expires, 30 s. */
static int is_larval(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *sa)
{
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;

	sdesp_xfrm_sa_ident(&id, sa);
	return sdesp_xfrm_ask(x, &id, &seen, NULL) == 0 && !seen.keyed &&
	       seen.info.reqid == sa->reqid;
}

/* What is to go is asked for twice: a kernel short of memory for a moment
 * would keep it for ever. */
int sdesp_xfrm_remove(struct sdesp_xfrm *x, const struct sdesp_xfrm_ident *id)
{
	int error = -EAGAIN;

	for (int i = 0; i < 2 && error != 0 && error != -ESRCH; i++) {
		struct sdesp_nl m;

		sdesp_xfrm_put_name(
			&m, x->request, sizeof x->request, XFRM_MSG_DELSA, id);
		error = sdesp_xfrm_talk(x, &m, "deleting an SA", NULL);
	}
	return error;
}

static int spi_reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find_free(x);
	struct sdesp_xfrm_ident id;
	struct sdesp_nl_msg reply;
	struct sdesp_nl m;
	int error;

	if (!x->open)
		return SDESP_ERR_BACKEND;
	if (spi < SDESP_SPI_MIN || flow->local.family == 0)
		return SDESP_ERR_ARG;
	if (sdesp_xfrm_find(x, flow, spi, 1) != NULL)
		return SDESP_ERR_EXISTS;
	if (sa == NULL)
		return SDESP_ERR_SPACE;
	sdesp_xfrm_ident(&id, flow, spi, x->reqid, 1);
	sdesp_xfrm_put_allocspi(&m, x->request, sizeof x->request, &id);
	error = sdesp_xfrm_talk(x, &m, "reserving an SPI", &reply);
	sdesp_xfrm_forget(x);
	if (error == -ENOENT || error == -ENOSPC)
		return SDESP_ERR_EXISTS;
	if (error != 0)
		return sdesp_xfrm_status(error);
	sdesp_xfrm_enter(sa, flow, spi, x->reqid, 1, SDESP_SA_LARVAL);
	return SDESP_OK;
}

static int spi_release(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find(x, flow, spi, 1);
	struct sdesp_xfrm_ident id;
	int error = -ESRCH;

	if (!x->open || sa == NULL || sa->state != SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_xfrm_sa_ident(&id, sa);
	if (is_larval(x, sa))
		error = sdesp_xfrm_remove(x, &id);
	memset(sa, 0, sizeof *sa);
	return sdesp_xfrm_status(error);
}

/* The larval SA becomes what it is for; one that vanished is added. */
static int put(struct sdesp_xfrm *x, const struct sdesp_xfrm_sa *larval,
	const struct sdesp_xfrm_ident *id, const struct sdesp_sa *sa,
	const struct xfrm_selector *sel, int inbound)
{
	unsigned type = larval != NULL && is_larval(x, larval) ? XFRM_MSG_UPDSA
							       : XFRM_MSG_NEWSA;
	int error = -ESRCH;

	while (error == -ESRCH) {
		struct sdesp_nl m;

		sdesp_xfrm_put_sa(&m, x->request, sizeof x->request, type, id,
			sa, sel, inbound);
		error = sdesp_xfrm_talk(x, &m,
			inbound ? "adding an inbound SA"
				: "adding an outbound SA",
			NULL);
		if (type == XFRM_MSG_NEWSA)
			break;
		type = XFRM_MSG_NEWSA;
	}
	return error;
}

static int sa_add(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, int inbound)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *own = sdesp_xfrm_find(x, flow, sa->spi, inbound);
	const struct sdesp_xfrm_sa *larval = own;
	struct xfrm_selector hull;
	struct sdesp_xfrm_ident id;
	int status = sdesp_xfrm_check_flow(x, flow);

	if (status == SDESP_OK)
		status = sdesp_xfrm_claim(x, flow);
	if (status != SDESP_OK)
		return status;
	if (own != NULL && own->state != SDESP_SA_LARVAL)
		return SDESP_ERR_EXISTS;
	if ((x->has.suites & SDESP_SUITE_BIT(sa->suite)) == 0)
		return SDESP_ERR_UNSUPPORTED;
	if (own == NULL)
		own = sdesp_xfrm_find_free(x);
	if (own == NULL)
		return SDESP_ERR_SPACE;
	sdesp_xfrm_ident(
		&id, flow, sa->spi, sdesp_xfrm_reqid(x, flow), inbound);
	status = sdesp_xfrm_status(put(x, larval, &id, sa,
		inbound ? sdesp_xfrm_inside(&hull, flow) : NULL, inbound));
	if (status == SDESP_OK) {
		sdesp_xfrm_enter(
			own, flow, sa->spi, id.reqid, inbound, SDESP_SA_MATURE);
		if (sa->hard.seconds != 0)
			own->end_ms = x->config.io->now_ms(x->config.io_ctx) +
				      (uint64_t)sa->hard.seconds * 1000;
	}
	return status == SDESP_ERR_GONE ? SDESP_ERR_BACKEND : status;
}

static int sa_delete(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find(x, flow, spi, inbound);
	struct sdesp_xfrm_ident id;
	int error;

	if (!x->open || sa == NULL || sa->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	sdesp_xfrm_sa_ident(&id, sa);
	error = sdesp_xfrm_remove(x, &id);
	memset(sa, 0, sizeof *sa);
	return sdesp_xfrm_status(error);
}

static unsigned age(const struct xfrm_usersa_info *info)
{
	if (info->curlft.packets >= info->lft.hard_packet_limit ||
		info->curlft.bytes >= info->lft.hard_byte_limit)
		return SDESP_SA_DEAD;
	if (info->curlft.packets >= info->lft.soft_packet_limit ||
		info->curlft.bytes >= info->lft.soft_byte_limit)
		return SDESP_SA_DYING;
	return SDESP_SA_MATURE;
}

static int sa_query(struct sdesp_backend *be, const struct sdesp_flow *flow,
	uint32_t spi, int inbound, struct sdesp_sa_stats *stats)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find(x, flow, spi, inbound);
	struct sdesp_xfrm_ident id;
	struct sdesp_xfrm_seen seen;
	int error;

	if (!x->open || sa == NULL)
		return SDESP_ERR_GONE;
	memset(stats, 0, sizeof *stats);
	stats->state = sa->state;
	if (sa->state == SDESP_SA_LARVAL)
		return SDESP_OK;
	sdesp_xfrm_sa_ident(&id, sa);
	error = sdesp_xfrm_ask(x, &id, &seen, NULL);
	if (error != 0)
		return sdesp_xfrm_status(error);
	stats->state = (uint8_t)age(&seen.info);
	stats->seq = inbound ? seen.in : seen.out;
	stats->packets = seen.info.curlft.packets;
	stats->bytes = seen.info.curlft.bytes;
	stats->replays = (uint64_t)seen.info.stats.replay_window +
			 seen.info.stats.replay;
	stats->icv_failures = seen.info.stats.integrity_failed;
	return SDESP_OK;
}

static const char *cause(struct sdesp_backend *be)
{
	return sdesp_xfrm_cause(sdesp_xfrm_self(be));
}

const struct sdesp_backend_class sdesp_xfrm_class = {
	.version = 1,
	.name = "xfrm",
	.features = features,
	.spi_reserve = spi_reserve,
	.spi_release = spi_release,
	.sa_add = sa_add,
	.sa_move = sdesp_xfrm_move,
	.sa_delete = sa_delete,
	.sa_query = sa_query,
	.policy_set = sdesp_xfrm_policy_set,
	.policy_delete = sdesp_xfrm_policy_delete,
	.poll = sdesp_xfrm_poll,
	.cause = cause,
};
