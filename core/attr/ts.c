/* a=esp-ts (SPEC 4.3). SPDX-License-Identifier: MIT */
#include <string.h>

#include "attr/value.h"
#include "base/span.h"
#include "base/text.h"

#define TS_SHAPE                                                               \
	"<protocol> <address> <ports> <address> <ports>, your own side first"

static const struct {
	const char *name;
	enum sdesp_ts_kind kind;
} kinds[] = {
	{"self", SDESP_TS_SELF},
	{"peer", SDESP_TS_PEER},
	{"any", SDESP_TS_ANY},
};

enum { NKINDS = sizeof kinds / sizeof kinds[0] };

/* The next of the five fields. */
static struct sdesp_span read_word(struct sdesp_reader *r)
{
	struct sdesp_span word = sdesp_reader_word(r);

	if (word.len == 0)
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"the line has fewer than five fields", TS_SHAPE);
	return word;
}

static void read_protocol(struct sdesp_reader *r, struct sdesp_ts *ts)
{
	struct sdesp_span word = read_word(r);
	uint64_t protocol = SDESP_TS_ANY_PROTOCOL;

	if (!sdesp_span_is(word, "any") &&
		!sdesp_span_number(&protocol, word, 255))
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"this is not an IP protocol number",
			"any, or 0 to 255 (UDP is 17, TCP is 6)");
	ts->protocol = (uint16_t)protocol;
}

static int has_host_bits(const struct sdesp_ts_side *side)
{
	unsigned i = side->prefix_len / 8;
	unsigned last = side->prefix_len % 8;

	if (last > 0 && (side->ip[i++] & 0xff >> last) != 0)
		return 1;
	for (; i < sizeof side->ip; i++) {
		if (side->ip[i] != 0)
			return 1;
	}
	return 0;
}

static void read_prefix(struct sdesp_reader *r, struct sdesp_ts_side *side,
	struct sdesp_span word)
{
	struct sdesp_span bits = word, ip = sdesp_span_cut(&bits, '/');
	struct sdesp_addr addr;
	uint64_t n;

	if (sdesp_addr_parse(&addr, ip.p, ip.len) != SDESP_OK) {
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"this is not an address",
			"self, peer, any, or an IP prefix such as "
			"192.0.2.0/24");
		return;
	}
	if (bits.p == NULL) {
		sdesp_reader_fail(r, ip.p + ip.len, SDESP_ERR_SYNTAX,
			"the address has no prefix length",
			"\"/\" and a number (/32 or /128 for one host)");
		return;
	}
	if (!sdesp_span_number(&n, bits, addr.family == 4 ? 32 : 128)) {
		sdesp_reader_fail(r, bits.p, SDESP_ERR_SYNTAX,
			"this is not a prefix length",
			addr.family == 4 ? "0 to 32" : "0 to 128");
		return;
	}
	side->kind = SDESP_TS_PREFIX;
	side->family = addr.family;
	side->prefix_len = (uint8_t)n;
	memcpy(side->ip, addr.ip, sizeof side->ip);
	if (has_host_bits(side))
		sdesp_reader_fail(r, word.p, SDESP_ERR_VALUE,
			"the address has bits beyond its prefix",
			"zeros there: 192.0.2.0/24, not 192.0.2.1/24");
}

/* other is the word that names the far end and cannot stand on this side. */
static void read_address(struct sdesp_reader *r, struct sdesp_ts_side *side,
	enum sdesp_ts_kind other)
{
	struct sdesp_span word = read_word(r);

	for (size_t i = 0; i < NKINDS; i++) {
		if (!sdesp_span_is(word, kinds[i].name))
			continue;
		if (kinds[i].kind == other)
			sdesp_reader_fail(r, word.p, SDESP_ERR_VALUE,
				other == SDESP_TS_PEER
					? "\"peer\" cannot be your own side"
					: "\"self\" cannot be the far side",
				"your own side first, then the peer's");
		side->kind = (uint8_t)kinds[i].kind;
		return;
	}
	read_prefix(r, side, word);
}

