/*
 * Options of a SIP user agent. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <string.h>

#include "ports/posix/ports.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua_config.h"
#include "ports/posix/ua_hop.h"
#include "sdesp_udp_socket.h"

#define SILENCE_S 120

static const char *const transports[] = {
	[SIP_TRANSP_UDP] = "udp",
	[SIP_TRANSP_TCP] = "tcp",
	[SIP_TRANSP_TLS] = "tls",
};

void ua_sa(struct sa *sa, const struct sdesp_addr *addr)
{
	struct sockaddr_storage ss;

	sa_init(sa, AF_UNSPEC);
	if (sdesp_udp_to_sockaddr(&ss, addr, addr->family) != 0)
		(void)sa_set_sa(sa, (const struct sockaddr *)&ss);
}

static int read_transport(struct ua_config *c)
{
	const struct options *o = c->o;
	unsigned i = 0;

	while (i < 3 && o->transport != NULL &&
		strcmp(o->transport, transports[i]) != 0)
		i++;
	if (i == 3)
		return usage_error("--transport %s: expected udp, tcp or tls",
			o->transport);
	c->transport = (enum sip_transp)i;
	if (c->transport != SIP_TRANSP_TLS &&
		(o->tls_cert != NULL || o->tls_ca != NULL))
		return usage_error("--tls-cert and --tls-ca go with "
				   "--transport tls");
	if (c->transport == SIP_TRANSP_TLS && c->listener &&
		o->tls_cert == NULL)
		return usage_error("--transport tls needs --tls-cert: our "
				   "certificate and its key");
	if (c->transport == SIP_TRANSP_TLS && o->tls_ca == NULL &&
		(!c->listener || o->registrar != NULL))
		return usage_error("--transport tls needs --tls-ca: who "
				   "certifies the other end");
	return DONE;
}

/* A URI that requests go to says by which transport, unless that is UDP. */
static int read_hop(const struct ua_config *c, char uri[UA_URI],
	const char *option, const char *text)
{
	static const struct pl name = PL("transport");
	const char *wanted = transports[c->transport];
	struct pl value;
	struct uri parsed;
	int n;

	if (text == NULL)
		return DONE;
	if (!ua_uri_read(&parsed, text) || pl_isset(&parsed.headers))
		return usage_error("%s%s: expected a SIP URI, for example "
				   "sip:camera@192.0.2.10:5060",
			option, text);
	if (pl_strcasecmp(&parsed.scheme, "sips") == 0)
		return usage_error("%s%s: libre has no sips:; expected sip: "
				   "and --transport tls",
			option, text);
	if (uri_param_get(&parsed.params, &name, &value) == 0) {
		if (pl_strcasecmp(&value, wanted) != 0)
			return usage_error("%s%s: not what --transport says "
					   "(%s)",
				option, text, wanted);
		n = snprintf(uri, UA_URI, "%s", text);
	} else {
		n = snprintf(uri, UA_URI, "%s%s", text,
			sip_transp_param(c->transport));
	}
	return n < UA_URI ? DONE : usage_error("%s%s: too long", option, text);
}

static int is_wildcard(const struct sdesp_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip, zero, a->family == 4 ? 4 : 16) == 0;
}

static int read_sip(struct ua_config *c)
{
	const char *text = c->o->sip;
	unsigned port = c->transport == SIP_TRANSP_TLS ? 5061 : 5060;
	struct uri hop;

	if (text == NULL && !c->listener) {
		if (!ua_uri_read(
			    &hop, c->proxy[0] != '\0' ? c->proxy : c->target) ||
			ua_hop_own(&c->sip, &hop.host) != 0)
			return system_error("no address of this host routes "
					    "to %s; give --sip ADDR",
				c->target);
		return DONE;
	}
	if (text == NULL)
		text = "127.0.0.1";
	if (sdesp_posix_parse_addr(&c->sip, text, c->listener ? port : 0) !=
			SDESP_OK ||
		is_wildcard(&c->sip))
		return usage_error("--sip %s: expected ADDR:PORT or "
				   "[IPV6]:PORT, an address of this host",
			text);
	return DONE;
}

