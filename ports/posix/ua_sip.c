/*
 * The SIP stack: one transport, one address. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/ua.h"
#include "sdesp.h"

#define HASH 32 /* buckets of each of libre's tables */

static void on_exit_of_stack(void *arg)
{
	(void)arg;
	re_cancel();
}

/* Servers of DNS; without any, numeric addresses still work. */
static struct dnsc *open_dns(void)
{
	struct sa servers[4];
	struct dnsc *dns = NULL;
	uint32_t n = 4;

	if (dns_srv_get(NULL, 0, servers, &n) != 0)
		n = 0;
	if (dnsc_alloc(&dns, NULL, servers, n) != 0)
		return NULL;
	return dns;
}

static int open_tls(struct ua *ua)
{
	const struct ua_config *c = &ua->config;
	const char *uris[UA_TLS_HOSTS];
	const char *hosts[UA_TLS_HOSTS];
	char texts[UA_TLS_HOSTS][256];
	struct uri uri;
	unsigned i;

	uris[0] = c->target;
	uris[1] = c->proxy;
	uris[2] = c->registrar;
	for (i = 0; i < UA_TLS_HOSTS; i++) {
		hosts[i] = NULL;
		if (ua_uri_read(&uri, uris[i]) &&
			pl_strcpy(&uri.host, texts[i], sizeof texts[i]) == 0)
			hosts[i] = texts[i];
	}
	return ua_tls_open(&ua->tls, c->o->tls_cert, c->o->tls_ca, hosts);
}

int ua_sip_open(struct ua *ua)
{
	const struct ua_config *c = &ua->config;
	struct dnsc *dns = open_dns();
	struct sa at;
	int err, code = DONE;

	err = sip_alloc(&ua->sip, dns, HASH, HASH, HASH, "sdesp " SDESP_VERSION,
		on_exit_of_stack, NULL);
	mem_deref(dns);
	if (err != 0)
		return system_error("SIP: %s", strerror(err));
	if (c->transport == SIP_TRANSP_TLS)
		code = open_tls(ua);
	if (code != DONE)
		return code;
	ua_sa(&at, &c->sip);
	err = sip_transp_add(ua->sip, c->transport, &at, ua->tls);
	if (err != 0) {
		char text[64];

		(void)re_snprintf(text, sizeof text, "%J", &at);
		return system_error("--sip %s: %s", text, strerror(err));
	}
	if (c->listener &&
		sip_transp_laddr(ua->sip, &at, c->transport, NULL) == 0) {
		char text[64];

		(void)re_snprintf(text, sizeof text, "%J", &at);
		ua_say("listening sip:%s@%s%s", c->user, text,
			sip_transp_param(c->transport));
	}
	return DONE;
}

void ua_sip_close(struct ua *ua)
{
	if (ua->sip != NULL)
		sip_close(ua->sip, true);
	ua->sip = mem_deref(ua->sip);
	ua->tls = mem_deref(ua->tls);
}
