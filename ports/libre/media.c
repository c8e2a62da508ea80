/* Offers and answers of the session, as bodies. SPEC 5.4.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <string.h>

#include "sdesp_body.h"

#define SECTION_MAX 4096

static void secure(struct sdesp_call *call, bool secured)
{
	call->setup.local.secured =
		call->setup_secured || (call->secured && secured);
}

/* The body around what the session wrote; without one the offer or answer
 * cannot leave, and is taken back. */
static int wrap(struct sdesp_call *call, const struct sdesp_text *section,
	struct mbuf **body)
{
	*body = body_make(call, section);
	if (*body != NULL)
		return SDESP_OK;
	media_fail(call);
	return SDESP_ERR_SPACE;
}

int media_offer(
	struct sdesp_call *call, enum carried carried, struct mbuf **body)
{
	char buf[SECTION_MAX];
	struct sdesp_text text;
	int status;

	*body = NULL;
	secure(call, true);
	sdesp_text_init(&text, buf, sizeof buf);
	if (carried == CARRIED_REFRESH)
		status = sdesp_session_refresh(
			&call->session, &call->setup.local, call_now(), &text);
	else
		status = sdesp_session_offer(
			&call->session, &call->setup.local, call_now(), &text);
	return status == SDESP_OK ? wrap(call, &text, body) : status;
}

static int find(struct sdesp_section *section, struct sdesp_call *call,
	struct sdesp_span sdp, bool first, struct sdesp_why *why)
{
	struct sdesp_local *local = &call->setup.local;
	int status;

	if (!first)
		return sdesp_sdp_find(
			section, sdp.p, sdp.len, local->index, why);
	status = sdesp_body_find(section, local->proto, sdp.p, sdp.len, why);
	if (status == SDESP_OK)
		local->index = section->index;
	return status;
}

int media_answer(struct sdesp_call *call, struct sdesp_span sdp, bool first,
	bool secured, struct mbuf **body, struct sdesp_why *why)
{
	struct sdesp_local *local = &call->setup.local;
	struct sdesp_section section;
	char buf[SECTION_MAX];
	struct others others;
	struct sdesp_text text;
	int status;

	*body = NULL;
	memset(why, 0, sizeof *why);
	status = find(&section, call, sdp, first, why);
	if (status == SDESP_OK && !body_others(&others, sdp, local->index)) {
		why->what = "too many media sections";
		status = SDESP_ERR_LIMIT;
	}
	if (status != SDESP_OK)
		return status;
	secure(call, secured);
	sdesp_text_init(&text, buf, sizeof buf);
	status = sdesp_session_answer(
		&call->session, &section, local, call_now(), &text, why);
	if (status != SDESP_OK)
		return status;
	call->others = others;
	call->agreed = *local;
	return wrap(call, &text, body);
}

int media_accept(struct sdesp_call *call, struct sdesp_span sdp, bool final,
	struct sdesp_why *why)
{
	struct sdesp_section section;
	int status;

	memset(why, 0, sizeof *why);
	status = sdesp_sdp_find(
		&section, sdp.p, sdp.len, call->setup.local.index, why);
	if (status == SDESP_OK)
		status = sdesp_session_accept(
			&call->session, &section, final, call_now(), why);
	else if (final)
		media_fail(call);
	if (status == SDESP_OK && final)
		call->agreed = call->setup.local;
	return status;
}

void media_fail(struct sdesp_call *call)
{
	sdesp_session_fail(&call->session, call_now());
}
