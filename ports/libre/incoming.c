/* A call that comes in, until it is answered. RFC 3261 13.3.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

/* --- what the program is shown ------------------------------------------ */

/* Not of use, or not to be shown: stop there. */
static bool asserted(
	const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct sdesp_call *call = arg;
	unsigned i = call->asserted[0] != NULL ? 1 : 0;
	struct sip_addr addr;

	(void)msg;
	if (sip_addr_decode(&addr, &hdr->val) != 0 || call->asserted[i] != NULL)
		return false;
	return !sdesp_sip_printable(&addr.auri) ||
	       pl_strdup(&call->asserted[i], &addr.auri) != 0;
}

static bool look(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct sdesp_caller *caller = &call->caller;

	if (!sdesp_sip_printable(&msg->from.auri) ||
		!sdesp_sip_printable(&msg->ruri) ||
		pl_strdup(&call->from, &msg->from.auri) != 0 ||
		pl_strdup(&call->target, &msg->ruri) != 0 ||
		pl_strdup(&call->callid, &msg->callid) != 0)
		return false;
	if (sip_msg_hdr_apply(msg, true, SIP_HDR_P_ASSERTED_IDENTITY, asserted,
		    call) != NULL)
		return false;
	caller->from = call->peer = call->from;
	caller->asserted[0] = call->asserted[0];
	caller->asserted[1] = call->asserted[1];
	caller->target = call->target;
	sdesp_sip_addr(&caller->source, &msg->src);
	caller->transport = msg->tp == SIP_TRANSP_TLS   ? SDESP_LIBRE_TLS
			    : msg->tp == SIP_TRANSP_TCP ? SDESP_LIBRE_TCP
							: SDESP_LIBRE_UDP;
	call->secured = sdesp_sip_secured_request(msg);
	caller->secured = call->secured;
	return true;
}

/* --- refusals ----------------------------------------------------------- */

static bool unknown_option(
	const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return pl_strcasecmp(&hdr->val, "timer") != 0;
}

bool sdesp_sip_incoming_demands(struct sdesp_libre *ua, struct sip_strans **st,
	const struct sip_msg *msg)
{
	const struct sip_hdr *option = sip_msg_hdr_apply(
		msg, true, SIP_HDR_REQUIRE, unknown_option, NULL);
	char *headers = NULL;

	if (option == NULL)
		return false;
	if (re_sdprintf(&headers, "Unsupported: %r\r\n", &option->val) == 0)
		sdesp_sip_reply_refuse(
			ua, st, msg, 420, "Bad Extension", headers);
	mem_deref(headers);
	return true;
}

/* It has been answered with this; nothing was agreed. */
static void ended(struct sdesp_call *call, enum sdesp_call_why why,
	uint16_t scode, int status, const char *text)
{
	sdesp_call_why(call, why, scode, status, text);
	sdesp_call_end(call);
}

static void canceled(void *arg)
{
	struct sdesp_call *call = arg;

	sdesp_sip_reply_refuse(call->ua, &call->st, call->invite, 487,
		"Request Terminated", "");
	ended(call, SDESP_CALL_CANCELED, 487, 0, "the caller has hung up");
}

/* What is wrong with the message, whatever it offers. */
static bool unfit(struct sdesp_call *call, struct sdesp_span *sdp)
{
	char text[TIMER_HEADERS];
	uint16_t scode;

	if (sdesp_sip_incoming_demands(call->ua, &call->st, call->invite)) {
		ended(call, SDESP_CALL_REFUSED, 420, 0,
			"the caller demands what is not here");
		return true;
	}
	if (sdesp_sip_timer_too_short(call, call->invite)) {
		(void)re_snprintf(text, sizeof text, "Min-SE: %u\r\n",
			call->expiry.min_se);
		sdesp_sip_reply_refuse(call->ua, &call->st, call->invite, 422,
			"Session Interval Too Small", text);
		ended(call, SDESP_CALL_REFUSED, 422, 0,
			"the session interval is too small");
		return true;
	}
	scode = sdesp_sip_body_sdp(sdp, call->invite);
	if (scode == 0)
		return false;
	sdesp_sip_reply_no_body(call->ua, &call->st, call->invite, scode);
	ended(call, SDESP_CALL_REFUSED, scode, 0,
		scode == 415 ? "the body is no SDP"
			     : "the body is not what it says");
	return true;
}

