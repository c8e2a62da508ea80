/*
 * Messages and exit codes. SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>

#include "ports/posix/report.h"

static FILE *elsewhere; /* NULL: standard error */

static FILE *messages(void)
{
	return elsewhere != NULL ? elsewhere : stderr;
}

void report_to(FILE *out)
{
	elsewhere = out;
}

/* What others wrote, file names or the realm of a registrar, neither makes a
 * line of its own nor steers the terminal. */
static void say(const char *format, va_list args)
{
	char text[1024];
	char *p;

	vsnprintf(text, sizeof text, format, args);
	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	fprintf(messages(), "sdesp: %s\n", text);
}

int refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return REFUSED;
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return USAGE;
}

int system_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return SYSTEM;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int refuse_at(const char *file, unsigned line, unsigned column,
	const char *what, const char *expected)
{
	fprintf(messages(), "%s:%u:%u: %s", file, line > 0 ? line : 1,
		column > 0 ? column : 1, what);
	if (expected != NULL)
		fprintf(messages(), "; expected %s", expected);
	fputc('\n', messages());
	return REFUSED;
}

int refuse_status(const char *file, unsigned from, int status,
	const struct sdesp_why *why)
{
	if (status <= -20 && status > -60) {
		const char *what = why->what;

		refuse_at(file, why->line > 0 ? why->line : from, why->column,
			what != NULL ? what : sdesp_status_text(status),
			why->expected);
		return REFUSED;
	}
	note("%s: %s", file, sdesp_status_text(status));
	return status <= -80 ? SYSTEM : REFUSED;
}
