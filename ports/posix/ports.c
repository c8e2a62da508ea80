/*
 * --expose PORT, --forward [ADDR:]LPORT:RPORT. SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "ports/posix/ports.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"

static int read_port(uint16_t *port, const char *text, size_t len)
{
	unsigned value = 0;
	size_t i;

	for (i = 0; i < len && i < 6; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (i == 0 || i != len || value == 0 || value > 65535)
		return -1;
	*port = (uint16_t)value;
	return 0;
}

/* What follows the last colon is RPORT. */
static int read_forward(struct port_word *w, const char *text)
{
	const char *last = strrchr(text, ':');
	size_t len = last != NULL ? (size_t)(last - text) : 0;
	char left[80];
	uint16_t port;

	if (last == NULL || len >= sizeof left ||
		read_port(&w->port, last + 1, strlen(last + 1)) != 0)
		return -1;
	memcpy(left, text, len);
	left[len] = '\0';
	if (read_port(&port, left, len) == 0)
		snprintf(left, sizeof left, "127.0.0.1:%u", (unsigned)port);
	if (sdesp_posix_parse_addr(&w->at, left, 0) != SDESP_OK ||
		w->at.port == 0)
		return -1;
	w->forward = 1;
	return 0;
}

int port_words_read(struct port_word words[PORT_WORDS], unsigned *n,
	const struct options *o)
{
	unsigned i;

	memset(words, 0, PORT_WORDS * sizeof words[0]);
	*n = 0;
	for (i = 0; i < o->expose.n; i++) {
		const char *text = o->expose.value[i];

		if (read_port(&words[(*n)++].port, text, strlen(text)) != 0)
			return usage_error(
				"--expose %s: expected a port", text);
	}
	for (i = 0; i < o->forward.n; i++) {
		if (read_forward(&words[(*n)++], o->forward.value[i]) != 0)
			return usage_error("-L %s: expected [ADDR:]LPORT:RPORT",
				o->forward.value[i]);
	}
	return DONE;
}
