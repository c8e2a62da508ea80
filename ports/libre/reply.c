/* Final responses: a 2xx to an INVITE until its ACK has come (RFC 3261
 * 13.3.1.4), and refusals. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <stdio.h>

static void resend(void *arg)
{
	struct sdesp_call *call = arg;
	struct reply *reply = &call->reply;
	unsigned ms = (unsigned)SIP_T1 << MIN(reply->sent, 3);

	reply->mb->pos = 0;
	(void)sip_send(call->ua->config.sip, reply->invite->sock,
		reply->invite->tp, &reply->dst, reply->mb);
	reply->sent++;
	tmr_start(&reply->resend, MIN(ms, (unsigned)SIP_T2), resend, call);
}

static void give_up(void *arg)
{
	struct sdesp_call *call = arg;

	sdesp_sip_reply_drop(call);
	sdesp_sip_media_fail(call);
	if (call->phase == PHASE_ANSWERED)
		call->phase = PHASE_UP;
	sdesp_sip_bye_because(call, SDESP_CALL_TIMEOUT, 0, "no ACK has come");
}

void sdesp_sip_reply_drop(struct sdesp_call *call)
{
	struct reply *reply = &call->reply;

	tmr_cancel(&reply->resend);
	tmr_cancel(&reply->give_up);
	reply->mb = mem_deref(reply->mb);
	reply->invite = mem_deref(reply->invite);
	reply->offer = reply->last = false;
	reply->sent = 0;
}

struct mbuf *sdesp_sip_reply_tail(struct sdesp_call *call,
	const struct sip_msg *msg, const struct mbuf *body)
{
	struct sip_contact contact;
	char timer[TIMER_HEADERS];
	char *headers = NULL;
	struct mbuf *tail = NULL;

	sdesp_sip_timer_answer(timer, call, msg);
	sip_contact_set(&contact, call->ua->config.user, &msg->dst, msg->tp);
	if (re_sdprintf(&headers, "%H%s", sip_contact_print, &contact, timer) ==
		0)
		tail = sdesp_sip_body_tail(headers, body);
	mem_deref(headers);
	return tail;
}

bool sdesp_sip_reply_send(struct sdesp_call *call, struct sip_strans **st,
	const struct sip_msg *msg, const struct mbuf *body, bool offer)
{
	struct mbuf *tail = sdesp_sip_reply_tail(call, msg, body);
	struct reply *reply = &call->reply;
	struct pl rport;
	int err = ENOMEM;

	sdesp_sip_reply_drop(call);
	if (tail != NULL)
		err = sip_treplyf(st, &reply->mb, call->ua->config.sip, msg,
			true, 200, "OK", "%b", mbuf_buf(tail),
			mbuf_get_left(tail));
	mem_deref(tail);
	if (err != 0)
		return false;
	reply->invite = mem_ref((void *)msg);
	reply->offer = offer;
	sip_reply_addr(&reply->dst, msg,
		msg_param_exists(&msg->via.params, "rport", &rport) == 0);
	tmr_start(&reply->resend, SIP_T1, resend, call);
	tmr_start(&reply->give_up, TRANSACTION_MS, give_up, call);
	reply->sent = 1;
	return true;
}

/* The answer to our offer in a 2xx; SPEC 5.5: as a final answer. */
static void answer_in_ack(struct sdesp_call *call, const struct sip_msg *msg)
{
	bool first = call->phase == PHASE_ANSWERED;
	char text[WARNING_MAX];
	struct sdesp_why why;
	bool there;
	int status = sdesp_sip_media_final(call, msg, &there, &why);

	call->phase = PHASE_UP;
	if (status != SDESP_OK &&
		(first || !there || status == SDESP_ERR_REJECTED))
		sdesp_sip_bye_because(call, SDESP_CALL_NO_AGREEMENT, status,
			sdesp_sip_warning_text(text, status, &why));
}

void sdesp_sip_reply_ack(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct reply *reply = &call->reply;
	bool offer = reply->offer, last = reply->last;
	int status;

	if (reply->mb == NULL || reply->invite->cseq.num != msg->cseq.num)
		return;
	sdesp_sip_reply_drop(call);
	if (offer) {
		answer_in_ack(call, msg);
	} else {
		status =
			sdesp_session_confirm(&call->session, sdesp_call_now());
		if (call->phase == PHASE_ANSWERED)
			call->phase = PHASE_UP;
		if (status != SDESP_OK && status != SDESP_ERR_STATE)
			sdesp_sip_bye_because(
				call, SDESP_CALL_BACKEND, status, NULL);
	}
	if (last)
		sdesp_sip_bye_because(call, SDESP_CALL_BYE, SDESP_ERR_REJECTED,
			"the peer ended the stream");
	if (call->hung_up)
		sdesp_sip_bye_because(call, SDESP_CALL_HUNG_UP, 0, "hung up");
	sdesp_call_pump(call);
}

void sdesp_sip_reply_refuse(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode, const char *reason,
	const char *headers)
{
	struct mbuf *tail = sdesp_sip_body_tail(headers, NULL);

	if (tail == NULL)
		return;
	(void)sip_treplyf(st, NULL, ua->config.sip, msg, false, scode, reason,
		"%b", mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
}

void sdesp_sip_reply_options(struct sdesp_libre *ua, const struct sip_msg *msg)
{
	sdesp_sip_reply_refuse(ua, NULL, msg, 200, "OK",
		"Accept: application/sdp, multipart/mixed\r\n");
}

void sdesp_sip_reply_no_body(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode)
{
	if (scode == 415)
		sdesp_sip_reply_refuse(ua, st, msg, 415,
			"Unsupported Media Type",
			"Accept: application/sdp, multipart/mixed\r\n"
			"Accept-Encoding: identity\r\n");
	else
		sdesp_sip_reply_refuse(
			ua, st, msg, scode, "Bad Message Body", "");
}

void sdesp_sip_reply_no_agreement(struct sdesp_libre *ua,
	struct sip_strans **st, const struct sip_msg *msg, int status,
	const struct sdesp_why *why)
{
	char text[WARNING_MAX];

	if (status == SDESP_ERR_GLARE) {
		sdesp_sip_reply_refuse(ua, st, msg, 491, "Request Pending", "");
	} else if (status == SDESP_ERR_STATE) {
		/* RFC 3261 14.2: a random time up to 10 s. */
		snprintf(text, sizeof text, "Retry-After: %u\r\n",
			1 + rand_u16() % 10u);
		sdesp_sip_reply_refuse(
			ua, st, msg, 500, "Answer Not Settled", text);
	} else {
		sdesp_sip_warning_print(text, status, why);
		sdesp_sip_reply_refuse(
			ua, st, msg, 488, "Not Acceptable Here", text);
	}
}
