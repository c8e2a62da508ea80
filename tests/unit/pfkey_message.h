/*
 * PF_KEY messages against some written by hand. For tests with cmocka.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_PFKEY_MESSAGE_H
#define TESTS_PFKEY_MESSAGE_H

#include <stdlib.h>
#include <string.h>

#include "backends/pfkey/reader.h"
#include "backends/pfkey/request.h"

#define SEQ 0x11223344
#define PID 0x55667788

/* Octets in hex; h, w and q begin integers of 16, 32 and 64 bits in host
 * order. */
static inline size_t expected(uint8_t *out, const char *text)
{
	size_t n = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		size_t width = *text == 'h'   ? 2
			       : *text == 'w' ? 4
			       : *text == 'q' ? 8
					      : 0;
		uint8_t octets[8] = {0};

		if (width != 0) {
			uint64_t v = strtoull(text + 1, NULL, 16);
			uint32_t w = (uint32_t)v;
			uint16_t h = (uint16_t)v;

			assert_int_equal(len, 1 + 2 * width);
			memcpy(octets, &v, 8);
			if (width == 4)
				memcpy(octets, &w, 4);
			if (width == 2)
				memcpy(octets, &h, 2);
			memcpy(out + n, octets, width);
			n += width;
		}
		for (size_t i = 0; width == 0 && i < len; i += 2) {
			char pair[3] = {text[i], text[i + 1], '\0'};

			out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		}
		text += len;
		text += strspn(text, " ");
	}
	return n;
}

static inline void assert_message(struct pfkey_writer *w, const char *text)
{
	uint8_t want[SDESP_PFKEY_REQUEST];
	size_t len = expected(want, text);
	struct pfkey_message msg;

	assert_int_equal(sdesp_pfkey_end(w), SDESP_OK);
	assert_int_equal(w->len, len);
	assert_memory_equal(w->buf, want, len);
	assert_int_equal(sdesp_pfkey_read(&msg, w->buf, w->len), SDESP_OK);
}

static inline struct sdesp_addr addr(const char *text, unsigned port)
{
	struct sdesp_addr a;

	assert_int_equal(sdesp_addr_parse(&a, text, strlen(text)), SDESP_OK);
	a.port = (uint16_t)port;
	return a;
}

#endif
