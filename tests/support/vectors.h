/*
 * Reads tests/vectors/ files: blocks of "name = hex" (FORMAT.md there).
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#define VECTOR_FIELDS 48
#define VECTOR_OCTETS 65536

struct vector_block {
	size_t nfields;
	struct {
		char name[32];
		size_t at, len;
	} field[VECTOR_FIELDS];
	size_t used;
	uint8_t octets[VECTOR_OCTETS];
};

struct vector_file;

/* Open a file of tests/vectors by its name, such as "keys.txt", from the
 * top of the tree. Exits with a message when it is missing: a test that
 * lacks its vectors has failed. */
struct vector_file *vectors_open(const char *name);

/* The next block: 1, or 0 at the end. Exits on what is not hex. */
int vectors_next(struct vector_file *file, struct vector_block *block);

void vectors_close(struct vector_file *file);

/* A field of a block; exits when it is missing. */
const uint8_t *vectors_get(
	const struct vector_block *block, const char *name, size_t *len);

/* A field of at most 8 octets as a big-endian number. */
uint64_t vectors_number(const struct vector_block *block, const char *name);

/* A field as a NUL-terminated string in buf; exits when it does not fit. */
const char *vectors_string(const struct vector_block *block, const char *name,
	char *buf, size_t cap);

#endif
