/*
 * Files of pre-shared keys: one record a line, "token hexkey own-name
 * peer-name"; empty lines and lines that begin with # say nothing.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/settings.h"

#define PSK_FILE_MAX 16384

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

/* A word of the line: 1 to 64 visible octets. */
static int copy_name(char name[SETTINGS_NAME], struct sdesp_span word)
{
	if (word.len == 0 || word.len >= SETTINGS_NAME)
		return -1;
	memcpy(name, word.p, word.len);
	name[word.len] = '\0';
	return 0;
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

static struct sdesp_span next_word(struct sdesp_span *rest)
{
	struct sdesp_span word;

	while (rest->len > 0 && (*rest->p == ' ' || *rest->p == '\t')) {
		rest->p++;
		rest->len--;
	}
	word.p = rest->p;
	word.len = 0;
	while (word.len < rest->len && word.p[word.len] != ' ' &&
		word.p[word.len] != '\t')
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	return word;
}

static int column_of(struct sdesp_span line, struct sdesp_span word)
{
	return (int)(word.p - line.p) + 1;
}

static int read_line(struct settings *s, const char *path, unsigned number,
	struct sdesp_span line)
{
	struct psk_record record;
	struct sdesp_span rest = line, word[5];
	const char *wrong = NULL, *expected = NULL;
	unsigned i, at = 0;

	memset(&record, 0, sizeof record);
	for (i = 0; i < 5; i++)
		word[i] = next_word(&rest);
	if (word[0].len == 0 || word[0].p[0] == '#')
		return DONE;
	if (!is_token(word[0])) {
		wrong = "malformed token", expected = "1 to 64 token octets";
	} else if (read_key(&record, word[1]) != 0) {
		at = 1, wrong = "malformed key";
		expected = "32 to 128 hex digits";
	} else if (copy_name(record.own, word[2]) != 0) {
		at = 2, wrong = "no usable own name";
		expected = "1 to 64 octets without white space";
	} else if (copy_name(record.peer, word[3]) != 0) {
		at = 3, wrong = "no usable peer name";
		expected = "1 to 64 octets without white space";
	} else if (strcmp(record.own, record.peer) == 0) {
		at = 3, wrong = "both names are the same";
		expected = "two different names";
	} else if (word[4].len != 0) {
		at = 4, wrong = "a fifth word";
		expected = "token, key, own name and peer name";
	} else if (s->npsks == SETTINGS_PSKS) {
		wrong = "too many records", expected = "at most 8";
	}
	if (wrong != NULL) {
		explicit_bzero(&record, sizeof record);
		return refuse_at(path, number,
			(unsigned)column_of(line, word[at]), wrong, expected);
	}
	memcpy(record.token, word[0].p, word[0].len);
	s->psks[s->npsks++] = record;
	explicit_bzero(&record, sizeof record);
	return DONE;
}

int psk_file_read(struct settings *s, const char *path)
{
	char text[PSK_FILE_MAX];
	size_t len = 0, at = 0;
	unsigned number = 0;
	int code = file_read_secret(path, text, sizeof text, &len);

	while (code == DONE && at < len) {
		const char *p = text + at;
		const char *lf = memchr(p, '\n', len - at);
		struct sdesp_span line;

		line.p = p;
		line.len = lf != NULL ? (size_t)(lf - p) : len - at;
		at += line.len + 1;
		if (line.len > 0 && p[line.len - 1] == '\r')
			line.len--;
		code = read_line(s, path, ++number, line);
	}
	explicit_bzero(text, sizeof text);
	if (code == DONE && s->npsks == 0)
		code = refuse_at(path, 1, 1, "no record",
			"token, key, own name and peer name");
	return code;
}
