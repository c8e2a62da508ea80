/* All that a section says of ESP (SPEC 5.5). SPDX-License-Identifier: MIT */
#include <string.h>

#include "attr/value.h"
#include "base/ct.h"
#include "base/span.h"

/* A section being read. why.status is SDESP_OK until it is refused. */
struct reading {
	struct sdesp_desc *desc;
	const struct sdesp_section *section;
	struct sdesp_why why;
	uint32_t tags[SDESP_MAX_CRYPTO]; /* of all lines, also void ones */
	unsigned ntags;
};

static void refuse(struct reading *rd, unsigned line, unsigned column,
	int status, const char *what, const char *expected)
{
	if (rd->why.status != SDESP_OK)
		return;
	(void)sdesp_why_set(&rd->why, status, line, column);
	sdesp_why_say(&rd->why, what, expected);
}

/* Point at a part of the m= line, which from pairs has no place. */
static void refuse_media(struct reading *rd, struct sdesp_span part, int status,
	const char *what, const char *expected)
{
	const struct sdesp_section *s = rd->section;
	unsigned column = 0;

	if (s->line > 0)
		column = 3 + (unsigned)(part.p - s->media.p);
	refuse(rd, s->line, column, status, what, expected);
}

static void refuse_line(struct reading *rd, const struct sdesp_attr *attr,
	int status, const char *what, const char *expected)
{
	refuse(rd, attr->line, attr->column, status, what, expected);
}

static void take_crypto(struct reading *rd, const struct sdesp_attr *attr)
{
	struct sdesp_desc *desc = rd->desc;
	struct sdesp_attr_crypto line;
	struct sdesp_why why;
	int status;

	if (rd->ntags == SDESP_MAX_CRYPTO) {
		refuse_line(rd, attr, SDESP_ERR_LIMIT,
			"there are too many esp-crypto lines",
			"at most " SDESP_TO_STRING(SDESP_MAX_CRYPTO));
		return;
	}
	status = sdesp_attr_crypto_parse(&line, attr, &why);
	if (line.tag == 0) {
		rd->why = why;
		return;
	}
	for (unsigned i = 0; i < rd->ntags; i++) {
		if (rd->tags[i] == line.tag)
			refuse_line(rd, attr, SDESP_ERR_REPEATED,
				"this tag stands twice in the section",
				"a different tag in every esp-crypto line");
	}
	rd->tags[rd->ntags++] = line.tag;
	if (status == SDESP_OK) {
		desc->crypto_line[desc->ncrypto] = attr->line;
		desc->crypto[desc->ncrypto++] = line;
	} else if (desc->nvoid++ == 0) {
		desc->first_void = why;
	}
	sdesp_wipe(&line, sizeof line);
}

static void take_esp(struct reading *rd, const struct sdesp_attr *attr)
{
	struct sdesp_desc *desc = rd->desc;

	if (desc->esp_line > 0) {
		refuse_line(rd, attr, SDESP_ERR_REPEATED,
			"there is a second a=esp line", "exactly one");
		return;
	}
	desc->esp_line = attr->line;
	if (sdesp_attr_esp_parse(&desc->esp, attr, &rd->why) != SDESP_OK)
		return;
	if (desc->proto->inner == SDESP_GENERIC)
		return;
	if (desc->esp.port == 0)
		refuse_line(rd, attr, SDESP_ERR_MISSING,
			"the inner port of the medium is missing",
			"spi=<8 hex digits>;port=<1 to 65535>");
	else if (desc->proto->inner == SDESP_INNER_RTP &&
		 desc->esp.port == UINT16_MAX)
		refuse_line(rd, attr, SDESP_ERR_VALUE,
			"RTP also needs the port after its own",
			"port=<1 to 65534>");
}

static void take_ts(struct reading *rd, const struct sdesp_attr *attr)
{
	struct sdesp_desc *desc = rd->desc;

	if (desc->proto->inner != SDESP_GENERIC) {
		refuse_line(rd, attr, SDESP_ERR_VALUE,
			"media inside ESP have no a=esp-ts line",
			"port= in the a=esp line alone");
		return;
	}
	if (desc->nts == SDESP_MAX_TS) {
		refuse_line(rd, attr, SDESP_ERR_LIMIT,
			"there are too many esp-ts lines",
			"at most " SDESP_TO_STRING(SDESP_MAX_TS));
		return;
	}
	if (sdesp_attr_ts_parse(&desc->ts[desc->nts], attr, &rd->why) !=
		SDESP_OK)
		return;
	if (desc->nts++ == 0)
		desc->ts_line = attr->line;
}

static void take_confirm(struct reading *rd, const struct sdesp_attr *attr)
{
	struct sdesp_desc *desc = rd->desc;

	if (desc->has_confirm) {
		refuse_line(rd, attr, SDESP_ERR_REPEATED,
			"there is a second a=esp-confirm line", "at most one");
		return;
	}
	desc->has_confirm = sdesp_attr_confirm_parse(
				    desc->confirm, attr, &rd->why) == SDESP_OK;
}

static void (*const take[SDESP_ATTR_KINDS])(
	struct reading *rd, const struct sdesp_attr *attr) = {
	[SDESP_ATTR_CRYPTO] = take_crypto,
	[SDESP_ATTR_ESP] = take_esp,
	[SDESP_ATTR_TS] = take_ts,
	[SDESP_ATTR_CONFIRM] = take_confirm,
};

