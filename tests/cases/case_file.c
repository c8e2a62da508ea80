/*
 * Golden cases: the lines of a case file.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void case_fail(struct case_run *run, const char *format, ...)
{
	va_list args;

	if (run->problem)
		return;
	va_start(args, format);
	(void)vsnprintf(run->detail, sizeof run->detail, format, args);
	va_end(args);
	run->problem = run->detail;
}

int case_line(struct case_run *run, char **line)
{
	char *end;

	if (!*run->next)
		return 0;
	*line = run->next;
	end = strchr(run->next, '\n');
	if (end) {
		*end = '\0';
		run->next = end + 1;
	} else {
		run->next += strlen(run->next);
	}
	run->line++;
	return 1;
}

int case_peek(const struct case_run *run)
{
	return *run->next;
}

void case_split(struct case_run *run, char *line)
{
	char *p = line;

	run->nwords = 0;
	while (run->nwords < CASE_WORDS) {
		p += strspn(p, " \t");
		if (!*p)
			return;
		run->word[run->nwords++] = p;
		p += strcspn(p, " \t");
		if (!*p)
			return;
		*p++ = '\0';
	}
	case_fail(run, "more than %d words", CASE_WORDS);
}

size_t case_unescape(char *line)
{
	char hex[3] = "";
	char *in = line, *out = line;

	while (*in) {
		if (*in != '\\' || !in[1]) {
			*out++ = *in++;
			continue;
		}
		in++;
		switch (*in++) {
		case 't':
			*out++ = '\t';
			break;
		case 'r':
			*out++ = '\r';
			break;
		case 's':
			*out++ = ' ';
			break;
		case 'x':
			strncpy(hex, in, 2);
			*out++ = (char)strtoul(hex, NULL, 16);
			in += strlen(hex);
			break;
		default:
			*out++ = in[-1];
		}
	}
	*out = '\0';
	return (size_t)(out - line);
}

int case_hex(uint8_t *out, size_t cap, size_t *len, const char *hex)
{
	char pair[3] = "", *end;
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > cap)
		return 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(pair, hex + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return 0;
	}
	*len = n;
	return 1;
}

int case_addr(struct sdesp_addr *addr, const char *ip, const char *port)
{
	memset(addr, 0, sizeof *addr);
	if (sdesp_addr_parse(addr, ip, strlen(ip)))
		return 0;
	addr->port = (uint16_t)strtoul(port, NULL, 10);
	return 1;
}
