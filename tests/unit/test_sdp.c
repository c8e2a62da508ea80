/* Lines, sections, attributes of SDP bodies. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_sdp.h"
#include "tests/support/bodies.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_span(struct sdesp_span span, const char *text)
{
	if (!sdesp_span_is(span, text))
		fail_msg("\"%.*s\" is not \"%s\"", (int)span.len, span.p, text);
}

static void assert_address(const struct sdesp_addr *addr, const char *text)
{
	char printed[SDESP_ADDR_TEXT];

	sdesp_addr_print(printed, addr);
	assert_string_equal(printed, text);
}

/* The first section of a NUL-terminated body, which must be there. */
static struct sdesp_section first(const char *body)
{
	struct sdesp_section section;
	struct sdesp_why why = {0, 0, 0, "", NULL};

	if (sdesp_sdp_find(&section, body, strlen(body), 0, &why) != SDESP_OK)
		fail_msg("%u:%u: %s", why.line, why.column, why.what);
	return section;
}

static void test_sections(void **state)
{
	static const char body[] =
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\n"
		"m=audio 49170/2 RTP/AVP 0 8\r\na=ptime:20\r\n"
		"m=application 4500 UDP/ESP transport tunnel\r\n"
		"c=IN IP6 2001:db8::1\r\na=inactive\r\na=esp:spi=c3f1a2b4\r\n"
		"m=video 0 RTP/SAVPF 96\r\n";
	struct sdesp_sdp sdp;
	struct sdesp_section s;

	(void)state;
	sdesp_sdp_init(&sdp, body, strlen(body));
	assert_int_equal(sdesp_sdp_next(&sdp, &s, NULL), 1);
	assert_int_equal(s.index, 0);
	assert_int_equal(s.line, 7);
	assert_span(s.media, "audio");
	assert_int_equal(s.port, 49170);
	assert_int_equal(s.port_count, 2);
	assert_span(s.proto, "RTP/AVP");
	assert_span(s.fmt, "0 8");
	assert_address(&s.conn, "192.0.2.1");
	assert_int_equal(s.conn.port, 49170);
	assert_int_equal(s.direction, SDESP_SENDONLY);
	assert_span(s.body, "a=ptime:20\r\n");

	assert_int_equal(sdesp_sdp_next(&sdp, &s, NULL), 1);
	assert_int_equal(s.index, 1);
	assert_int_equal(s.line, 9);
	assert_span(s.media, "application");
	assert_int_equal(s.port_count, 0);
	assert_span(s.fmt, "transport tunnel");
	assert_address(&s.conn, "2001:db8::1");
	assert_int_equal(s.direction, SDESP_INACTIVE);

	assert_int_equal(sdesp_sdp_next(&sdp, &s, NULL), 1);
	assert_int_equal(s.index, 2);
	assert_int_equal(s.port, 0);
	assert_int_equal(s.body.len, 0);
	assert_address(&s.conn, "192.0.2.1");
	assert_int_equal(s.direction, SDESP_SENDONLY);
	assert_int_equal(sdesp_sdp_next(&sdp, &s, NULL), 0);
	assert_int_equal(sdesp_sdp_next(&sdp, &s, NULL), 0);
}

static void test_line_ends(void **state)
{
	static const char *const bodies[] = {
		"v=0\r\nm=audio 9 ESP x\r\na=esp:1\r\na=esp:2\r\n",
		"v=0\nm=audio 9 ESP x\na=esp:1\na=esp:2\n",
		"v=0\nm=audio 9 ESP x\r\na=esp:1\na=esp:2",
		"\n\r\nv=0\n\n\nm=audio 9 ESP x\n\r\na=esp:1\n\n\na=esp:2\n\n",
		"m=audio 9 ESP x \t\njunk\na=esp:1\n=\na\n a=esp:3\na=esp:2",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct sdesp_section s = first(bodies[i]);
		struct sdesp_attr attr;
		size_t cursor = 0;

		assert_span(s.proto, "ESP");
		assert_span(s.fmt, "x");
		assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
		assert_span(attr.name, "esp");
		assert_span(attr.value, "1");
		assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
		assert_span(attr.value, "2");
		assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);
		assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);
	}
}

