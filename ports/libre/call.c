/* A call from its beginning to its end, but for the messages.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

#include "sdesp_posix.h"

#define AGAIN_MS 4000     /* after a rekey that was refused twice, ... */
#define AGAIN_DOUBLINGS 6 /* ... doubled each time, to so much */

uint64_t call_now(void)
{
	return sdesp_posix_now_ms();
}

bool call_alive(const struct sdesp_call *call)
{
	return call->ua != NULL && call->phase < PHASE_ENDED;
}

static void destroy(void *arg)
{
	struct sdesp_call *call = arg;

	list_unlink(&call->le);
	tmr_cancel(&call->tick);
	tmr_cancel(&call->retry);
	tmr_cancel(&call->closing);
	tmr_cancel(&call->expiry.tmr);
	reply_drop(call);
	(void)sdesp_session_close(&call->session);
	mem_deref(call->st);
	mem_deref(call->invite);
	mem_deref(call->out.body);
	mem_deref(call->ack);
	mem_deref(call->fork);
	mem_deref(call->dlg);
	mem_deref(call->auth);
	mem_deref(call->text);
	mem_deref(call->end_text);
	mem_deref(call->end_contact);
	mem_deref(call->from);
	mem_deref(call->asserted[0]);
	mem_deref(call->asserted[1]);
	mem_deref(call->target);
	mem_deref(call->callid);
}

struct sdesp_call *call_alloc(struct sdesp_libre *ua)
{
	const struct sdesp_libre_config *config = &ua->config;
	struct sdesp_call *call = mem_zalloc(sizeof *call, destroy);

	if (call == NULL)
		return NULL;
	call->ua = ua;

	call->expiry.interval = config->session_expires;
	call->expiry.min_se = config->min_se;
	call->expiry.ours = true;
	call->origin = sdesp_posix_wall_ms() / 1000;
	list_append(&ua->calls, &call->le, call);
	if (sip_auth_alloc(&call->auth, config->auth, config->arg, false) != 0)
		return mem_deref(call);
	return call;
}

int call_begin(struct sdesp_call *call, const struct sdesp_call_setup *setup)
{
	int status;

	call->setup = *setup;
	call->setup.local.index = 0;
	call->direction = setup->local.direction;
	call->setup_secured = setup->local.secured != 0;
	call->agreed = setup->local;
	status = sdesp_session_init(&call->session, setup->policy,
		setup->backend, call->ua->config.port);
	call->begun = status == SDESP_OK;
	return status;
}

void ua_touch(struct sdesp_libre *ua)
{
	ua->again = true;
	if (ua->touching || ua->config.touched == NULL)
		return;
	ua->touching = true;
	mem_ref(ua);
	while (ua->again) {
		ua->again = false;
		ua->config.touched(ua->config.arg);
	}
	ua->touching = false;
	mem_deref(ua);
}

/* A rekey that the peer keeps refusing is tried again, ever more seldom. */
static void rekey_due(struct sdesp_call *call)
{
	call->want |= WANT_REKEY;
	if (call->failed > 1 && !tmr_isrunning(&call->retry)) {
		unsigned doublings = MIN(call->failed - 2, AGAIN_DOUBLINGS);

		tmr_start(&call->retry, (uint64_t)AGAIN_MS << doublings,
			call_retry, call);
	}
}

/* How many events there were. */
static unsigned drain(struct sdesp_call *call)
{
	struct sdesp_libre *ua = call->ua;
	struct sdesp_event event;
	unsigned n = 0;

	while (call_alive(call) &&
		sdesp_session_event(&call->session, &event)) {
		n++;
		if (event.type == SDESP_EV_REKEY_DUE)
			rekey_due(call);
		else if (event.type == SDESP_EV_REFRESH_DUE)
			call->want |= WANT_REFRESH | WANT_MUST;
		if (ua->config.event != NULL)
			ua->config.event(call, &event, call->setup.arg);
	}
	return n;
}

static void tick(void *arg)
{
	call_pump(arg);
}

void call_retry(void *arg)
{
	call_pump(arg);
}

void call_pump(struct sdesp_call *call)
{
	uint64_t now = call_now(), when = UINT64_MAX;
	unsigned n;

	if (!call_alive(call) || !call->begun)
		return;
	mem_ref(call);
	do {
		when = sdesp_session_tick(&call->session, now);
		n = drain(call);
	} while (n > 0 && call_alive(call));
	offer_next(call);
	if (call_alive(call)) {
		tmr_cancel(&call->tick);
		if (when != UINT64_MAX)
			tmr_start(&call->tick, when > now ? when - now : 1,
				tick, call);
		ua_touch(call->ua);
	}
	mem_deref(call);
}

void call_why(struct sdesp_call *call, enum sdesp_call_why why, uint16_t scode,
	int status, const char *text)
{
	if (call->end_text != NULL)
		return;
	call->end.why = why;
	call->end.scode = scode;
	call->end.status = status;
	if (text == NULL)
		text = status != 0 ? sdesp_status_text(status) : "";
	(void)str_dup(&call->end_text, text);
}

/* The last message has left: SPEC 9.5. */
static void close_now(void *arg)
{
	struct sdesp_call *call = arg;
	struct sdesp_libre *ua = call->ua;
	int status = sdesp_session_close(&call->session);

	call->begun = false;

	if (status != SDESP_OK && call->end.status == SDESP_OK)
		call->end.status = status;
	call->end.text = call->end_text != NULL ? call->end_text : "";
	call->end.contact = call->end_contact;
	call->phase = PHASE_ENDED;
	mem_ref(ua);
	ua_touch(ua);
	ua->config.closed(call, &call->end, call->setup.arg);
	mem_deref(ua);
	/* An INVITE that is still open keeps the call for its ACK. */
	if (call->ua != NULL)
		mem_deref(call);
}

void call_end(struct sdesp_call *call)
{
	if (!call_alive(call))
		return;
	call->phase = PHASE_ENDING;
	call->want = 0;
	tmr_cancel(&call->tick);
	tmr_cancel(&call->retry);
	tmr_cancel(&call->expiry.tmr);
	reply_drop(call);
	if (call->fork != NULL)
		fork_close(call->fork);
	tmr_start(&call->closing, 0, close_now, call);
}

void call_kill(struct sdesp_call *call)
{
	bool held = call->phase != PHASE_ENDED;
	unsigned refs = 0;

	list_unlink(&call->le);
	tmr_cancel(&call->tick);
	tmr_cancel(&call->retry);
	tmr_cancel(&call->closing);
	tmr_cancel(&call->expiry.tmr);
	reply_drop(call);
	(void)sdesp_session_close(&call->session);
	call->phase = PHASE_ENDED;
	call->ua = NULL;
	call->st = mem_deref(call->st);
	/* Each open request holds a reference, and will not call back. */
	if (call->out.req != NULL) {
		mem_deref(call->out.req);
		refs++;
	}
	if (call->bye != NULL) {
		mem_deref(call->bye);
		refs++;
	}
	for (refs += held ? 1 : 0; refs > 0; refs--)
		mem_deref(call);
}
