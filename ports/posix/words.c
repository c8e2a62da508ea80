/*
 * Lines and words of a file of secrets. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <string.h>

#include "ports/posix/file.h"
#include "ports/posix/report.h"
#include "ports/posix/words.h"

#define WORDS_FILE_MAX 16384

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct sdesp_span next_word(struct sdesp_span *rest)
{
	struct sdesp_span word;

	while (rest->len > 0 && is_space(*rest->p)) {
		rest->p++;
		rest->len--;
	}
	word.p = rest->p;
	word.len = 0;
	while (word.len < rest->len && !is_space(word.p[word.len]))
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	return word;
}

static void split(struct words *record, const char *p, size_t len)
{
	struct sdesp_span rest;
	unsigned i;

	if (len > 0 && p[len - 1] == '\r')
		len--;
	record->text.p = p;
	record->text.len = len;
	rest = record->text;
	for (i = 0; i < WORDS_MAX; i++)
		record->word[i] = next_word(&rest);
}

int words_file_read(const char *path, const char *expected,
	int (*fn)(void *ctx, const struct words *record), void *ctx)
{
	char text[WORDS_FILE_MAX];
	size_t len = 0, at = 0;
	unsigned records = 0;
	struct words record = {0};
	int code = file_read_secret(path, text, sizeof text, &len);

	record.path = path;
	while (code == DONE && at < len) {
		const char *p = text + at;
		const char *lf = memchr(p, '\n', len - at);
		size_t n = lf != NULL ? (size_t)(lf - p) : len - at;

		record.line++;
		split(&record, p, n);
		if (record.word[0].len > 0 && record.word[0].p[0] != '#') {
			code = fn(ctx, &record);
			records++;
		}
		at += n + 1;
	}
	explicit_bzero(text, sizeof text);
	if (code == DONE && records == 0)
		code = refuse_at(path, 1, 1, "no record", expected);
	return code;
}

int words_refuse(const struct words *record, unsigned at, const char *wrong,
	const char *expected)
{
	return refuse_at(record->path, record->line,
		(unsigned)(record->word[at].p - record->text.p) + 1, wrong,
		expected);
}

int words_copy(char *to, size_t cap, struct sdesp_span word)
{
	if (word.len == 0 || word.len >= cap)
		return -1;
	memcpy(to, word.p, word.len);
	to[word.len] = '\0';
	return 0;
}
