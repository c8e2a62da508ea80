/*
 * Addresses as people write them.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "ports/posix/sdesp_posix.h"

/* 1 to 5 digits, at most 65535; all of text. */
static int parse_port(unsigned *port, const char *text)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9' || i >= 5)
			return SDESP_ERR_SYNTAX;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (i == 0 || value > 65535)
		return SDESP_ERR_SYNTAX;
	*port = value;
	return SDESP_OK;
}

int sdesp_posix_parse_addr(
	struct sdesp_addr *addr, const char *text, unsigned port)
{
	struct sdesp_addr a;
	const char *colon = strrchr(text, ':');
	const char *end = text + strlen(text);

	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return SDESP_ERR_SYNTAX;
		colon = close[1] == ':' ? close + 1 : NULL;
		text++;
		end = close;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		end = colon;
	} else {
		colon = NULL; /* none, or an IPv6 literal without port */
	}
	if (colon != NULL && parse_port(&port, colon + 1) != SDESP_OK)
		return SDESP_ERR_SYNTAX;
	if (sdesp_addr_parse(&a, text, (size_t)(end - text)) != SDESP_OK)
		return SDESP_ERR_SYNTAX;
	a.port = (uint16_t)port;
	*addr = a;
	return SDESP_OK;
}

const char *sdesp_posix_print_addr(
	char text[SDESP_POSIX_ADDR_TEXT], const struct sdesp_addr *addr)
{
	char ip[SDESP_ADDR_TEXT];

	sdesp_addr_print(ip, addr);
	snprintf(text, SDESP_POSIX_ADDR_TEXT,
		addr->family == 6 ? "[%s]:%u" : "%s:%u", ip,
		(unsigned)addr->port);
	return text;
}
