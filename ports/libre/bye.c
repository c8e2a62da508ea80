/* BYE, and what comes of it. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

static int send_bye(struct sdesp_call *call);

static void gone(int err, const struct sip_msg *msg, void *arg)
{
	struct sdesp_call *call = arg;

	if (msg != NULL && msg->scode < 200)
		return;
	if (call->ua != NULL && err == 0 && !call->bye_again &&
		(msg->scode == 401 || msg->scode == 407) &&
		sip_auth_authenticate(call->auth, msg) == 0) {
		call->bye_again = true;
		if (send_bye(call) == 0) {
			mem_deref(call);
			return;
		}
	}
	call_end(call);
	mem_deref(call);
}

static int send_bye(struct sdesp_call *call)
{
	struct mbuf *tail = body_tail("", NULL);
	int err = ENOMEM;

	if (tail != NULL)
		err = sip_drequestf(&call->bye, call->ua->config.sip, true,
			"BYE", call->dlg, 0, call->auth, NULL, gone, call, "%b",
			mbuf_buf(tail), mbuf_get_left(tail));
	mem_deref(tail);
	if (err == 0)
		mem_ref(call);
	return err;
}

void bye_send(struct sdesp_call *call)
{
	call->phase = PHASE_ENDING;
	call->want = 0;
	reply_drop(call);
	tmr_cancel(&call->retry);
	tmr_cancel(&call->expiry.tmr);
	if (send_bye(call) != 0)
		call_end(call);
}

void bye_because(struct sdesp_call *call, enum sdesp_call_why why, int status,
	const char *text)
{
	if (call->phase != PHASE_UP)
		return;
	call_why(call, why, 0, status, text);
	bye_send(call);
}
