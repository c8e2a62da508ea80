/*
 * The command line as a struct. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_OPTIONS_H
#define SDESP_CMD_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

#define LIST_MAX 8

struct option_list {
	const char *value[LIST_MAX];
	unsigned n;
};

struct option_number {
	uint64_t value;
	int given;
};

/* Texts are NULL and flags 0 where the option was not given. */
struct options {
	const char *state, *suites, *method, *mode, *encap, *local;
	const char *psk, *psk_token, *media, *inner, *fmt, *direction;
	const char *format, *out, *picture;
	const char *backend, *status_socket;
	const char *sip, *transport, *aor, *registrar, *auth, *proxy;
	const char *tls_cert, *tls_ca;
	char *const *exec; /* and what follows it; NULL-terminated */
	struct option_list ts, forward, expose, allow, trust;
	struct option_number index, window, lifetime, packets, inner_port;
	struct option_number seconds, silence;
	int esn, secured, loopback, rekey, refresh, withdraw, help;
	int json;
	const char *arg[2];
	unsigned nargs;
};

/* Sets of commands: which options each one has. */
enum {
	FOR_OFFER = 1,
	FOR_ANSWER = 2,
	FOR_ACCEPT = 4,
	FOR_SA = 8,
	FOR_CHECK = 16,
	FOR_SEAL = 32,
	FOR_OPEN = 64,
	FOR_RUN = 128,
	FOR_DEMO = 256,
	FOR_BENCH = 512,
	FOR_LISTEN = 1024,
	FOR_CALL = 2048,
	FOR_STATUS = 4096
};

struct command {
	const char *name;      /* one word, or two */
	const char *arguments; /* after the options, for the usage line */
	const char *summary;   /* half a line */
	const char *text;      /* what --help teaches */
	unsigned set;          /* FOR_... of this command */
	unsigned min_args, max_args;
	int (*run)(const struct options *o);
};

extern const struct command cmd_offer, cmd_answer, cmd_accept, cmd_sa,
	cmd_check, cmd_seal, cmd_open, cmd_run, cmd_listen, cmd_call, cmd_demo,
	cmd_bench;
extern const struct command cmd_status;

/* Read the words after the command's name. DONE, or USAGE with a message. */
int options_parse(struct options *o, const struct command *command, int argc,
	char **argv);

/* What --help prints for one command. */
void options_help(FILE *out, const struct command *command);

#endif
