/* Hex strings of published vectors. SPDX-License-Identifier: MIT */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Octets of lower-case hex; white space is skipped. Returns their number. */
static inline size_t hex(uint8_t *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	unsigned value = 1;
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		if (*text == ' ')
			continue;
		assert(digit != NULL);
		value = value << 4 | (unsigned)(digit - digits);
		if (value >= 0x100) {
			out[n++] = (uint8_t)value;
			value = 1;
		}
	}
	assert(value == 1);
	return n;
}

#endif