/* A CR that no LF follows is an octet of its line. */
static void test_lone_cr(void **state)
{
	static const char body[] = "m=audio 9 ESP x\na=a:1\ra=b:2\r\r\na=c:3\r";
	struct sdesp_section s = first(body);
	struct sdesp_attr attr;
	size_t cursor = 0;

	(void)state;
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
	assert_span(attr.value, "1\ra=b:2\r");
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
	assert_span(attr.value, "3\r");
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);
}

static void test_attributes(void **state)
{
	static const struct {
		const char *name, *value; /* NULL: a flag */
		unsigned line, column;
	} want[] = {
		{"rtcp-mux", NULL, 3, 11},
		{"esp", " spi=1", 5, 7},
		{"x", "", 6, 5},
		{"", "y", 7, 4},
		{"", NULL, 8, 3},
		{"a", "b:c", 9, 5},
	};
	struct sdesp_section s = first("v=0\nm=audio 9 ESP x\na=rtcp-mux\n"
				       "b=AS:64\na=esp: spi=1\na=x:\na=:y\n"
				       "a=\na=a:b:c\n");
	struct sdesp_attr attr;
	size_t cursor = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
		assert_span(attr.name, want[i].name);
		if (want[i].value != NULL)
			assert_span(attr.value, want[i].value);
		else
			assert_null(attr.value.p);
		assert_int_equal(attr.line, want[i].line);
		assert_int_equal(attr.column, want[i].column);
	}
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);
}

