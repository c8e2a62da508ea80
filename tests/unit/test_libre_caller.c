/*
 * What a hostile, odd or old caller sends, and what it gets.
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/libre/raw.h"

#define SDP "application/sdp"

static struct party bob;
static struct raw raw;

static int start(void **state)
{
	(void)state;
	party_init(&bob, SIP_TRANSP_UDP);
	party_open(&bob);
	raw_open(&raw, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	run_for(20); /* what is closing */
	raw_close(&raw);
	party_close(&bob);
	return 0;
}

static const char *offer(void)
{
	assert_int_equal(end_offer(&raw.end, 0), SDESP_OK);
	return raw_sdp(raw.end.text);
}

/* INVITE, 200, ACK; the tag of the answerer. */
static const char *establish(char tag[256])
{
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, offer());
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	return tag;
}

static void bye(unsigned cseq, const char *tag)
{
	raw_request(&raw, &bob, "BYE", cseq, tag, "", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_BYE);
}

/* One INVITE; the response must be this and nothing may be left of it. */
static const char *refused(const char *status, const char *headers,
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

/* --- bodies -------------------------------------------------------------- */

static void test_lost_ack(void **state)
{
	char tag[256];
	const char *first;
	unsigned sent;

	(void)state;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, offer());
	run_until_count(&raw.n, 4, 8000); /* 100; 200 at 0, 0.5, 1.5 s */
	assert_int_equal(raw_count(&raw, "SIP/2.0 200"), 3);
	first = raw_find(&raw, "SIP/2.0 200");
	for (unsigned i = 0; i < raw.n; i++) {
		if (strncmp(raw.message[i], "SIP/2.0 200", 11) == 0)
			assert_string_equal(raw.message[i], first);
	}
	assert_int_equal(bob.events[SDESP_EV_ESTABLISHED], 0);
	raw_to_tag(tag, first);
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	sent = raw.n;
	run_for(2500); /* the next would be at 3.5 s */
	assert_int_equal(raw.n, sent);
	assert_int_equal(bob.events[SDESP_EV_ESTABLISHED], 1);
	assert_int_equal(bob.backend.nkeys, 2); /* installed once */
	bye(2, tag);
}

static void test_invite_again(void **state)
{
	char tag[256];
	char *text = NULL;
	const char *body = offer();

	(void)state;
	raw.peer = bob.addr;
	assert_int_equal(re_sdprintf(&text,
				 "INVITE sip:bob@%J SIP/2.0\r\n"
				 "Via: SIP/2.0/UDP %J;branch=z9hG4bKx\r\n"
				 "From: <sip:raw@example.com>;tag=%s\r\n"
				 "To: <sip:bob@example.com>\r\nCall-ID: raw-%s"
				 "\r\nCSeq: 1 INVITE\r\nContact: <sip:raw@%J>"
				 "\r\nContent-Type: application/sdp\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 &bob.addr, &raw.addr, raw.tag, raw.tag,
				 &raw.addr, strlen(body), body),
		0);
	raw_say(&raw, text);
	raw_say(&raw, text);
	raw_say(&raw, text);
	mem_deref(text);
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	run_for(100);
	assert_int_equal(bob.incoming, 1);
	assert_int_equal(bob.backend.nkeys, 2);
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	bye(2, tag);
}

static void test_multipart(void **state)
{
	char tag[256], *body = NULL;

	(void)state;
	assert_int_equal(re_sdprintf(&body,
				 "--x\r\nContent-Type: text/plain\r\n\r\nhello"
				 "\r\n--x\r\nContent-Type: application/sdp"
				 "\r\n\r\n%s\r\n--x--\r\n",
				 offer()),
		0);
	raw_request(&raw, &bob, "INVITE", 1, "", "",
		"multipart/mixed;boundary=\"x\"", body);
	mem_deref(body);
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);
	bye(2, tag);
}

