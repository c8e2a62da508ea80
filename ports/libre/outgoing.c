/* A call that goes out, until it is answered. RFC 3261 13.2.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

static int send_invite(struct sdesp_call *call);

int sdesp_sip_contact(enum sip_transp tp, const struct sa *src,
	const struct sa *dst, struct mbuf *mb, void *arg)
{
	struct sdesp_call *call = arg;
	struct sip_contact contact;

	/* The body may hold secrets for a way that was said to be secured. */
	if (call->secured && !call->setup_secured && tp != SIP_TRANSP_TLS &&
		!sa_is_loopback(dst))
		return EACCES;
	sip_contact_set(&contact, call->ua->config.user, src, tp);
	return mbuf_printf(mb, "%H", sip_contact_print, &contact);
}

/* Where the error's own words would say nothing. */
static const char *error_text(int err)
{
	switch (err) {
	case EPROTO:
		return "the TLS handshake failed: is the server's certificate "
		       "good?";
	case EDESTADDRREQ:
		return "the DNS does not know the host";
	default:
		return strerror(err);
	}
}

static void failed(struct sdesp_call *call, int err)
{
	if (call->phase != PHASE_CALLING)
		return;
	sdesp_sip_media_fail(call);
	call->end.error = err;
	if (err == ETIMEDOUT)
		sdesp_call_why(call, SDESP_CALL_TIMEOUT, 408, 0,
			"there was no response");
	else
		sdesp_call_why(
			call, SDESP_CALL_TRANSPORT, 0, 0, error_text(err));
	sdesp_call_end(call);
}

static bool first_contact(
	const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct sip_addr addr;

	(void)msg;
	return sip_addr_decode(&addr, &hdr->val) == 0 &&
	       sdesp_sip_printable(&addr.auri) &&
	       pl_strdup(arg, &addr.auri) == 0;
}

static void refused(struct sdesp_call *call, const struct sip_msg *msg)
{
	char *text = sdesp_sip_warning_read(msg);

	sdesp_sip_media_fail(call);
	if (msg->scode < 400)
		(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT,
			first_contact, &call->end_contact);
	sdesp_call_why(call, SDESP_CALL_REFUSED, msg->scode, 0, text);
	mem_deref(text);
	sdesp_call_end(call);
}

/* An answer that may still change. One that will not do is discarded, and a
 * branch of a fork beyond the first. */
static void provisional(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct sdesp_libre *ua = call->ua;
	struct sdesp_span sdp;
	struct sdesp_why why;

	if (call->out.body != NULL && pl_isset(&msg->to.tag) &&
		sdesp_sip_body_sdp(&sdp, msg) == 0 && sdp.len > 0) {
		(void)sdesp_sip_media_accept(call, sdp, false, &why);
		sdesp_call_pump(call);
	}
	if (sdesp_call_alive(call) && ua->config.progress != NULL &&
		msg->scode > 100)
		ua->config.progress(call, msg->scode, call->setup.arg);
}

/* The 2xx holds the offer; what goes into the ACK. */
static int answer_offer(struct sdesp_call *call, const struct sip_msg *msg,
	struct mbuf **body, struct sdesp_why *why)
{
	struct sdesp_span sdp;
	int status;

	if (sdesp_sip_body_sdp(&sdp, msg) != 0 || sdp.len == 0)
		return SDESP_ERR_MISSING;
	status = sdesp_sip_media_answer(
		call, sdp, true, call->secured, body, why);
	if (status != SDESP_OK)
		*body = sdesp_sip_body_decline(call, sdp);
	return status;
}

/* Our INVITE was taken. */
static void answered(struct sdesp_call *call, const struct sip_msg *msg)
{
	bool offerless = call->out.body == NULL;
	struct mbuf *body = NULL;
	char text[WARNING_MAX];
	int status = SDESP_OK;
	struct sdesp_why why;
	bool there;

	memset(&why, 0, sizeof why);
	call->dlg = sdesp_sip_fork_win(call->fork, msg);
	if (call->dlg == NULL) {
		sdesp_sip_media_fail(call);
		sdesp_call_why(call, SDESP_CALL_NO_AGREEMENT, 0,
			SDESP_ERR_MISSING, "the answer has no Contact");
		sdesp_call_end(call);
		return;
	}
	call->updates = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "UPDATE");
	if (!call->hung_up)
		status = offerless ? answer_offer(call, msg, &body, &why)
				   : sdesp_sip_media_final(
					     call, msg, &there, &why);
	else
		sdesp_sip_media_fail(call);
	(void)sdesp_sip_ack_send(&call->ack, call->ua->config.sip, call->dlg,
		call->auth, msg->cseq.num, body);
	mem_deref(body);
	call->phase = PHASE_UP;
	if (call->hung_up) {
		sdesp_sip_bye_because(call, SDESP_CALL_HUNG_UP, 0, "hung up");
	} else if (status != SDESP_OK) {
		sdesp_sip_bye_because(call, SDESP_CALL_NO_AGREEMENT, status,
			sdesp_sip_warning_text(text, status, &why));
	} else {
		if (offerless)
			status = sdesp_session_confirm(
				&call->session, sdesp_call_now());
		if (status != SDESP_OK)
			sdesp_sip_bye_because(
				call, SDESP_CALL_BACKEND, status, NULL);
		sdesp_sip_timer_accept(call, msg);
	}
	sdesp_call_pump(call);
}

