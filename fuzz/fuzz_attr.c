/*
 * One attribute value. The first octet picks the attribute; what is read is
 * printed and read again, and must be the same. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "sdesp_attr.h"

enum { LINE = 7, COLUMN = 11 };

static void check_why(
	const struct sdesp_why *why, int status, const struct sdesp_attr *attr)
{
	FUZZ_CHECK(status <= -20 && status > -60);
	FUZZ_CHECK(why->status == status);
	FUZZ_CHECK(why->line == LINE);
	FUZZ_CHECK(why->column >= COLUMN);
	FUZZ_CHECK(why->column <= COLUMN + attr->value.len);
	FUZZ_CHECK(why->what != NULL);
}

/* The value in what was printed, which must be a whole line. */
static struct sdesp_attr printed(const struct sdesp_text *text)
{
	struct sdesp_attr attr = {{"esp", 3}, {NULL, 0}, LINE, COLUMN};
	const char *colon;

	FUZZ_CHECK(text->status == SDESP_OK && text->len > 4);
	FUZZ_CHECK(memcmp(text->buf, "a=", 2) == 0);
	FUZZ_CHECK(memcmp(text->buf + text->len - 2, "\r\n", 2) == 0);
	colon = memchr(text->buf, ':', text->len);
	FUZZ_CHECK(colon != NULL);
	attr.value.p = colon + 1;
	attr.value.len = text->len - 2 - (size_t)(attr.value.p - text->buf);
	return attr;
}

static void fuzz_crypto(const struct sdesp_attr *attr, struct sdesp_text *text)
{
	struct sdesp_attr_crypto one, two;
	struct sdesp_attr again;
	struct sdesp_why why;
	int status = sdesp_attr_crypto_parse(&one, attr, &why);

	if (status != SDESP_OK) {
		check_why(&why, status, attr);
		return;
	}
	FUZZ_CHECK(one.tag >= 1 && one.tag <= 999999999);
	FUZZ_CHECK(one.life <= (uint64_t)1 << (one.esn ? 40 : 32));
	sdesp_attr_crypto_print(text, &one);
	again = printed(text);
	FUZZ_CHECK(sdesp_attr_crypto_parse(&two, &again, &why) == SDESP_OK);
	FUZZ_CHECK((one.psk.p == NULL) == (two.psk.p == NULL));
	FUZZ_CHECK(one.psk.len == two.psk.len);
	FUZZ_CHECK(one.psk.len == 0 ||
		   memcmp(one.psk.p, two.psk.p, one.psk.len) == 0);
	two.psk = one.psk;
	FUZZ_CHECK(memcmp(&one, &two, sizeof one) == 0);
}

static void fuzz_esp(const struct sdesp_attr *attr, struct sdesp_text *text)
{
	struct sdesp_attr_esp one, two;
	struct sdesp_attr again;
	struct sdesp_why why;
	int status = sdesp_attr_esp_parse(&one, attr, &why);

	if (status != SDESP_OK) {
		check_why(&why, status, attr);
		return;
	}
	FUZZ_CHECK(one.spi >= SDESP_SPI_MIN);
	sdesp_attr_esp_print(text, &one);
	again = printed(text);
	FUZZ_CHECK(sdesp_attr_esp_parse(&two, &again, &why) == SDESP_OK);
	FUZZ_CHECK(one.spi == two.spi && one.port == two.port);
}

static void fuzz_ts(const struct sdesp_attr *attr, struct sdesp_text *text)
{
	struct sdesp_ts one, two;
	struct sdesp_attr again;
	struct sdesp_why why;
	int status;

	memset(&one, 0, sizeof one);
	memset(&two, 0, sizeof two);
	status = sdesp_attr_ts_parse(&one, attr, &why);
	if (status != SDESP_OK) {
		check_why(&why, status, attr);
		return;
	}
	FUZZ_CHECK(one.local.lo <= one.local.hi);
	FUZZ_CHECK(one.remote.lo <= one.remote.hi);
	sdesp_attr_ts_print(text, &one);
	again = printed(text);
	FUZZ_CHECK(sdesp_attr_ts_parse(&two, &again, &why) == SDESP_OK);
	FUZZ_CHECK(memcmp(&one, &two, sizeof one) == 0);
}

static void fuzz_confirm(const struct sdesp_attr *attr, struct sdesp_text *text)
{
	uint8_t one[16], two[16];
	struct sdesp_attr again;
	struct sdesp_why why;
	int status = sdesp_attr_confirm_parse(one, attr, &why);

	if (status != SDESP_OK) {
		check_why(&why, status, attr);
		return;
	}
	sdesp_attr_confirm_print(text, one);
	again = printed(text);
	FUZZ_CHECK(sdesp_attr_confirm_parse(two, &again, &why) == SDESP_OK);
	FUZZ_CHECK(memcmp(one, two, sizeof one) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const attributes[4])(
		const struct sdesp_attr *attr, struct sdesp_text *text) = {
		fuzz_crypto, fuzz_esp, fuzz_ts, fuzz_confirm};
	struct sdesp_attr attr = {{"esp", 3}, {NULL, 0}, LINE, COLUMN};
	struct sdesp_text text;
	char buf[512];

	if (size == 0)
		return 0;
	attr.value.p = (const char *)data + 1;
	attr.value.len = size - 1;
	sdesp_text_init(&text, buf, sizeof buf);
	attributes[data[0] & 3](&attr, &text);
	return 0;
}
