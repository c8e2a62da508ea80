/* The peer's requests within the dialog. RFC 3261 12.2.2 and 14.2, RFC 3311
 * 5.2. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

static const char gone[] = "Call/Transaction Does Not Exist";

/* An offer that crosses a request of ours, or comes before its time. */
static bool crosses(struct sdesp_call *call, const struct sip_msg *msg)
{
	static const struct sdesp_why nothing;
	int status = SDESP_OK;

	if (call->out.req != NULL &&
		(!call->out.update || call->out.carried != CARRIED_NONE))
		status = SDESP_ERR_GLARE;
	else if (call->phase == PHASE_INCOMING)
		status = SDESP_ERR_STATE;
	if (status == SDESP_OK)
		return false;
	sdesp_sip_reply_no_agreement(call->ua, NULL, msg, status, &nothing);
	return true;
}

/* What is wrong with a request before its offer is looked at. */
static bool unfit(struct sdesp_call *call, const struct sip_msg *msg,
	struct sdesp_span *sdp)
{
	char text[TIMER_HEADERS];
	uint16_t scode = sdesp_sip_body_sdp(sdp, msg);

	if (sdesp_sip_incoming_demands(call->ua, NULL, msg))
		return true;
	if (scode != 0) {
		sdesp_sip_reply_no_body(call->ua, NULL, msg, scode);
		return true;
	}
	if (sdesp_sip_timer_too_short(call, msg)) {
		(void)re_snprintf(text, sizeof text, "Min-SE: %u\r\n",
			call->expiry.min_se);
		sdesp_sip_reply_refuse(call->ua, NULL, msg, 422,
			"Session Interval Too Small", text);
		return true;
	}
	return false;
}

/* An offer of theirs. false: it was refused, and answered so. */
static bool offered(struct sdesp_call *call, const struct sip_msg *msg,
	struct sdesp_span sdp, struct mbuf **body, bool *last)
{
	struct sdesp_why why;
	int status = sdesp_sip_media_answer(
		call, sdp, false, sdesp_sip_secured_request(msg), body, &why);

	*last = status == SDESP_ERR_REJECTED;
	if (*last) {
		*body = sdesp_sip_body_decline(call, sdp);
		status = *body != NULL ? SDESP_OK : SDESP_ERR_SPACE;
	}
	if (status == SDESP_OK)
		return true;
	sdesp_sip_reply_no_agreement(call->ua, NULL, msg, status, &why);
	sdesp_call_pump(call);
	return false;
}

static void reinvite(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct sip_strans *st = NULL;
	struct sdesp_why why;
	struct sdesp_span sdp;
	struct mbuf *body = NULL;
	bool last = false, ours;
	int status;

	if (unfit(call, msg, &sdp) || crosses(call, msg))
		return;
	ours = sdp.len == 0;
	if (!ours && !offered(call, msg, sdp, &body, &last))
		return;
	if (ours) {
		status = sdesp_sip_media_offer(call, CARRIED_REKEY, &body);
		if (status != SDESP_OK) {
			memset(&why, 0, sizeof why);
			sdesp_sip_reply_no_agreement(
				call->ua, NULL, msg, status, &why);
			return;
		}
	}
	(void)sip_dialog_update(call->dlg, msg);
	if (sdesp_sip_reply_send(call, &st, msg, body, ours)) {
		call->reply.last = last;
		call->phase = PHASE_UP;
	} else {
		sdesp_sip_media_fail(call);
	}
	mem_deref(body);
	sdesp_call_pump(call);
}

static void update_2xx(struct sdesp_call *call, const struct sip_msg *msg,
	const struct mbuf *body)
{
	struct mbuf *tail = sdesp_sip_reply_tail(call, msg, body);

	(void)sip_dialog_update(call->dlg, msg);
	if (tail != NULL)
		(void)sip_treplyf(NULL, NULL, call->ua->config.sip, msg, true,
			200, "OK", "%b", mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
}

static void update(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct mbuf *body = NULL;
	struct sdesp_span sdp;
	int status = SDESP_OK;
	bool last = false;

	if (unfit(call, msg, &sdp))
		return;
	if (sdp.len > 0) {
		if (crosses(call, msg) ||
			!offered(call, msg, sdp, &body, &last))
			return;
	}
	update_2xx(call, msg, body);
	/* Our answer has left. SDESP_ERR_STATE: it was one to a refresh. */
	if (body != NULL && !last)
		status =
			sdesp_session_confirm(&call->session, sdesp_call_now());
	if (status != SDESP_OK && status != SDESP_ERR_STATE)
		sdesp_sip_bye_because(call, SDESP_CALL_BACKEND, status, NULL);
	mem_deref(body);
	if (last)
		sdesp_sip_bye_because(call, SDESP_CALL_BYE, SDESP_ERR_REJECTED,
			"the peer ended the stream");
	sdesp_call_pump(call);
}

static void bye(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct mbuf *tail = sdesp_sip_body_tail("", NULL);

	if (tail != NULL)
		(void)sip_treplyf(NULL, NULL, call->ua->config.sip, msg, false,
			200, "OK", "%b", mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
	if (call->phase == PHASE_INCOMING && call->st != NULL)
		sdesp_sip_reply_refuse(call->ua, &call->st, call->invite, 487,
			"Request Terminated", "");
	sdesp_call_why(call, SDESP_CALL_BYE, 0, 0, "the peer has hung up");
	/* Our own BYE, if it is out, comes to its end by itself. */
	if (call->bye == NULL)
		sdesp_call_end(call);
}

/* PBXs ask so whether the call is still there. RFC 3261 11. */
static void options(struct sdesp_call *call, const struct sip_msg *msg)
{
	sdesp_sip_reply_options(call->ua, msg);
}

bool sdesp_sip_dialog_request(
	struct sdesp_call *call, const struct sip_msg *msg)
{
	static const struct method {
		const char *name;
		void (*take)(
			struct sdesp_call *call, const struct sip_msg *msg);
	} methods[] = {
		{"INVITE", reinvite},
		{"UPDATE", update},
		{"BYE", bye},
		{"OPTIONS", options},
	};
	const struct method *method = NULL;

	if (pl_strcmp(&msg->met, "ACK") == 0) {
		sdesp_sip_reply_ack(call, msg);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (pl_strcmp(&msg->met, methods[i].name) == 0)
			method = &methods[i];
	}
	if (method == NULL)
		sdesp_sip_reply_refuse(
			call->ua, NULL, msg, 405, "Method Not Allowed", "");
	else if (!sip_dialog_rseq_valid(call->dlg, msg))
		sdesp_sip_reply_refuse(
			call->ua, NULL, msg, 500, "CSeq Out Of Order", "");
	else if (call->phase == PHASE_ENDING && method->take != bye)
		sdesp_sip_reply_refuse(call->ua, NULL, msg, 481, gone, "");
	else
		method->take(call, msg);
	return true;
}
