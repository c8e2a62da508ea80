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

/* Ask about an INVITE with these header fields, sent from source. */
static const char *ask(const struct ua_peers *peers, const char *source,
	const char *headers, int *allowed)
{
	struct pl identity = PL_INIT;
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;
	const char *why;

	assert_non_null(mb);
	assert_int_equal(
		mbuf_printf(mb,
			"INVITE sip:camera@192.0.2.9 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
			"To: <sip:camera@192.0.2.9>\r\n"
			"From: %s;tag=1\r\n"
			"Call-ID: 1\r\nCSeq: 1 INVITE\r\n"
			"Content-Length: 0\r\n\r\n",
			headers),
		0);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	assert_int_equal(sa_set_str(&msg->src, source, 5060), 0);
	why = ua_caller(peers, msg, &identity);
	*allowed = why == NULL && ua_is_allowed(peers, &identity);
	mem_deref(msg);
	mem_deref(mb);
	return why;
}

static int allows(
	const struct ua_peers *peers, const char *source, const char *headers)
{
	int allowed;

	(void)ask(peers, source, headers, &allowed);
	return allowed;
}

static void test_direct(void **state)
{
	struct ua_peers peers;

	(void)state;
	read_peers(&peers, "sip:alice@example.org", NULL);
	assert_true(allows(&peers, "192.0.2.1", "<sip:alice@example.org>"));
	assert_true(allows(&peers, "192.0.2.1", "sip:alice@EXAMPLE.org"));
	assert_true(allows(
		&peers, "192.0.2.1", "\"Eve\" <sip:%61lice@example.org;x=1>"));
	assert_false(allows(&peers, "192.0.2.1", "<sip:eve@example.org>"));
	assert_false(allows(&peers, "192.0.2.1", "<sips:alice@example.org>"));
	assert_false(allows(&peers, "192.0.2.1", "<tel:+1234>"));
	/* Nobody is trusted: an asserted identity says nothing. */
	assert_false(allows(&peers, "192.0.2.1",
		"<sip:eve@example.org>\r\n"
		"P-Asserted-Identity: <sip:alice@example.org>\r\nX: y"));
}

#define FROM "<sip:anonymous@anonymous.invalid>"
#define ASSERTS(list) FROM "\r\nP-Asserted-Identity: " list "\r\nX: y"
#define ALICE "<sip:alice@example.org>"

static void test_asserted(void **state)
{
	struct ua_peers peers;
	int allowed;

	(void)state;
	read_peers(&peers, "sip:alice@example.org", "198.51.100.7");
	assert_true(allows(&peers, "198.51.100.7", ASSERTS(ALICE)));
	assert_true(allows(&peers, "198.51.100.7", ASSERTS("\"A\" " ALICE)));
	assert_true(allows(
		&peers, "198.51.100.7", ASSERTS(ALICE ", <tel:+15551234>")));
	assert_true(allows(
		&peers, "198.51.100.7", ASSERTS("<tel:+15551234>, " ALICE)));
	assert_true(allows(&peers, "198.51.100.7",
		ASSERTS("<tel:+15551234>\r\nP-Asserted-Identity: " ALICE)));
	/* Two SIP URIs are one too many, whoever they are. */
	assert_false(allows(&peers, "198.51.100.7",
		ASSERTS(ALICE ", <sip:eve@example.org>")));
	assert_false(allows(&peers, "198.51.100.7", ASSERTS("<tel:+1>")));
	assert_false(allows(&peers, "198.51.100.7", ASSERTS("<<>")));
	assert_false(allows(
		&peers, "198.51.100.7", ASSERTS("<sip:eve@example.org>")));
	/* The From of a request with a trusted proxy behind it is no claim to
	 * be believed. */
	assert_false(allows(&peers, "198.51.100.7", ALICE));
	assert_string_equal(ask(&peers, "198.51.100.7", ALICE, &allowed),
		"the proxy asserts no identity");
	/* Round the proxy: neither From nor what it asserts. */
	assert_string_equal(
		ask(&peers, "198.51.100.8", ASSERTS(ALICE), &allowed),
		"not sent by a trusted proxy");
	assert_false(allows(&peers, "198.51.100.8", ALICE));
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
	memset(&o, 0, sizeof o);
	o.trust.value[o.trust.n++] = "proxy.example.org";
	assert_int_equal(ua_peers_read(&peers, &o), USAGE);
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
