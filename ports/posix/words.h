/*
 * Files of records that hold secrets: one a line, words between white space;
 * empty lines and lines that begin with # say nothing.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_WORDS_H
#define SDESP_CMD_WORDS_H

#include "sdesp_sdp.h"

#define WORDS_MAX 5 /* words that are looked at; the rest is one more */

/* One record; its words are absent (len 0) beyond the last one. */
struct words {
	const char *path;
	unsigned line;
	struct sdesp_span text;
	struct sdesp_span word[WORDS_MAX];
};

/*
 * Read a file that nobody else can read and call fn for each record, until it
 * returns another code than DONE. An exit code, with a message; the text is
 * wiped when this returns. A file without a record is refused: expected then
 * says what one is.
 */
int words_file_read(const char *path, const char *expected,
	int (*fn)(void *ctx, const struct words *record), void *ctx);

/* Refuse a record because of word at: REFUSED, with the place. */
int words_refuse(const struct words *record, unsigned at, const char *wrong,
	const char *expected);

/* Copy a word and a NUL. -1: empty, or more than cap - 1 octets. */
int words_copy(char *to, size_t cap, struct sdesp_span word);

#endif
