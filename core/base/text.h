/*
 * Writing into struct sdesp_text. Each call appends all of its text or
 * nothing, and does nothing once a failure sticks.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_TEXT_H
#define SDESP_BASE_TEXT_H

#include "sdesp_sdp.h"

void sdesp_text_fail(struct sdesp_text *text, int status);
void sdesp_text_span(struct sdesp_text *text, struct sdesp_span span);
void sdesp_text_string(struct sdesp_text *text, const char *s);
void sdesp_text_char(struct sdesp_text *text, char c);
void sdesp_text_decimal(struct sdesp_text *text, uint64_t value);

/* 2 * len lower-case digits. */
void sdesp_text_hex(struct sdesp_text *text, const uint8_t *octets, size_t len);

/* RFC 4648 section 4, padded, in constant time. */
void sdesp_text_base64(
	struct sdesp_text *text, const uint8_t *octets, size_t len);

/* CRLF. */
void sdesp_text_newline(struct sdesp_text *text);

#endif