/* --- the program's word ------------------------------------------------- */

static bool waits(const struct sdesp_call *call)
{
	return call->ua != NULL && call->phase == PHASE_INCOMING &&
	       call->st != NULL;
}

int sdesp_call_ring(struct sdesp_call *call)
{
	struct sip_contact contact;

	if (!waits(call))
		return SDESP_ERR_STATE;
	sip_contact_set(&contact, call->ua->config.user, &call->invite->dst,
		call->invite->tp);
	(void)sip_treplyf(&call->st, NULL, call->ua->config.sip, call->invite,
		true, 180, "Ringing", "%HContent-Length: 0\r\n\r\n",
		sip_contact_print, &contact);
	return SDESP_OK;
}

int sdesp_call_reject(
	struct sdesp_call *call, uint16_t scode, const char *reason)
{
	if (!waits(call))
		return SDESP_ERR_STATE;
	if (scode < 300 || scode > 699)
		return SDESP_ERR_ARG;
	sdesp_sip_reply_refuse(
		call->ua, &call->st, call->invite, scode, reason, "");
	ended(call, SDESP_CALL_REFUSED, scode, 0, reason);
	return SDESP_OK;
}

int sdesp_call_accept(
	struct sdesp_call *call, const struct sdesp_call_setup *setup)
{
	struct mbuf *body = NULL;
	char text[WARNING_MAX];
	struct sdesp_span sdp;
	struct sdesp_why why;
	int status;

	if (!waits(call))
		return SDESP_ERR_STATE;
	status = sdesp_call_begin(call, setup);
	if (status != SDESP_OK) {
		sdesp_sip_reply_refuse(call->ua, &call->st, call->invite, 500,
			"Server Internal Error", "");
		ended(call, SDESP_CALL_BACKEND, 500, status, NULL);
		return status;
	}
	if (unfit(call, &sdp))
		return SDESP_OK;
	memset(&why, 0, sizeof why);
	if (sdp.len > 0)
		status = sdesp_sip_media_answer(
			call, sdp, true, call->secured, &body, &why);
	else
		status = sdesp_sip_media_offer(call, CARRIED_REKEY, &body);
	if (status != SDESP_OK) {
		sdesp_sip_reply_no_agreement(
			call->ua, &call->st, call->invite, status, &why);
		ended(call, SDESP_CALL_NO_AGREEMENT, 488, status,
			sdesp_sip_warning_text(text, status, &why));
		return SDESP_OK;
	}
	call->phase = PHASE_ANSWERED;
	if (!sdesp_sip_reply_send(
		    call, &call->st, call->invite, body, sdp.len == 0)) {
		sdesp_sip_media_fail(call);
		ended(call, SDESP_CALL_TRANSPORT, 0, 0,
			"the answer cannot be sent");
	}
	mem_deref(body);
	sdesp_call_pump(call);
	return SDESP_OK;
}

/* --- INVITE ------------------------------------------------------------- */

void sdesp_sip_incoming_invite(
	struct sdesp_libre *ua, const struct sip_msg *msg)
{
	struct sdesp_call *call = sdesp_call_alloc(ua);

	if (call == NULL) {
		(void)sip_treply(NULL, ua->config.sip, msg, 500,
			"Server Internal Error");
		return;
	}
	/* No Contact, no From tag, no proper URI: no dialog can come of it. */
	if (sip_dialog_accept(&call->dlg, msg) != 0 || !look(call, msg) ||
		sip_strans_alloc(
			&call->st, ua->config.sip, msg, canceled, call) != 0) {
		(void)sip_treply(NULL, ua->config.sip, msg, 400, "Bad Request");
		mem_deref(call);
		return;
	}
	call->phase = PHASE_INCOMING;
	call->invite = mem_ref((void *)msg);
	call->updates = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "UPDATE");
	if (ua->config.incoming == NULL) {
		sdesp_sip_reply_refuse(
			ua, &call->st, msg, 480, "Temporarily Unavailable", "");
		mem_deref(call);
		return;
	}
	(void)sip_treply(&call->st, ua->config.sip, msg, 100, "Trying");
	mem_ref(call);
	ua->config.incoming(call, &call->caller, ua->config.arg);
	mem_deref(call);
}
