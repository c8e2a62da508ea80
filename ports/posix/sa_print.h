/*
 * The pair of SAs in use, in other programs' words.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_SA_PRINT_H
#define SDESP_CMD_SA_PRINT_H

#include <stdio.h>

#include "ports/posix/state.h"

struct sa_pair {
	struct sdesp_session_info info;
	const struct state_sa *in, *out;
	uint64_t now_ms;
};

/* Where packets of an SA come from and go to. */
const struct sdesp_addr *sa_src(const struct state_sa *sa);
const struct sdesp_addr *sa_dst(const struct state_sa *sa);

/* An enum sdesp_sa_state in a word. */
const char *sa_age(unsigned state);

#define SA_TS_TEXT 160

/* A selector as in a=esp-ts; returns text. */
const char *sa_ts(char text[SA_TS_TEXT], const struct sdesp_ts *ts);

void sa_hex(FILE *out, const uint8_t *p, size_t len);

/* Print to out: an exit code, with a message when the format cannot say what
 * is there; nothing is printed then. */
int sa_print_text(FILE *out, const struct sa_pair *pair);
int sa_print_json(FILE *out, const struct sa_pair *pair);
int sa_print_ip_xfrm(FILE *out, const struct sa_pair *pair);
int sa_print_setkey(FILE *out, const struct sa_pair *pair);
int sa_print_wireshark(FILE *out, const struct sa_pair *pair);

/* For the two that install what they print: selectors with one port or any,
 * an outbound key that is still unused. NULL, or why not. */
const char *sa_not_for_kernel(const struct sa_pair *pair);

/* The selector's addresses: of a kind that stands for an outer address that
 * address, as a prefix. */
void sa_ts_prefix(struct sdesp_addr *ip, unsigned *bits,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer);

#endif
