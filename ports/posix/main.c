/*
 * The command sdesp: a table of subcommands.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/options.h"
#include "ports/posix/report.h"
#include "sdesp.h"

static const struct command *const commands[] = {
	&cmd_offer,
	&cmd_answer,
	&cmd_accept,
	&cmd_sa,
	&cmd_check,
	&cmd_seal,
	&cmd_open,
	&cmd_run,
	&cmd_status,
	&cmd_demo,
	&cmd_bench,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void help(FILE *out)
{
	size_t i;

	fputs("sdesp negotiates IPsec ESP in an SDP offer/answer and runs "
	      "it.\n\n"
	      "Two ends agree on keys in two messages:\n"
	      "  sdesp offer  --state a > offer.sdp       # one end\n"
	      "  sdesp answer --state b offer.sdp > answer.sdp   # the other\n"
	      "  sdesp accept --state a answer.sdp        # done\n"
	      "  sdesp sa     --state a                   # look at it\n"
	      "See it all work: sdesp demo\n\n",
		out);
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nEach has its own --help. Exit codes: 0 ok, 1 refused, "
	      "2 usage, 3 system.\n",
		out);
}

/* Output that did not reach its file is a failure. */
static int finish(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		int failed = system_error("standard output: cannot write");

		return code == DONE ? failed : code;
	}
	return code;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options o;
	int code = options_parse(&o, command, argc, argv);

	if (code != DONE)
		return code;
	if (o.help) {
		options_help(stdout, command);
		return DONE;
	}
	return command->run(&o);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return finish(run(commands[i], argc - 2, argv + 2));
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
		strcmp(name, "help") == 0) {
		help(stdout);
		return finish(DONE);
	}
	if (strcmp(name, "--version") == 0) {
		puts("sdesp " SDESP_VERSION);
		return finish(DONE);
	}
	if (argc > 1)
		note("no command %s", name);
	help(stderr);
	return USAGE;
}
