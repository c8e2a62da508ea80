/* a=esp (SPEC 4.2). SPDX-License-Identifier: MIT */
#include <string.h>

#include "attr/value.h"
#include "base/be.h"
#include "base/span.h"
#include "base/text.h"

static void read_spi(struct sdesp_reader *r, struct sdesp_attr_esp *esp,
	struct sdesp_span field)
{
	struct sdesp_span digits = field, name = sdesp_span_cut(&digits, '=');
	uint8_t spi[4];

	if (!sdesp_span_is(name, "spi") || digits.p == NULL) {
		sdesp_reader_fail(r, field.p, SDESP_ERR_SYNTAX,
			"the value does not begin with the SPI",
			"spi=<8 hex digits>");
		return;
	}
	if (!sdesp_span_hex(spi, sizeof spi, digits)) {
		sdesp_reader_fail(r, digits.p, SDESP_ERR_SYNTAX,
			"the SPI is not 8 hex digits",
			"8 hex digits, such as c3f1a2b4");
		return;
	}
	esp->spi = sdesp_get32(spi);
	if (esp->spi < SDESP_SPI_MIN)
		sdesp_reader_fail(r, digits.p, SDESP_ERR_VALUE,
			"SPIs up to 000000ff are reserved",
			"an SPI from 00000100 on");
}

static void read_port(struct sdesp_reader *r, struct sdesp_attr_esp *esp,
	const char *at, struct sdesp_span value)
{
	uint64_t port = 0;

	if (value.p == NULL || !sdesp_span_number(&port, value, UINT64_MAX))
		sdesp_reader_fail(r, value.p != NULL ? value.p : at,
			SDESP_ERR_SYNTAX, "the port is not a number",
			"port=<1 to 65535>, without leading zeros");
	else if (port == 0 || port > 65535)
		sdesp_reader_fail(r, value.p, SDESP_ERR_VALUE,
			"this is not a port", "a number from 1 to 65535");
	esp->port = (uint16_t)port;
}

/* 1 when a field before this one has its name. */
static int is_repeated(struct sdesp_span fields, struct sdesp_span name)
{
	for (;;) {
		struct sdesp_span field = sdesp_span_cut(&fields, ';');
		struct sdesp_span other = sdesp_span_cut(&field, '=');

		if (other.p == name.p)
			return 0;
		if (sdesp_span_equal(other, name))
			return 1;
	}
}

/* name ["=" value]; names that we do not know are passed over. */
static void read_field(struct sdesp_reader *r, struct sdesp_attr_esp *esp,
	struct sdesp_span all, struct sdesp_span field)
{
	struct sdesp_span value = field, name = sdesp_span_cut(&value, '=');

	if (!sdesp_span_token(name))
		sdesp_reader_fail(r, field.p, SDESP_ERR_SYNTAX,
			"there is no proper name after \";\"",
			"<name> or <name>=<value>");
	else if (value.p != NULL && value.len == 0)
		sdesp_reader_fail(r, value.p, SDESP_ERR_SYNTAX,
			"there is nothing after \"=\"", "a value");
	else if (is_repeated(all, name))
		sdesp_reader_fail(r, field.p, SDESP_ERR_REPEATED,
			"this name stands twice", NULL);
	else if (sdesp_span_is(name, "port"))
		read_port(r, esp, name.p + name.len, value);
}

int sdesp_attr_esp_parse(struct sdesp_attr_esp *esp,
	const struct sdesp_attr *attr, struct sdesp_why *why)
{
	struct sdesp_reader r;
	struct sdesp_attr_esp read = {0, 0};
	struct sdesp_span all, rest;

	sdesp_value_init(&r, attr);
	all = rest = sdesp_reader_word(&r);
	read_spi(&r, &read, sdesp_span_cut(&rest, ';'));
	while (rest.p != NULL && r.why.status == SDESP_OK)
		read_field(&r, &read, all, sdesp_span_cut(&rest, ';'));
	sdesp_reader_end(&r);
	if (r.why.status == SDESP_OK)
		*esp = read;
	return sdesp_reader_status(&r, why);
}

void sdesp_attr_esp_print(
	struct sdesp_text *text, const struct sdesp_attr_esp *esp)
{
	uint8_t spi[4];

	sdesp_put32(spi, esp->spi);
	sdesp_text_string(text, "a=esp:spi=");
	sdesp_text_hex(text, spi, sizeof spi);
	if (esp->port > 0) {
		sdesp_text_string(text, ";port=");
		sdesp_text_decimal(text, esp->port);
	}
	sdesp_text_newline(text);
}
