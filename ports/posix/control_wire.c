/*
 * Requests and replies to octets and back. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/control_wire.h"
#include "ports/posix/report.h"

struct verb {
	const char *name;
	int changes; /* 1: local and direction may be there */
	int body;    /* 1: a body follows */
};

static const struct verb verbs[CONTROL_VERBS] = {
	[CONTROL_STATUS] = {"status", 0, 0},
	[CONTROL_JSON] = {"json", 0, 0},
	[CONTROL_REKEY] = {"rekey", 1, 0},
	[CONTROL_REFRESH] = {"refresh", 1, 0},
	[CONTROL_WITHDRAW] = {"withdraw", 0, 0},
	[CONTROL_ANSWER] = {"answer", 1, 1},
	[CONTROL_ACCEPT] = {"accept", 0, 1},
};

/* The next text with its NUL, of at most max octets; NULL: there is none. */
static const char *next_text(const char **p, const char *end, size_t max)
{
	const char *text = *p;
	size_t left = (size_t)(end - text);
	const char *nul = memchr(text, '\0', left <= max ? left : max + 1);

	if (nul != NULL)
		*p = nul + 1;
	return nul != NULL ? text : NULL;
}

static const char *given(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static unsigned find(const char *name)
{
	unsigned i = 0;

	while (i < CONTROL_VERBS && strcmp(verbs[i].name, name) != 0)
		i++;
	return i;
}

const char *control_read(
	struct control_request *request, const char *octets, size_t len)
{
	const char *p = octets, *end = octets + len;
	const char *verb = next_text(&p, end, CONTROL_TEXT_MAX);
	const char *local, *direction, *name;
	const struct verb *v;

	if (len >= CONTROL_REQUEST_MAX)
		return "it is too long";
	if (verb == NULL || find(verb) == CONTROL_VERBS)
		return "it asks for nothing that is known here";
	local = next_text(&p, end, CONTROL_TEXT_MAX);
	direction = local != NULL ? next_text(&p, end, CONTROL_TEXT_MAX) : NULL;
	name = direction != NULL ? next_text(&p, end, CONTROL_NAME_MAX) : NULL;
	if (name == NULL)
		return "a text is missing or too long";
	if (p == end || *--end != '\0')
		return "it was cut";
	v = &verbs[find(verb)];
	if (!v->changes && (given(local) != NULL || given(direction) != NULL))
		return "it has options of another one";
	if ((size_t)(end - p) > (v->body ? CONTROL_BODY_MAX : 0))
		return "its body is too long, or of another one";
	request->verb = find(verb);
	request->local = given(local);
	request->direction = given(direction);
	request->name = name;
	request->body = p;
	request->len = (size_t)(end - p);
	return NULL;
}

/* Append; *at sticks at 0 when it does not fit. */
static void put(char *octets, size_t *at, const char *from, size_t len)
{
	if (*at == 0 || len > CONTROL_REQUEST_MAX - *at) {
		*at = 0;
		return;
	}
	memcpy(octets + *at, from, len);
	*at += len;
}

static void put_text(char *octets, size_t *at, const char *text, size_t max)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > max)
		*at = 0;
	put(octets, at, text != NULL ? text : "", len + 1);
}

size_t control_write(
	char octets[CONTROL_REQUEST_MAX], const struct control_request *request)
{
	const char *verb = verbs[request->verb].name;
	size_t at = strlen(verb) + 1;

	memcpy(octets, verb, at);
	put_text(octets, &at, request->local, CONTROL_TEXT_MAX);
	put_text(octets, &at, request->direction, CONTROL_TEXT_MAX);
	put_text(octets, &at, request->name, CONTROL_NAME_MAX);
	if (request->len > CONTROL_BODY_MAX)
		return 0;
	if (request->len > 0)
		put(octets, &at, request->body, request->len);
	put(octets, &at, "", 1);
	return at;
}

int control_read_reply(
	struct control_reply *reply, const char *octets, size_t len)
{
	const char *messages = octets + 1, *second;

	if (len < 3 || octets[0] < '0' + DONE || octets[0] > '0' + SYSTEM)
		return -1;
	second = memchr(messages, '\0', len - 1);
	if (second == NULL || ++second == octets + len ||
		memchr(second, '\0', (size_t)(octets + len - second)) !=
			octets + len - 1)
		return -1;
	reply->code = octets[0] - '0';
	reply->messages = messages;
	reply->output = second;
	return 0;
}
