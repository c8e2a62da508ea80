/*
 * The file of digest credentials. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/libre/sdesp_re.h"
#include "ports/posix/report.h"
#include "ports/posix/ua_auth.h"

static int read_text(struct ua_auth *auth, const char *text, mode_t mode)
{
	char path[] = "/tmp/sdesp-auth.XXXXXX";
	int fd = mkstemp(path);
	int code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	code = ua_auth_read(auth, path);
	unlink(path);
	return code;
}

static void answers(struct ua_auth *auth, const char *realm, const char *user,
	const char *password)
{
	char *u = NULL, *p = NULL;

	assert_int_equal(ua_auth_answer(&u, &p, realm, auth), 0);
	assert_string_equal(u, user);
	assert_string_equal(p, password);
	mem_deref(u);
	mem_deref(p);
}

static void test_read(void **state)
{
	struct ua_auth auth;
	char *u = NULL, *p = NULL;

	(void)state;
	assert_int_equal(read_text(&auth,
				 "# ours\n\nexample.org alice s3cret\r\n"
				 "Our%20100%25%20realm\tbob  x",
				 0600),
		DONE);
	answers(&auth, "example.org", "alice", "s3cret");
	answers(&auth, "Our 100% realm", "bob", "x");
	assert_int_equal(ua_auth_answer(&u, &p, "Example.org", &auth), EACCES);
	assert_null(u);
	ua_auth_wipe(&auth);
	assert_int_equal(ua_auth_answer(&u, &p, "example.org", &auth), EACCES);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"", "# nothing\n", "realm\n",
		"realm user\n", "realm user password more\n", "re%41lm u p\n",
		"realm% u p\n"};
	static const char many[] = "1 u p\n2 u p\n3 u p\n4 u p\n5 u p\n"
				   "6 u p\n7 u p\n8 u p\n9 u p\n";
	struct ua_auth auth;
	char longest[UA_CREDENTIAL + 8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (read_text(&auth, bad[i], 0600) != REFUSED || auth.n != 0)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(read_text(&auth, many, 0600), REFUSED);
	assert_int_equal(auth.n, 0);
	memset(longest, 'r', sizeof longest);
	memcpy(longest + UA_CREDENTIAL - 1, " u p", 5);
	assert_int_equal(read_text(&auth, longest, 0600), DONE);
	memmove(longest + UA_CREDENTIAL, longest + UA_CREDENTIAL - 1, 5);
	longest[UA_CREDENTIAL - 1] = 'r';
	assert_int_equal(read_text(&auth, longest, 0600), REFUSED);
	assert_int_equal(read_text(&auth, "realm u p\n", 0640), REFUSED);
	assert_int_equal(ua_auth_read(&auth, "/nowhere/auth"), SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
