/*
 * Calls in and out, and what becomes of their sessions.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua.h"
#include "ports/posix/ua_hop.h"

/* Calls that the tables of the udp backend have room for, all of them in the
 * midst of a rekey. */
static unsigned most_calls(struct ua *ua)
{
	return home_udp(ua_path_home(ua)) != NULL ? SDESP_UDP_SAS / 4
						  : UA_CALLS;
}

static struct ua_call *free_call(struct ua *ua)
{
	unsigned i, most = most_calls(ua);

	for (i = 0; i < most; i++) {
		if (ua->call[i].call == NULL) {
			memset(&ua->call[i], 0, sizeof ua->call[i]);
			ua->call[i].ua = ua;
			return &ua->call[i];
		}
	}
	return NULL;
}

static void set_up(struct ua_call *c, struct sdesp_call_setup *setup)
{
	struct ua *ua = c->ua;

	memset(setup, 0, sizeof *setup);
	setup->policy = &ua->config.settings.policy;
	setup->backend = ua_path_home(ua)->backend;
	setup->local = ua->config.settings.local;
	setup->local.addr = ua_path_home(ua)->local;
	setup->arg = c;
}

static void refuse_caller(struct ua *ua, struct sdesp_call *call, unsigned code,
	const char *reason)
{
	ua->refused++;
	if (sdesp_call_reject(call, (uint16_t)code, reason) != SDESP_OK)
		sdesp_call_hangup(call);
}

/* Is the request for us? Told only to those who may call. */
static int is_ours(const struct ua *ua, const struct sdesp_caller *caller)
{
	struct uri uri;

	return ua_uri_read(&uri, caller->target) &&
	       pl_strcmp(&uri.user, ua->config.user) == 0;
}

static void on_incoming(
	struct sdesp_call *call, const struct sdesp_caller *caller, void *arg)
{
	struct ua *ua = arg;
	struct sdesp_call_setup setup;
	struct ua_call *c;
	const char *identity, *why;

	why = ua->config.listener
		      ? ua_peers_refuse(&ua->config.peers, caller, &identity)
		      : "no calls are taken";
	if (why != NULL) {
		ua_say("refused %s: 403 %s", caller->from, why);
		refuse_caller(ua, call, 403, "Forbidden");
		return;
	}
	ua_say("call from %s", identity);
	if (!is_ours(ua, caller)) {
		ua_say("refused %s: 404 %s is not here", identity,
			caller->target);
		refuse_caller(ua, call, 404, "Not Found");
		return;
	}
	c = ua->ending ? NULL : free_call(ua);
	if (c == NULL) {
		ua_say("refused %s: 486 too many calls", identity);
		refuse_caller(ua, call, 486, "Busy Here");
		return;
	}
	c->call = call;
	set_up(c, &setup);
	if (caller->transport == SDESP_LIBRE_TLS)
		ua_tls_expect(&caller->source);
	if (sdesp_call_accept(call, &setup) != SDESP_OK)
		note("call from %s: cannot be taken", identity);
}

static void say_pair(struct ua_call *c, const char *what)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(c->info.suite);

	ua_say("%s %08lx %08lx %s %s%s %s", what, (unsigned long)c->info.spi_in,
		(unsigned long)c->info.spi_out,
		suite != NULL ? suite->name : "?",
		c->info.method == SDESP_X25519 ? "x25519" : "inline",
		c->info.psk ? " psk" : "", sdesp_call_peer(c->call));
}

/* The pair in use is another one, or elsewhere. */
static void take_pair(struct ua_call *c, const char *what)
{
	sdesp_call_info(c->call, &c->info);
	c->packets = 0;
	c->heard_ms = sdesp_posix_now_ms();
	say_pair(c, what);
	if (ua_path_up(c->ua, c) != DONE) {
		c->ua->code = SYSTEM;
		sdesp_call_hangup(c->call);
	}
}

static void on_event(
	struct sdesp_call *call, const struct sdesp_event *event, void *arg)
{
	struct ua_call *c = arg;
	char at[SDESP_POSIX_ADDR_TEXT];

	(void)call;
	switch (event->type) {
	case SDESP_EV_ESTABLISHED:
		c->established = 1;
		c->ua->served++;
		take_pair(c, "established");
		break;
	case SDESP_EV_REKEYED:
		take_pair(c, "rekeyed");
		break;
	case SDESP_EV_PEER_MOVED:
		take_pair(c, "moved");
		break;
	case SDESP_EV_PEER_ELSEWHERE:
		note("%s sends from %s, which is not followed",
			sdesp_call_peer(c->call),
			sdesp_posix_print_addr(at, &event->addr));
		break;
	case SDESP_EV_REKEY_FAILED:
		note("%s: no new keys: %s; the old ones stay",
			sdesp_call_peer(c->call),
			sdesp_status_text(event->status));
		break;
	case SDESP_EV_EXPIRED:
		note("%s: the keys have expired: nothing is sent",
			sdesp_call_peer(c->call));
		break;
	default:
		break;
	}
}