static void test_other_sections(void **state)
{
	char tag[256], *body = NULL;
	const char *answer;

	(void)state;
	raw.end.local.index = 1;
	assert_int_equal(end_offer(&raw.end, 0), SDESP_OK);
	assert_int_equal(re_sdprintf(&body,
				 "m=audio 5004 RTP/AVP 0 8\r\n%s"
				 "m=video 5006 RTP/AVP 31\r\n",
				 raw.end.text),
		0);
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, raw_sdp(body));
	mem_deref(body);
	answer = raw_body(raw_wait(&raw, "SIP/2.0 200", 1000));
	assert_non_null(strstr(answer,
		"t=0 0\r\nm=audio 0 RTP/AVP 0 8\r\nm=application 40000 "));
	assert_non_null(strstr(answer, "m=video 0 RTP/AVP 31\r\n"));
	raw_to_tag(tag, raw_find(&raw, "SIP/2.0 200"));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	run_until_count(&bob.events[SDESP_EV_ESTABLISHED], 1, 1000);

	/* Our own re-offer keeps all sections in their places. */
	assert_int_equal(sdesp_call_rekey(bob.call), SDESP_OK);
	answer = raw_body(raw_wait(&raw, "INVITE", 1000));
	assert_non_null(strstr(answer,
		"t=0 0\r\nm=audio 0 RTP/AVP 0 8\r\nm=application 40000 "));
	assert_non_null(strstr(answer, "m=video 0 RTP/AVP 31\r\n"));
	raw_reply(&raw, raw_find(&raw, "INVITE"), "488 No", "", "");
	bye(2, tag);
}

static void test_unknown_type(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response = refused("SIP/2.0 415", "", "application/x-garbage", "???");
	assert_non_null(strstr(raw_header(text, response, "Accept"), SDP));
	assert_int_equal(bob.end.scode, 415);
}

static void test_coded_body(void **state)
{
	(void)state;
	refused("SIP/2.0 415", "Content-Encoding: gzip\r\n", SDP, "???");
}

static void test_no_type(void **state)
{
	(void)state;
	refused("SIP/2.0 400", "", "", "v=0\r\n");
}

static void test_broken_multipart(void **state)
{
	(void)state;
	refused("SIP/2.0 400", "", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n");
}

/* A datagram beyond what libre receives at a time is cut: its Content-Length
 * says more than has come. */
static void test_cut_body(void **state)
{
	char *body = malloc(12001);

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 12000);
	body[12000] = '\0';
	refused("SIP/2.0 400", "", SDP, body);
	free(body);
}

static void test_sdp_of_another_call(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response = refused("SIP/2.0 488", "", SDP,
		raw_sdp("m=audio 5004 RTP/AVP 0\r\na=sendrecv\r\n"));
	assert_non_null(strstr(raw_header(text, response, "Warning"),
		"304 sdesp \"no media section for ESP"));
	assert_int_equal(bob.end.status, SDESP_ERR_MISSING);
}

static void test_bad_section(void **state)
{
	char text[256];
	const char *response;

	(void)state;
	response = refused("SIP/2.0 488", "", SDP,
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"
			"a=esp-crypto:1 AES_128_GCM_16 x25519:short\r\n"
			"a=esp:spi=c0000001\r\n"));
	assert_non_null(
		strstr(raw_header(text, response, "Warning"), "307 sdesp \""));
	assert_non_null(strstr(text, "line 7"));
}

static void test_many_sections(void **state)
{
	char *body = malloc(8000);

	(void)state;
	assert_non_null(body);
	strcpy(body, "m=application 4500 UDP/ESP transport\r\n");
	while (strlen(body) < 3000)
		strcat(body, "m=audio 5004 RTP/AVP 0\r\n");
	refused("SIP/2.0 488", "", SDP, raw_sdp(body));
	free(body);
	assert_int_equal(bob.end.status, SDESP_ERR_LIMIT);
}

/* --- messages ------------------------------------------------------------ */

static void test_demands(void **state)
{
	char text[256];

	(void)state;
	raw_header(text,
		refused("SIP/2.0 420", "Require: timer, 100rel\r\n", SDP,
			offer()),
		"Unsupported");
	assert_string_equal(text, "100rel");
}

