/* IP addresses and their text. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/be.h"
#include "base/span.h"
#include "base/text.h"

int sdesp_addr_same_ip(const struct sdesp_addr *a, const struct sdesp_addr *b)
{
	size_t n = a->family == 4 ? 4 : a->family == 6 ? 16 : 0;

	return a->family == b->family && memcmp(a->ip, b->ip, n) == 0;
}

int sdesp_addr_equal(const struct sdesp_addr *a, const struct sdesp_addr *b)
{
	return sdesp_addr_same_ip(a, b) && a->port == b->port;
}

/* Four numbers of 0 to 255; a leading zero could be read as octal. */
static int parse_ip4(uint8_t ip[4], struct sdesp_span text)
{
	for (int i = 0; i < 4; i++) {
		uint64_t octet;

		if (text.p == NULL || !sdesp_span_number(&octet,
					      sdesp_span_cut(&text, '.'), 255))
			return 0;
		ip[i] = (uint8_t)octet;
	}
	return text.p == NULL;
}

/* One to four hex digits. */
static int parse_group(uint8_t group[2], struct sdesp_span text)
{
	char digits[4] = {'0', '0', '0', '0'};
	struct sdesp_span padded = {digits, sizeof digits};

	if (text.len < 1 || text.len > sizeof digits)
		return 0;
	memcpy(digits + sizeof digits - text.len, text.p, text.len);
	return sdesp_span_hex(group, 2, padded);
}

/*
 * RFC 4291 2.2. gap is where "::" stands, in octets of ip. What was read
 * behind it moves to the end.
 */
static int parse_ip6(uint8_t ip[16], struct sdesp_span text)
{
	enum { NOWHERE = 17 };
	struct sdesp_span group;
	size_t n = 0, gap = NOWHERE;

	memset(ip, 0, 16);
	if (sdesp_span_begins(text, "::")) {
		gap = 0;
		text.p += 2;
		text.len -= 2;
		if (text.len == 0)
			return 1;
	}
	while (text.p != NULL) {
		group = sdesp_span_cut(&text, ':');
		if (text.p == NULL && n <= 12 && parse_ip4(ip + n, group)) {
			n += 4;
			break;
		}
		if (n > 14 || !parse_group(ip + n, group))
			return 0;
		n += 2;
		if (text.len > 0 && text.p[0] == ':') {
			if (gap != NOWHERE)
				return 0;
			gap = n;
			sdesp_span_cut(&text, ':');
			if (text.len == 0)
				break;
		}
	}
	if (gap == NOWHERE)
		return n == 16;
	if (n > 14)
		return 0;
	memmove(ip + 16 - (n - gap), ip + gap, n - gap);
	memset(ip + gap, 0, 16 - n);
	return 1;
}

int sdesp_addr_parse(struct sdesp_addr *addr, const char *text, size_t len)
{
	struct sdesp_span span = {text, len};
	struct sdesp_addr read;

	memset(&read, 0, sizeof read);
	if (parse_ip4(read.ip, span))
		read.family = 4;
	else if (parse_ip6(read.ip, span))
		read.family = 6;
	else
		return SDESP_ERR_SYNTAX;
	*addr = read;
	return SDESP_OK;
}

static void print_ip4(struct sdesp_text *text, const uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			sdesp_text_char(text, '.');
		sdesp_text_decimal(text, ip[i]);
	}
}

/* Lower case, without leading zeros (RFC 5952 4.1 and 4.3). */
static void print_group(struct sdesp_text *text, const uint8_t group[2])
{
	char digits[4];
	struct sdesp_text all;
	struct sdesp_span span = {digits, sizeof digits};

	sdesp_text_init(&all, digits, sizeof digits);
	sdesp_text_hex(&all, group, 2);
	while (span.len > 1 && span.p[0] == '0') {
		span.p++;
		span.len--;
	}
	sdesp_text_span(text, span);
}

/* The first longest run of two or more zero groups (RFC 5952 4.2). */
static size_t find_zeros(const uint8_t ip[16], size_t *len)
{
	size_t best = 0, start = 0;

	*len = 0;
	for (size_t i = 0; i < 16; i += 2) {
		if (sdesp_get16(ip + i) != 0) {
			start = i + 2;
		} else if (i + 2 - start > *len && i > start) {
			best = start;
			*len = i + 2 - start;
		}
	}
	return best;
}

static void print_ip6(struct sdesp_text *text, const uint8_t ip[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t len, gap, i = 0;

	/* RFC 5952 5: a known IPv4 tail is written as one. */
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		sdesp_text_string(text, "::ffff:");
		print_ip4(text, ip + 12);
		return;
	}
	gap = find_zeros(ip, &len);
	while (i < 16) {
		if (len > 0 && i == gap) {
			sdesp_text_string(text, "::");
			i += len;
			continue;
		}
		if (i > 0 && (len == 0 || i != gap + len))
			sdesp_text_char(text, ':');
		print_group(text, ip + i);
		i += 2;
	}
}

size_t sdesp_addr_print(
	char text[SDESP_ADDR_TEXT], const struct sdesp_addr *addr)
{
	struct sdesp_text out;

	sdesp_text_init(&out, text, SDESP_ADDR_TEXT - 1);
	if (addr->family == 4)
		print_ip4(&out, addr->ip);
	else if (addr->family == 6)
		print_ip6(&out, addr->ip);
	else
		sdesp_text_char(&out, '-');
	text[out.len] = '\0';
	return out.len;
}
