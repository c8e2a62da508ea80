/* The canonical form of a section (SPEC 7.1). SPDX-License-Identifier: MIT */
#include <string.h>

#include "attr/value.h"
#include "base/span.h"
#include "base/text.h"

/* Where the form goes: a block at a time into text, or into a hash when text
 * is NULL. */
struct sink {
	struct sdesp_text *text;
	const struct sdesp_kex_class *kex;
	struct sdesp_hash hash;
	char block[64];
	size_t used;
};

static void flush(struct sink *sink)
{
	struct sdesp_span block = {sink->block, sink->used};

	if (sink->text != NULL)
		sdesp_text_span(sink->text, block);
	else
		sink->kex->hash_update(&sink->hash, block.p, block.len);
	sink->used = 0;
}

static void put(struct sink *sink, char c)
{
	sink->block[sink->used++] = c;
	if (sink->used == sizeof sink->block)
		flush(sink);
}

static void put_span(struct sink *sink, struct sdesp_span span)
{
	while (span.len > 0) {
		size_t n = sizeof sink->block - sink->used;

		if (n > span.len)
			n = span.len;
		memcpy(sink->block + sink->used, span.p, n);
		sink->used += n;
		span.p += n;
		span.len -= n;
		if (sink->used == sizeof sink->block)
			flush(sink);
	}
}

/* The words of a span with a space between them, and before the first if gap
 * is 1. */
static void put_words(struct sink *sink, struct sdesp_span span, int gap)
{
	struct sdesp_span word;

	while ((word = sdesp_span_word(&span)).len > 0) {
		if (gap)
			put(sink, ' ');
		put_span(sink, word);
		gap = 1;
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
	put_span(sink, span);
	put(sink, ' ');
	put_span(sink, section->media);
	put(sink, ' ');
	put_span(sink, section->proto);
	if (proto != NULL && proto->inner == SDESP_GENERIC)
		put_words(sink, section->fmt, 1);
	put(sink, '\n');
}

static void put_attribute(struct sink *sink, const struct sdesp_attr *attr)
{
	put_span(sink, attr->name);
	put(sink, ':');
	put_words(sink, attr->value, 0);
	put(sink, '\n');
}

/* The first walk puts the lines of the first kind, and notes where those of
 * the others begin and how many there are. */
static void put_section(struct sink *sink, const struct sdesp_section *section)
{
	size_t begin[SDESP_ATTR_BOUND] = {0}, left[SDESP_ATTR_BOUND] = {0};
	size_t cursor = 0, before = 0;
	struct sdesp_attr attr;

	put_media(sink, section);
	for (; sdesp_section_next(section, &cursor, &attr); before = cursor) {
		unsigned kind = sdesp_attr_kind(&attr);

		if (kind == 0)
			put_attribute(sink, &attr);
		else if (kind < SDESP_ATTR_BOUND && left[kind]++ == 0)
			begin[kind] = before;
	}
	for (unsigned kind = 1; kind < SDESP_ATTR_BOUND; kind++) {
		cursor = begin[kind];
		while (left[kind] > 0 &&
			sdesp_section_next(section, &cursor, &attr)) {
			if (sdesp_attr_kind(&attr) != kind)
				continue;
			put_attribute(sink, &attr);
			left[kind]--;
		}
	}
	flush(sink);
}

void sdesp_canon_hash(uint8_t digest[32], const struct sdesp_section *section,
	const struct sdesp_kex_class *kex)
{
	struct sink sink;

	sink.text = NULL;
	sink.kex = kex;
	sink.used = 0;
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
	sink.used = 0;
	put_section(&sink, section);
}