static void test_outside_of_calls(void **state)
{
	char text[256];

	(void)state;
	raw_request(&raw, &bob, "OPTIONS", 1, "", "", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 200", 1000), "Allow");
	assert_non_null(strstr(text, "UPDATE"));
	raw_request(&raw, &bob, "BYE", 2, "nobody", "", "", "");
	raw_request(&raw, &bob, "INVITE", 3, "nobody", "", SDP, offer());
	raw_request(&raw, &bob, "UPDATE", 4, "nobody", "", "", "");
	run_for(50);
	assert_int_equal(raw_count(&raw, "SIP/2.0 481"), 3);
	assert_int_equal(bob.incoming, 0);
}

static void test_asserted(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	refused("SIP/2.0 403",
		"P-Asserted-Identity: \"Al\" <sip:al@example.com>, "
		"<tel:+15550100>\r\n",
		"application/x-garbage", "nobody looks at this");
	assert_string_equal(bob.asserted, "sip:al@example.com");
	assert_string_equal(bob.from, "sip:raw@example.com");
}

/* A hop before the last one was in the clear: its proxy says so. */
static void test_clear_hop(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	refused("SIP/2.0 403", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKy\r\n",
		"", "");
	assert_int_equal(bob.secured, 0);
}

static void test_all_hops_tls(void **state)
{
	(void)state;
	bob.says = PARTY_REJECTS;
	refused("SIP/2.0 403", "Via: SIP/2.0/TLS a.example;branch=z9hG4bKy\r\n",
		"", "");
	assert_int_equal(bob.secured, 1);
}

static void test_cancel(void **state)
{
	(void)state;
	bob.says = PARTY_RINGS;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, offer());
	raw_wait(&raw, "SIP/2.0 180", 1000);
	/* Its transaction is named by the branch: here by one of our own. */
	raw_request(&raw, &bob, "CANCEL", 1, "", "", "", "");
	raw_wait(&raw, "SIP/2.0 481", 1000);
	assert_int_equal(bob.closed, 0);
	sdesp_call_hangup(bob.call);
	raw_wait(&raw, "SIP/2.0 480", 1000);
	raw_request(&raw, &bob, "ACK", 1, "x", "", "", "");
	run_until_count(&bob.closed, 1, 1000);
}

static void test_bye_before_answer(void **state)
{
	char tag[256];

	(void)state;
	bob.says = PARTY_RINGS;
	raw_request(&raw, &bob, "INVITE", 1, "", "", SDP, offer());
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 180", 1000));
	raw_request(
		&raw, &bob, "UPDATE", 2, tag, "", SDP, raw_sdp(raw.end.text));
	raw_wait(&raw, "SIP/2.0 500", 1000);
	bye(3, tag);
	raw_wait(&raw, "SIP/2.0 487", 1000);
	assert_int_equal(bob.backend.calls, 0);
}

static void test_within_dialog(void **state)
{
	char tag[256], text[256];

	(void)state;
	establish(tag);
	raw_request(&raw, &bob, "INFO", 2, tag, "", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 405", 1000), "Allow");
	assert_non_null(strstr(text, "INVITE"));
	raw_request(&raw, &bob, "UPDATE", 0, tag, "", "", "");
	raw_wait(&raw, "SIP/2.0 500", 1000);
	raw_request(&raw, &bob, "UPDATE", 5, tag, "", "text/plain", "x");
	raw_wait(&raw, "SIP/2.0 415", 1000);
	raw_request(&raw, &bob, "UPDATE", 6, tag,
		"Supported: timer\r\nSession-Expires: 30\r\n", "", "");
	raw_header(text, raw_wait(&raw, "SIP/2.0 422", 1000), "Min-SE");
	assert_string_equal(text, "90");
	raw_request(&raw, &bob, "INVITE", 7, tag, "", SDP,
		raw_sdp("m=application 4500 UDP/ESP transport\r\n"));
	raw_wait(&raw, "SIP/2.0 488", 1000);
	raw_request(&raw, &bob, "ACK", 7, tag, "", "", "");
	assert_int_equal(fake_backend_sas(&bob.backend), 2);
	bye(8, tag);
}

/* Port 0 in a re-offer ends the stream (SPEC 10.5), and so the call. */
static void test_stream_ended(void **state)
{
	char tag[256];

	(void)state;
	establish(tag);
	raw.n = 0;
	raw_request(&raw, &bob, "INVITE", 2, tag, "", SDP,
		raw_sdp("m=application 0 UDP/ESP transport\r\n"));
	assert_non_null(strstr(raw_body(raw_wait(&raw, "SIP/2.0 200", 1000)),
		"m=application 0 UDP/ESP transport\r\n"));
	raw_request(&raw, &bob, "ACK", 2, tag, "", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.status, SDESP_ERR_REJECTED);
}

/* The answer to our offer in a 200 is missing in the ACK. */
static void test_offerless_without_answer(void **state)
{
	char tag[256];

	(void)state;
	raw_request(&raw, &bob, "INVITE", 1, "", "", "", "");
	raw_to_tag(tag, raw_wait(&raw, "SIP/2.0 200", 1000));
	raw_request(&raw, &bob, "ACK", 1, tag, "", "", "");
	raw_reply(&raw, raw_wait(&raw, "BYE", 1000), "200 OK", "", "");
	run_until_count(&bob.closed, 1, 1000);
	assert_int_equal(bob.end.why, SDESP_CALL_NO_AGREEMENT);
}

static void test_reinvite_without_offer(void **state)
{
	char tag[256];
	const char *theirs;

	(void)state;
	establish(tag);
	assert_int_equal(end_accept_text(&raw.end,
				 raw_body(raw_find(&raw, "SIP/2.0 200")), 1, 0),
		SDESP_OK);
	raw.n = 0;
	raw_request(&raw, &bob, "INVITE", 2, tag, "", "", "");
	theirs = raw_body(raw_wait(&raw, "SIP/2.0 200", 1000));
	assert_int_equal(end_answer_text(&raw.end, theirs, 0), SDESP_OK);
	raw_request(&raw, &bob, "ACK", 2, tag, "", SDP, raw_sdp(raw.end.text));
	run_until_count(&bob.events[SDESP_EV_REKEYED], 1, 1000);
	bye(3, tag);
}

/* --- 64 KiB over TCP ----------------------------------------------------- */

static int dial(const struct sa *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &to->u.sa, to->len), 0);
	return fd;
}

