/*
 * Golden cases: lines that say what our end is.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number(const char *word)
{
	return strtoull(word, NULL, 10);
}

static unsigned suite_id(struct case_run *run, const char *name)
{
	const struct sdesp_suite *suite =
		sdesp_suite_by_name(name, strlen(name));

	if (!suite)
		case_fail(run, "no suite %s", name);
	return suite ? suite->id : 0;
}

static uint8_t mode_bit(const char *name)
{
	return strcmp(name, "tunnel") ? SDESP_TRANSPORT : SDESP_TUNNEL;
}

static void set_policy(struct case_run *run)
{
	struct sdesp_proposal *p;

	if (!run->own_proposals)
		run->policy.nproposals = 0;
	run->own_proposals = 1;
	p = &run->policy.proposals[run->policy.nproposals++];
	p->method =
		strcmp(run->word[1], "inline") ? SDESP_X25519 : SDESP_INLINE;
	p->suite = (uint8_t)suite_id(run, run->word[2]);
	p->esn = run->nwords > 3;
}

static void set_psk(struct case_run *run)
{
	size_t i = run->policy.npsks++;
	struct sdesp_psk *psk = &run->psks[i];

	psk->token = run->word[1];
	psk->key = run->psk_keys[i];
	if (!case_hex(run->psk_keys[i], sizeof run->psk_keys[i], &psk->key_len,
		    run->word[2]))
		case_fail(run, "not a key: %s", run->word[2]);
	psk->own = run->word[3];
	psk->peer = run->word[4];
	run->policy.psks = run->psks;
}

static void set_psk_offer(struct case_run *run)
{
	run->policy.psk_offer = run->word[1];
}

static void set_psk_required(struct case_run *run)
{
	run->policy.psk_required = 1;
}

static void set_loopback(struct case_run *run)
{
	run->policy.loopback = 1;
}

static void set_window(struct case_run *run)
{
	run->policy.window = (uint16_t)number(run->word[1]);
}

static void set_move(struct case_run *run)
{
	static const char *const names[] = {"never", "nat", "always"};

	for (uint8_t i = 0; i < 3; i++)
		if (!strcmp(run->word[1], names[i]))
			run->policy.move = i;
}

static void set_limit(struct case_run *run)
{
	struct sdesp_limits *hard = &run->policy.hard;
	uint64_t value = number(run->word[2]);

	if (!strcmp(run->word[1], "packets"))
		hard->packets = value;
	else if (!strcmp(run->word[1], "bytes"))
		hard->bytes = value;
	else
		hard->seconds = (uint32_t)value;
}

static void set_backend(struct case_run *run)
{
	struct sdesp_features *f = &run->backend.features;
	const char *what = run->word[1];

	if (!strcmp(what, "suites")) {
		f->suites = 0;
		for (unsigned i = 2; i < run->nwords; i++)
			f->suites |=
				SDESP_SUITE_BIT(suite_id(run, run->word[i]));
	} else if (!strcmp(what, "window")) {
		f->max_window = (uint16_t)number(run->word[2]);
	} else if (!strcmp(what, "no-esn")) {
		f->esn = 0;
	} else if (!strcmp(what, "no-tunnel")) {
		f->modes = SDESP_TRANSPORT;
	} else if (!strcmp(what, "no-udp")) {
		f->udp = 0;
	} else if (!strcmp(what, "no-raw")) {
		f->raw = 0;
	} else if (!strcmp(what, "no-ipv6")) {
		f->ipv6 = 0;
	} else {
		case_fail(run, "backend %s?", what);
	}
}

/* local IP PORT MEDIA PROTO [FMT...] */
static void set_local(struct case_run *run)
{
	struct sdesp_local *l = &run->local;

	if (!case_addr(&l->addr, run->word[1], run->word[2]))
		case_fail(run, "not an address: %s", run->word[1]);
	l->media = run->word[3];
	l->proto = run->word[4];
}

static void set_index(struct case_run *run)
{
	run->local.index = (unsigned)number(run->word[1]);
}

static void set_modes(struct case_run *run)
{
	run->local.nmodes = 0;
	for (unsigned i = 1; i < run->nwords; i++)
		run->local.modes[run->local.nmodes++] = mode_bit(run->word[i]);
}

static void set_grant(struct case_run *run)
{
	struct sdesp_attr attr = {{0}, {0}, 0, 0};
	char text[160];

	if (!run->own_grant)
		run->local.nts = 0;
	run->own_grant = 1;
	(void)snprintf(text, sizeof text, "%s %s %s %s %s", run->word[1],
		run->word[2], run->word[3], run->word[4], run->word[5]);
	attr.name = sdesp_span_of("esp-ts");
	attr.value = sdesp_span_of(text);
	if (sdesp_attr_ts_parse(&run->local.ts[run->local.nts++], &attr, NULL))
		case_fail(run, "not a selector: %s", text);
}

/* inner PORT FMT...: the formats are kept as one string. */
static void set_inner(struct case_run *run)
{
	run->local.inner_port = (uint16_t)number(run->word[1]);
	run->local.fmt = run->word[2];
	for (unsigned i = 2; i + 1 < run->nwords; i++)
		run->word[i][strlen(run->word[i])] = ' ';
	run->local.nts = 0;
	run->local.nmodes = 0;
}

static void set_secured(struct case_run *run)
{
	run->local.secured = 1;
}

static void set_direction(struct case_run *run)
{
	static const char *const names[] = {
		"sendrecv", "sendonly", "recvonly", "inactive"};

	for (uint8_t i = 0; i < 4; i++)
		if (!strcmp(run->word[1], names[i]))
			run->local.direction = i;
}

static void set_text_only(struct case_run *run)
{
	run->text_only = 1;
}

static const struct {
	const char *word;
	unsigned nwords; /* at least, with the word itself */
	void (*set)(struct case_run *run);
} setups[] = {
	{"policy", 3, set_policy},
	{"psk", 5, set_psk},
	{"psk-offer", 2, set_psk_offer},
	{"psk-required", 1, set_psk_required},
	{"loopback", 1, set_loopback},
	{"window", 2, set_window},
	{"move", 2, set_move},
	{"limit", 3, set_limit},
	{"backend", 2, set_backend},
	{"local", 5, set_local},
	{"index", 2, set_index},
	{"modes", 2, set_modes},
	{"grant", 6, set_grant},
	{"inner", 3, set_inner},
	{"secured", 1, set_secured},
	{"direction", 2, set_direction},
	{"text-only", 1, set_text_only},
};

int case_setup(struct case_run *run)
{
	for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
		if (strcmp(run->word[0], setups[i].word))
			continue;
		if (run->nwords < setups[i].nwords)
			case_fail(run, "%s: too few words", setups[i].word);
		else
			setups[i].set(run);
		return 1;
	}
	return 0;
}
