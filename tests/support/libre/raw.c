/* A SIP peer that a test scripts by hand. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/libre/raw.h"

#include <stdio.h>
#include <string.h>

static void take(const struct sa *src, struct mbuf *mb, void *arg)
{
	struct raw *raw = arg;
	size_t len = MIN(mbuf_get_left(mb), RAW_TEXT - 1);
	char *message;

	message = raw->message[MIN(raw->n, RAW_MESSAGES - 1)];
	raw->n = MIN(raw->n + 1, RAW_MESSAGES);
	memcpy(message, mbuf_buf(mb), len);
	message[len] = '\0';
	raw->peer = *src;
	if (raw->heard != NULL)
		raw->heard(raw, message);
}

void raw_open(struct raw *raw, uint64_t seed)
{
	struct sa any;

	memset(raw, 0, sizeof *raw);
	end_init(&raw->end, "127.0.0.1", 41000 + (unsigned)seed, seed);
	raw->end.policy.loopback = 1;
	snprintf(raw->tag, sizeof raw->tag, "raw%u", (unsigned)seed);
	assert_int_equal(sa_set_str(&any, "127.0.0.1", 0), 0);
	assert_int_equal(udp_listen(&raw->us, &any, take, raw), 0);
	assert_int_equal(udp_local_get(raw->us, &raw->addr), 0);
}

void raw_close(struct raw *raw)
{
	raw->us = mem_deref(raw->us);
	assert_int_equal(sdesp_session_close(&raw->end.session), SDESP_OK);
}

void raw_say(struct raw *raw, const char *text)
{
	struct mbuf *mb = mbuf_alloc(strlen(text));

	assert_non_null(mb);
	assert_int_equal(mbuf_write_str(mb, text), 0);
	mb->pos = 0;
	assert_int_equal(udp_send(raw->us, &raw->peer, mb), 0);
	mem_deref(mb);
}

void raw_request(struct raw *raw, const struct party *to, const char *method,
	unsigned cseq, const char *to_tag, const char *headers,
	const char *ctype, const char *body)
{
	static unsigned branch;
	char *text = NULL;

	raw->peer = to->addr;
	assert_int_equal(
		re_sdprintf(&text,
			"%s sip:bob@%J SIP/2.0\r\n"
			"Via: SIP/2.0/UDP %J;branch=z9hG4bK%u;rport"
			"\r\nMax-Forwards: 70\r\n"
			"From: <sip:raw@example.com>;tag=%s\r\n"
			"To: <sip:bob@example.com>%s%s\r\n"
			"Call-ID: raw-%s\r\nCSeq: %u %s\r\n"
			"Contact: <sip:raw@%J>\r\n"
			"%s%s%s%sContent-Length: %zu\r\n\r\n%s",
			method, &to->addr, &raw->addr, ++branch, raw->tag,
			*to_tag != '\0' ? ";tag=" : "", to_tag, raw->tag, cseq,
			method, &raw->addr, headers,
			*ctype != '\0' ? "Content-Type: " : "", ctype,
			*ctype != '\0' ? "\r\n" : "", strlen(body), body),
		0);
	raw_say(raw, text);
	mem_deref(text);
}

void raw_reply(struct raw *raw, const char *request, const char *status,
	const char *headers, const char *body)
{
	char via[256], from[256], to[256], callid[256], cseq[256];
	char *text = NULL;
	const char *tag = "";

	raw_header(to, request, "To");
	if (strstr(to, ";tag=") == NULL)
		tag = raw->tag;
	assert_int_equal(
		re_sdprintf(&text,
			"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\n"
			"Call-ID: %s\r\nCSeq: %s\r\nContact: <sip:raw@%J>\r\n"
			"%s%sContent-Length: %zu\r\n\r\n%s",
			status, raw_header(via, request, "Via"),
			raw_header(from, request, "From"), to,
			*tag != '\0' ? ";tag=" : "", tag,
			raw_header(callid, request, "Call-ID"),
			raw_header(cseq, request, "CSeq"), &raw->addr, headers,
			*body != '\0' ? "Content-Type: application/sdp\r\n"
				      : "",
			strlen(body), body),
		0);
	raw_say(raw, text);
	mem_deref(text);
}

const char *raw_sdp(const char *section)
{
	static char text[RAW_TEXT];

	snprintf(text, sizeof text,
		"v=0\r\no=raw 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\n%s",
		section);
	return text;
}

const char *raw_find(const struct raw *raw, const char *start)
{
	for (unsigned i = 0; i < raw->n; i++) {
		if (strncmp(raw->message[i], start, strlen(start)) == 0)
			return raw->message[i];
	}
	return NULL;
}

unsigned raw_count(const struct raw *raw, const char *start)
{
	unsigned n = 0;

	for (unsigned i = 0; i < raw->n; i++)
		n += strncmp(raw->message[i], start, strlen(start)) == 0;
	return n;
}

const char *raw_header(char out[256], const char *message, const char *name)
{
	char start[64];
	const char *at;

	snprintf(start, sizeof start, "\r\n%s: ", name);
	at = strstr(message, start);
	if (at == NULL)
		at = "";
	else
		at += strlen(start);
	snprintf(out, 256, "%.*s", (int)strcspn(at, "\r"), at);
	return out;
}

const char *raw_body(const char *message)
{
	const char *end = strstr(message, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

const char *raw_to_tag(char out[256], const char *message)
{
	const char *tag;

	raw_header(out, message, "To");
	tag = strstr(out, ";tag=");
	assert_non_null(tag);
	memmove(out, tag + 5, strlen(tag + 5) + 1);
	return out;
}

struct wish {
	const struct raw *raw;
	const char *start;
};

static bool has_come(void *arg)
{
	const struct wish *wish = arg;

	return raw_find(wish->raw, wish->start) != NULL;
}

const char *raw_wait(struct raw *raw, const char *start, unsigned ms)
{
	struct wish wish = {raw, start};

	run_until(has_come, &wish, ms);
	return raw_find(raw, start);
}