static int read_aor(struct ua_config *c)
{
	char host[SDESP_ADDR_TEXT];
	struct sdesp_addr a = c->sip;
	struct uri aor;

	if (c->o->aor != NULL) {
		if (!ua_uri_read(&aor, c->o->aor) || !pl_isset(&aor.user) ||
			pl_isset(&aor.headers) ||
			strlen(c->o->aor) >= sizeof c->aor)
			return usage_error("--aor %s: expected a SIP URI, for "
					   "example sip:camera@example.org",
				c->o->aor);
		snprintf(c->aor, sizeof c->aor, "%s", c->o->aor);
	} else {
		if (c->registrar[0] != '\0')
			return usage_error("--registrar needs --aor: who is "
					   "to be registered");
		sdesp_addr_print(host, &a);
		snprintf(c->aor, sizeof c->aor,
			a.family == 6 ? "sip:sdesp@[%s]" : "sip:sdesp@%s",
			host);
	}
	return ua_uri_read(&aor, c->aor) && pl_strcpy(&aor.user, c->user,
						    sizeof c->user) == 0
		       ? DONE
		       : usage_error("--aor %s: too long", c->aor);
}

/* What the SAs may carry: the ports that are exposed and forwarded, or all
 * where the person names none. */
static int read_grant(struct options *own, char texts[SDESP_MAX_TS][32])
{
	struct port_word ports[PORT_WORDS];
	unsigned i, n;
	int code = port_words_read(ports, &n, own);

	own->ts.n = 0;
	if (code == DONE && n > SDESP_MAX_TS)
		code = usage_error("--expose and --forward: at most %d "
				   "together",
			SDESP_MAX_TS);
	for (i = 0; code == DONE && i < n; i++) {
		snprintf(texts[i], sizeof texts[i],
			ports[i].forward ? "6 self any peer %u"
					 : "6 self %u peer any",
			(unsigned)ports[i].port);
		own->ts.value[own->ts.n++] = texts[i];
	}
	return code;
}

/* The floor. inline is on it if the person did not say otherwise; a session
 * takes it only where its signalling is secured. */
static int read_settings(struct ua_config *c)
{
	struct options own = *c->o;
	struct settings *s = &c->settings;
	char texts[SDESP_MAX_TS][32], local[SDESP_POSIX_ADDR_TEXT];
	struct sdesp_addr at = c->sip;
	int code = read_grant(&own, texts);

	at.port = 0;
	if (own.local != NULL &&
		(sdesp_posix_parse_addr(&at, own.local, 0) != SDESP_OK ||
			is_wildcard(&at)))
		return usage_error("--local %s: expected ADDR:PORT or "
				   "[IPV6]:PORT, an address of this host",
			own.local);
	own.local = sdesp_posix_print_addr(local, &at);
	/* Beyond a proxy nobody sees how a call of ours goes on. */
	own.secured = c->o->secured || c->listener ||
		      (c->proxy[0] == '\0' && c->registrar[0] == '\0');
	if (code == DONE)
		code = settings_from_options(s, &own, NULL);
	if (code != DONE)
		return code;
	s->local.addr = at;
	if (settings_policy(s, NULL) != SDESP_OK)
		return usage_error("--suites and --method: at most %d "
				   "combinations",
			SDESP_MAX_CRYPTO);
	s->local.secured = (uint8_t)c->o->secured;
	return DONE;
}

int ua_config_read(
	struct ua_config *c, const struct options *o, const char *target)
{
	int code;

	memset(c, 0, sizeof *c);
	c->o = o;
	c->listener = target == NULL;
	c->silence_ms =
		1000 * (o->silence.given ? o->silence.value : SILENCE_S);
	if (c->listener && o->allow.n == 0)
		return usage_error("ua listen: --allow URI is missing: who "
				   "may call");
	code = read_transport(c);
	if (code == DONE)
		code = read_hop(c, c->target, "", target);
	if (code == DONE)
		code = read_hop(c, c->proxy, "--proxy ", o->proxy);
	if (code == DONE)
		code = read_hop(c, c->registrar, "--registrar ", o->registrar);
	if (code == DONE)
		code = read_sip(c);
	if (code == DONE)
		code = read_aor(c);
	if (code == DONE)
		code = ua_peers_read(&c->peers, o);
	if (code == DONE && o->auth != NULL)
		code = ua_auth_read(&c->auth, o->auth);
	if (code == DONE)
		code = read_settings(c);
	if (code != DONE)
		ua_config_close(c);
	return code;
}

void ua_config_close(struct ua_config *c)
{
	ua_auth_wipe(&c->auth);
	explicit_bzero(&c->settings, sizeof c->settings);
}
