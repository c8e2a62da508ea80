/* ACKs to 2xx, which are the caller's to send and to repeat (RFC 3261
 * 13.2.2.4). SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

static void destroy(void *arg)
{
	struct ack *ack = arg;

	mem_deref(ack->req);
	mem_deref(ack->dlg);
	mem_deref(ack->mb);
}

/* Where it goes; libre fills the buffer after this. */
static int keep(enum sip_transp tp, const struct sa *src, const struct sa *dst,
	struct mbuf *mb, void *arg)
{
	struct ack *ack = arg;

	(void)src;
	mem_deref(ack->mb);
	ack->mb = mem_ref(mb);
	ack->dst = *dst;
	ack->tp = tp;
	return 0;
}

int ack_send(struct ack **ackp, struct sip *sip, struct sip_dialog *dlg,
	struct sip_auth *auth, uint32_t cseq, const struct mbuf *body)
{
	struct ack *ack = mem_zalloc(sizeof *ack, destroy);
	struct mbuf *tail = body_tail("", body);
	int err = ENOMEM;

	if (ack != NULL && tail != NULL) {
		ack->dlg = mem_ref(dlg);
		ack->cseq = cseq;
		err = sip_drequestf(&ack->req, sip, false, "ACK", dlg, cseq,
			auth, keep, NULL, ack, "%b", mbuf_buf(tail),
			mbuf_get_left(tail));
	}
	mem_deref(tail);
	mem_deref(*ackp);
	*ackp = ack;
	return err;
}

bool ack_matches(const struct ack *ack, const struct sip_msg *msg)
{
	return ack != NULL && ack->cseq == msg->cseq.num &&
	       sip_dialog_cmp(ack->dlg, msg);
}

void ack_again(const struct ack *ack, struct sip *sip)
{
	if (ack->mb == NULL)
		return;
	ack->mb->pos = 0;
	(void)sip_send(sip, NULL, ack->tp, &ack->dst, ack->mb);
}
