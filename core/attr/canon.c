/* The canonical form of a section (SPEC 7.1). SPDX-License-Identifier: MIT */
#include "attr/value.h"
#include "base/span.h"
#include "base/text.h"

/* Where the form goes: into text, or into a hash when text is NULL. */
struct sink {
	struct sdesp_text *text;
	const struct sdesp_kex_class *kex;
	struct sdesp_hash hash;
};

static void put_span(struct sink *sink, struct sdesp_span span)
{
	if (sink->text != NULL)
		sdesp_text_span(sink->text, span);
	else
		sink->kex->hash_update(&sink->hash, span.p, span.len);
}

static void put(struct sink *sink, char c)
{
	struct sdesp_span span = {&c, 1};

	put_span(sink, span);
}

/* The words of a span with a space between them. What stands like that
 * already is put as one. */
static void put_words(struct sink *sink, struct sdesp_span span)
{
	struct sdesp_span run = sdesp_span_word(&span), word;

	while ((word = sdesp_span_word(&span)).len > 0) {
		if (word.p == run.p + run.len + 1 && word.p[-1] == ' ') {
			run.len += 1 + word.len;
			continue;
		}
		put_span(sink, run);
		put(sink, ' ');
		run = word;
	}
	put_span(sink, run);
}

static void put_media(struct sink *sink, const struct sdesp_section *section)
{
	const struct sdesp_proto *proto = sdesp_proto_find(section->proto);
	char digits[21];
	struct sdesp_text index;
	struct sdesp_span span = {digits, 0};
	struct sdesp_span fmt = sdesp_span_trim(section->fmt);

	sdesp_text_init(&index, digits, sizeof digits);
	sdesp_text_decimal(&index, section->index);
	sdesp_text_char(&index, ' ');
	span.len = index.len;
	put_span(sink, span);
	put_span(sink, section->media);
	put(sink, ' ');
	put_span(sink, section->proto);
	if (proto != NULL && proto->inner == SDESP_GENERIC && fmt.len > 0) {
		put(sink, ' ');
		put_words(sink, fmt);
	}
}

/* The end of the line before, and all of this one but its end. */
static void put_attribute(
	struct sink *sink, const struct sdesp_attr *attr, unsigned kind)
{
	static const struct sdesp_span begins[SDESP_ATTR_BOUND] = {
		[SDESP_ATTR_CRYPTO] = {"\nesp-crypto:", 12},
		[SDESP_ATTR_ESP] = {"\nesp:", 5},
		[SDESP_ATTR_TS] = {"\nesp-ts:", 8},
	};

	put_span(sink, begins[kind]);
	put_words(sink, attr->value);
}

/* The next line of a kind; there is one. */
static void find_next(const struct sdesp_section *section, size_t *cursor,
	struct sdesp_attr *attr, unsigned kind)
{
	while (sdesp_section_next(section, cursor, attr) &&
		sdesp_attr_kind(attr) != kind)
		;
}

/* The first walk puts the lines of the first kind, and notes the first of each
 * of the others and how many there are. */
static void put_section(struct sink *sink, const struct sdesp_section *section)
{
	struct sdesp_attr first[SDESP_ATTR_BOUND], attr;
	size_t after[SDESP_ATTR_BOUND], left[SDESP_ATTR_BOUND] = {0};
	size_t cursor = 0;

	put_media(sink, section);
	while (sdesp_section_next(section, &cursor, &attr)) {
		unsigned kind = sdesp_attr_kind(&attr);

		if (kind == 0) {
			put_attribute(sink, &attr, kind);
		} else if (kind < SDESP_ATTR_BOUND && left[kind]++ == 0) {
			first[kind] = attr;
			after[kind] = cursor;
		}
	}
	for (unsigned kind = 1; kind < SDESP_ATTR_BOUND; kind++) {
		if (left[kind] == 0)
			continue;
		attr = first[kind];
		put_attribute(sink, &attr, kind);
		while (--left[kind] > 0) {
			find_next(section, &after[kind], &attr, kind);
			put_attribute(sink, &attr, kind);
		}
	}
	put(sink, '\n');
}

void sdesp_canon_hash(uint8_t digest[32], const struct sdesp_section *section,
	const struct sdesp_kex_class *kex)
{
	struct sink sink;

	sink.text = NULL;
	sink.kex = kex;
	kex->hash_init(&sink.hash);
	put_section(&sink, section);
	kex->hash_final(&sink.hash, digest);
}

void sdesp_canon_print(
	struct sdesp_text *text, const struct sdesp_section *section)
{
	struct sink sink;

	sink.text = text;
	sink.kex = NULL;
	put_section(&sink, section);
}
