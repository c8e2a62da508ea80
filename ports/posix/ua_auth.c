/*
 * Digest credentials by realm. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <string.h>

#include "ports/libre/sdesp_re.h"
#include "ports/posix/report.h"
#include "ports/posix/ua_auth.h"
#include "ports/posix/words.h"

#define RECORD "realm, user and password"

/* %20 is a space, %25 a percent sign; nothing else is escaped. */
static int copy_realm(char *realm, struct sdesp_span word)
{
	size_t i, n = 0;

	if (word.len == 0 || word.len >= UA_CREDENTIAL)
		return -1;
	for (i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (c == '%') {
			if (word.len - i < 3 || word.p[i + 1] != '2' ||
				(word.p[i + 2] != '0' && word.p[i + 2] != '5'))
				return -1;
			c = word.p[i + 2] == '0' ? ' ' : '%';
			i += 2;
		}
		realm[n++] = c;
	}
	realm[n] = '\0';
	return 0;
}

static int read_record(void *ctx, const struct words *w)
{
	struct ua_auth *auth = ctx;
	struct ua_credential *c;

	if (auth->n == UA_CREDENTIALS)
		return words_refuse(w, 0, "too many records", "at most 8");
	c = &auth->of[auth->n];
	if (copy_realm(c->realm, w->word[0]) != 0)
		return words_refuse(w, 0, "malformed realm",
			"1 to 127 octets, %20 for a space, %25 for %");
	if (words_copy(c->user, UA_CREDENTIAL, w->word[1]) != 0)
		return words_refuse(w, 1, "no usable user", RECORD);
	if (words_copy(c->password, UA_CREDENTIAL, w->word[2]) != 0)
		return words_refuse(w, 2, "no usable password", RECORD);
	if (w->word[3].len != 0)
		return words_refuse(w, 3, "a fourth word", RECORD);
	auth->n++;
	return DONE;
}

int ua_auth_read(struct ua_auth *auth, const char *path)
{
	int code;

	memset(auth, 0, sizeof *auth);
	code = words_file_read(path, RECORD, read_record, auth);
	if (code != DONE)
		ua_auth_wipe(auth);
	return code;
}

int ua_auth_answer(char **user, char **password, const char *realm, void *arg)
{
	const struct ua_auth *auth = arg;
	unsigned i;
	int err;

	for (i = 0; i < auth->n; i++) {
		const struct ua_credential *c = &auth->of[i];

		if (strcmp(c->realm, realm) != 0)
			continue;
		err = str_dup(user, c->user);
		if (err == 0)
			err = str_dup(password, c->password);
		return err;
	}
	note("asked for credentials of realm \"%s\", and there is no line for "
	     "it%s",
		realm, auth->n == 0 ? ": give --auth FILE" : "");
	return EACCES;
}

void ua_auth_wipe(struct ua_auth *auth)
{
	explicit_bzero(auth, sizeof *auth);
}
