/* Final responses: a 2xx to an INVITE until its ACK has come (RFC 3261
 * 13.3.1.4), and refusals. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <stdio.h>
#include <string.h>

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

	reply_drop(call);
	media_fail(call);
	if (call->phase == PHASE_ANSWERED)
		call->phase = PHASE_UP;
	bye_because(call, SDESP_CALL_TIMEOUT, 0, "no ACK has come");
}

void reply_drop(struct sdesp_call *call)
{
	struct reply *reply = &call->reply;

	tmr_cancel(&reply->resend);
	tmr_cancel(&reply->give_up);
	reply->mb = mem_deref(reply->mb);
	reply->invite = mem_deref(reply->invite);
	reply->offer = reply->last = false;
	reply->sent = 0;
}

static struct mbuf *tail_2xx(struct sdesp_call *call, const struct sip_msg *msg,
	const struct mbuf *body)
{
	struct sip_contact contact;
	char timer[TIMER_HEADERS];
	char *headers = NULL;
	struct mbuf *tail = NULL;

	timer_answer(timer, call, msg);
	sip_contact_set(&contact, call->ua->config.user, &msg->dst, msg->tp);
	if (re_sdprintf(&headers, "%H%s", sip_contact_print, &contact, timer) ==
		0)
		tail = body_tail(headers, body);
	mem_deref(headers);
	return tail;
}

bool reply_send(struct sdesp_call *call, struct sip_strans **st,
	const struct sip_msg *msg, const struct mbuf *body, bool offer)
{
	struct mbuf *tail = tail_2xx(call, msg, body);
	struct reply *reply = &call->reply;
	struct pl rport;
	int err = ENOMEM;

	reply_drop(call);
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
	struct sdesp_span sdp;
	struct sdesp_why why;
	int status = SDESP_ERR_MISSING;

	memset(&why, 0, sizeof why);
	if (body_sdp(&sdp, msg) == 0 && sdp.len > 0)
		status = media_accept(call, sdp, true, &why);
	else
		media_fail(call);
	call->phase = PHASE_UP;
	if (status != SDESP_OK && (first || status == SDESP_ERR_REJECTED ||
					  status == SDESP_ERR_MISSING))
		bye_because(call, SDESP_CALL_NO_AGREEMENT, status,
			warning_text(text, status, &why));
}

void reply_ack(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct reply *reply = &call->reply;
	bool offer = reply->offer, last = reply->last;
	int status;

	if (reply->mb == NULL || reply->invite->cseq.num != msg->cseq.num)
		return;
	reply_drop(call);
	if (offer) {
		answer_in_ack(call, msg);
	} else {
		status = sdesp_session_confirm(&call->session, call_now());
		if (call->phase == PHASE_ANSWERED)
			call->phase = PHASE_UP;
		if (status != SDESP_OK && status != SDESP_ERR_STATE)
			bye_because(call, SDESP_CALL_BACKEND, status, NULL);
	}
	if (last)
		bye_because(call, SDESP_CALL_BYE, SDESP_ERR_REJECTED,
			"the peer ended the stream");
	if (call->hung_up)
		bye_because(call, SDESP_CALL_HUNG_UP, 0, "hung up");
	call_pump(call);
}

void reply_refuse(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode, const char *reason,
	const char *headers)
{
	struct mbuf *tail = body_tail(headers, NULL);

	if (tail == NULL)
		return;
	(void)sip_treplyf(st, NULL, ua->config.sip, msg, false, scode, reason,
		"%b", mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
}

void reply_no_body(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, uint16_t scode)
{
	if (scode == 415)
		reply_refuse(ua, st, msg, 415, "Unsupported Media Type",
			"Accept: application/sdp, multipart/mixed\r\n"
			"Accept-Encoding: identity\r\n");
	else
		reply_refuse(ua, st, msg, scode, "Bad Message Body", "");
}

void reply_no_agreement(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg, int status, const struct sdesp_why *why)
{
	char text[WARNING_MAX];

	if (status == SDESP_ERR_GLARE) {
		reply_refuse(ua, st, msg, 491, "Request Pending", "");
	} else if (status == SDESP_ERR_STATE) {
		/* RFC 3261 14.2: a random time up to 10 s. */
		snprintf(text, sizeof text, "Retry-After: %u\r\n",
			1 + rand_u16() % 10u);
		reply_refuse(ua, st, msg, 500, "Answer Not Settled", text);
	} else {
		warning_print(text, status, why);
		reply_refuse(ua, st, msg, 488, "Not Acceptable Here", text);
	}
}
