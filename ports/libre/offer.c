/* Our requests within the dialog: rekey, refresh, session timer, by re-INVITE
 * or UPDATE. RFC 3261 14.1, RFC 3311. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

/* RFC 3261 14.1, in ms: the owner of the Call-ID waits longer. */
#define RETRY_OWNER_MIN 2100
#define RETRY_OWNER_SPREAD 1901
#define RETRY_SPREAD 2001

#define RETRY_AFTER_MAX 64 /* seconds that we wait for a peer */

static int send_out(struct sdesp_call *call);

static void retry_in(struct sdesp_call *call, uint64_t ms)
{
	tmr_start(&call->retry, ms, call_retry, call);
}

static void retry_later(struct sdesp_call *call)
{
	uint32_t ms =
		call->owner ? RETRY_OWNER_MIN + rand_u32() % RETRY_OWNER_SPREAD
			    : rand_u32() % RETRY_SPREAD;

	retry_in(call, ms + 1);
}

/* Back to what the peer agreed to. */
static void revert(struct sdesp_call *call)
{
	call->setup.local.direction = call->agreed.direction;
	call->setup.local.addr = call->agreed.addr;
}

/* What was carried, as a wish. */
static unsigned wish(const struct out *out)
{
	static const unsigned wishes[] = {
		[CARRIED_NONE] = WANT_ALIVE,
		[CARRIED_REKEY] = WANT_REKEY,
		[CARRIED_REFRESH] = WANT_REFRESH,
	};

	return wishes[out->carried] | (out->must ? WANT_MUST : 0);
}

/* The answer in a 2xx. false: the call is over. */
static bool answered(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct out *out = &call->out;
	char text[WARNING_MAX];
	struct sdesp_span sdp;
	struct sdesp_why why;
	int status = SDESP_ERR_MISSING;

	memset(&why, 0, sizeof why);
	if (out->carried == CARRIED_NONE)
		return true;
	if (body_sdp(&sdp, msg) == 0 && sdp.len > 0)
		status = media_accept(call, sdp, true, &why);
	else
		media_fail(call);
	if (status == SDESP_OK) {
		call->failed = 0;
		return true;
	}
	revert(call);
	/* A refused answer to a rekey makes the session want a refresh. */
	if (out->must || out->carried == CARRIED_REFRESH ||
		status == SDESP_ERR_REJECTED || status == SDESP_ERR_MISSING) {
		bye_because(call, SDESP_CALL_NO_AGREEMENT, status,
			warning_text(text, status, &why));
		return false;
	}
	call->failed++;
	return true;
}

static void success(struct sdesp_call *call, const struct sip_msg *msg)
{
	/* The answer is read once its ACK has left: BYE may follow. */
	if (!call->out.update)
		(void)ack_send(&call->ack, call->ua->config.sip, call->dlg,
			call->auth, msg->cseq.num, NULL);
	(void)sip_dialog_update(call->dlg, msg);
	if (answered(call, msg))
		timer_accept(call, msg);
}

/* A final refusal. The old pair works on; what was wanted may come again. */
static void refused(struct sdesp_call *call, const struct sip_msg *msg)
{
	const struct sip_hdr *after = sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER);
	struct out *out = &call->out;
	bool glare = msg->scode == 491;
	bool later = glare || (msg->scode >= 500 && after != NULL);

	if (out->carried != CARRIED_NONE)
		media_fail(call);
	if (out->carried == CARRIED_REKEY) {
		/* The session asks again by itself. */
		if (!glare)
			call->failed++;
	} else if (later) {
		call->want |= wish(out);
		if (glare)
			retry_later(call);
		else
			retry_in(call, 1000u * MIN(pl_u32(&after->val),
						       RETRY_AFTER_MAX));
		return;
	} else {
		revert(call);
	}
	if (out->must && !glare) {
		char *text = warning_read(msg);

		bye_because(call, SDESP_CALL_NO_AGREEMENT, 0, text);
		mem_deref(text);
	}
}

/* RFC 3261 12.2.1.2: these say that there is no dialog any more. */
static bool dead(int err, const struct sip_msg *msg)
{
	return err != 0 || msg->scode == 481 || msg->scode == 408;
}

static void over(struct sdesp_call *call, int err)
{
	if (call->out.carried != CARRIED_NONE)
		media_fail(call);
	call->end.error = err;
	if (err == 0 || err == ETIMEDOUT)
		bye_because(call, SDESP_CALL_TIMEOUT, 0,
			"the peer has no such call, or is gone");
	else
		bye_because(call, SDESP_CALL_TRANSPORT, 0,
			"the signalling cannot be sent");
}

