/*
 * What every harness has: the entry point of libFuzzer, which main.c calls
 * too, the input in small pieces, and an assertion that no build switches off.
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a harness has not yet read of its input. */
struct fuzz_input {
	const uint8_t *p;
	size_t len;
};

/* The next octet; 0 when there is none left. */
static inline uint8_t fuzz_take(struct fuzz_input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->p++;
}

/* The next n octets, or as many as there are; how many. */
static inline size_t fuzz_take_all(
	struct fuzz_input *in, uint8_t *octets, size_t n)
{
	if (n > in->len)
		n = in->len;
	if (n == 0)
		return 0;
	memcpy(octets, in->p, n);
	in->p += n;
	in->len -= n;
	return n;
}

#define FUZZ_CHECK(condition)                                                  \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
				__LINE__, #condition);                         \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
