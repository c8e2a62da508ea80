/* Writing our sections. SPDX-License-Identifier: MIT */
#include "nego/write.h"

#include "base/text.h"

/* RFC 863: what an m= line says when there is no port to say. */
#define DISCARD 9

static void write_fmt(struct sdesp_text *out, const struct sdesp_local *local,
	const struct sdesp_proto *proto, const uint8_t *modes, size_t nmodes)
{
	if (proto->inner != SDESP_GENERIC) {
		sdesp_text_char(out, ' ');
		sdesp_text_string(out, local->fmt);
		return;
	}
	for (size_t i = 0; i < nmodes; i++)
		sdesp_text_string(out,
			modes[i] == SDESP_TUNNEL ? " tunnel" : " transport");
}

void sdesp_write_media(struct sdesp_text *out, const struct sdesp_local *local,
	const struct sdesp_proto *proto, const uint8_t *modes, size_t nmodes)
{
	static const char *const directions[] = {
		NULL, "a=sendonly", "a=recvonly", "a=inactive"};
	char literal[SDESP_ADDR_TEXT];

	sdesp_text_string(out, "m=");
	sdesp_text_string(out, local->media);
	sdesp_text_char(out, ' ');
	sdesp_text_decimal(out, proto->udp ? local->addr.port : DISCARD);
	sdesp_text_char(out, ' ');
	sdesp_text_string(out, proto->name);
	write_fmt(out, local, proto, modes, nmodes);
	sdesp_text_newline(out);

	sdesp_addr_print(literal, &local->addr);
	sdesp_text_string(
		out, local->addr.family == 4 ? "c=IN IP4 " : "c=IN IP6 ");
	sdesp_text_string(out, literal);
	sdesp_text_newline(out);

	if (local->direction != SDESP_SENDRECV) {
		sdesp_text_string(out, directions[local->direction]);
		sdesp_text_newline(out);
	}
}

void sdesp_write_esp(struct sdesp_text *out, const struct sdesp_local *local,
	const struct sdesp_proto *proto, uint32_t spi,
	const struct sdesp_flow *flow)
{
	int generic = proto->inner == SDESP_GENERIC;
	struct sdesp_attr_esp esp = {spi, generic ? 0 : local->inner_port};

	sdesp_attr_esp_print(out, &esp);
	for (unsigned i = 0; generic && i < flow->nts; i++)
		sdesp_attr_ts_print(out, &flow->ts[i]);
}

void sdesp_section_reject(
	struct sdesp_text *out, const struct sdesp_section *section)
{
	sdesp_text_string(out, "m=");
	sdesp_text_span(out, section->media);
	sdesp_text_string(out, " 0 ");
	sdesp_text_span(out, section->proto);
	sdesp_text_char(out, ' ');
	sdesp_text_span(out, section->fmt);
	sdesp_text_newline(out);
}
