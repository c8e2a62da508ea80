/*
 * Addresses of the core as socket addresses and as people write them.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ports/posix/sdesp_posix.h"

socklen_t sdesp_posix_to_sockaddr(
	struct sockaddr_storage *out, const struct sdesp_addr *addr)
{
	memset(out, 0, sizeof *out);
	if (addr->family == 4) {
		struct sockaddr_in in;

		memset(&in, 0, sizeof in);
		in.sin_family = AF_INET;
		in.sin_port = htons(addr->port);
		memcpy(&in.sin_addr, addr->ip, 4);
		memcpy(out, &in, sizeof in);
		return (socklen_t)sizeof in;
	}
	if (addr->family == 6) {
		struct sockaddr_in6 in6;

		memset(&in6, 0, sizeof in6);
		in6.sin6_family = AF_INET6;
		in6.sin6_port = htons(addr->port);
		memcpy(&in6.sin6_addr, addr->ip, 16);
		memcpy(out, &in6, sizeof in6);
		return (socklen_t)sizeof in6;
	}
	return 0;
}

static void from_in6(struct sdesp_addr *addr, const struct sockaddr_in6 *in6)
{
	const uint8_t *ip = in6->sin6_addr.s6_addr;

	addr->port = ntohs(in6->sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		addr->family = 4;
		memcpy(addr->ip, ip + 12, 4);
	} else {
		addr->family = 6;
		memcpy(addr->ip, ip, 16);
	}
}

int sdesp_posix_from_sockaddr(
	struct sdesp_addr *addr, const struct sockaddr_storage *in)
{
	memset(addr, 0, sizeof *addr);
	if (in->ss_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, in, sizeof v4);
		addr->family = 4;
		addr->port = ntohs(v4.sin_port);
		memcpy(addr->ip, &v4.sin_addr, 4);
		return SDESP_OK;
	}
	if (in->ss_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, in, sizeof v6);
		from_in6(addr, &v6);
		return SDESP_OK;
	}
	return SDESP_ERR_ARG;
}

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