static void read_attributes(struct reading *rd)
{
	struct sdesp_attr attr;
	size_t cursor = 0;

	while (rd->why.status == SDESP_OK &&
		sdesp_section_next(rd->section, &cursor, &attr)) {
		unsigned kind = sdesp_attr_kind(&attr);

		if (kind < SDESP_ATTR_KINDS)
			take[kind](rd, &attr);
	}
}

/* The formats of a generic section: modes in order of preference. */
static void read_modes(struct reading *rd)
{
	struct sdesp_desc *desc = rd->desc;
	struct sdesp_span word, rest = rd->section->fmt;
	unsigned seen = 0;

	while ((word = sdesp_span_word(&rest)).len > 0) {
		unsigned mode = 0;

		if (sdesp_span_is(word, "transport"))
			mode = SDESP_TRANSPORT;
		else if (sdesp_span_is(word, "tunnel"))
			mode = SDESP_TUNNEL;
		if (mode == 0 || (seen & mode) != 0)
			continue;
		seen |= mode;
		desc->modes[desc->nmodes++] = (uint8_t)mode;
	}
	if (desc->nmodes == 0)
		refuse_media(rd, rd->section->fmt, SDESP_ERR_NO_MODE,
			"the m= line names no mode that is known",
			"transport or tunnel");
}

/* The port of the m= line; only its place counts. */
static struct sdesp_span find_port(const struct sdesp_section *s)
{
	struct sdesp_span port = s->media;

	if (s->line == 0)
		return port;
	port.p += port.len;
	while (sdesp_is_space(*port.p))
		port.p++;
	return port;
}

/* The fields of the m= line beside its port and proto. */
static void read_formats(struct reading *rd)
{
	const struct sdesp_section *s = rd->section;
	struct sdesp_span stranger = {sdesp_value_stranger(s->fmt), 0};
	int generic = rd->desc->proto->inner == SDESP_GENERIC;

	if (!sdesp_span_token(s->media))
		refuse_media(rd, s->media, SDESP_ERR_SYNTAX,
			"this is not the name of a medium",
			generic ? "application" : "audio, video and the like");
	if (stranger.p != NULL)
		refuse_media(rd, stranger, SDESP_ERR_SYNTAX, SDESP_STRANGER,
			SDESP_PRINTABLE);
	if (generic) {
		if (!sdesp_span_is(s->media, "application"))
			refuse_media(rd, s->media, SDESP_ERR_VALUE,
				"plain ESP has another medium than this",
				"application");
		read_modes(rd);
		return;
	}
	rd->desc->modes[rd->desc->nmodes++] = SDESP_TRANSPORT;
	if (s->fmt.len == 0)
		refuse_media(rd, s->fmt, SDESP_ERR_SYNTAX,
			"the m= line ends before its formats",
			"m=<media> <port> <proto> <formats>");
}

static void read_media(struct reading *rd)
{
	const struct sdesp_section *s = rd->section;

	rd->desc->proto = sdesp_proto_find(s->proto);
	if (rd->desc->proto == NULL)
		refuse_media(rd, s->proto, SDESP_ERR_VALUE,
			"this transport protocol is not ESP",
			"UDP/ESP, ESP, UDP/ESP/RTP/AVP and the like");
	else if (s->port == 0)
		refuse_media(rd, find_port(s), SDESP_ERR_REJECTED,
			"the port is 0: the stream is declined", NULL);
	else if (s->port_count > 0)
		refuse_media(rd, find_port(s), SDESP_ERR_VALUE,
			"the port has a \"/\" and a count", "one port");
	else
		read_formats(rd);
}

/* What must be there, once all lines are read. */
static void check_missing(struct reading *rd)
{
	const struct sdesp_desc *desc = rd->desc;
	const struct sdesp_section *s = rd->section;

	if (desc->ncrypto == 0 && desc->nvoid == 0)
		refuse_media(rd, s->media, SDESP_ERR_MISSING,
			"the section has no a=esp-crypto line",
			"a=esp-crypto:<tag> <suite> <key>");
	if (desc->esp_line == 0)
		refuse_media(rd, s->media, SDESP_ERR_MISSING,
			"the section has no a=esp line",
			"a=esp:spi=<8 hex digits>");
	if (desc->ncrypto == 0 && rd->why.status == SDESP_OK)
		rd->why = desc->first_void;
}

/* Either every line leans on the same pre-shared key, or none does. */
static void check_psk(struct reading *rd)
{
	const struct sdesp_desc *desc = rd->desc;

	for (unsigned i = 1; i < desc->ncrypto; i++) {
		if ((desc->crypto[i].psk.p == NULL) !=
				(desc->crypto[0].psk.p == NULL) ||
			!sdesp_span_equal(
				desc->crypto[i].psk, desc->crypto[0].psk))
			refuse(rd, desc->crypto_line[i], 1, SDESP_ERR_VALUE,
				"PSK= differs from the line before",
				"the same PSK= in every line, or none");
	}
}

int sdesp_desc_read(struct sdesp_desc *desc,
	const struct sdesp_section *section, struct sdesp_why *why)
{
	struct reading rd;

	memset(desc, 0, sizeof *desc);
	memset(&rd, 0, sizeof rd);
	rd.desc = desc;
	rd.section = section;
	read_media(&rd);
	read_attributes(&rd);
	check_missing(&rd);
	check_psk(&rd);
	if (rd.why.status != SDESP_OK) {
		sdesp_wipe(desc, sizeof *desc);
		if (why != NULL)
			*why = rd.why;
	}
	return rd.why.status;
}