static void test_connections(void **state)
{
	static const struct {
		const char *line, *addr; /* "-": none */
	} cases[] = {
		{"c=IN IP4 192.0.2.9", "192.0.2.9"},
		{"c=IN IP4 192.0.2.9 ", "192.0.2.9"},
		{"c=IN  IP4\t192.0.2.9", "192.0.2.9"},
		{"c=IN IP6 2001:db8::9", "2001:db8::9"},
		{"c=IN IP6 ::ffff:192.0.2.9", "::ffff:192.0.2.9"},
		{"c=IN IP4 224.2.1.1/127", "224.2.1.1"},
		{"c=IN IP4 224.2.1.1/127/3", "224.2.1.1"},
		{"c=IN IP6 ff15::101/3", "ff15::101"},
		{"c=IN IP4 0.0.0.0", "0.0.0.0"},
		{"c=IN IP4 224.2.1.1/", "-"},
		{"c=IN IP4 224.2.1.1/ttl", "-"},
		{"c=IN IP4 host.example.com", "-"},
		{"c=IN IP4 2001:db8::9", "-"},
		{"c=IN IP6 192.0.2.9", "-"},
		{"c=IN IP5 192.0.2.9", "-"},
		{"c=in IP4 192.0.2.9", "-"},
		{"c=IN ip4 192.0.2.9", "-"},
		{"c=ATM NSAP 192.0.2.9", "-"},
		{"c=IN IP4 192.0.2.9 x", "-"},
		{"c=IN IP4", "-"},
		{"c=IN", "-"},
		{"c=", "-"},
		{"c=IN IP4 192.0.2.9\nc=IN IP4 192.0.2.10", "192.0.2.9"},
		{"c=IN IP4 example\nc=IN IP4 192.0.2.10", "-"},
		{"C=IN IP4 192.0.2.9", "198.51.100.1"},
		{"i=none here", "198.51.100.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[256] = "v=0\nc=IN IP4 198.51.100.1\nm=x 9 ESP x\n";
		struct sdesp_section s;

		strcat(body, cases[i].line);
		s = first(body);
		assert_address(&s.conn, cases[i].addr);
		assert_int_equal(s.conn.port, 9);
	}
	assert_address(&(struct sdesp_addr){0},
		first("m=x 9 ESP x\n").conn.family ? "family" : "-");
}

static void test_directions(void **state)
{
	static const struct {
		const char *session, *section;
		uint8_t direction;
	} cases[] = {
		{"", "", SDESP_SENDRECV},
		{"a=inactive\n", "", SDESP_INACTIVE},
		{"a=inactive\n", "a=sendrecv\n", SDESP_SENDRECV},
		{"", "a=sendonly\n", SDESP_SENDONLY},
		{"", "a=recvonly\n", SDESP_RECVONLY},
		{"", "a=recvonly \r\n", SDESP_RECVONLY},
		{"", "a=recvonly:1\n", SDESP_SENDRECV},
		{"", "a=recvonlyx\n", SDESP_SENDRECV},
		{"", "a=sendonly\na=recvonly\n", SDESP_SENDONLY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[128] = "v=0\n";

		strcat(body, cases[i].session);
		strcat(body, "m=x 9 ESP x\n");
		strcat(body, cases[i].section);
		assert_int_equal(first(body).direction, cases[i].direction);
	}
}

static void test_broken_media_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned column;
		const char *what;
	} cases[] = {
		{"m=", 3, "the m= line does not name a medium"},
		{"m= audio 1 ESP x", 3, "the m= line does not name a medium"},
		{"m=audio", 8, "the m= line ends before its port"},
		{"m=audio 1", 10,
			"the m= line ends before its transport protocol"},
		{"m=audio x ESP x", 9,
			"the port of the m= line is not a port number"},
		{"m=audio -1 ESP x", 9,
			"the port of the m= line is not a port number"},
		{"m=audio 65536 ESP x", 9,
			"the port of the m= line is not a port number"},
		{"m=audio 000009 ESP x", 9,
			"the port of the m= line is not a port number"},
		{"m=audio /2 ESP x", 9,
			"the port of the m= line is not a port number"},
		{"m=audio 9/ ESP x", 11,
			"the number of ports after \"/\" is not a number"},
		{"m=audio 9/0 ESP x", 11,
			"the number of ports after \"/\" is not a number"},
		{"m=audio 9/2/3 ESP x", 11,
			"the number of ports after \"/\" is not a number"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[128] = "v=0\nm=a 1 ESP x\n";
		struct sdesp_sdp sdp;
		struct sdesp_section s;
		struct sdesp_why why;

		strcat(body, cases[i].line);
		strcat(body, "\na=x\nm=b 2 ESP y\n");
		sdesp_sdp_init(&sdp, body, strlen(body));
		assert_int_equal(sdesp_sdp_next(&sdp, &s, &why), 1);
		assert_int_equal(
			sdesp_sdp_next(&sdp, &s, &why), SDESP_ERR_SYNTAX);
		assert_int_equal(why.status, SDESP_ERR_SYNTAX);
		assert_int_equal(why.line, 3);
		assert_int_equal(why.column, cases[i].column);
		assert_string_equal(why.what, cases[i].what);
		assert_non_null(why.expected);
		assert_null(s.media.p);

		/* The next call goes on behind it, and has counted it. */
		assert_int_equal(sdesp_sdp_next(&sdp, &s, &why), 1);
		assert_int_equal(s.index, 2);
		assert_span(s.media, "b");

		assert_int_equal(
			sdesp_sdp_find(&s, body, strlen(body), 1, &why),
			SDESP_ERR_SYNTAX);
		assert_null(s.media.p);
		assert_int_equal(
			sdesp_sdp_find(&s, body, strlen(body), 2, NULL),
			SDESP_OK);
		assert_span(s.media, "b");
	}
}

static void test_find_missing(void **state)
{
	static const char *const bodies[] = {"", "v=0\r\n", "m=x 9 ESP x\n"};
	struct sdesp_section s;
	struct sdesp_why why;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		memset(&why, 0, sizeof why);
		assert_int_equal(sdesp_sdp_find(&s, bodies[i],
					 strlen(bodies[i]), 1, &why),
			SDESP_ERR_MISSING);
		assert_int_equal(why.status, SDESP_ERR_MISSING);
		assert_int_equal(why.line, 0);
		assert_non_null(why.what);
		assert_null(s.media.p);
	}
}

