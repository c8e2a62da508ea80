/* a=esp-crypto (SPEC 4.1). SPDX-License-Identifier: MIT */
#include <string.h>

#include "attr/value.h"
#include "base/base64.h"
#include "base/ct.h"
#include "base/span.h"
#include "base/text.h"

#define KEY_CHARS "44 characters of base64"
#define KEY_SHAPE "inline:<" KEY_CHARS "> or x25519:<" KEY_CHARS ">"

static const struct {
	const char *name;
	enum sdesp_method method;
} methods[] = {
	{"x25519", SDESP_X25519},
	{"inline", SDESP_INLINE},
};

enum { NMETHODS = sizeof methods / sizeof methods[0] };

/* Every failure after this one leaves the tag: only the line is void. */
static void read_tag(struct sdesp_reader *r, struct sdesp_attr_crypto *line)
{
	struct sdesp_span word = sdesp_reader_word(r);
	uint64_t tag;

	if (sdesp_span_number(&tag, word, 999999999) && tag > 0)
		line->tag = (uint32_t)tag;
	else
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"the tag is not a number from 1 to 999999999",
			"up to 9 digits, the first of them not 0");
}

static void read_suite(struct sdesp_reader *r, struct sdesp_attr_crypto *line)
{
	struct sdesp_span word = sdesp_reader_word(r);
	const struct sdesp_suite *suite = sdesp_suite_by_name(word.p, word.len);

	if (word.len == 0)
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"the line ends before its suite",
			"<tag> <suite> <key>, the suite for example "
			"AES_128_GCM_16");
	else if (suite == NULL)
		sdesp_reader_fail(r, word.p, SDESP_ERR_NO_SUITE,
			"this suite is not known",
			"a suite such as AES_128_GCM_16");
	else
		line->suite = suite->id;
}

static enum sdesp_method find_method(struct sdesp_span name)
{
	for (size_t i = 0; i < NMETHODS; i++) {
		if (sdesp_span_is(name, methods[i].name))
			return methods[i].method;
	}
	return (enum sdesp_method)0;
}

/*
 * What follows the key: "|" and the life, known by its shape. RFC 4568 also
 * has "|" MKI ":" length in either place; ESP has no use for it.
 */
static struct sdesp_span read_life(struct sdesp_reader *r,
	struct sdesp_attr_crypto *line, struct sdesp_span rest)
{
	struct sdesp_span life = sdesp_span_cut(&rest, '|'), digits = life;
	struct sdesp_span colon = life;
	uint64_t n;
	int power = sdesp_span_begins(life, "2^");

	sdesp_span_cut(&colon, ':');
	if (colon.p != NULL)
		sdesp_reader_fail(r, life.p, SDESP_ERR_SYNTAX,
			"this is an MKI, which ESP does not have",
			"the life in packets, such as 2^31 or 1048576");
	if (power) {
		digits.p += 2;
		digits.len -= 2;
	}
	if (!sdesp_span_decimal(&n, digits)) {
		sdesp_reader_fail(r, life.p, SDESP_ERR_SYNTAX,
			"the life is not a number of packets",
			"digits, or 2^ and digits, such as 2^31");
		return life;
	}
	if (power)
		n = n < 64 ? (uint64_t)1 << n : UINT64_MAX;
	line->life = n;
	if (rest.p == NULL)
		return life;
	colon = rest;
	sdesp_span_cut(&colon, ':');
	sdesp_reader_fail(r, rest.p, SDESP_ERR_SYNTAX,
		colon.p != NULL ? "this is an MKI, which ESP does not have"
				: "the life stands twice",
		"a space, or the end of the line");
	return life;
}

/* Returns the life as written, for a complaint about it; p NULL: none. */
static struct sdesp_span read_key(
	struct sdesp_reader *r, struct sdesp_attr_crypto *line)
{
	struct sdesp_span rest = sdesp_reader_word(r), none = {NULL, 0};
	const char *start = rest.p;
	struct sdesp_span key, method = sdesp_span_cut(&rest, ':');

	if (method.len == 0 || rest.p == NULL) {
		sdesp_reader_fail(r, start, SDESP_ERR_SYNTAX,
			method.len == 0 ? "the line has no key"
					: "there is no \":\" in the key",
			KEY_SHAPE);
		return none;
	}
	line->method = (uint8_t)find_method(method);
	if (line->method == 0) {
		sdesp_reader_fail(r, start, SDESP_ERR_NO_SUITE,
			"this key method is not known", KEY_SHAPE);
		return none;
	}
	key = sdesp_span_cut(&rest, '|');
	if (!sdesp_base64_decode(line->key, sizeof line->key, key))
		sdesp_reader_fail(r, key.p, SDESP_ERR_SYNTAX,
			"the key is not 32 octets of base64", KEY_CHARS);
	return rest.p != NULL ? read_life(r, line, rest) : none;
}

static void read_esn(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
	struct sdesp_span value)
{
	(void)r;
	(void)value;
	line->esn = 1;
}

static void read_psk(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
	struct sdesp_span value)
{
	if (!sdesp_span_token(value))
		sdesp_reader_fail(r, value.p, SDESP_ERR_SYNTAX,
			"the name of the pre-shared key is not a token",
			"letters, digits, \"-\", \".\", \"_\" and the like");
	else if (value.len > 64)
		sdesp_reader_fail(r, value.p + 64, SDESP_ERR_LIMIT,
			"the name of the pre-shared key is too long",
			"at most 64 characters");
	line->psk = value;
}

