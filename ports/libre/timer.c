/* Session timers: a peer that is gone is noticed. RFC 4028.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#define LEAST_WARNING 32 /* RFC 4028 10: BYE so long before the end, ... */
#define WARNING_PART 3   /* ... or a third of the interval if that is less */

struct session_expires {
	uint32_t interval; /* 0: the header is not there */
	bool uac, uas;     /* who refreshes */
};

static uint32_t seconds_of(const struct sip_hdr *hdr)
{
	struct pl number = {NULL, 0};

	if (hdr == NULL ||
		re_regex(hdr->val.p, hdr->val.l, "[0-9]+", &number) != 0)
		return 0;
	return number.l <= 9 ? pl_u32(&number) : 0;
}

static void read_expires(
	struct session_expires *expires, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl who = {NULL, 0};

	expires->interval = seconds_of(hdr);
	if (hdr != NULL)
		(void)msg_param_decode(&hdr->val, "refresher", &who);
	expires->uac = pl_strcasecmp(&who, "uac") == 0;
	expires->uas = pl_strcasecmp(&who, "uas") == 0;
}

static bool knows_timer(const struct sip_msg *msg)
{
	return sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer") ||
	       sip_msg_hdr_has_value(msg, SIP_HDR_REQUIRE, "timer");
}

static void expired(void *arg)
{
	bye_because(arg, SDESP_CALL_TIMEOUT, 0,
		"the session timer has run out: the peer is gone");
}

static uint64_t ms_until_end(const struct expiry *expiry)
{
	uint32_t early = MIN(LEAST_WARNING, expiry->interval / WARNING_PART);

	return 1000 * (uint64_t)(expiry->interval - early);
}

/* Half the interval has passed. If no refresh succeeds, there is an end. */
static void refresh(void *arg)
{
	struct sdesp_call *call = arg;
	uint64_t half = 500 * (uint64_t)call->expiry.interval;
	uint64_t end = ms_until_end(&call->expiry);

	tmr_start(
		&call->expiry.tmr, end > half ? end - half : 1, expired, call);
	call->want |= WANT_ALIVE;
	call_pump(call);
}

static void start(struct sdesp_call *call)
{
	struct expiry *expiry = &call->expiry;

	if (expiry->ours)
		tmr_start(&expiry->tmr, 500 * (uint64_t)expiry->interval,
			refresh, call);
	else
		tmr_start(&expiry->tmr, ms_until_end(expiry), expired, call);
}

const char *timer_offer(
	char text[TIMER_HEADERS], const struct sdesp_call *call, bool first)
{
	const struct expiry *expiry = &call->expiry;
	const char *refresher = "";

	if (!first && expiry->agreed)
		refresher = expiry->ours ? ";refresher=uac" : ";refresher=uas";
	(void)re_snprintf(text, TIMER_HEADERS,
		"Session-Expires: %u%s\r\nMin-SE: %u\r\n", expiry->interval,
		refresher, expiry->min_se);
	return text;
}

bool timer_too_short(const struct sdesp_call *call, const struct sip_msg *msg)
{
	struct session_expires theirs;

	read_expires(&theirs, msg);
	return theirs.interval != 0 && theirs.interval < call->expiry.min_se &&
	       knows_timer(msg);
}

/* RFC 4028 9: their interval, or less, but nobody's minimum less. */
static uint32_t settle(const struct sdesp_call *call, uint32_t theirs,
	const struct sip_msg *msg)
{
	uint32_t least = seconds_of(sip_msg_hdr(msg, SIP_HDR_MIN_SE));
	uint32_t interval = call->ua->config.session_expires;

	if (theirs != 0 && theirs < interval)
		interval = theirs;
	least = MAX(least, call->expiry.min_se);
	return MAX(interval, least);
}

const char *timer_answer(char text[TIMER_HEADERS], struct sdesp_call *call,
	const struct sip_msg *msg)
{
	struct expiry *expiry = &call->expiry;
	struct session_expires theirs;
	bool knows = knows_timer(msg);
	bool kept = expiry->agreed;

	read_expires(&theirs, msg);
	expiry->interval = settle(call, theirs.interval, msg);
	expiry->agreed = knows;
	if (!knows || theirs.uas)
		expiry->ours = true;
	else if (theirs.uac || !kept)
		expiry->ours = false;
	(void)re_snprintf(text, TIMER_HEADERS,
		"Session-Expires: %u;refresher=%s\r\n%s", expiry->interval,
		expiry->ours ? "uas" : "uac",
		expiry->ours ? "" : "Require: timer\r\n");
	start(call);
	return text;
}

void timer_accept(struct sdesp_call *call, const struct sip_msg *msg)
{
	struct expiry *expiry = &call->expiry;
	struct session_expires theirs;

	read_expires(&theirs, msg);
	expiry->agreed = theirs.interval != 0;
	expiry->ours = !(expiry->agreed && theirs.uas);
	/* Without the header the peer does not count. We ask it all the same
	 * now and then: one that is gone gives no answer. */
	if (expiry->agreed)
		expiry->interval = MAX(theirs.interval, expiry->min_se);
	if (call->phase == PHASE_UP)
		start(call);
}

bool timer_raise(struct sdesp_call *call, const struct sip_msg *msg)
{
	uint32_t least = seconds_of(sip_msg_hdr(msg, SIP_HDR_MIN_SE));

	if (least <= call->expiry.interval)
		return false;
	call->expiry.interval = least;
	call->expiry.min_se = MAX(least, call->expiry.min_se);
	return true;
}
