/* a=esp-confirm (SPEC 4.4). SPDX-License-Identifier: MIT */
#include "attr/value.h"
#include "base/span.h"
#include "base/text.h"

int sdesp_attr_confirm_parse(uint8_t confirm[16], const struct sdesp_attr *attr,
	struct sdesp_why *why)
{
	struct sdesp_reader r;
	struct sdesp_span word;

	sdesp_value_init(&r, attr);
	word = sdesp_reader_word(&r);
	sdesp_reader_end(&r);
	if (r.why.status == SDESP_OK && !sdesp_span_hex(confirm, 16, word))
		sdesp_reader_fail(&r, word.p, SDESP_ERR_SYNTAX,
			"the confirmation is not 16 octets in hex",
			"32 hex digits");
	return sdesp_reader_status(&r, why);
}

void sdesp_attr_confirm_print(
	struct sdesp_text *text, const uint8_t confirm[16])
{
	sdesp_text_string(text, "a=esp-confirm:");
	sdesp_text_hex(text, confirm, 16);
	sdesp_text_newline(text);
}
