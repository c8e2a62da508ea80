/*
 * sdesp check: what each line of an SDP body means to us, or why not.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/body.h"
#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"

static void begin_line(const struct body *body, unsigned line)
{
	printf("%s:%u: ", body->file, line);
}

static void print_span(struct sdesp_span span)
{
	printf("%.*s", (int)span.len, span.p);
}

static void explain_crypto(const struct body *body,
	const struct sdesp_attr_crypto *c, unsigned line)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(c->suite);

	begin_line(body, line);
	printf("keys, choice %lu: %s, %s", (unsigned long)c->tag, suite->name,
		c->method == SDESP_INLINE ? "a secret readable here (inline)"
					  : "an X25519 share");
	if (c->psk.p != NULL) {
		fputs(", bound to pre-shared key ", stdout);
		print_span(c->psk);
	}
	fputs(c->esn ? ", 64-bit sequence numbers" : "", stdout);
	if (c->life != 0)
		printf(", fewer than %llu packets",
			(unsigned long long)c->life);
	if (c->window != 0)
		printf(", advises a window of %lu", (unsigned long)c->window);
	if (c->seconds != 0)
		printf(", for %lu s", (unsigned long)c->seconds);
	putchar('\n');
}

/* What the m= and c= lines say. */
static void explain_media(const struct body *body,
	const struct sdesp_section *section, const struct sdesp_desc *desc)
{
	char ip[SDESP_ADDR_TEXT];
	unsigned i;

	sdesp_addr_print(ip, &section->conn);
	begin_line(body, section->line);
	printf("section %u, ", section->index);
	print_span(section->media);
	if (desc->proto->udp)
		printf(": ESP in UDP to %s port %u", ip, section->port);
	else
		printf(": ESP (IP protocol 50) to %s", ip);
	if (desc->proto->inner != SDESP_GENERIC) {
		fputs(", inside it ", stdout);
		print_span(section->proto);
		printf(" at port %u\n", (unsigned)desc->esp.port);
		return;
	}
	for (i = 0; i < desc->nmodes; i++)
		printf("%s%s", i > 0 ? " or " : ", ",
			desc->modes[i] == SDESP_TUNNEL ? "tunnel"
						       : "transport");
	puts(" mode");
	if (desc->nts == 0) {
		begin_line(body, section->line);
		puts("traffic: any self any peer any (no a=esp-ts line)");
	}
}

static void explain_crypto_line(
	const struct body *body, const struct sdesp_desc *desc, unsigned line)
{
	const struct sdesp_why *why = &desc->first_void;
	unsigned i;

	for (i = 0; i < desc->ncrypto; i++) {
		if (desc->crypto_line[i] == line) {
			explain_crypto(body, &desc->crypto[i], line);
			return;
		}
	}
	begin_line(body, line);
	if (why->line == line)
		printf("this choice is passed over: %s (column %u)\n",
			why->what != NULL ? why->what
					  : sdesp_status_text(why->status),
			why->column);
	else
		puts("this choice is passed over");
}

static void explain_desc(const struct body *body,
	const struct sdesp_section *section, const struct sdesp_desc *desc)
{
	struct sdesp_attr attr;
	char ts[SA_TS_TEXT];
	size_t cursor = 0;
	unsigned n = 0;

	explain_media(body, section, desc);
	while (sdesp_section_next(section, &cursor, &attr)) {
		if (sdesp_span_is(attr.name, "esp-crypto")) {
			explain_crypto_line(body, desc, attr.line);
		} else if (sdesp_span_is(attr.name, "esp-ts") &&
			   n < desc->nts) {
			begin_line(body, attr.line);
			printf("traffic: %s\n", sa_ts(ts, &desc->ts[n++]));
		} else if (attr.line == desc->esp_line) {
			begin_line(body, attr.line);
			printf("receives on SPI %08lx\n",
				(unsigned long)desc->esp.spi);
		} else if (sdesp_span_is(attr.name, "esp-confirm")) {
			begin_line(body, attr.line);
			puts("an answer: this proves that the keys agree");
		}
	}
}

static int check_section(
	const struct body *body, const struct sdesp_section *section)
{
	struct sdesp_desc desc;
	struct sdesp_why why;
	int status;

	if (sdesp_proto_find(section->proto) == NULL) {
		begin_line(body, section->line);
		printf("section %u, ", section->index);
		print_span(section->media);
		putchar(' ');
		print_span(section->proto);
		puts(": not for ESP, passed over");
		return DONE;
	}
	memset(&why, 0, sizeof why);
	status = sdesp_desc_read(&desc, section, &why);
	if (status == SDESP_ERR_REJECTED) {
		begin_line(body, section->line);
		printf("section %u: declined (port 0)\n", section->index);
		return DONE;
	}
	if (status != SDESP_OK)
		return refuse_status(body->file, section->line, status, &why);
	if (section->conn.family == 0)
		return refuse_at(body->file, section->line, 1,
			"no address for this section",
			"a c= line with an IP literal");
	explain_desc(body, section, &desc);
	return DONE;
}

static int check_body(const struct body *body)
{
	struct sdesp_section section;
	struct sdesp_sdp sdp;
	struct sdesp_why why;
	unsigned sections = 0;
	int more, code = DONE;

	sdesp_sdp_init(&sdp, body->text, body->len);
	memset(&why, 0, sizeof why);
	while ((more = sdesp_sdp_next(&sdp, &section, &why)) != 0) {
		int one = more < 0 ? refuse_status(body->file, 1, more, &why)
				   : check_section(body, &section);

		if (one != DONE)
			code = one;
		sections++;
	}
	if (sections == 0)
		printf("%s: no media section\n", body->file);
	return code;
}

static int run(const struct options *o)
{
	static struct body body;
	int code = body_read(&body, o->arg[0]);

	return code == DONE ? check_body(&body) : code;
}

const struct command cmd_check = {
	"check",
	"FILE",
	"say what each line of an SDP body means",
	"FILE, or - for standard input, is an offer or an answer. Sections that are not\n"
	"for ESP are named and passed over. What is wrong is told as\n"
	"file:line:column: what is wrong; expected what; the exit code is then 1.",
	FOR_CHECK,
	1,
	1,
	run,
};
