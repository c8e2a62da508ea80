/* The canonical form against the vectors of SPEC A.1 and A.2.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sdesp_attr.h"
#include "tests/support/guard.h"
#include "tests/support/vectors.h"

static void check_form(const struct sdesp_section *section, const uint8_t *want,
	size_t len, const uint8_t *hash)
{
	char *buf = guard_start("", 0);
	uint8_t digest[32];
	struct sdesp_text text;

	sdesp_text_init(&text, buf, GUARD_MAX);
	sdesp_canon_print(&text, section);
	assert_int_equal(text.status, SDESP_OK);
	assert_int_equal(text.len, len);
	assert_memory_equal(buf, want, len);
	sdesp_canon_hash(digest, section, &sdesp_bearssl_kex);
	assert_memory_equal(digest, hash, sizeof digest);

	/* With less room it says so. */
	sdesp_text_init(&text, buf, len - 1);
	sdesp_canon_print(&text, section);
	assert_int_equal(text.status, SDESP_ERR_SPACE);
}

/* Check the section of a text against a form and its hash, and again when
 * it comes as pairs. */
static void check_section(const uint8_t *body, size_t body_len, unsigned at,
	unsigned index, const uint8_t *want, size_t len, const uint8_t *hash)
{
	struct sdesp_section section, copy;
	struct sdesp_pair pairs[64];
	struct sdesp_attr attr;
	size_t cursor = 0, n = 0;

	assert_int_equal(sdesp_sdp_find(&section, guard_end(body, body_len),
				 body_len, at, NULL),
		SDESP_OK);
	section.index = index;
	check_form(&section, want, len, hash);

	while (sdesp_section_next(&section, &cursor, &attr)) {
		assert_true(n < 64);
		pairs[n].name = attr.name;
		pairs[n++].value = attr.value;
	}
	sdesp_section_from_pairs(&copy, index, section.media, section.port,
		section.proto, section.fmt, &section.conn, pairs, n);
	check_form(&copy, want, len, hash);
}

static void test_canonical(void **state)
{
	static struct vector_block block;
	struct vector_file *file = vectors_open("canonical.txt");
	unsigned blocks = 0;

	(void)state;
	while (vectors_next(file, &block)) {
		size_t section_len, len, hash_len;
		const uint8_t *section =
			vectors_get(&block, "section", &section_len);
		const uint8_t *form = vectors_get(&block, "canonical", &len);
		const uint8_t *hash = vectors_get(&block, "hash", &hash_len);

		assert_int_equal(hash_len, 32);
		check_section(section, section_len, 0,
			(unsigned)vectors_number(&block, "index"), form, len,
			hash);
		blocks++;
	}
	vectors_close(file);
	assert_true(blocks >= 3);
}

/* The texts of one side: the whole body, and its section alone. */
static void check_side(const struct vector_block *block, const char *sdp,
	const char *section, const char *form, const char *hash)
{
	size_t sdp_len, section_len, len, hash_len;
	const uint8_t *body = vectors_get(block, sdp, &sdp_len);
	const uint8_t *part = vectors_get(block, section, &section_len);
	const uint8_t *want = vectors_get(block, form, &len);
	const uint8_t *digest = vectors_get(block, hash, &hash_len);
	unsigned index = (unsigned)vectors_number(block, "index");

	assert_int_equal(hash_len, 32);
	check_section(body, sdp_len, index, index, want, len, digest);
	check_section(part, section_len, 0, index, want, len, digest);
}

static void test_keys(void **state)
{
	static struct vector_block block;
	struct vector_file *file = vectors_open("keys.txt");
	unsigned blocks = 0;

	(void)state;
	while (vectors_next(file, &block)) {
		struct sdesp_section section;
		struct sdesp_desc desc;
		size_t len;
		const uint8_t *part;

		check_side(&block, "offer_sdp", "offer_section", "c_offer",
			"h_offer");
		check_side(&block, "answer_sdp", "answer_section", "c_answer",
			"h_answer");

		/* What the answer says is what the vector has. */
		part = vectors_get(&block, "answer_section", &len);
		assert_int_equal(sdesp_sdp_find(&section, (const char *)part,
					 len, 0, NULL),
			SDESP_OK);
		assert_int_equal(
			sdesp_desc_read(&desc, &section, NULL), SDESP_OK);
		assert_int_equal(
			desc.esp.spi, vectors_number(&block, "spi_answer"));
		assert_int_equal(
			desc.crypto[0].esn, vectors_number(&block, "esn"));
		assert_int_equal(desc.has_confirm, 1);
		part = vectors_get(&block, "cfm", &len);
		assert_memory_equal(desc.confirm, part, 16);
		blocks++;
	}
	vectors_close(file);
	assert_true(blocks >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
