/*
 * One table of options serves the parser and the help.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"

enum kind { FLAG, TEXT, LIST, NUMBER, REST };

struct row {
	const char *name;
	const char *value; /* what stands for it in the help */
	unsigned commands;
	enum kind kind;
	size_t field;
	uint64_t max; /* of a number */
	const char *help;
};

#define FIELD(name) offsetof(struct options, name)
#define NEGOTIATE (FOR_OFFER | FOR_ANSWER)
#define UA (FOR_LISTEN | FOR_CALL)
#define WITH_STATE                                                             \
	(NEGOTIATE | FOR_ACCEPT | FOR_SA | FOR_SEAL | FOR_OPEN | FOR_RUN)

static const struct row rows[] = {
	{"--sip", "ADDR:PORT", FOR_LISTEN, TEXT, FIELD(sip), 0,
		"our address of SIP (127.0.0.1:5060; with TLS port 5061)"},
	{"--sip", "ADDR:PORT", FOR_CALL, TEXT, FIELD(sip), 0,
		"our address of SIP (the one that routes there, any port)"},
	{"--transport", "T", UA, TEXT, FIELD(transport), 0,
		"udp, tcp or tls (udp)"},
	{"--aor", "URI", UA, TEXT, FIELD(aor), 0,
		"who we are (sip:sdesp@ADDR)"},
	{"--registrar", "URI", UA, TEXT, FIELD(registrar), 0,
		"where to register, for example sip:example.org"},
	{"--auth", "FILE", UA, TEXT, FIELD(auth), 0,
		"digest credentials: lines \"realm user password\", mode\n"
		"0600"},
	{"--proxy", "URI", UA, TEXT, FIELD(proxy), 0,
		"first hop of calls and registrations"},
	{"--allow", "URI", FOR_LISTEN, LIST, FIELD(allow), 0,
		"who may call; anybody else gets 403; up to 8"},
	{"--trust", "ADDR", FOR_LISTEN, LIST, FIELD(trust), 0,
		"a proxy: only its word on who calls counts then\n"
		"(P-Asserted-Identity), and only calls through it are\n"
		"taken; without, what From claims is believed; up to 8"},
	{"--tls-cert", "FILE", UA, TEXT, FIELD(tls_cert), 0,
		"our certificate and its key, PEM"},
	{"--tls-ca", "FILE", UA, TEXT, FIELD(tls_ca), 0,
		"who certifies peers, PEM; a listener then takes only\n"
		"peers with a certificate"},
	{"--state", "FILE", WITH_STATE | FOR_STATUS, TEXT, FIELD(state), 0,
		"this end of the session; holds keys, mode 0600"},
	{"--suites", "A,B", NEGOTIATE | UA, TEXT, FIELD(suites), 0,
		"suites, preferred first\n"
		"(AES_128_GCM_16,AES_256_GCM_16,CHACHA20_POLY1305)"},
	{"--method", "M", NEGOTIATE | UA, TEXT, FIELD(method), 0,
		"x25519, inline or both with a comma; inline puts the\n"
		"secret into the SDP and needs --secured (x25519,inline)"},
	{"--secured", NULL, NEGOTIATE | UA, FLAG, FIELD(secured), 0,
		"the SDP travels where only trusted proxies read it"},
	{"--local", "ADDR:PORT", UA, TEXT, FIELD(local), 0,
		"our address of ESP (that of --sip, any port)"},
	{"--mode", "MODE", NEGOTIATE, TEXT, FIELD(mode), 0,
		"transport, tunnel or both with a comma (transport)"},
	{"--encap", "udp|none", NEGOTIATE, TEXT, FIELD(encap), 0,
		"ESP in UDP, or as IP protocol 50 (offer: udp; answer: as\n"
		"offered)"},
	{"--local", "ADDR:PORT", NEGOTIATE, TEXT, FIELD(local), 0,
		"our outer address; IPv6 as [ADDR]:PORT\n"
		"(offer: 127.0.0.1:4500; answer: the address that routes\n"
		"to the peer, port 4500; 127.0.0.2 for a loopback peer)"},
	{"--loopback", NULL, NEGOTIATE | UA, FLAG, FIELD(loopback), 0,
		"let the peer be a loopback address (implied when ours is)"},
	{"--ts", "\"TS\"", NEGOTIATE, LIST, FIELD(ts), 0,
		"traffic that may pass, as in a=esp-ts, for example\n"
		"\"17 self any peer 40000-40010\"; up to 4\n"
		"(\"any self any peer any\"; a tunnel has no default)"},
	{"--esn", NULL, NEGOTIATE, FLAG, FIELD(esn), 0,
		"64-bit sequence numbers (offer: without; answer: either)"},
	{"--psk", "FILE", NEGOTIATE | UA, TEXT, FIELD(psk), 0,
		"pre-shared keys: lines \"token hexkey own-name peer-name\",\n"
		"mode 0600; then a session without one is refused"},
	{"--psk-token", "TOKEN", FOR_OFFER | UA, TEXT, FIELD(psk_token), 0,
		"which record to offer with (the first)"},
	{"--media", "NAME", FOR_OFFER, TEXT, FIELD(media), 0,
		"media of the m= line (application)"},
	{"--inner", "PROFILE", FOR_OFFER, TEXT, FIELD(inner), 0,
		"media in place: RTP/AVP, RTP/AVPF, UDP or TCP"},
	{"--inner-port", "N", NEGOTIATE, NUMBER, FIELD(inner_port), 65535,
		"with it: our port inside ESP"},
	{"--fmt", "\"F...\"", NEGOTIATE, TEXT, FIELD(fmt), 0,
		"with it: the formats of the m= line"},
	{"--window", "N", NEGOTIATE | UA, NUMBER, FIELD(window), 4096,
		"packets of replay window, 32 to 4096 (64)"},
	{"--lifetime", "SECONDS", NEGOTIATE | UA, NUMBER, FIELD(lifetime),
		UINT32_MAX, "of the keys (28800)"},
	{"--packets", "N", NEGOTIATE | UA, NUMBER, FIELD(packets),
		(uint64_t)1 << 40, "that may be sent under one key"},
	{"--direction", "D", NEGOTIATE, TEXT, FIELD(direction), 0,
		"sendrecv, sendonly, recvonly or inactive"},
	{"--index", "N", FOR_ANSWER, NUMBER, FIELD(index), 255,
		"which media section, from 0 (the first one of ours)"},
	{"--rekey", NULL, FOR_OFFER, FLAG, FIELD(rekey), 0,
		"offer new keys for the session of the state file"},
	{"--refresh", NULL, FOR_OFFER, FLAG, FIELD(refresh), 0,
		"offer the same keys again: hold, or a new --local"},
	{"--withdraw", NULL, FOR_OFFER, FLAG, FIELD(withdraw), 0,
		"take back such an offer that has no answer yet"},
	{"--format", "NAME", FOR_SA, TEXT, FIELD(format), 0,
		"text, json, ip-xfrm, setkey or wireshark (text)"},
	{"--backend", "NAME", FOR_RUN | UA, TEXT, FIELD(backend), 0,
		"where ESP is done: udp (in this program, for the ports\n"
		"below), tun (in this program, for every program of the\n"
		"host) or xfrm (by the kernel, likewise) (udp)"},
	{"-L", "[ADDR:]LPORT:RPORT", FOR_RUN, LIST, FIELD(forward), 0,
		"take datagrams at 127.0.0.1:LPORT (or ADDR) to the\n"
		"peer's port RPORT; up to 8"},
	{"--forward", "[ADDR:]LPORT:RPORT", FOR_CALL, LIST, FIELD(forward), 0,
		"TCP to 127.0.0.1:LPORT (or ADDR) comes out at the peer's\n"
		"port RPORT; up to 4 with --expose"},
	{"-L", "[ADDR:]LPORT:RPORT", FOR_CALL, LIST, FIELD(forward), 0,
		"the same"},
	{"--expose", "PORT", UA, LIST, FIELD(expose), 0,
		"let peers reach 127.0.0.1:PORT by TCP; up to 4"},
	{"--expose", "PORT", FOR_RUN, LIST, FIELD(expose), 0,
		"let the peer reach 127.0.0.1:PORT; up to 8"},
	{"--exec", "PROGRAM [ARGUMENT...]", FOR_RUN, REST, FIELD(exec), 0,
		"run a program once the path is up, and end with it; it is\n"
		"ended when the path dies. Takes all words that follow"},
	{"--status-socket", "PATH", UA, TEXT, FIELD(status_socket), 0,
		"where to tell sdesp status of the calls"},
	{"--status-socket", "PATH", FOR_STATUS, TEXT, FIELD(status_socket), 0,
		"where a command without a state file answers"},
	{"--json", NULL, FOR_STATUS, FLAG, FIELD(json), 0,
		"as JSON, for programs"},
	{"--time", "SECONDS", FOR_RUN, NUMBER, FIELD(seconds), 31536000,
		"end by itself (runs until SIGINT or SIGTERM)"},
	{"--time", "SECONDS", FOR_BENCH, NUMBER, FIELD(seconds), 60,
		"for each line, roughly (at most 1)"},
	{"--seconds", "SECONDS", UA, NUMBER, FIELD(seconds), 31536000,
		"end by itself (runs until SIGINT or SIGTERM)"},
	{"--silence", "SECONDS", UA, NUMBER, FIELD(silence), 86400,
		"without a valid packet, until the peer is asked by a\n"
		"re-INVITE whether it lives; 0: never (120)"},
	{"--out", "DIR", FOR_DEMO, TEXT, FIELD(out), 0,
		"where to write (a new directory under $TMPDIR or /tmp)"},
	{"--picture", "FILE", FOR_DEMO, TEXT, FIELD(picture), 0,
		"what to fetch (the picture that comes with sdesp)"},
	{"--help", NULL, ~0u, FLAG, FIELD(help), 0, "this text"},
};