static void test_pairs(void **state)
{
	struct sdesp_pair pairs[] = {
		{sdesp_span_of("esp"), sdesp_span_of("spi=c3f1a2b4")},
		{sdesp_span_of("recvonly"), {NULL, 0}},
		{sdesp_span_of("sendonly"), {NULL, 0}},
	};
	struct sdesp_addr conn;
	struct sdesp_section s;
	struct sdesp_attr attr;
	size_t cursor = 0;

	(void)state;
	assert_int_equal(sdesp_addr_parse(&conn, "192.0.2.1", 9), SDESP_OK);
	sdesp_section_from_pairs(&s, 3, sdesp_span_of("application"), 4500,
		sdesp_span_of("UDP/ESP"), sdesp_span_of("transport"), &conn,
		pairs, COUNT(pairs));
	assert_int_equal(s.index, 3);
	assert_int_equal(s.line, 0);
	assert_address(&s.conn, "192.0.2.1");
	assert_int_equal(s.conn.port, 4500);
	assert_int_equal(s.direction, SDESP_RECVONLY);
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
	assert_span(attr.name, "esp");
	assert_span(attr.value, "spi=c3f1a2b4");
	assert_int_equal(attr.line, 1);
	assert_int_equal(attr.column, 1);
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
	assert_null(attr.value.p);
	assert_int_equal(attr.line, 2);
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 1);
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);

	sdesp_section_from_pairs(&s, 0, sdesp_span_of("audio"), 9,
		sdesp_span_of("ESP"), sdesp_span_of("0"), NULL, NULL, 0);
	cursor = 0;
	assert_int_equal(s.conn.family, 0);
	assert_int_equal(s.direction, SDESP_SENDRECV);
	assert_int_equal(sdesp_section_next(&s, &cursor, &attr), 0);
}

/* Whole bodies as programs write them: nothing is lost on the way to ours. */
static void test_real_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sdp_bodies); i++) {
		struct sdesp_sdp sdp;
		struct sdesp_section s;
		struct sdesp_attr attr;
		size_t len = strlen(sdp_bodies[i].text), cursor;
		unsigned sections = 0, attributes = 0, esp = 0;
		const char *copy = guard_end(sdp_bodies[i].text, len);

		sdesp_sdp_init(&sdp, copy, len);
		while (sdesp_sdp_next(&sdp, &s, NULL) == 1) {
			assert_true(s.conn.family != 0);
			cursor = 0;
			while (sdesp_section_next(&s, &cursor, &attr))
				attributes++;
			if (sdesp_span_is(s.proto, sdp_bodies[i].proto)) {
				assert_int_equal(s.index, sdp_bodies[i].index);
				esp++;
			}
			sections++;
		}
		assert_int_equal(esp, 1);
		assert_int_equal(sections, sdp_bodies[i].sections);
		assert_int_equal(attributes, sdp_bodies[i].attributes);
	}
}

/* 64 KiB of short lines, with the section behind them. */
static void test_long_body(void **state)
{
	static char body[65536];
	struct sdesp_section s;
	struct sdesp_attr attr;
	size_t len = 0, cursor = 0, n = 0;

	(void)state;
	memcpy(body, "v=0\nm=x 9 ESP x\n", 16);
	for (len = 16; len + 4 <= sizeof body; len += 4)
		memcpy(body + len, "a=x\n", 4);
	assert_int_equal(sdesp_sdp_find(&s, body, len, 0, NULL), SDESP_OK);
	while (sdesp_section_next(&s, &cursor, &attr))
		n++;
	assert_int_equal(n, (len - 16) / 4);
	assert_int_equal(attr.line, n + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_lone_cr),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_broken_media_lines),
		cmocka_unit_test(test_find_missing),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_real_bodies),
		cmocka_unit_test(test_long_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