static void response(int err, const struct sip_msg *msg, void *arg)
{
	struct sdesp_call *call = arg;

	if (err == 0 && msg->scode < 200) {
		if (call->phase == PHASE_CALLING && !call->hung_up)
			provisional(call, msg);
		return;
	}
	if (call->phase == PHASE_CALLING) {
		if (err != 0)
			failed(call, err);
		else if (msg->scode < 300)
			answered(call, msg);
		else if (call->hung_up ||
			 !sdesp_sip_again(call, msg, send_invite))
			refused(call, msg);
	}
	if (call->out.req == NULL && call->phase != PHASE_CALLING)
		call->out.body = mem_deref(call->out.body);
	mem_deref(call);
}

static int send_invite(struct sdesp_call *call)
{
	char timer[TIMER_HEADERS];
	struct mbuf *tail = sdesp_sip_body_tail(
		sdesp_sip_timer_offer(timer, call, true), call->out.body);
	int err = ENOMEM;

	if (tail != NULL)
		err = sip_drequestf(&call->out.req, call->ua->config.sip, true,
			"INVITE", sdesp_sip_fork_base(call->fork), 0,
			call->auth, sdesp_sip_contact, response, call, "%b",
			mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
	if (err == 0)
		mem_ref(call);
	return err;
}

/* A URI without its parameters: what To and From say of a person. */
static char *plain_uri(const char *text)
{
	struct pl pl, plain;
	struct uri uri;
	char *copy = NULL;

	pl_set_str(&pl, text);
	if (uri_decode(&uri, &pl) != 0)
		return NULL;
	plain = pl;
	if (pl_isset(&uri.params))
		plain.l = (size_t)(uri.params.p - pl.p);
	else if (pl_isset(&uri.headers))
		plain.l = (size_t)(uri.headers.p - pl.p);
	(void)pl_strdup(&copy, &plain);
	return copy;
}

static int begin_dialog(
	struct sdesp_call *call, const struct sdesp_call_target *target)
{
	const char *route[1] = {target->route};
	struct sip_dialog *base = NULL;
	char *from = plain_uri(target->from);

	call->target = plain_uri(target->uri);
	call->peer = call->target;
	if (from != NULL && call->target != NULL)
		(void)sip_dialog_alloc(&base, target->uri, call->target, NULL,
			from, route, target->route != NULL ? 1 : 0);
	mem_deref(from);
	if (base == NULL)
		return SDESP_ERR_ARG;
	(void)str_dup(&call->callid, sip_dialog_callid(base));
	call->fork = mem_ref(sdesp_sip_fork_alloc(call->ua, base, call->auth));
	mem_deref(base);
	return call->fork != NULL && call->callid != NULL ? SDESP_OK
							  : SDESP_ERR_SPACE;
}

static int begin(struct sdesp_call *call,
	const struct sdesp_call_target *target,
	const struct sdesp_call_setup *setup)
{
	int status = sdesp_call_begin(call, setup);

	call->phase = PHASE_CALLING;
	call->owner = true;
	call->secured = sdesp_sip_secured_uri(
		target->route != NULL ? target->route : target->uri);
	if (status == SDESP_OK)
		status = begin_dialog(call, target);
	if (status == SDESP_OK && !target->offerless)
		status = sdesp_sip_media_offer(
			call, CARRIED_REKEY, &call->out.body);
	if (status == SDESP_OK && send_invite(call) != 0)
		status = SDESP_ERR_BACKEND;
	return status;
}

int sdesp_call_make(struct sdesp_call **callp, struct sdesp_libre *ua,
	const struct sdesp_call_target *target,
	const struct sdesp_call_setup *setup)
{
	struct sdesp_call *call = sdesp_call_alloc(ua);
	int status;

	*callp = NULL;
	if (call == NULL)
		return SDESP_ERR_SPACE;
	status = begin(call, target, setup);
	if (status != SDESP_OK) {
		if (call->fork != NULL)
			sdesp_sip_fork_drop(call->fork);
		mem_deref(call);
		return status;
	}
	*callp = call;
	return SDESP_OK;
}
