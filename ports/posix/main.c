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
	&cmd_listen,
	&cmd_call,
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
		fprintf(out, "  %-10s %s\n", commands[i]->name,
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

/* How many words of the command line are this command's name; 0: it is
 * another one. */
static int match(const struct command *command, int argc, char **argv)
{
	const char *space = strchr(command->name, ' ');
	size_t len = space != NULL ? (size_t)(space - command->name)
				   : strlen(command->name);

	if (argc < 1 || strlen(argv[0]) != len ||
		memcmp(argv[0], command->name, len) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		int n = match(commands[i], argc - 1, argv + 1);

		if (n > 0)
			return finish(
				run(commands[i], argc - 1 - n, argv + 1 + n));
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
