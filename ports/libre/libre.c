/* All calls of one SIP stack: what comes in finds its call.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#define DEFAULT_INTERVAL 1800 /* RFC 4028 4 */
#define DEFAULT_MIN_SE 90     /* RFC 4028 4: the least there is */

static struct sdesp_call *find(
	const struct sdesp_libre *ua, const struct sip_msg *msg)
{
	for (struct le *le = ua->calls.head; le != NULL; le = le->next) {
		struct sdesp_call *call = le->data;

		if (sdesp_call_alive(call) && call->dlg != NULL &&
			sip_dialog_cmp(call->dlg, msg))
			return call;
	}
	return NULL;
}

static bool request(const struct sip_msg *msg, void *arg)
{
	struct sdesp_libre *ua = arg;
	bool invite = pl_strcmp(&msg->met, "INVITE") == 0;
	struct sdesp_call *call = find(ua, msg);

	if (call != NULL) {
		mem_ref(call);
		(void)sdesp_sip_dialog_request(call, msg);
		mem_deref(call);
	} else if (pl_strcmp(&msg->met, "ACK") == 0) {
		/* For a call that is gone. */
	} else if (pl_strcmp(&msg->met, "OPTIONS") == 0) {
		sdesp_sip_reply_options(ua, msg);
	} else if (invite && !pl_isset(&msg->to.tag)) {
		sdesp_sip_incoming_invite(ua, msg);
	} else if (invite || pl_strcmp(&msg->met, "BYE") == 0 ||
		   pl_strcmp(&msg->met, "UPDATE") == 0) {
		sdesp_sip_reply_refuse(ua, NULL, msg, 481,
			"Call/Transaction Does Not Exist", "");
	} else {
		return false;
	}
	return true;
}

/* A 2xx to an INVITE whose transaction is over: it came again because its ACK
 * was lost, or it is another branch's. */
static bool response(const struct sip_msg *msg, void *arg)
{
	struct sdesp_libre *ua = arg;

	if (pl_strcmp(&msg->cseq.met, "INVITE") != 0 || msg->scode < 200 ||
		msg->scode > 299)
		return false;
	for (struct le *le = ua->calls.head; le != NULL; le = le->next) {
		struct sdesp_call *call = le->data;

		if (sdesp_sip_ack_matches(call->ack, msg)) {
			sdesp_sip_ack_again(call->ack, ua->config.sip);
			return true;
		}
	}
	return sdesp_sip_fork_response(ua, msg);
}

static void destroy(void *arg)
{
	struct sdesp_libre *ua = arg;

	mem_deref(ua->requests);
	mem_deref(ua->responses);
	while (ua->calls.head != NULL)
		sdesp_call_kill(ua->calls.head->data);
	while (ua->forks.head != NULL)
		sdesp_sip_fork_drop(ua->forks.head->data);
	mem_deref((void *)ua->config.user);
}

static int fill(struct sdesp_libre *ua, const struct sdesp_libre_config *config)
{
	char *user = NULL;

	if (str_dup(&user, config->user) != 0)
		return SDESP_ERR_SPACE;
	ua->config = *config;
	ua->config.user = user;
	if (ua->config.session_expires == 0)
		ua->config.session_expires = DEFAULT_INTERVAL;
	if (ua->config.min_se == 0)
		ua->config.min_se = DEFAULT_MIN_SE;
	if (sip_listen(&ua->requests, config->sip, true, request, ua) != 0 ||
		sip_listen(&ua->responses, config->sip, false, response, ua) !=
			0)
		return SDESP_ERR_SPACE;
	return SDESP_OK;
}

int sdesp_libre_alloc(
	struct sdesp_libre **uap, const struct sdesp_libre_config *config)
{
	struct sdesp_libre *ua;
	int status;

	*uap = NULL;
	if (config->sip == NULL || config->port == NULL ||
		config->user == NULL || config->closed == NULL)
		return SDESP_ERR_ARG;
	ua = mem_zalloc(sizeof *ua, destroy);
	if (ua == NULL)
		return SDESP_ERR_SPACE;
	status = fill(ua, config);
	if (status == SDESP_OK &&
		ua->config.session_expires < ua->config.min_se)
		status = SDESP_ERR_ARG;
	if (status != SDESP_OK)
		mem_deref(ua);
	else
		*uap = ua;
	return status;
}

unsigned sdesp_libre_calls(const struct sdesp_libre *ua)
{
	unsigned n = 0;

	for (struct le *le = ua->calls.head; le != NULL; le = le->next)
		n += sdesp_call_alive(le->data);
	return n;
}

void sdesp_libre_hangup(struct sdesp_libre *ua)
{
	for (struct le *le = ua->calls.head; le != NULL; le = le->next)
		sdesp_call_hangup(le->data);
}

/* The call that an event is for. */
static void hand_over(struct sdesp_libre *ua, struct sdesp_backend *backend,
	const struct sdesp_backend_event *event)
{
	struct le *le = ua->calls.head;

	while (le != NULL) {
		struct sdesp_call *call = le->data;
		int taken;

		le = le->next;
		if (!sdesp_call_alive(call) || call->setup.backend != backend ||
			!call->begun)
			continue;
		taken = sdesp_session_notify(
			&call->session, event, sdesp_call_now());
		if (taken || event->type == SDESP_BACKEND_LOST)
			sdesp_call_pump(call);
		if (taken)
			return;
	}
}

int sdesp_libre_poll(struct sdesp_libre *ua, struct sdesp_backend *backend)
{
	struct sdesp_backend_event event;
	int more;

	if (backend->vtable->poll == NULL)
		return SDESP_OK;
	mem_ref(ua);
	while ((more = backend->vtable->poll(backend, &event)) == 1)
		hand_over(ua, backend, &event);
	mem_deref(ua);
	return more;
}
