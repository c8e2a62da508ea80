/*
 * Runs the golden cases: every *.case of a folder, or the files named, with
 * each text as CRLF lines, as LF lines, without a last line end, and as
 * pairs. README.md describes the files.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L
#include "case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const forms[] = {"CRLF", "LF", "unended", "pairs"};

static void start(struct case_run *run)
{
	struct sdesp_local *l = &run->local;

	sdesp_policy_init(&run->policy);
	fake_backend_init(&run->backend);
	(void)case_addr(&l->addr, "192.0.2.10", "4500");
	l->media = "application";
	l->proto = "UDP/ESP";
	l->modes[0] = SDESP_TRANSPORT;
	l->nmodes = 1;
	l->ts[0].protocol = SDESP_TS_ANY_PROTOCOL;
	l->ts[0].local.kind = SDESP_TS_SELF;
	l->ts[0].remote.kind = SDESP_TS_PEER;
	l->ts[0].local.hi = l->ts[0].remote.hi = 65535;
	l->nts = 1;
	run->now_ms = 1000;
}

/* One case in one form: 1 when all is as the file says. */
static int run_case(struct case_run *run, const char *text, enum case_form form)
{
	char *line;

	memset(run, 0, sizeof *run);
	run->text = run->next = strdup(text);
	run->form = form;
	start(run);
	while (!run->problem && case_line(run, &line)) {
		if (!*line || *line == '#')
			continue;
		case_split(run, line);
		if (!run->problem && !case_setup(run) && !case_look(run) &&
			!case_step(run))
			case_fail(run, "unknown word: %s", run->word[0]);
	}
	if (run->begun)
		(void)sdesp_session_close(&run->session);
	if (!run->problem && !fake_backend_empty(&run->backend))
		case_fail(run, "close leaves something in the backend");
	free(run->text);
	return !run->problem;
}

static char *read_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	char *text = NULL;
	size_t len;

	if (!f)
		return NULL;
	text = calloc(1, 65536);
	len = text ? fread(text, 1, 65535, f) : 0;
	(void)fclose(f);
	if (!len) {
		free(text);
		return NULL;
	}
	return text;
}

static int run_file(const char *name)
{
	static struct case_run run;
	char *text = read_file(name);
	int text_only = 0;

	if (!text) {
		printf("FAIL %s: cannot be read\n", name);
		return 0;
	}
	for (int form = 0; form < FORM_END; form++) {
		if (form == FORM_PAIRS && text_only)
			break;
		if (!run_case(&run, text, (enum case_form)form)) {
			printf("FAIL %s:%u (%s): %s\n", name, run.line,
				forms[form], run.problem);
			free(text);
			return 0;
		}
		text_only = run.text_only;
	}
	printf("pass %s\n", name);
	free(text);
	return 1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".case");
}

int main(int argc, char **argv)
{
	const char *folder = "tests/cases";
	struct dirent **entries;
	char name[512];
	int n, passed = 0, failed = 0;

	for (int i = 1; i < argc; i++)
		run_file(argv[i]) ? passed++ : failed++;
	if (argc == 1) {
		n = scandir(folder, &entries, is_case, by_name);
		for (int i = 0; i < n; i++) {
			(void)snprintf(name, sizeof name, "%s/%s", folder,
				entries[i]->d_name);
			run_file(name) ? passed++ : failed++;
			free(entries[i]);
		}
		if (n >= 0)
			free(entries);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}
