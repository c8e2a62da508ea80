/* What a program asks of a call. SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

void sdesp_call_hangup(struct sdesp_call *call)
{
	if (!call_alive(call))
		return;
	switch (call->phase) {
	case PHASE_INCOMING:
		if (sdesp_call_reject(call, 480, "Temporarily Unavailable") !=
			SDESP_OK)
			call_end(call);
		break;
	case PHASE_CALLING:
		call->hung_up = true;
		call_why(call, SDESP_CALL_HUNG_UP, 0, 0, "hung up");
		sip_request_cancel(call->out.req);
		break;
	case PHASE_ANSWERED: /* RFC 3261 15: no BYE before the ACK */
		call->hung_up = true;
		call_why(call, SDESP_CALL_HUNG_UP, 0, 0, "hung up");
		break;
	case PHASE_UP:
		bye_because(call, SDESP_CALL_HUNG_UP, 0, "hung up");
		break;
	default:
		break;
	}
}

static int wish(struct sdesp_call *call, unsigned want)
{
	if (call->phase != PHASE_UP || call->hung_up)
		return SDESP_ERR_STATE;
	call->want |= want;
	/* Whoever asks does not wait for a peer that refuses rekeys. */
	if (call->failed > 1) {
		call->failed = 0;
		tmr_cancel(&call->retry);
	}
	call_pump(call);
	return SDESP_OK;
}

int sdesp_call_rekey(struct sdesp_call *call)
{
	return wish(call, WANT_REKEY);
}

int sdesp_call_hold(struct sdesp_call *call, int hold)
{
	if (call->phase != PHASE_UP)
		return SDESP_ERR_STATE;
	call->setup.local.direction = hold ? SDESP_INACTIVE : call->direction;
	return wish(call, WANT_REFRESH);
}

int sdesp_call_move(struct sdesp_call *call, const struct sdesp_addr *addr)
{
	if (call->phase != PHASE_UP)
		return SDESP_ERR_STATE;
	call->setup.local.addr = *addr;
	return wish(call, WANT_REFRESH);
}

void sdesp_call_info(
	const struct sdesp_call *call, struct sdesp_session_info *info)
{
	memset(info, 0, sizeof *info);
	info->state = SDESP_CLOSED;
	if (call->begun)
		sdesp_session_info(&call->session, info);
}

const char *sdesp_call_id(const struct sdesp_call *call)
{
	return call->callid;
}

const char *sdesp_call_peer(const struct sdesp_call *call)
{
	return call->peer;
}