#define ROWS (sizeof rows / sizeof rows[0])

static const struct row *find(const char *word, size_t len, unsigned set)
{
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if ((rows[i].commands & set) != 0 &&
			strlen(rows[i].name) == len &&
			memcmp(rows[i].name, word, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static int set_number(
	struct option_number *number, const struct row *row, const char *text)
{
	char *end;

	errno = 0;
	number->value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
		number->value > row->max)
		return usage_error("%s %s: a number from 0 to %llu is expected",
			row->name, text, (unsigned long long)row->max);
	number->given = 1;
	return DONE;
}

static int set_value(
	struct options *o, const struct row *row, const char *value)
{
	void *field = (char *)o + row->field;
	struct option_list *list = field;

	switch (row->kind) {
	case FLAG:
		*(int *)field = 1;
		return DONE;
	case TEXT:
		*(const char **)field = value;
		return DONE;
	case NUMBER:
		return set_number(field, row, value);
	case LIST:
	case REST:
		break;
	}
	if (list->n == LIST_MAX)
		return usage_error("%s: at most %d", row->name, LIST_MAX);
	list->value[list->n++] = value;
	return DONE;
}

/* Read the option at argv[*i], and its value, which may be the next word. */
static int take_option(struct options *o, const struct command *command,
	int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct row *row = find(word, len, command->set);
	const char *value = equals != NULL ? equals + 1 : NULL;

	if (strcmp(word, "-h") == 0)
		row = find("--help", 6, command->set);
	if (row == NULL)
		return usage_error("%s: no option %.*s; see sdesp %s --help",
			command->name, (int)len, word, command->name);
	if ((row->kind == FLAG || row->kind == REST) && value != NULL)
		return usage_error("%s takes no value after =", row->name);
	if (row->kind != FLAG && value == NULL) {
		if (*i + 1 >= argc)
			return usage_error(
				"%s: %s is missing", row->name, row->value);
		value = argv[++*i];
	}
	if (row->kind == REST) {
		*(char *const **)((char *)o + row->field) = &argv[*i];
		*i = argc;
		return DONE;
	}
	return set_value(o, row, value);
}

int options_parse(
	struct options *o, const struct command *command, int argc, char **argv)
{
	int only_arguments = 0;
	int i;

	memset(o, 0, sizeof *o);
	for (i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (!only_arguments && strcmp(word, "--") == 0) {
			only_arguments = 1;
		} else if (!only_arguments && word[0] == '-' &&
			   word[1] != '\0') {
			int code = take_option(o, command, argc, argv, &i);

			if (code != DONE)
				return code;
		} else if (o->nargs == command->max_args) {
			return usage_error("%s: unexpected argument %s; see "
					   "sdesp %s --help",
				command->name, word, command->name);
		} else {
			o->arg[o->nargs++] = word;
		}
	}
	if (o->help)
		return DONE;
	if (o->nargs < command->min_args)
		return usage_error("usage: sdesp %s %s", command->name,
			command->arguments);
	if ((command->set & WITH_STATE) != 0 && o->state == NULL)
		return usage_error(
			"%s: --state FILE is missing", command->name);
	return DONE;
}

static void help_row(FILE *out, const struct row *row)
{
	const char *p;
	int width = fprintf(out, "  %s%s%s", row->name,
		row->value != NULL ? " " : "",
		row->value != NULL ? row->value : "");

	if (width < 22)
		fprintf(out, "%*s", 22 - width, "");
	else
		fprintf(out, "\n%22s", "");
	for (p = row->help; *p != '\0'; p++) {
		fputc(*p, out);
		if (*p == '\n')
			fprintf(out, "%22s", "");
	}
	fputc('\n', out);
}

void options_help(FILE *out, const struct command *command)
{
	size_t i;

	fprintf(out, "usage: sdesp %s %s\n\n%s\n\noptions (default):\n",
		command->name, command->arguments, command->text);
	for (i = 0; i < ROWS; i++) {
		if ((rows[i].commands & command->set) != 0)
			help_row(out, &rows[i]);
	}
}
