/*
 * Who may call: RFC 3261 19.1.4's own examples, RFC 3325's rule of trust.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/ua_peers.h"

struct two {
	const char *a, *b;
	int equal;
};

static const struct two pairs[] = {
	/* RFC 3261 19.1.4, "equivalent" */
	{"sip:%61lice@atlanta.com;transport=TCP",
		"sip:alice@AtLanTa.CoM;Transport=tcp", 1},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", 1},
	{"sip:carol@chicago.com;security=on",
		"sip:carol@chicago.com;newparam=5", 1},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", 1},
	/* and "not equivalent" */
	{"SIP:ALICE@AtLanTa.CoM;Transport=udp",
		"sip:alice@AtLanTa.CoM;Transport=UDP", 0},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", 0},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", 0},
	{"sip:carol@chicago.com",
		"sip:carol@chicago.com?Subject=next%20meeting", 0},
	{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", 0},
	{"sip:carol@chicago.com;security=on",
		"sip:carol@chicago.com;security=off", 0},
	/* The rules in its text */
	{"sip:alice@example.org", "sips:alice@example.org", 0},
	{"sip:alice@example.org", "sip:example.org", 0},
	{"sip:alice:secret@example.org", "sip:alice@example.org", 0},
	{"sip:alice:secret@example.org", "sip:alice:Secret@example.org", 0},
	{"sip:alice@example.org;user=phone", "sip:alice@example.org", 0},
	{"sip:alice@example.org;maddr=192.0.2.1", "sip:alice@example.org", 0},
	{"sip:alice@example.org;ttl=1", "sip:alice@example.org", 0},
	{"sip:alice@example.org;method=INVITE", "sip:alice@example.org", 0},
	{"sip:a%3Bb@example.org", "sip:a%3bb@example.org", 1},
	{"sip:a%3Bb@example.org", "sip:a;b@example.org", 0},
	{"sip:%41lice@example.org", "sip:alice@example.org", 0},
	{"sip:alice@[2001:db8::1]", "sip:alice@[2001:DB8::1]", 1},
	{"sip:alice@example.org", "sip:alice@example.org.", 0},
	{"sip:alic@example.org", "sip:alice@example.org", 0},
	{"sip:alice%@example.org", "sip:alice%@example.org", 1},
};

static void decode(struct uri *uri, const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	if (uri_decode(uri, &pl) != 0)
		fail_msg("%s cannot be read", text);
}

static void test_equal(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct uri a, b;

		decode(&a, pairs[i].a);
		decode(&b, pairs[i].b);
		if (ua_uri_equal(&a, &b) != pairs[i].equal ||
			ua_uri_equal(&b, &a) != pairs[i].equal)
			fail_msg("%s and %s: expected %s", pairs[i].a,
				pairs[i].b,
				pairs[i].equal ? "equal" : "different");
	}
}

static void read_peers(
	struct ua_peers *peers, const char *allow, const char *trust)
{
	struct options o;

	memset(&o, 0, sizeof o);
	o.allow.value[o.allow.n++] = allow;
	if (trust != NULL)
		o.trust.value[o.trust.n++] = trust;
	assert_int_equal(ua_peers_read(peers, &o), DONE);
}

/* Ask about a caller: what From says, what was asserted, by whom. */
static const char *refuses(const struct ua_peers *peers, const char *source,
	const char *from, const char *first, const char *second)
{
	struct sdesp_caller caller = {0};
	const char *identity = NULL, *why;

	caller.from = from;
	caller.asserted[0] = first;
	caller.asserted[1] = second;
	assert_int_equal(
		sdesp_posix_parse_addr(&caller.source, source, 5060), SDESP_OK);
	why = ua_peers_refuse(peers, &caller, &identity);
	assert_non_null(identity);
	return why != NULL ? why : "";
}

#define ALICE "sip:alice@example.org"
#define EVE "sip:eve@example.org"
#define NOBODY "sip:anonymous@anonymous.invalid"
#define PROXY "198.51.100.7"
#define OTHER "198.51.100.8"

struct ask {
	const char *source, *from, *first, *second;
	const char *why; /* refused, or "" */
};

static void test_direct(void **state)
{
	static const struct ask asks[] = {
		{OTHER, ALICE, NULL, NULL, ""},
		{OTHER, "sip:%61lice@EXAMPLE.org;x=1", NULL, NULL, ""},
		{OTHER, EVE, NULL, NULL, "not on the list"},
		{OTHER, "sips:alice@example.org", NULL, NULL,
			"not on the list"},
		{OTHER, "tel:+1234", NULL, NULL, "not on the list"},
		{OTHER, "", NULL, NULL, "not on the list"},
		/* Nobody is trusted: what is asserted says nothing. */
		{OTHER, EVE, ALICE, NULL, "not on the list"},
	};
	struct ua_peers peers;
	size_t i;

	(void)state;
	read_peers(&peers, ALICE, NULL);
	for (i = 0; i < sizeof asks / sizeof asks[0]; i++)
		assert_string_equal(
			refuses(&peers, asks[i].source, asks[i].from,
				asks[i].first, asks[i].second),
			asks[i].why);
}

static void test_asserted(void **state)
{
	static const struct ask asks[] = {
		{PROXY, NOBODY, ALICE, NULL, ""},
		{PROXY, EVE, ALICE, NULL, ""},
		{PROXY, NOBODY, ALICE, "tel:+15551234", ""},
		{PROXY, NOBODY, "tel:+15551234", ALICE, ""},
		{PROXY, NOBODY, EVE, NULL, "not on the list"},
		/* One SIP URI too many, whoever they are. */
		{PROXY, NOBODY, ALICE, EVE, "the proxy asserts no identity"},
		{PROXY, NOBODY, "tel:+1", NULL,
			"the proxy asserts no identity"},
		/* With a trusted proxy, From is not believed any more. */
		{PROXY, ALICE, NULL, NULL, "the proxy asserts no identity"},
		/* Round the proxy: neither From nor what is asserted. */
		{OTHER, ALICE, NULL, NULL, "not sent by a trusted proxy"},
		{OTHER, ALICE, ALICE, NULL, "not sent by a trusted proxy"},
		{"[2001:db8::7]:5060", ALICE, ALICE, NULL,
			"not sent by a trusted proxy"},
	};
	struct ua_peers peers;
	size_t i;

	(void)state;
	read_peers(&peers, ALICE, PROXY);
	for (i = 0; i < sizeof asks / sizeof asks[0]; i++)
		assert_string_equal(
			refuses(&peers, asks[i].source, asks[i].from,
				asks[i].first, asks[i].second),
			asks[i].why);
}

static void test_lists(void **state)
{
	static const char *const bad[] = {"alice", "tel:+1",
		"sip:", "sip:alice@example.org?subject=x", "*"};
	struct ua_peers peers;
	struct options o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memset(&o, 0, sizeof o);
		o.allow.value[o.allow.n++] = bad[i];
		if (ua_peers_read(&peers, &o) != USAGE)
			fail_msg("--allow %s is taken", bad[i]);
	}
	for (i = 0; i < 2; i++) {
		memset(&o, 0, sizeof o);
		o.trust.value[o.trust.n++] =
			i == 0 ? "proxy.example.org" : "192.0.2.1:5060";
		assert_int_equal(ua_peers_read(&peers, &o), USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_asserted),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