/* A body of this size whose section comes last; the response's first line. */
static void send_large(size_t size, char *response, size_t cap)
{
	char *body = malloc(size + 1), *text = NULL;
	const char *section = offer();
	ssize_t n;
	int fd;

	assert_non_null(body);
	memset(body, 'x', size);
	memcpy(body, "v=0\r\ni=", 7);
	memcpy(body + size - strlen(section) - 2, "\r\n", 2);
	strcpy(body + size - strlen(section), section);
	fd = dial(&bob.addr);
	assert_int_equal(re_sdprintf(&text,
				 "INVITE sip:bob@%J SIP/2.0\r\n"
				 "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKz"
				 "\r\nFrom: <sip:raw@example.com>;tag=1\r\n"
				 "To: <sip:bob@example.com>\r\nCall-ID: large"
				 "\r\nCSeq: 1 INVITE\r\n"
				 "Contact: <sip:raw@127.0.0.1:9;transport=tcp>"
				 "\r\nContent-Type: application/sdp\r\n"
				 "Content-Length: %zu\r\n\r\n%s",
				 &bob.addr, strlen(body), body),
		0);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	mem_deref(text);
	free(body);
	run_for(300);
	n = recv(fd, response, cap - 1, MSG_DONTWAIT);
	response[n > 0 ? n : 0] = '\0';
	close(fd);
}

static void large(size_t size, const char *expected)
{
	char response[8192];

	party_close(&bob);
	party_init(&bob, SIP_TRANSP_TCP);
	party_open(&bob);
	send_large(size, response, sizeof response);
	if (*expected == '\0')
		assert_string_equal(response, "");
	else
		assert_non_null(strstr(response, expected));
	if (bob.call != NULL)
		sdesp_call_hangup(bob.call);
}

/* A body that libre's buffer of 64 KiB holds is read to its end. */
static void test_large_body(void **state)
{
	(void)state;
	large(64000, "SIP/2.0 200 OK");
	/* Nobody acknowledges it, and nothing listens where BYE would go. */
	bob.ua = mem_deref(bob.ua);
	assert_true(fake_backend_empty(&bob.backend));
	assert_int_equal(sdesp_libre_alloc(&bob.ua, &bob.config), SDESP_OK);
}

/* A larger one ends the connection. */
static void test_too_large_body(void **state)
{
	(void)state;
	large(200000, "");
	assert_int_equal(bob.incoming, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lost_ack),
		TEST(test_invite_again),
		TEST(test_multipart),
		TEST(test_other_sections),
		TEST(test_unknown_type),
		TEST(test_coded_body),
		TEST(test_no_type),
		TEST(test_broken_multipart),
		TEST(test_cut_body),
		TEST(test_sdp_of_another_call),
		TEST(test_bad_section),
		TEST(test_many_sections),
		TEST(test_demands),
		TEST(test_outside_of_calls),
		TEST(test_asserted),
		TEST(test_clear_hop),
		TEST(test_all_hops_tls),
		TEST(test_cancel),
		TEST(test_bye_before_answer),
		TEST(test_within_dialog),
		TEST(test_stream_ended),
		TEST(test_offerless_without_answer),
		TEST(test_reinvite_without_offer),
		TEST(test_large_body),
		TEST(test_too_large_body),
	};

	return cmocka_run_group_tests(tests, run_begin, run_end);
}
