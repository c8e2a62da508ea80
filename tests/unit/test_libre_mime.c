/* The SDP in bodies of any kind. SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ports/libre/mime.h"
#include "tests/support/guard.h"

#define SDP "v=0\r\n"

static const struct row {
	const char *name, *ctype, *body;
	enum mime_result result;
	const char *sdp;
} rows[] = {
	{"plain", "application/sdp", SDP, MIME_SDP, SDP},
	{"case and blanks", " Application / SDP ;x=y", SDP, MIME_SDP, SDP},
	{"no body", "application/sdp", "", MIME_SDP, ""},
	{"other", "text/plain", SDP, MIME_OTHER, NULL},
	{"longer name", "application/sdpx", SDP, MIME_OTHER, NULL},
	{"garbage", ";;;", SDP, MIME_OTHER, NULL},
	{"empty", "", SDP, MIME_OTHER, NULL},
	{"multipart, second part", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
		"--b\r\nContent-Type: application/sdp\r\n\r\n" SDP
		"\r\n--b--\r\n",
		MIME_SDP, SDP},
	{"quoted boundary, preamble", "multipart/mixed; Boundary=\"a b\"; x=1",
		"for old readers\r\n--a b\r\n"
		"content-type:application/sdp;q=1\r\n\r\n" SDP "\r\n--a b--",
		MIME_SDP, SDP},
	{"lone line feeds", "multipart/alternative;boundary=b",
		"--b\nContent-Type: application/sdp\n\nv=0\n--b--\n", MIME_SDP,
		"v=0"},
	{"first of two", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n"
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=1\r\n\r\n--b--",
		MIME_SDP, SDP},
	{"boundary within a line", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\nx --b\r\n--bc\r\n"
		"\r\n--b--",
		MIME_SDP, "x --b\r\n--bc\r\n"},
	{"encoded part", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\ndj0wDQo=\r\n--b--",
		MIME_OTHER, NULL},
	{"encoded as it is", "multipart/mixed;boundary=b",
		"--b\r\nContent-Transfer-Encoding: Binary\r\n"
		"Content-Type: application/sdp\r\n\r\n" SDP "\r\n--b--",
		MIME_SDP, SDP},
	{"multipart in a multipart", "multipart/mixed;boundary=a",
		"--a\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n"
		"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
		"--b\r\nContent-Type: application/sdp\r\n\r\n" SDP
		"\r\n--b--\r\n--a--\r\n",
		MIME_SDP, SDP},
	{"broken multipart before the SDP", "multipart/mixed;boundary=a",
		"--a\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n"
		"--a\r\nContent-Type: application/sdp\r\n\r\n" SDP
		"\r\n--a--\r\n",
		MIME_SDP, SDP},
	{"one multipart too deep", "multipart/mixed;boundary=a",
		"--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n"
		"--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n"
		"--c\r\nContent-Type: multipart/mixed;boundary=d\r\n\r\n"
		"--d\r\nContent-Type: application/sdp\r\n\r\n" SDP
		"\r\n--d--\r\n--c--\r\n--b--\r\n--a--\r\n",
		MIME_OTHER, NULL},
	{"no SDP among parts", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b--", MIME_OTHER,
		NULL},
	{"part without headers", "multipart/mixed;boundary=b",
		"--b\r\n\r\n" SDP "\r\n--b--", MIME_OTHER, NULL},
	{"never ended", "multipart/mixed;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\n" SDP, MIME_BROKEN,
		NULL},
	{"no delimiter", "multipart/mixed;boundary=b", SDP, MIME_BROKEN, NULL},
	{"no boundary", "multipart/mixed", SDP, MIME_BROKEN, NULL},
	{"empty boundary", "multipart/mixed;boundary=\"\"", "--\r\n",
		MIME_BROKEN, NULL},
	{"boundary of 71",
		"multipart/mixed;boundary="
		"0123456789012345678901234567890123456789"
		"0123456789012345678901234567890",
		SDP, MIME_BROKEN, NULL},
	{"delimiters only", "multipart/mixed;boundary=b", "--b\r\n--b\r\n--b--",
		MIME_OTHER, NULL},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct sdesp_span sdp;
		enum mime_result result = sdesp_sip_mime_find_sdp(&sdp,
			sdesp_span_of(row->ctype), sdesp_span_of(row->body));

		if (result != row->result ||
			(row->sdp != NULL && !sdesp_span_is(sdp, row->sdp)))
			fail_msg("%s: %d, \"%.*s\"", row->name, (int)result,
				(int)sdp.len, sdp.p);
		if (row->sdp == NULL)
			assert_null(sdp.p);
	}
}

/* Every prefix of every body, ending where memory does. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = strlen(rows[i].body);

		for (size_t n = 0; n <= len; n++) {
			struct sdesp_span sdp, body = {NULL, n};

			body.p = guard_end(rows[i].body, n);
			(void)sdesp_sip_mime_find_sdp(
				&sdp, sdesp_span_of(rows[i].ctype), body);
			if (sdp.p != NULL)
				assert_true(sdp.p >= body.p &&
					    sdp.p + sdp.len <= body.p + n);
		}
	}
}

static void test_no_content_type(void **state)
{
	static const struct sdesp_span none;
	struct sdesp_span sdp;

	(void)state;
	assert_int_equal(
		sdesp_sip_mime_find_sdp(&sdp, none, sdesp_span_of(SDP)),
		MIME_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_no_content_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
