/*
 * The allow list of a listener. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua_peers.h"

/* RFC 3261 25.1: an escaped reserved octet is not the octet itself. */
#define RESERVED ";/?:@&=+$,"
#define ESCAPED 256

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int same_text(const struct pl *a, const struct pl *b)
{
	size_t i;

	for (i = 0; a->l == b->l && i < a->l; i++) {
		if (lower((uint8_t)a->p[i]) != lower((uint8_t)b->p[i]))
			return 0;
	}
	return a->l == b->l;
}

static int is_hex(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* The next octet of a text with escapes, -1 at its end. */
static int next_octet(const struct pl *text, size_t *at)
{
	const char *p = text->p + *at;
	size_t left = text->l - *at;
	int c;

	if (left == 0)
		return -1;
	if (left < 3 || p[0] != '%' || !is_hex(p[1]) || !is_hex(p[2])) {
		*at += 1;
		return (uint8_t)p[0];
	}
	*at += 3;
	c = ch_hex(p[1]) << 4 | ch_hex(p[2]);
	return c != 0 && strchr(RESERVED, c) != NULL ? ESCAPED + c : c;
}

/* User and password: case counts, how they are escaped does not. */
static int same_user(const struct pl *a, const struct pl *b)
{
	size_t i = 0, j = 0;
	int c, d;

	if (pl_isset(a) != pl_isset(b))
		return 0;
	do {
		c = next_octet(a, &i);
		d = next_octet(b, &j);
	} while (c == d && c >= 0);
	return c == d;
}

/* Parameters that matter even where only one of the two has them. */
static int is_telling(const struct pl *name)
{
	return pl_strcasecmp(name, "user") == 0 ||
	       pl_strcasecmp(name, "ttl") == 0 ||
	       pl_strcasecmp(name, "method") == 0 ||
	       pl_strcasecmp(name, "maddr") == 0;
}

/* uri_params_apply() stops at an error: here, at a difference. */
static int match_param(const struct pl *name, const struct pl *value, void *arg)
{
	const struct pl *others = arg;
	struct pl other = PL_INIT;

	if (uri_param_get(others, name, &other) != 0)
		return is_telling(name) ? EBADMSG : 0;
	return same_text(value, &other) ? 0 : EBADMSG;
}

static int same_params(const struct pl *a, const struct pl *b)
{
	struct pl left = *a, right = *b;

	return uri_params_apply(a, match_param, &right) == 0 &&
	       uri_params_apply(b, match_param, &left) == 0;
}

int ua_uri_equal(const struct uri *a, const struct uri *b)
{
	return same_text(&a->scheme, &b->scheme) &&
	       same_user(&a->user, &b->user) &&
	       same_user(&a->password, &b->password) &&
	       same_text(&a->host, &b->host) && a->port == b->port &&
	       same_params(&a->params, &b->params) &&
	       same_text(&a->headers, &b->headers);
}

int ua_uri_read(struct uri *uri, const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	return uri_decode(uri, &pl) == 0 &&
	       (pl_strcasecmp(&uri->scheme, "sip") == 0 ||
		       pl_strcasecmp(&uri->scheme, "sips") == 0);
}

int ua_peers_read(struct ua_peers *peers, const struct options *o)
{
	unsigned i;

	memset(peers, 0, sizeof *peers);
	for (i = 0; i < o->allow.n; i++) {
		struct uri *uri = &peers->allowed[peers->nallowed++];

		if (!ua_uri_read(uri, o->allow.value[i]) ||
			pl_isset(&uri->headers))
			return usage_error("--allow %s: expected a SIP URI, "
					   "for example sip:alice@example.org",
				o->allow.value[i]);
	}
	for (i = 0; i < o->trust.n; i++) {
		struct sdesp_addr *proxy = &peers->trusted[peers->ntrusted++];

		if (sdesp_posix_parse_addr(proxy, o->trust.value[i], 0) !=
				SDESP_OK ||
			proxy->port != 0)
			return usage_error("--trust %s: expected the IP "
					   "address of a proxy",
				o->trust.value[i]);
	}
	return DONE;
}

static int is_trusted(
	const struct ua_peers *peers, const struct sdesp_addr *source)
{
	struct sdesp_addr from = *source;
	unsigned i;

	from.port = 0;
	for (i = 0; i < peers->ntrusted; i++) {
		if (sdesp_addr_equal(&peers->trusted[i], &from))
			return 1;
	}
	return 0;
}

static int is_allowed(const struct ua_peers *peers, const char *identity)
{
	struct uri uri;
	unsigned i;

	if (!ua_uri_read(&uri, identity))
		return 0;
	for (i = 0; i < peers->nallowed; i++) {
		if (ua_uri_equal(&peers->allowed[i], &uri))
			return 1;
	}
	return 0;
}

/* RFC 3325 9.1: one value, or a SIP and a tel URI. NULL: none, or more than
 * one, which says nothing. */
static const char *asserted(const struct sdesp_caller *caller)
{
	const char *found = NULL;
	struct uri uri;
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (caller->asserted[i] == NULL ||
			!ua_uri_read(&uri, caller->asserted[i]))
			continue;
		if (found != NULL)
			return NULL;
		found = caller->asserted[i];
	}
	return found;
}

const char *ua_peers_refuse(const struct ua_peers *peers,
	const struct sdesp_caller *caller, const char **identity)
{
	*identity = caller->from;
	if (peers->ntrusted > 0) {
		if (!is_trusted(peers, &caller->source))
			return "not sent by a trusted proxy";
		if (asserted(caller) == NULL)
			return "the proxy asserts no identity";
		*identity = asserted(caller);
	}
	return is_allowed(peers, *identity) ? NULL : "not on the list";
}