/* Beyond 32 bits all numbers mean the same: the most (SPEC 4.1.5). */
static uint32_t read_count(struct sdesp_reader *r, struct sdesp_span value)
{
	uint64_t n = 0;

	if (!sdesp_span_decimal(&n, value))
		sdesp_reader_fail(r, value.p, SDESP_ERR_SYNTAX,
			"the parameter's value is not a number", "digits");
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void read_window(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
	struct sdesp_span value)
{
	line->window = read_count(r, value);
}

static void read_seconds(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
	struct sdesp_span value)
{
	line->seconds = read_count(r, value);
}

static const struct {
	const char *name;
	int has_value;
	void (*read)(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
		struct sdesp_span value);
} params[] = {
	{"ESN", 0, read_esn},
	{"PSK", 1, read_psk},
	{"WSH", 1, read_window},
	{"-LTS", 1, read_seconds},
};

enum { NPARAMS = sizeof params / sizeof params[0] };

/* One parameter; seen has a bit for each row of the table. */
static void read_param(struct sdesp_reader *r, struct sdesp_attr_crypto *line,
	struct sdesp_span word, unsigned *seen)
{
	struct sdesp_span value = word, name = sdesp_span_cut(&value, '=');
	size_t i = 0;

	while (i < NPARAMS && !sdesp_span_is(name, params[i].name))
		i++;
	if (i == NPARAMS) {
		if (word.p[0] != '-')
			sdesp_reader_fail(r, word.p, SDESP_ERR_NO_SUITE,
				"this parameter is not known",
				"ESN, PSK=, WSH= or -LTS=");
		return;
	}
	if (*seen >> i & 1)
		sdesp_reader_fail(r, word.p, SDESP_ERR_REPEATED,
			"this parameter stands twice", NULL);
	*seen |= 1u << i;
	if (params[i].has_value && value.p == NULL)
		sdesp_reader_fail(r, word.p + word.len, SDESP_ERR_SYNTAX,
			"this parameter needs a value", "\"=\" and a value");
	else if (!params[i].has_value && value.p != NULL)
		sdesp_reader_fail(r, value.p - 1, SDESP_ERR_SYNTAX,
			"this parameter has no value",
			"a space, or the end of the line");
	else
		params[i].read(r, line, value);
}

/* The life, now that ESN is known (SPEC 4.1.4). */
static void check_life(struct sdesp_reader *r,
	const struct sdesp_attr_crypto *line, struct sdesp_span life)
{
	uint64_t max = (uint64_t)1 << (line->esn ? 40 : 32);

	if (life.p != NULL && line->life == 0)
		sdesp_reader_fail(r, life.p, SDESP_ERR_VALUE,
			"the life is 0 packets", "1 or more");
	else if (line->life > max)
		sdesp_reader_fail(r, life.p, SDESP_ERR_VALUE,
			"the life is more than sequence numbers can count",
			line->esn ? "at most 2^40"
				  : "at most 2^32 (2^40 with ESN)");
}

int sdesp_attr_crypto_parse(struct sdesp_attr_crypto *line,
	const struct sdesp_attr *attr, struct sdesp_why *why)
{
	struct sdesp_reader r;
	struct sdesp_span life, word;
	uint32_t tag;
	unsigned seen = 0;

	memset(line, 0, sizeof *line);
	sdesp_value_init(&r, attr);
	read_tag(&r, line);
	read_suite(&r, line);
	life = read_key(&r, line);
	while ((word = sdesp_reader_word(&r)).len > 0)
		read_param(&r, line, word, &seen);
	check_life(&r, line, life);
	if (r.why.status != SDESP_OK) {
		tag = line->tag;
		sdesp_wipe(line, sizeof *line);
		line->tag = tag;
	}
	return sdesp_reader_status(&r, why);
}

/* As a power of two where it is a large one. */
static void print_life(struct sdesp_text *text, uint64_t life)
{
	unsigned n = 0;

	sdesp_text_char(text, '|');
	while (life >> n > 1)
		n++;
	if (n >= 10 && life == (uint64_t)1 << n) {
		sdesp_text_string(text, "2^");
		life = n;
	}
	sdesp_text_decimal(text, life);
}

void sdesp_attr_crypto_print(
	struct sdesp_text *text, const struct sdesp_attr_crypto *line)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(line->suite);
	size_t i = 0;

	while (i < NMETHODS && methods[i].method != line->method)
		i++;
	if (suite == NULL || i == NMETHODS) {
		sdesp_text_fail(text, SDESP_ERR_ARG);
		return;
	}
	sdesp_text_string(text, "a=esp-crypto:");
	sdesp_text_decimal(text, line->tag);
	sdesp_text_char(text, ' ');
	sdesp_text_string(text, suite->name);
	sdesp_text_char(text, ' ');
	sdesp_text_string(text, methods[i].name);
	sdesp_text_char(text, ':');
	sdesp_text_base64(text, line->key, sizeof line->key);
	if (line->life > 0)
		print_life(text, line->life);
	if (line->esn)
		sdesp_text_string(text, " ESN");
	if (line->psk.p != NULL) {
		sdesp_text_string(text, " PSK=");
		sdesp_text_span(text, line->psk);
	}
	if (line->window > 0) {
		sdesp_text_string(text, " WSH=");
		sdesp_text_decimal(text, line->window);
	}
	if (line->seconds > 0) {
		sdesp_text_string(text, " -LTS=");
		sdesp_text_decimal(text, line->seconds);
	}
	sdesp_text_newline(text);
}
