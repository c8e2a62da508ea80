/*
 * Golden cases: what the parts of the runner share. See README.md.
 * SPDX-License-Identifier: MIT
 */
#ifndef CASE_H
#define CASE_H

#include "sdesp.h"
#include "tests/support/fake_backend.h"

/* How the peer's texts reach the session; every case is run in each way. */
enum case_form { FORM_CRLF, FORM_LF, FORM_UNENDED, FORM_PAIRS, FORM_END };

#define CASE_WORDS 16
#define CASE_PSKS 2

struct case_run {
	/* The case file, and where we are. */
	const char *name;
	char *text;
	char *next;
	unsigned line;
	enum case_form form;
	const char *problem; /* NULL: all is well */
	char detail[1024];
	char *word[CASE_WORDS];
	unsigned nwords;
	int text_only;

	/* What our end is. */
	struct sdesp_policy policy;
	int own_proposals;
	struct sdesp_psk psks[CASE_PSKS];
	uint8_t psk_keys[CASE_PSKS][64];
	struct sdesp_local local;
	int own_grant;
	struct fake_backend backend;
	struct sdesp_port port;
	struct sdesp_backend_class class; /* the fake's, but for spi_reserve */
	const struct sdesp_backend_class *fake;
	unsigned keys, spis, others; /* drawn or reserved so far */
	int random_fails;

	struct sdesp_session session;
	int begun;
	uint64_t now_ms;

	/* The last step. */
	char in[16384];
	size_t in_len;
	struct sdesp_section section;
	struct sdesp_pair pairs[64];
	struct sdesp_attr attrs[64];
	size_t nattrs;
	int status;
	struct sdesp_why why;
	char out_buf[8192];
	struct sdesp_text out;
};

/* Stop the case: printf-like words of what went wrong. */
void case_fail(struct case_run *run, const char *format, ...);

/* Read the next line: 1, or 0 at the end. Words are cut at white space; the
 * first character says what kind of line it is. */
int case_line(struct case_run *run, char **line);

/* The kind of the line to come: its first character, 0 at the end. */
int case_peek(const struct case_run *run);

/* Cut a line into run->word. */
void case_split(struct case_run *run, char *line);

/* Undo \t \r \\ and \xHH in place; the length. */
size_t case_unescape(char *line);

int case_hex(uint8_t *out, size_t cap, size_t *len, const char *hex);
int case_addr(struct sdesp_addr *addr, const char *ip, const char *port);

/* Lines that say what our end is: 1 when the word was one. */
int case_setup(struct case_run *run);

/* Lines that look at the session and backend: 1 when the word was one. */
int case_look(struct case_run *run);

/* Lines that do something: 1 when the word was one. */
int case_step(struct case_run *run);

#endif
