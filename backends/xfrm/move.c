/*
 * An SA whose outer addresses change. The kernel's own way, XFRM_MSG_MIGRATE,
 * names SAs by address and reqid, not by SPI: with two pairs in a flow it may
 * take the wrong one. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "base/ct.h"
#include "policy.h"
#include "talk.h"

/* Numbers that packets may still get between our look at the SA and its end:
 * none of them may come again under the key. */
#define SKIP 65536u

#define NOTICES_MAX 4096

/* What one move needs. */
struct way {
	struct sdesp_xfrm_ident from, to;
	struct xfrm_selector hull;
	const struct xfrm_selector *sel;
	uint64_t end_ms; /* of its life; 0 = none */
	int inbound;
};

/* Read notices until the one of our own deletion; NULL when it is lost. */
static const struct sdesp_nl_msg *await_deleted(
	struct sdesp_xfrm *x, struct sdesp_nl_msg *deleted)
{
	uint32_t seq = x->seq;

	deleted->body = NULL;
	for (unsigned i = 0; i < NOTICES_MAX && deleted->body == NULL; i++) {
		if (sdesp_xfrm_take_notice(x, seq, deleted) != 1)
			break;
	}
	return deleted->body != NULL ? deleted : NULL;
}

static int put_moved(struct sdesp_xfrm *x, const struct way *way, unsigned type,
	const struct sdesp_xfrm_ident *id, const struct sdesp_nl_msg *msg,
	const struct sdesp_nl_msg *last)
{
	uint64_t now = x->config.io->now_ms(x->config.io_ctx);
	struct sdesp_xfrm_left left;
	struct sdesp_nl m;

	left.seconds = way->end_ms > now ? (way->end_ms - now) / 1000 + 1 : 1;
	left.wall_s = x->config.io->wall_s(x->config.io_ctx);
	if (sdesp_xfrm_put_moved(&m, x->request, sizeof x->request, type, id,
		    msg, last, way->sel, way->inbound ? 0 : SKIP,
		    way->end_ms != 0 ? &left : NULL) != 0) {
		sdesp_xfrm_blame(
			x, "moving an SA", -EKEYREJECTED, "it hides keys", 13);
		return -EKEYREJECTED;
	}
	return sdesp_xfrm_talk(x, &m, "moving an SA", NULL);
}

/* The keys are needed twice, should there be no way but back. */
struct kept {
	struct sdesp_nl_msg msg;
	uint8_t octets[2048];
};

static int keep(struct kept *kept, const struct sdesp_nl_msg *msg)
{
	if (msg->len > sizeof kept->octets)
		return -EPROTO;
	memcpy(kept->octets, msg->body, msg->len);
	kept->msg = *msg;
	kept->msg.body = kept->octets;
	return 0;
}

/* Delete it here, add it there; back again if that fails. */
static int carry(struct sdesp_xfrm *x, const struct way *way, struct kept *kept)
{
	struct sdesp_nl_msg deleted;
	const struct sdesp_nl_msg *last;
	int error = sdesp_xfrm_remove(x, &way->from);

	if (error != 0)
		return error;
	last = await_deleted(x, &deleted);
	error = put_moved(x, way, XFRM_MSG_NEWSA, &way->to, &kept->msg, last);
	if (error != 0)
		(void)put_moved(
			x, way, XFRM_MSG_NEWSA, &way->from, &kept->msg, last);
	return error;
}

static int move(struct sdesp_xfrm *x, const struct way *way)
{
	struct sdesp_nl_msg msg;
	struct sdesp_xfrm_seen seen;
	struct kept kept;
	int error = sdesp_xfrm_ask(x, &way->from, &seen, &msg);

	if (error == 0)
		error = keep(&kept, &msg);
	if (error == 0 && sdesp_addr_same_ip(&way->from.src, &way->to.src) &&
		sdesp_addr_same_ip(&way->from.dst, &way->to.dst))
		error = put_moved(
			x, way, XFRM_MSG_UPDSA, &way->to, &kept.msg, NULL);
	else if (error == 0)
		error = carry(x, way, &kept);
	sdesp_wipe(&kept, sizeof kept);
	sdesp_xfrm_forget(x);
	return error;
}

int sdesp_xfrm_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound)
{
	struct sdesp_xfrm *x = sdesp_xfrm_self(be);
	struct sdesp_xfrm_sa *sa = sdesp_xfrm_find(x, old, spi, inbound);
	struct sdesp_xfrm_sa *other = sdesp_xfrm_find(x, flow, spi, inbound);
	int status = sdesp_xfrm_check_flow(x, flow), error;
	struct way way;

	if (status != SDESP_OK)
		return status;
	if (sa == NULL || sa->state == SDESP_SA_LARVAL)
		return SDESP_ERR_GONE;
	if (other != NULL && other != sa)
		return SDESP_ERR_EXISTS;
	if (flow->udp != sa->udp)
		return SDESP_ERR_UNSUPPORTED;
	memset(&way, 0, sizeof way);
	way.inbound = inbound;
	way.end_ms = sa->end_ms;
	way.sel = inbound ? sdesp_xfrm_inside(&way.hull, flow) : NULL;
	sdesp_xfrm_sa_ident(&way.from, sa);
	sdesp_xfrm_ident(
		&way.to, flow, spi, sdesp_xfrm_reqid(x, flow), inbound);
	error = inbound ? 0 : sdesp_xfrm_stop(x, sa);
	if (error == 0)
		error = move(x, &way);
	if (error != 0 && !inbound)
		sdesp_xfrm_go_on(x, sa);
	if (error == -EKEYREJECTED)
		return SDESP_ERR_UNSUPPORTED;
	if (error != 0)
		return sdesp_xfrm_status(error);
	sdesp_xfrm_enter(sa, flow, spi, way.to.reqid, inbound, SDESP_SA_MATURE);
	sa->used = 1;
	sa->end_ms = way.end_ms;
	return SDESP_OK;
}
