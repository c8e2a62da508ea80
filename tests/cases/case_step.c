/*
 * Golden cases: lines that do something, their texts and their outcome.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The n-th secret that our end draws says itself which it is, and so does the
 * n-th SPI that it reserves. */
static int draw(void *ctx, uint8_t *buf, size_t len)
{
	struct case_run *run = ctx;

	if (run->random_fails)
		return SDESP_ERR_RANDOM;
	if (len == 32) {
		memset(buf, (int)++run->keys, len);
	} else if (len == 4) {
		memset(buf, 0, len);
		buf[0] = 0xd0;
		buf[3] = (uint8_t)(run->spis + 1);
	} else {
		memset(buf, (int)++run->others, len);
	}
	return 0;
}

static struct case_run *case_of(struct sdesp_backend *be)
{
	return (struct case_run *)(void *)((char *)be -
					   offsetof(struct case_run, backend));
}

static int reserve(
	struct sdesp_backend *be, const struct sdesp_flow *flow, uint32_t spi)
{
	struct case_run *run = case_of(be);
	int status = run->fake->spi_reserve(be, flow, spi);

	run->spis += status == SDESP_OK;
	return status;
}

static void begin(struct case_run *run)
{
	int status;

	if (run->begun)
		return;
	run->begun = 1;
	run->fake = run->backend.base.vtable;
	run->class = *run->fake;
	run->class.spi_reserve = reserve;
	run->backend.base.vtable = &run->class;
	run->port.random = draw;
	run->port.ctx = run;
	run->port.kex = &sdesp_bearssl_kex;
	status = sdesp_session_init(
		&run->session, &run->policy, &run->backend.base, &run->port);
	if (status)
		case_fail(run, "init: %s", sdesp_status_name(status));
	sdesp_text_init(&run->out, run->out_buf, sizeof run->out_buf);
}

/* The lines ">" that follow, as the form has it. */
static void read_text(struct case_run *run)
{
	char *line;
	size_t len;

	run->in_len = 0;
	while (case_peek(run) == '>' && case_line(run, &line)) {
		line += line[1] ? 2 : 1;
		len = case_unescape(line);
		if (run->in_len + len + 2 > sizeof run->in) {
			case_fail(run, "text too long");
			return;
		}
		memcpy(run->in + run->in_len, line, len);
		run->in_len += len;
		if (run->form != FORM_LF)
			run->in[run->in_len++] = '\r';
		run->in[run->in_len++] = '\n';
	}
	if (run->form == FORM_UNENDED && run->in_len)
		run->in_len -= 2;
}

/* The same section once more, from pairs. */
static void from_pairs(struct case_run *run)
{
	struct sdesp_section *section = &run->section;
	const struct sdesp_section text = *section;
	struct sdesp_attr attr;
	size_t cursor = 0;

	run->nattrs = 0;
	while (run->nattrs < sizeof run->pairs / sizeof run->pairs[0] &&
		sdesp_section_next(&text, &cursor, &attr)) {
		run->attrs[run->nattrs] = attr;
		run->pairs[run->nattrs].name = attr.name;
		run->pairs[run->nattrs++].value = attr.value;
	}
	sdesp_section_from_pairs(section, text.index, text.media, text.port,
		text.proto, text.fmt, text.conn.family ? &text.conn : NULL,
		run->pairs, run->nattrs);
	section->direction = text.direction;
}

static int find_section(struct case_run *run)
{
	int status = sdesp_sdp_find(&run->section, run->in, run->in_len,
		run->local.index, &run->why);

	if (!status && run->form == FORM_PAIRS)
		from_pairs(run);
	return status;
}

static int step_offer(struct case_run *run)
{
	return sdesp_session_offer(
		&run->session, &run->local, run->now_ms, &run->out);
}

static int step_refresh(struct case_run *run)
{
	return sdesp_session_refresh(
		&run->session, &run->local, run->now_ms, &run->out);
}

static int step_answer(struct case_run *run)
{
	int status = find_section(run);

	return status ? status
		      : sdesp_session_answer(&run->session, &run->section,
				&run->local, run->now_ms, &run->out, &run->why);
}

static int step_accept(struct case_run *run)
{
	int status = find_section(run);

	return status ? status
		      : sdesp_session_accept(&run->session, &run->section,
				strcmp(run->word[1], "provisional") != 0,
				run->now_ms, &run->why);
}

static int step_confirm(struct case_run *run)
{
	return sdesp_session_confirm(&run->session, run->now_ms);
}

static int step_fail(struct case_run *run)
{
	sdesp_session_fail(&run->session, run->now_ms);
	return 0;
}

static int step_tick(struct case_run *run)
{
	run->now_ms += strtoull(run->word[1], NULL, 10);
	(void)sdesp_session_tick(&run->session, run->now_ms);
	return 0;
}

static int step_close(struct case_run *run)
{
	return sdesp_session_close(&run->session);
}

static int step_random(struct case_run *run)
{
	run->random_fails = !strcmp(run->word[1], "fails");
	return 0;
}

static int step_backend_fails(struct case_run *run)
{
	fake_backend_fail(
		&run->backend, (unsigned)strtoul(run->word[1], NULL, 10), 0);
	return 0;
}