/* A request that is sent again as it was, but for its headers. */
static bool sent_again(struct sdesp_call *call, const struct sip_msg *msg)
{
	switch (msg->scode) {
	case 401:
	case 407:
		return sip_auth_authenticate(call->auth, msg) == 0 &&
		       send_out(call) == 0;
	case 422:
		return timer_raise(call, msg) && send_out(call) == 0;
	default:
		return false;
	}
}

/* The call was closed meanwhile: only a 2xx to an INVITE wants something. */
static void stray(struct sdesp_call *call, const struct sip_msg *msg)
{
	if (call->ua != NULL && msg != NULL && msg->scode >= 200 &&
		msg->scode < 300 && !call->out.update)
		(void)ack_send(&call->ack, call->ua->config.sip, call->dlg,
			call->auth, msg->cseq.num, NULL);
}

static void provisional(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct sdesp_span sdp;
	struct sdesp_why why;

	if (call->out.carried == CARRIED_NONE || call->out.update ||
		body_sdp(&sdp, msg) != 0 || sdp.len == 0)
		return;
	/* One that will not do is as if it had not come. */
	(void)media_accept(call, sdp, false, &why);
	call_pump(call);
}

static void response(int err, const struct sip_msg *msg, void *arg)
{
	struct sdesp_call *call = arg;

	if (err == 0 && msg->scode < 200) {
		if (call->phase == PHASE_UP)
			provisional(call, msg);
		return;
	}
	if (call->phase != PHASE_UP) {
		stray(call, msg);
	} else if (err == 0 && msg->scode < 300) {
		success(call, msg);
	} else if (err == 0 &&
		   !sip_request_loops(&call->out.loop, msg->scode) &&
		   sent_again(call, msg)) {
		mem_deref(call);
		return;
	} else if (dead(err, msg)) {
		over(call, err);
	} else {
		refused(call, msg);
	}
	call->out.body = mem_deref(call->out.body);
	call_pump(call);
	mem_deref(call);
}

static int send_out(struct sdesp_call *call)
{
	struct out *out = &call->out;
	char timer[TIMER_HEADERS];
	struct mbuf *tail =
		body_tail(timer_offer(timer, call, false), out->body);
	int err = ENOMEM;

	if (tail != NULL)
		err = sip_drequestf(&out->req, call->ua->config.sip, true,
			out->update ? "UPDATE" : "INVITE", call->dlg, 0,
			call->auth, outgoing_contact, response, call, "%b",
			mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
	if (err == 0)
		mem_ref(call);
	return err;
}

/* The most urgent wish, with the others that it fulfils as well. */
static enum carried choose(struct sdesp_call *call)
{
	if ((call->want & WANT_MUST) == 0 && (call->want & WANT_REKEY) != 0)
		return CARRIED_REKEY;
	if ((call->want & WANT_REFRESH) != 0 || !call->updates)
		return CARRIED_REFRESH;
	return CARRIED_NONE;
}

static void cannot(struct sdesp_call *call, unsigned wanted, int status)
{
	/* The peer's rekey is open: it is younger than our wish for one. */
	if (status == SDESP_ERR_STATE && wanted == WANT_REKEY)
		return;
	if ((wanted & WANT_MUST) != 0) {
		bye_because(call, SDESP_CALL_BACKEND, status, NULL);
		return;
	}
	call->want |= wanted;
	retry_later(call);
}

void offer_next(struct sdesp_call *call)
{
	struct out *out = &call->out;
	unsigned wanted = call->want;
	int status;

	if (call->phase != PHASE_UP || wanted == 0 || out->req != NULL ||
		call->reply.mb != NULL || tmr_isrunning(&call->retry))
		return;
	out->carried = choose(call);
	out->must = (wanted & WANT_MUST) != 0;
	out->update = call->updates &&
		      (call->ua->config.update || out->carried == CARRIED_NONE);
	out->body = mem_deref(out->body);
	sip_loopstate_reset(&out->loop);
	call->want = out->must ? wanted & WANT_REKEY : 0;
	if (out->carried != CARRIED_NONE) {
		status = media_offer(call, out->carried, &out->body);
		if (status != SDESP_OK) {
			call->want = 0;
			cannot(call, wanted, status);
			return;
		}
	}
	if (send_out(call) != 0)
		over(call, ENOTCONN);
}
