/* Reads tests/vectors/ files. SPDX-License-Identifier: MIT */
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vector_file {
	FILE *stream;
	char name[256];
	unsigned line;
	char text[2 * VECTOR_OCTETS + 64];
};

static void fail(const struct vector_file *file, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", file->name, file->line, what);
	exit(1);
}

struct vector_file *vectors_open(const char *name)
{
	struct vector_file *file = calloc(1, sizeof *file);

	if (!file)
		exit(1);
	snprintf(file->name, sizeof file->name, "tests/vectors/%s", name);
	file->stream = fopen(file->name, "r");
	if (!file->stream)
		fail(file, "cannot be opened (run from the top of the tree)");
	return file;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void read_field(struct vector_file *file, struct vector_block *block)
{
	char *equals = strstr(file->text, " =");
	size_t i = block->nfields;
	const char *p;

	if (!equals || i == VECTOR_FIELDS)
		fail(file, "expected \"name = hex\", or too many fields");
	*equals = '\0';
	if (strlen(file->text) >= sizeof block->field[i].name)
		fail(file, "name too long");
	strcpy(block->field[i].name, file->text);
	block->field[i].at = block->used;
	for (p = equals + 2; *p == ' '; p++)
		;
	for (; *p; p += 2) {
		int high = hex_digit(p[0]), low = hex_digit(p[1]);

		if (high < 0 || low < 0 || block->used == VECTOR_OCTETS)
			fail(file, "not hex, or too long");
		block->octets[block->used++] = (uint8_t)(high << 4 | low);
	}
	block->field[i].len = block->used - block->field[i].at;
	block->nfields++;
}

int vectors_next(struct vector_file *file, struct vector_block *block)
{
	block->nfields = 0;
	block->used = 0;
	while (fgets(file->text, sizeof file->text, file->stream)) {
		file->line++;
		file->text[strcspn(file->text, "\r\n")] = '\0';
		if (file->text[0] == '#')
			continue;
		if (file->text[0] == '\0') {
			if (block->nfields)
				return 1;
			continue;
		}
		read_field(file, block);
	}
	return block->nfields > 0;
}

void vectors_close(struct vector_file *file)
{
	fclose(file->stream);
	free(file);
}

const uint8_t *vectors_get(
	const struct vector_block *block, const char *name, size_t *len)
{
	for (size_t i = 0; i < block->nfields; i++) {
		if (strcmp(block->field[i].name, name) == 0) {
			*len = block->field[i].len;
			return block->octets + block->field[i].at;
		}
	}
	fprintf(stderr, "vectors: no field \"%s\"\n", name);
	exit(1);
}

uint64_t vectors_number(const struct vector_block *block, const char *name)
{
	size_t len;
	const uint8_t *p = vectors_get(block, name, &len);
	uint64_t n = 0;

	if (len > 8) {
		fprintf(stderr, "vectors: \"%s\" is no number\n", name);
		exit(1);
	}
	while (len--)
		n = n << 8 | *p++;
	return n;
}

const char *vectors_string(const struct vector_block *block, const char *name,
	char *buf, size_t cap)
{
	size_t len;
	const uint8_t *p = vectors_get(block, name, &len);

	if (len >= cap) {
		fprintf(stderr, "vectors: \"%s\" is too long\n", name);
		exit(1);
	}
	memcpy(buf, p, len);
	buf[len] = '\0';
	return buf;
}
