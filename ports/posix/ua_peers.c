/*
 * The allow list of a listener. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/report.h"
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

static int is_sip(const struct uri *uri)
{
	return pl_strcasecmp(&uri->scheme, "sip") == 0 ||
	       pl_strcasecmp(&uri->scheme, "sips") == 0;
}

int ua_peers_read(struct ua_peers *peers, const struct options *o)
{
	unsigned i;

	memset(peers, 0, sizeof *peers);
	for (i = 0; i < o->allow.n; i++) {
		struct uri *uri = &peers->allowed[peers->nallowed++];
		struct pl text;

		pl_set_str(&text, o->allow.value[i]);
		if (uri_decode(uri, &text) != 0 || !is_sip(uri) ||
			pl_isset(&uri->headers))
			return usage_error("--allow %s: expected a SIP URI, "
					   "for example sip:alice@example.org",
				o->allow.value[i]);
	}
	for (i = 0; i < o->trust.n; i++) {
		if (sa_set_str(&peers->trusted[peers->ntrusted++],
			    o->trust.value[i], 0) != 0)
			return usage_error("--trust %s: expected the IP "
					   "address of a proxy",
				o->trust.value[i]);
	}
	return DONE;
}

/* RFC 3325 9.1: one value, or a SIP and a tel URI. */
struct asserted {
	struct pl *identity;
	unsigned n;
};

/* Take the SIP URIs of one header field; values may share a line. */
static bool take_asserted(
	const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct asserted *asserted = arg;
	struct pl rest = hdr->val;

	(void)msg;
	while (rest.l > 0) {
		struct sip_addr addr;
		const char *end = pl_strchr(&rest, '>');
		struct pl value = rest;

		if (end != NULL)
			value.l = (size_t)(end - rest.p) + 1;
		if (sip_addr_decode(&addr, &value) != 0)
			asserted->n += 2; /* unreadable: no identity at all */
		else if (is_sip(&addr.uri)) {
			asserted->n++;
			*asserted->identity = addr.auri;
		}
		pl_advance(&rest, (ssize_t)value.l);
		while (rest.l > 0 && strchr(", \t", rest.p[0]) != NULL)
			pl_advance(&rest, 1);
	}
	return false;
}

static int is_trusted(const struct ua_peers *peers, const struct sa *source)
{
	unsigned i;

	for (i = 0; i < peers->ntrusted; i++) {
		if (sa_cmp(&peers->trusted[i], source, SA_ADDR))
			return 1;
	}
	return 0;
}

const char *ua_caller(const struct ua_peers *peers, const struct sip_msg *msg,
	struct pl *identity)
{
	struct asserted asserted = {identity, 0};

	if (peers->ntrusted == 0) {
		*identity = msg->from.auri;
		return NULL;
	}
	if (!is_trusted(peers, &msg->src))
		return "not sent by a trusted proxy";
	sip_msg_hdr_apply(msg, true, SIP_HDR_P_ASSERTED_IDENTITY, take_asserted,
		&asserted);
	return asserted.n == 1 ? NULL : "the proxy asserts no identity";
}

int ua_is_allowed(const struct ua_peers *peers, const struct pl *identity)
{
	struct uri uri;
	unsigned i;

	if (uri_decode(&uri, identity) != 0)
		return 0;
	for (i = 0; i < peers->nallowed; i++) {
		if (ua_uri_equal(&peers->allowed[i], &uri))
			return 1;
	}
	return 0;
}
