/* Requests that are sent once more. RFC 3261 22.2 and 22.3, RFC 4028 7.3.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

bool sdesp_sip_again(struct sdesp_call *call, const struct sip_msg *msg,
	int (*send)(struct sdesp_call *call))
{
	if (sip_request_loops(&call->out.loop, msg->scode))
		return false;
	switch (msg->scode) {
	case 401:
	case 407:
		return sip_auth_authenticate(call->auth, msg) == 0 &&
		       send(call) == 0;
	case 422:
		return sdesp_sip_timer_raise(call, msg) && send(call) == 0;
	default:
		return false;
	}
}
