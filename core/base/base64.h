/*
 * Base64 of RFC 4648 section 4, padded. No table is looked up and no branch
 * depends on the octets, which are often keys.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_BASE_BASE64_H
#define SDESP_BASE_BASE64_H

#include "sdesp_sdp.h"

/* Characters for n octets. */
#define SDESP_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Write SDESP_BASE64_LEN(len) characters, no NUL. */
void sdesp_base64_encode(char *text, const uint8_t *octets, size_t len);

/*
 * Read exactly len octets. 1, or 0 when the span has another length, a
 * character outside the alphabet (white space is), padding that is not there
 * or too much, or unused bits that are not zero; octets are then wiped.
 */
int sdesp_base64_decode(uint8_t *octets, size_t len, struct sdesp_span span);

#endif