/* Why a call ended, as an exit code; 0 is the ordinary way. */
static int end_code(const struct ua_call *c, const struct sdesp_call_end *end)
{
	switch (end->why) {
	case SDESP_CALL_HUNG_UP:
		return c->established ? DONE : REFUSED;
	case SDESP_CALL_BYE:
		return DONE;
	case SDESP_CALL_TRANSPORT:
	case SDESP_CALL_BACKEND:
		return SYSTEM;
	case SDESP_CALL_CANCELED:
	case SDESP_CALL_REFUSED:
	case SDESP_CALL_NO_AGREEMENT:
	case SDESP_CALL_TIMEOUT:
		break;
	}
	return REFUSED;
}

static void on_closed(
	struct sdesp_call *call, const struct sdesp_call_end *end, void *arg)
{
	struct ua_call *c = arg;
	struct ua *ua;

	if (c == NULL) /* refused before it had a place */
		return;
	ua = c->ua;
	ua_path_down(ua, c);
	if (c->asked_ms != 0 && (end->why == SDESP_CALL_TIMEOUT ||
					end->why == SDESP_CALL_TRANSPORT))
		ua_say("closed %s: silent for %lu s, and no answer: %s",
			sdesp_call_peer(call),
			(unsigned long)((sdesp_posix_now_ms() - c->heard_ms) /
					1000),
			end->text);
	else if (end->contact != NULL)
		ua_say("closed %s: %u %s: try %s", sdesp_call_peer(call),
			end->scode, end->text, end->contact);
	else if (end->scode >= 300)
		ua_say("closed %s: %u %s", sdesp_call_peer(call), end->scode,
			end->text);
	else
		ua_say("closed %s: %s", sdesp_call_peer(call), end->text);
	c->call = NULL;
	if (!ua->config.listener)
		ua_end(ua, end_code(c, end));
	else if (ua->ending)
		ua_end(ua, DONE);
}

static int on_auth(char **user, char **password, const char *realm, void *arg)
{
	return ua_auth_answer(
		user, password, realm, &((struct ua *)arg)->config.auth);
}

static void on_touched(void *arg)
{
	ua_path_touch(arg);
}

/* What no call takes. libre itself would print the stranger's text. */
static bool on_other(const struct sip_msg *msg, void *arg)
{
	struct ua *ua = arg;

	if (pl_strcmp(&msg->met, "CANCEL") == 0)
		(void)sip_treply(
			NULL, ua->sip, msg, 481, "Transaction Does Not Exist");
	else
		(void)sip_treplyf(NULL, NULL, ua->sip, msg, false, 405,
			"Method Not Allowed",
			"Allow: INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS\r\n"
			"Content-Length: 0\r\n\r\n");
	return true;
}

int ua_calls_open(struct ua *ua)
{
	struct sdesp_libre_config config;
	int status;

	sdesp_posix_port(&ua->port);
	memset(&config, 0, sizeof config);
	config.sip = ua->sip;
	config.port = &ua->port;
	config.user = ua->config.user;
	config.auth = on_auth;
	config.incoming = on_incoming;
	config.touched = on_touched;
	config.event = on_event;
	config.closed = on_closed;
	config.arg = ua;
	status = sdesp_libre_alloc(&ua->calls, &config);
	if (status == SDESP_OK &&
		sip_listen(&ua->others, ua->sip, true, on_other, ua) != 0)
		status = SDESP_ERR_SPACE;
	if (status != SDESP_OK)
		return system_error("SIP: %s", sdesp_status_text(status));
	ua_silence_open(ua);
	return DONE;
}

int ua_calls_make(struct ua *ua)
{
	struct ua_call *c = free_call(ua);
	struct sdesp_call_setup setup;
	struct sdesp_call_target target;
	char route[UA_URI];
	int status;

	memset(&target, 0, sizeof target);
	target.uri = ua->config.target;
	target.from = ua->config.aor;
	target.route = ua_hop_route(route, &ua->config, target.uri);
	set_up(c, &setup);
	status = sdesp_call_make(&c->call, ua->calls, &target, &setup);
	if (status != SDESP_OK) {
		c->call = NULL;
		return status == SDESP_ERR_POLICY
			       ? refuse("nothing is left to offer: inline "
					"needs secured signalling: TLS, "
					"loopback, or --secured")
			       : system_error("%s: cannot be called: %s",
					 target.uri, sdesp_status_text(status));
	}
	ua_say("calling %s", target.uri);
	return DONE;
}

void ua_calls_rekey(struct ua *ua)
{
	unsigned i;

	for (i = 0; i < UA_CALLS; i++) {
		struct ua_call *c = &ua->call[i];

		if (c->call != NULL && sdesp_call_rekey(c->call) != SDESP_OK)
			note("%s: not established, no rekey",
				sdesp_call_peer(c->call));
	}
}

void ua_calls_close(struct ua *ua)
{
	unsigned i;

	ua_silence_close(ua);
	for (i = 0; i < UA_CALLS; i++) {
		if (ua->call[i].call == NULL)
			continue;
		ua_say("closed %s: given up, no answer",
			sdesp_call_peer(ua->call[i].call));
		if (ua->code == DONE && !ua->config.listener &&
			!ua->call[i].established)
			ua->code = REFUSED;
	}
	ua->calls = mem_deref(ua->calls);
	ua->others = mem_deref(ua->others);
	for (i = 0; i < UA_CALLS; i++) {
		if (ua->call[i].call != NULL)
			ua_path_down(ua, &ua->call[i]);
		ua->call[i].call = NULL;
	}
}
