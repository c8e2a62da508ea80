/* The m= line (RFC 8866 5.14). SPDX-License-Identifier: MIT */
#include "base/reader.h"
#include "base/span.h"
#include "sdp/line.h"

/* The port and the number of ports after it. */
static void read_port(struct sdesp_reader *r, struct sdesp_section *section,
	struct sdesp_span word)
{
	struct sdesp_span count = word;
	struct sdesp_span port = sdesp_span_cut(&count, '/');
	uint64_t value = 0;

	if (port.len > 5 || !sdesp_span_decimal(&value, port) || value > 65535)
		sdesp_reader_fail(r, port.p, SDESP_ERR_SYNTAX,
			"the port of the m= line is not a port number",
			"a number from 0 to 65535");
	section->port = (unsigned)value;
	if (count.p == NULL)
		return;
	if (!sdesp_span_number(&value, count, 65535) || value == 0)
		sdesp_reader_fail(r, count.p, SDESP_ERR_SYNTAX,
			"the number of ports after \"/\" is not a number",
			"a number from 1 to 65535");
	section->port_count = (unsigned)value;
}

int sdesp_line_media(struct sdesp_section *section, struct sdesp_span line,
	unsigned number, struct sdesp_why *why)
{
	struct sdesp_span rest = sdesp_line_value(line), port;
	struct sdesp_reader r;

	sdesp_reader_init(&r, rest, number, 3);
	if (rest.len == 0 || sdesp_is_space(rest.p[0]))
		sdesp_reader_fail(&r, rest.p, SDESP_ERR_SYNTAX,
			"the m= line does not name a medium",
			"m=<media> <port> <proto> <formats>");
	section->media = sdesp_reader_word(&r);
	port = sdesp_reader_word(&r);
	if (port.len == 0)
		sdesp_reader_fail(&r, port.p, SDESP_ERR_SYNTAX,
			"the m= line ends before its port",
			"m=<media> <port> <proto> <formats>");
	section->proto = sdesp_reader_word(&r);
	if (section->proto.len == 0)
		sdesp_reader_fail(&r, section->proto.p, SDESP_ERR_SYNTAX,
			"the m= line ends before its transport protocol",
			"m=<media> <port> <proto> <formats>");
	section->fmt = sdesp_span_trim(r.rest);
	if (r.why.status == SDESP_OK)
		read_port(&r, section, port);
	return sdesp_reader_status(&r, why);
}
