/* The canonical form of a section (SPEC 7.1). SPDX-License-Identifier: MIT */
#include "base/reader.h"
#include "base/text.h"
#include "sdesp_attr.h"

/* Where the form goes: into text, or into a hash when text is NULL. */
struct sink {
	struct sdesp_text *text;
	const struct sdesp_kex_class *kex;
	struct sdesp_hash hash;
};

static void put(struct sink *sink, struct sdesp_span span)
{
	if (sink->text != NULL)
		sdesp_text_span(sink->text, span);
	else
		sink->kex->hash_update(&sink->hash, span.p, span.len);
}

static void put_string(struct sink *sink, const char *s)
{
	put(sink, sdesp_span_of(s));
}

/* The words of a span, with before in front of the first and a space in front
 * of the others. */
static void put_words(
	struct sink *sink, const char *before, struct sdesp_span span)
{
	struct sdesp_reader r;
	struct sdesp_span word;

	sdesp_reader_init(&r, span, 0, 0);
	for (word = sdesp_reader_word(&r); word.len > 0;
		word = sdesp_reader_word(&r)) {
		put_string(sink, before);
		put(sink, word);
		before = " ";
	}
}

static void put_media(struct sink *sink, const struct sdesp_section *section)
{
	const struct sdesp_proto *proto = sdesp_proto_find(section->proto);
	char digits[20];
	struct sdesp_text index;
	struct sdesp_span span = {digits, 0};

	sdesp_text_init(&index, digits, sizeof digits);
	sdesp_text_decimal(&index, section->index);
	span.len = index.len;
	put(sink, span);
	put_string(sink, " ");
	put(sink, section->media);
	put_string(sink, " ");
	put(sink, section->proto);
	if (proto != NULL && proto->inner == SDESP_GENERIC)
		put_words(sink, " ", section->fmt);
	put_string(sink, "\n");
}

static void put_section(struct sink *sink, const struct sdesp_section *section)
{
	static const char *const names[] = {"esp-crypto", "esp", "esp-ts"};
	struct sdesp_attr attr;
	size_t cursor;

	put_media(sink, section);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		cursor = 0;
		while (sdesp_section_next(section, &cursor, &attr)) {
			if (attr.value.p == NULL ||
				!sdesp_span_is(attr.name, names[i]))
				continue;
			put_string(sink, names[i]);
			put_string(sink, ":");
			put_words(sink, "", attr.value);
			put_string(sink, "\n");
		}
	}
}

void sdesp_canon_hash(uint8_t digest[32], const struct sdesp_section *section,
	const struct sdesp_kex_class *kex)
{
	struct sink sink = {NULL, kex, {{0}}};

	kex->hash_init(&sink.hash);
	put_section(&sink, section);
	kex->hash_final(&sink.hash, digest);
}

void sdesp_canon_print(
	struct sdesp_text *text, const struct sdesp_section *section)
{
	struct sink sink = {text, NULL, {{0}}};

	put_section(&sink, section);
}