static void read_ports(
	struct sdesp_reader *r, struct sdesp_ts_side *side, unsigned protocol)
{
	struct sdesp_span word = read_word(r), hi = word;
	struct sdesp_span lo = sdesp_span_cut(&hi, '-');
	uint64_t first, last;

	side->lo = 0;
	side->hi = UINT16_MAX;
	if (sdesp_span_is(word, "any"))
		return;
	if (hi.p == NULL)
		hi = lo;
	if (!sdesp_span_number(&first, lo, 65535) ||
		!sdesp_span_number(&last, hi, 65535)) {
		sdesp_reader_fail(r, word.p, SDESP_ERR_SYNTAX,
			"these are not ports",
			"any, a port, or two ports with \"-\" between");
		return;
	}
	if (first > last)
		sdesp_reader_fail(r, word.p, SDESP_ERR_VALUE,
			"the port range runs backwards",
			"the lower port first");
	else if (!sdesp_protocol_has_ports(protocol))
		sdesp_reader_fail(r, word.p, SDESP_ERR_VALUE,
			"this protocol has no ports",
			"any (ports go with 6, 17, 33, 132 and 136)");
	side->lo = (uint16_t)first;
	side->hi = (uint16_t)last;
}

int sdesp_attr_ts_parse(struct sdesp_ts *ts, const struct sdesp_attr *attr,
	struct sdesp_why *why)
{
	struct sdesp_reader r;

	memset(ts, 0, sizeof *ts);
	sdesp_value_init(&r, attr);
	read_protocol(&r, ts);
	read_address(&r, &ts->local, SDESP_TS_PEER);
	read_ports(&r, &ts->local, ts->protocol);
	read_address(&r, &ts->remote, SDESP_TS_SELF);
	read_ports(&r, &ts->remote, ts->protocol);
	sdesp_reader_end(&r);
	if (ts->local.kind == SDESP_TS_PREFIX &&
		ts->remote.kind == SDESP_TS_PREFIX &&
		ts->local.family != ts->remote.family)
		sdesp_reader_fail(&r, r.start, SDESP_ERR_VALUE,
			"one side is IPv4 and the other IPv6",
			"prefixes of one family");
	if (r.why.status != SDESP_OK)
		memset(ts, 0, sizeof *ts);
	return sdesp_reader_status(&r, why);
}

static void print_side(
	struct sdesp_text *text, const struct sdesp_ts_side *side)
{
	struct sdesp_addr addr;
	char literal[SDESP_ADDR_TEXT];
	size_t i = 0;

	sdesp_text_char(text, ' ');
	while (i < NKINDS && kinds[i].kind != side->kind)
		i++;
	if (i < NKINDS) {
		sdesp_text_string(text, kinds[i].name);
	} else {
		memset(&addr, 0, sizeof addr);
		addr.family = side->family;
		memcpy(addr.ip, side->ip, sizeof addr.ip);
		sdesp_addr_print(literal, &addr);
		sdesp_text_string(text, literal);
		sdesp_text_char(text, '/');
		sdesp_text_decimal(text, side->prefix_len);
	}
	sdesp_text_char(text, ' ');
	if (side->lo == 0 && side->hi == UINT16_MAX) {
		sdesp_text_string(text, "any");
		return;
	}
	sdesp_text_decimal(text, side->lo);
	if (side->lo != side->hi) {
		sdesp_text_char(text, '-');
		sdesp_text_decimal(text, side->hi);
	}
}

void sdesp_attr_ts_print(struct sdesp_text *text, const struct sdesp_ts *ts)
{
	sdesp_text_string(text, "a=esp-ts:");
	if (ts->protocol == SDESP_TS_ANY_PROTOCOL)
		sdesp_text_string(text, "any");
	else
		sdesp_text_decimal(text, ts->protocol);
	print_side(text, &ts->local);
	print_side(text, &ts->remote);
	sdesp_text_newline(text);
}
