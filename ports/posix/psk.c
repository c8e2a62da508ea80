/*
 * Files of pre-shared keys: one record a line, "token hexkey own-name
 * peer-name"; empty lines and lines that begin with # say nothing.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/settings.h"
#include "ports/posix/words.h"

#define RECORD "token, key, own name and peer name"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int read_key(struct psk_record *record, struct sdesp_span word)
{
	size_t i;

	if (word.len % 2 != 0 || word.len < 32 || word.len > 128)
		return -1;
	for (i = 0; i < word.len / 2; i++) {
		int high = hex_value(word.p[2 * i]);
		int low = hex_value(word.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		record->key[i] = (uint8_t)(high << 4 | low);
	}
	record->key_len = (uint8_t)(word.len / 2);
	return 0;
}

/* RFC 8866 token: visible, and none of "(),/:;<=>?@[\] nor a quote. */
static int is_token(struct sdesp_span word)
{
	size_t i;

	for (i = 0; i < word.len; i++) {
		if (word.p[i] <= ' ' || word.p[i] > '~' ||
			strchr("\"(),/:;<=>?@[\\]", word.p[i]) != NULL)
			return 0;
	}
	return word.len > 0 && word.len < SETTINGS_NAME;
}

static int read_record(void *ctx, const struct words *w)
{
	struct settings *s = ctx;
	struct psk_record record;
	const char *wrong = NULL, *expected = NULL;
	unsigned at = 0;

	memset(&record, 0, sizeof record);
	if (!is_token(w->word[0])) {
		wrong = "malformed token", expected = "1 to 64 token octets";
	} else if (read_key(&record, w->word[1]) != 0) {
		at = 1, wrong = "malformed key";
		expected = "32 to 128 hex digits";
	} else if (words_copy(record.own, SETTINGS_NAME, w->word[2]) != 0) {
		at = 2, wrong = "no usable own name";
		expected = "1 to 64 octets without white space";
	} else if (words_copy(record.peer, SETTINGS_NAME, w->word[3]) != 0) {
		at = 3, wrong = "no usable peer name";
		expected = "1 to 64 octets without white space";
	} else if (strcmp(record.own, record.peer) == 0) {
		at = 3, wrong = "both names are the same";
		expected = "two different names";
	} else if (w->word[4].len != 0) {
		at = 4, wrong = "a fifth word";
		expected = RECORD;
	} else if (s->npsks == SETTINGS_PSKS) {
		wrong = "too many records", expected = "at most 8";
	} else {
		memcpy(record.token, w->word[0].p, w->word[0].len);
		s->psks[s->npsks++] = record;
	}
	explicit_bzero(&record, sizeof record);
	return wrong != NULL ? words_refuse(w, at, wrong, expected) : DONE;
}

int psk_file_read(struct settings *s, const char *path)
{
	return words_file_read(path, RECORD, read_record, s);
}
