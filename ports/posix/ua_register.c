/*
 * Registration: told when it holds, tried again for as long as it does not.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/ua.h"
#include "ports/posix/ua_hop.h"

#define EXPIRES_S 300 /* a registrar that forgot us hears of us by then */
#define FIRST_MS 1000 /* until the second try; doubles */
#define LAST_MS 60000

#define MOST_ANSWERS 3 /* a proxy, the registrar, a nonce that was stale */

struct ua_register {
	struct ua *ua;
	struct sipreg *reg;
	struct tmr retry;
	uint32_t pause_ms;
	int holds;
	unsigned answers; /* to challenges, in this try */
};

static void start(void *arg);

static void try_again(struct ua_register *r)
{
	uint32_t pause = r->pause_ms / 2 + rand_u32() % (r->pause_ms / 2);

	tmr_start(&r->retry, pause, start, r);
	r->pause_ms = r->pause_ms < LAST_MS / 2 ? 2 * r->pause_ms : LAST_MS;
}

static void fail(struct ua_register *r, const char *why)
{
	if (r->holds || r->pause_ms == FIRST_MS)
		note("not registered at %s: %s; trying again",
			r->ua->config.registrar, why);
	r->holds = 0;
	try_again(r);
}

/* Where the error's own words would say nothing. */
static const char *error_text(int err)
{
	switch (err) {
	case EACCES:
		return "it took no credentials of ours";
	case EBADMSG:
		return "its challenge is not of digest authentication";
	case ENOSYS:
		return "it wants a digest algorithm other than MD5";
	case EDESTADDRREQ:
		return "the DNS does not know the host";
	default:
		return strerror(err);
	}
}

/* libre would repeat a wrong password as often as the registrar has a new
 * nonce, until the account is locked. */
static int on_asked(char **user, char **password, const char *realm, void *arg)
{
	struct ua *ua = arg;
	struct ua_register *r = ua->registration; /* NULL: un-registering */

	if (r != NULL && r->answers++ >= MOST_ANSWERS)
		return EACCES;
	return ua_auth_answer(user, password, realm, &ua->config.auth);
}

static void on_response(int err, const struct sip_msg *msg, void *arg)
{
	struct ua_register *r = arg;
	char why[128];

	if (err != 0) {
		fail(r, error_text(err));
	} else if (msg->scode >= 300) {
		(void)re_snprintf(
			why, sizeof why, "%u %r", msg->scode, &msg->reason);
		fail(r, why);
	} else if (msg->scode >= 200) {
		if (!r->holds)
			ua_say("registered %s", r->ua->config.aor);
		r->holds = 1;
		r->answers = 0;
		r->pause_ms = FIRST_MS;
	}
}

static void start(void *arg)
{
	struct ua_register *r = arg;
	const struct ua_config *c = &r->ua->config;
	const char *route[1];
	char text[UA_URI];
	int err;

	route[0] = ua_hop_route(text, c, c->registrar);
	r->reg = mem_deref(r->reg);
	r->answers = 0;
	err = sipreg_register(&r->reg, r->ua->sip, c->registrar, c->aor, NULL,
		c->aor, EXPIRES_S, c->user, route, route[0] != NULL, 0,
		on_asked, r->ua, false, on_response, r, NULL, NULL);
	if (err != 0)
		fail(r, error_text(err));
}

int ua_register_open(struct ua *ua)
{
	struct ua_register *r = calloc(1, sizeof *r);

	if (r == NULL)
		return system_error("no memory");
	ua->registration = r;
	r->ua = ua;
	r->pause_ms = FIRST_MS;
	tmr_init(&r->retry);
	start(r);
	return DONE;
}

void ua_register_close(struct ua *ua)
{
	struct ua_register *r = ua->registration;

	if (r == NULL)
		return;
	tmr_cancel(&r->retry);
	mem_deref(r->reg); /* says so to the registrar */
	free(r);
	ua->registration = NULL;
}
