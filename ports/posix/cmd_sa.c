/*
 * sdesp sa: the pair of SAs in use. Whoever gets its outbound keys may send
 * with them, so that we may not any more (SPEC 8.2).
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"

struct format {
	const char *name;
	int has_keys;
	int (*print)(FILE *out, const struct sa_pair *pair);
};

static const struct format formats[] = {
	{"text", 0, sa_print_text},
	{"json", 1, sa_print_json},
	{"ip-xfrm", 1, sa_print_ip_xfrm},
	{"setkey", 1, sa_print_setkey},
	{"wireshark", 1, sa_print_wireshark},
};

static const struct format *find_format(const char *name)
{
	unsigned i;

	for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

/* The format is tried on nothing first: what it refuses is not spent. */
static int print_keys(struct state *st, const struct format *format,
	const struct sa_pair *pair)
{
	FILE *nothing = fopen("/dev/null", "w");
	int code;

	if (nothing == NULL)
		return system_error("/dev/null: cannot open");
	code = format->print(nothing, pair);
	fclose(nothing);
	if (code != DONE)
		return code;
	state_backend_find(&st->backend, pair->out->sa.spi, 0)->spent = 1;
	code = state_store(st);
	return code == DONE ? format->print(stdout, pair) : code;
}

static int print(struct state *st, const struct format *format)
{
	struct sa_pair pair;

	sdesp_session_info(&st->session, &pair.info);
	pair.in = state_backend_find(&st->backend, pair.info.spi_in, 1);
	pair.out = state_backend_find(&st->backend, pair.info.spi_out, 0);
	pair.now_ms = st->clock_ms;
	if (pair.in == NULL || pair.out == NULL)
		return refuse("%s: no keys: the answer is missing, or they "
			      "have expired",
			st->path);
	if (format->has_keys)
		return print_keys(st, format, &pair);
	return format->print(stdout, &pair);
}

static int run(const struct options *o)
{
	static struct state st;
	const struct format *format =
		find_format(o->format != NULL ? o->format : "text");
	int code;

	if (format == NULL)
		return usage_error("--format %s: expected text, json, "
				   "ip-xfrm, setkey or wireshark",
			o->format);
	st.fd = -1;
	code = state_open(&st, o->state);
	if (code == DONE)
		code = print(&st, format);
	return state_close(&st, code);
}

const struct command cmd_sa = {
	"sa",
	"--state FILE [--format NAME]",
	"show the security associations, or export them",
	"text      for people, without keys\n"
	"json      {\"in\":{...},\"out\":{...}}, keys in hex\n"
	"ip-xfrm   commands for Linux: ip xfrm state add ..., policy add ...\n"
	"setkey    lines for setkey(8) of the BSDs\n"
	"wireshark lines for Wireshark's esp_sa table\n\n"
	"All but text hold keys. Once they are printed another program may send with\n"
	"the outbound key, from number 1; two senders under one key would break it.\n"
	"So the outbound SA is then spent: seal and run refuse it until a rekey. What\n"
	"was sealed before stays good, and open goes on.",
	FOR_SA,
	0,
	0,
	run,
};
