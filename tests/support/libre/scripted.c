/* A party against a peer scripted by hand. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/libre/scripted.h"

#include <stdio.h>
#include <string.h>

struct party alice, bob;
struct raw raw, other;

/* --- alice calls --------------------------------------------------------- */

int alice_start(void **state)
{
	(void)state;
	party_init(&alice, SIP_TRANSP_UDP);
	party_open(&alice);
	raw_open(&raw, 1);
	raw_open(&other, 2);
	return 0;
}

int alice_stop(void **state)
{
	(void)state;
	run_for(20);
	raw_close(&raw);
	raw_close(&other);
	party_close(&alice);
	return 0;
}

const char *alice_invites(void)
{
	char uri[64];

	(void)re_snprintf(uri, sizeof uri, "sip:bob@%J", &raw.addr);
	assert_int_equal(party_call_uri(&alice, uri), SDESP_OK);
	return raw_wait(&raw, "INVITE", 1000);
}

const char *raw_answer(struct raw *from, const char *request)
{
	assert_int_equal(
		end_answer_text(&from->end, raw_body(request), 0), SDESP_OK);
	return raw_sdp(from->end.text);
}

void raw_reply_as(struct raw *as, const char *request, const char *status,
	const char *body)
{
	char tag[sizeof raw.tag];

	memcpy(tag, raw.tag, sizeof tag);
	memcpy(raw.tag, as->tag, sizeof tag);
	raw_reply(&raw, request, status, "", body);
	memcpy(raw.tag, tag, sizeof tag);
}

void alice_is_up(uint32_t spi)
{
	struct sdesp_session_info info;

	run_until_count(&alice.events[SDESP_EV_ESTABLISHED], 1, 1000);
	sdesp_call_info(alice.call, &info);
	assert_int_equal(info.state, SDESP_CONFIRMED);
	assert_int_equal(info.spi_out, spi);
}

const char *alice_establishes(void)
{
	const char *request = alice_invites();

	raw_reply(&raw, request, "200 OK", "Allow: INVITE, UPDATE\r\n",
		raw_answer(&raw, request));
	raw_wait(&raw, "ACK", 1000);
	alice_is_up(end_info(&raw.end).spi_in);
	return request;
}

void alice_hangs_up(void)
{
	raw.n = 0;
	sdesp_call_hangup(alice.call);
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&alice.closed, 1, 1000);
	assert_int_equal(alice.end.why, SDESP_CALL_HUNG_UP);
}

unsigned raw_for_tag(const char *method, const char *tag)
{
	char to[256], wanted[64];
	unsigned n = 0;

	snprintf(wanted, sizeof wanted, ";tag=%s", tag);
	for (unsigned i = 0; i < raw.n; i++) {
		raw_header(to, raw.message[i], "To");
		n += strncmp(raw.message[i], method, strlen(method)) == 0 &&
		     strstr(to, wanted) != NULL;
	}
	return n;
}

/* --- bob is called ------------------------------------------------------- */

int bob_start(void **state)
{
	(void)state;
	party_init(&bob, SIP_TRANSP_UDP);
	party_open(&bob);
	raw_open(&raw, 1);
	return 0;
}

int bob_stop(void **state)
{
	(void)state;
	run_for(20); /* what is closing */
	raw_close(&raw);
	party_close(&bob);
	return 0;
}

const char *raw_offer(void)
{
	assert_int_equal(end_offer(&raw.end, 0), SDESP_OK);
	return raw_sdp(raw.end.text);
}

const char *bob_establishes(char tag[256])
{
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_offer());
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	return tag;
}

void raw_bye(unsigned cseq, const char *tag)
{
	raw_request(&raw, &bob, "BYE", cseq, tag, "", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_BYE);
}

const char *bob_refuses(const char *status, const char *headers,
	const char *ctype, const char *body)
{
	const char *response;

	raw_request(&raw, &bob, "INVITE", 1, "", headers, ctype, body);
	response = raw_wait(&raw, status, 1000);
	run_until_count(&bob.closed, 1, 1000);
	raw_request(&raw, &bob, "ACK", 1, "x", "", "", "");
	assert_true(fake_backend_empty(&bob.backend));
	return response;
}
