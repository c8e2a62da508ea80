/*
 * What the values of all our attributes have in common (SPEC 4).
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_ATTR_VALUE_H
#define SDESP_ATTR_VALUE_H

#include "base/reader.h"
#include "sdesp_attr.h"

/* Our attributes; the bound ones first, in the order of SPEC 7.1. */
enum sdesp_attr_kind {
	SDESP_ATTR_CRYPTO,
	SDESP_ATTR_ESP,
	SDESP_ATTR_TS,
	SDESP_ATTR_BOUND,
	SDESP_ATTR_CONFIRM = SDESP_ATTR_BOUND,
	SDESP_ATTR_KINDS
};

/* Which of them this is; SDESP_ATTR_KINDS: none. */
unsigned sdesp_attr_kind(const struct sdesp_attr *attr);

/* The value of a macro, as text for a message. */
#define SDESP_STRING(x) #x
#define SDESP_TO_STRING(x) SDESP_STRING(x)

/*
 * Begin to read a value, without the white space around it. The reader fails
 * at once when it is too long or holds anything but printable ASCII, SP and
 * HTAB.
 */
void sdesp_value_init(struct sdesp_reader *r, const struct sdesp_attr *attr);

#define SDESP_STRANGER "there is a control or non-ASCII character here"
#define SDESP_PRINTABLE "printable ASCII"

/* The first octet that is not printable ASCII, SP or HTAB; NULL: none. */
const char *sdesp_value_stranger(struct sdesp_span span);

#endif
