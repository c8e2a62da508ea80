/*
 * One attribute value and how it must be refused, for cmocka tests.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_REFUSAL_H
#define TESTS_REFUSAL_H

#include <string.h>

#include "sdesp_sdp.h"
#include "tests/support/guard.h"

/* A value that stands in line 7 from column 10 on. */
static inline struct sdesp_attr value_of(const char *value)
{
	struct sdesp_attr attr;

	attr.name = sdesp_span_of("esp");
	attr.value.len = strlen(value);
	attr.value.p = guard_end(value, attr.value.len);
	attr.line = 7;
	attr.column = 10;
	return attr;
}

struct refusal {
	const char *value;
	int status;
	unsigned column; /* in the value, from 1 */
	const char *what;
};

static inline void assert_why(
	const struct refusal *want, int status, const struct sdesp_why *why)
{
	if (status != want->status || why->column != 9 + want->column ||
		strcmp(why->what, want->what) != 0)
		fail_msg("\"%s\": %s, column %u: %s", want->value,
			sdesp_status_name(status), why->column - 9, why->what);
	assert_int_equal(why->status, status);
	assert_int_equal(why->line, 7);
}

#define STRANGER "there is a control or non-ASCII character here"

#endif