/* notify TYPE in|out SPI [IP PORT QUIET_MS] */
static int step_notify(struct case_run *run)
{
	static const char *const names[] = {
		"used", "soft", "hard", "moved", "gone", "lost"};
	struct sdesp_backend_event ev;

	memset(&ev, 0, sizeof ev);
	for (uint8_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(run->word[1], names[i]))
			ev.type = i;
	ev.inbound = !strcmp(run->word[2], "in");
	ev.spi = (uint32_t)strtoul(run->word[3], NULL, 16);
	ev.local = run->local.addr;
	if (run->nwords > 5 && !case_addr(&ev.addr, run->word[4], run->word[5]))
		case_fail(run, "not an address: %s", run->word[4]);
	if (run->nwords > 6)
		ev.quiet_ms = (uint32_t)strtoul(run->word[6], NULL, 10);
	return sdesp_session_notify(&run->session, &ev, run->now_ms) == 1
		       ? 0
		       : SDESP_ERR_GONE;
}

static const struct {
	const char *word;
	unsigned nwords;
	int (*act)(struct case_run *run);
} steps[] = {
	{"offer", 1, step_offer},
	{"refresh", 1, step_refresh},
	{"answer", 1, step_answer},
	{"accept", 2, step_accept},
	{"confirm", 1, step_confirm},
	{"fail", 1, step_fail},
	{"tick", 2, step_tick},
	{"close", 1, step_close},
	{"random", 2, step_random},
	{"backend-fails", 2, step_backend_fails},
	{"notify", 4, step_notify},
};

/* Where a place in the text is when the section came as pairs: the pair's
 * position, and the column in its value. */
static void place_in_pairs(
	const struct case_run *run, unsigned *line, unsigned *column)
{
	for (size_t i = 0; i < run->nattrs; i++) {
		if (run->attrs[i].line != *line)
			continue;
		*line = (unsigned)i + 1;
		*column -= *column >= run->attrs[i].column
				   ? run->attrs[i].column - 1
				   : 0;
		return;
	}
	*line = 0;
	*column = 0;
}

/* "= STATUS [LINE:COLUMN] [fragment of the reason]" */
static void check_outcome(struct case_run *run, char *line)
{
	const char *name = sdesp_status_name(run->status);
	char *fragment;
	unsigned at = 0, column = 0;
	int used = 0;

	line += strspn(line, "= ");
	fragment = line + strcspn(line, " ");
	if (*fragment)
		*fragment++ = '\0';
	if (strcmp(name, "SDESP_OK"))
		name += strlen("SDESP_ERR_");
	else
		name = "ok";
	if (strcmp(name, line)) {
		case_fail(run, "%s, not %s (%u:%u %s)", name, line,
			run->why.line, run->why.column,
			run->why.what ? run->why.what : "-");
		return;
	}
	if (sscanf(fragment, "%u:%u%n", &at, &column, &used) == 2) {
		fragment += used;
		fragment += strspn(fragment, " ");
		if (run->form == FORM_PAIRS)
			place_in_pairs(run, &at, &column);
		if (at != run->why.line || column != run->why.column)
			case_fail(run, "at %u:%u, not %u:%u (%s)",
				run->why.line, run->why.column, at, column,
				run->why.what ? run->why.what : "-");
	}
	if (*fragment && (!run->why.what || !strstr(run->why.what, fragment)))
		case_fail(run, "\"%s\" is not in \"%s\"", fragment,
			run->why.what ? run->why.what : "-");
}

/* The lines "<" that follow are all of what was written. */
static void check_text(struct case_run *run)
{
	const char *p = run->out_buf, *end = p + run->out.len;
	char *line;
	size_t len;

	if (case_peek(run) != '<')
		return;
	while (case_peek(run) == '<' && case_line(run, &line)) {
		line += line[1] ? 2 : 1;
		len = case_unescape(line);
		if ((size_t)(end - p) < len + 2 || memcmp(p, line, len) ||
			memcmp(p + len, "\r\n", 2)) {
			case_fail(run, "expected: %s\nwrote:\n%.*s", line,
				(int)(end - p), p);
			return;
		}
		p += len + 2;
	}
	if (p != end)
		case_fail(run, "wrote more:\n%.*s", (int)(end - p), p);
}

static void run_step(struct case_run *run, int (*act)(struct case_run *run))
{
	char *line, none[] = "ok";

	begin(run);
	read_text(run);
	memset(&run->why, 0, sizeof run->why);
	sdesp_text_init(&run->out, run->out_buf, sizeof run->out_buf);
	run->nattrs = 0;
	run->status = act(run);
	if (run->backend.misuse)
		case_fail(run, "%s", run->backend.misuse);
	if (run->status <= -20 && run->status > -60 && !run->why.what &&
		run->in_len)
		case_fail(run, "%s, but why is empty",
			sdesp_status_name(run->status));
	line = none;
	if (case_peek(run) != '=' || case_line(run, &line))
		check_outcome(run, line);
	check_text(run);
}

int case_step(struct case_run *run)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (strcmp(run->word[0], steps[i].word))
			continue;
		if (run->nwords < steps[i].nwords)
			case_fail(run, "%s: too few words", steps[i].word);
		else
			run_step(run, steps[i].act);
		return 1;
	}
	return 0;
}
