/*
 * A whole SDP body. Of every section the canonical form is written and read
 * again, as a section of its own: its form must be the same, and so must all
 * that it says of ESP. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "sdesp_attr.h"

enum {
	MAX_PAIRS = 4096,
	FINDS = 8 /* sections looked up by index: each reads from the start */
};

/* The next part of a form, up to stop, which is passed over. */
static struct sdesp_span take(struct sdesp_span *rest, char stop)
{
	struct sdesp_span part = *rest;
	const char *at = memchr(rest->p, stop, rest->len);

	FUZZ_CHECK(at != NULL);
	part.len = (size_t)(at - rest->p);
	rest->p = at + 1;
	rest->len -= part.len + 1;
	return part;
}

/* A section from a canonical form; 0 when it has more lines than we keep. */
static int read_form(struct sdesp_section *section, struct sdesp_span form,
	const struct sdesp_section *original)
{
	static struct sdesp_pair pairs[MAX_PAIRS];
	struct sdesp_span line = take(&form, '\n'), fmt, media;
	size_t n = 0;

	/* index SP media SP proto *(SP fmt); nothing in it is empty. */
	take(&line, ' ');
	media = take(&line, ' ');
	FUZZ_CHECK(media.len == original->media.len);
	FUZZ_CHECK(line.len >= original->proto.len);
	fmt.p = line.p + original->proto.len;
	fmt.len = line.len - original->proto.len;
	if (fmt.len == 0)
		fmt = original->fmt; /* in place: not in the form */
	line.len = original->proto.len;
	while (form.len > 0) {
		struct sdesp_span value = take(&form, '\n');

		if (n == MAX_PAIRS)
			return 0;
		pairs[n].name = take(&value, ':');
		pairs[n++].value = value;
	}
	sdesp_section_from_pairs(section, original->index, media,
		original->port, line, fmt, &original->conn, pairs, n);
	return 1;
}

static void same_crypto(
	const struct sdesp_attr_crypto *a, const struct sdesp_attr_crypto *b)
{
	struct sdesp_attr_crypto copy = *b;

	FUZZ_CHECK(a->psk.len == b->psk.len);
	FUZZ_CHECK(
		a->psk.len == 0 || memcmp(a->psk.p, b->psk.p, a->psk.len) == 0);
	copy.psk = a->psk;
	FUZZ_CHECK(memcmp(a, &copy, sizeof copy) == 0);
}

static void same_desc(const struct sdesp_desc *a, const struct sdesp_desc *b)
{
	FUZZ_CHECK(a->proto == b->proto);
	FUZZ_CHECK(a->nmodes == b->nmodes);
	FUZZ_CHECK(memcmp(a->modes, b->modes, a->nmodes) == 0);
	FUZZ_CHECK(a->ncrypto == b->ncrypto);
	FUZZ_CHECK(a->nvoid == b->nvoid);
	for (unsigned i = 0; i < a->ncrypto; i++)
		same_crypto(&a->crypto[i], &b->crypto[i]);
	FUZZ_CHECK(a->esp.spi == b->esp.spi && a->esp.port == b->esp.port);
	FUZZ_CHECK(a->nts == b->nts);
	FUZZ_CHECK(memcmp(a->ts, b->ts, a->nts * sizeof a->ts[0]) == 0);
}

static void check_form(const struct sdesp_section *section,
	const struct sdesp_text *form, const struct sdesp_desc *desc)
{
	static char again_buf[1 << 21];
	struct sdesp_section copy;
	struct sdesp_desc read;
	struct sdesp_text again;
	struct sdesp_span span = {form->buf, form->len};
	uint8_t one[32], two[32];
	struct sdesp_hash hash;

	sdesp_canon_hash(one, section, &sdesp_bearssl_kex);
	sdesp_bearssl_kex.hash_init(&hash);
	sdesp_bearssl_kex.hash_update(&hash, form->buf, form->len);
	sdesp_bearssl_kex.hash_final(&hash, two);
	FUZZ_CHECK(memcmp(one, two, sizeof one) == 0);

	if (!read_form(&copy, span, section))
		return;
	sdesp_text_init(&again, again_buf, sizeof again_buf);
	sdesp_canon_print(&again, &copy);
	FUZZ_CHECK(again.status == SDESP_OK);
	FUZZ_CHECK(again.len == form->len);
	FUZZ_CHECK(memcmp(again.buf, form->buf, form->len) == 0);
	if (desc == NULL)
		return;
	copy.port_count = section->port_count;
	FUZZ_CHECK(sdesp_desc_read(&read, &copy, NULL) == SDESP_OK);
	same_desc(desc, &read);
}

static void fuzz_section(const struct sdesp_section *section)
{
	static char form_buf[1 << 21];
	struct sdesp_desc desc;
	struct sdesp_text form;
	struct sdesp_why why = {0, 0, 0, NULL, NULL};
	int status = sdesp_desc_read(&desc, section, &why);

	FUZZ_CHECK(why.status == status);
	if (status != SDESP_OK) {
		FUZZ_CHECK(status <= -20 && status > -60);
		FUZZ_CHECK(why.line >= section->line && why.column > 0);
		FUZZ_CHECK(why.what != NULL);
	}
	sdesp_text_init(&form, form_buf, sizeof form_buf);
	sdesp_canon_print(&form, section);
	FUZZ_CHECK(form.status == SDESP_OK);
	check_form(section, &form, status == SDESP_OK ? &desc : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sdesp_sdp sdp;
	struct sdesp_section section, found;
	struct sdesp_why why;
	unsigned index = 0;
	int status;

	if (size > 1 << 20)
		return 0;
	sdesp_sdp_init(&sdp, text, size);
	for (; (status = sdesp_sdp_next(&sdp, &section, &why)) != 0; index++) {
		FUZZ_CHECK(status == 1 || status == SDESP_ERR_SYNTAX);
		if (status == 1) {
			FUZZ_CHECK(section.index == index);
			fuzz_section(&section);
		}
		if (index >= FINDS)
			continue;
		FUZZ_CHECK(sdesp_sdp_find(&found, text, size, index, &why) ==
			   (status == 1 ? SDESP_OK : status));
		FUZZ_CHECK(found.media.p == section.media.p);
		FUZZ_CHECK(found.body.len == section.body.len);
	}
	FUZZ_CHECK(sdesp_sdp_find(&found, text, size, index, &why) ==
		   SDESP_ERR_MISSING);
	return 0;
}
