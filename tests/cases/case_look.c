/*
 * Golden cases: lines that look at the session and at the backend.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {"IDLE", "OFFERED", "EARLY", "ANSWERED",
	"CONFIRMED", "REKEY_OFFERED", "REKEY_EARLY", "REKEY_ANSWERED",
	"REFRESH_OFFERED", "CLOSED"};

static const char *const events[] = {"-", "ESTABLISHED", "REKEYED", "REKEY_DUE",
	"REKEY_FAILED", "REFRESH_DUE", "EXPIRED", "PEER_MOVED",
	"PEER_ELSEWHERE", "DRAINED", "FAILED"};

static uint32_t spi_of(const char *word)
{
	return (uint32_t)strtoul(word, NULL, 16);
}

static void look_state(
	struct case_run *run, const struct sdesp_session_info *info)
{
	if (strcmp(states[info->state], run->word[1]))
		case_fail(run, "state %s", states[info->state]);
}

static void look_held(
	struct case_run *run, const struct sdesp_session_info *info)
{
	if (info->held != (run->word[1][0] == '1'))
		case_fail(run, "held %u", info->held);
}

static void look_pair(
	struct case_run *run, const struct sdesp_session_info *info)
{
	if (info->spi_in != spi_of(run->word[1]) ||
		info->spi_out != spi_of(run->word[2]))
		case_fail(run, "pair %08x %08x", info->spi_in, info->spi_out);
}

static void look_drain(
	struct case_run *run, const struct sdesp_session_info *info)
{
	uint32_t spi = strcmp(run->word[1], "none") ? spi_of(run->word[1]) : 0;

	if (info->spi_drain != spi)
		case_fail(run, "drain %08x", info->spi_drain);
}

static void look_remote(
	struct case_run *run, const struct sdesp_session_info *info)
{
	char text[SDESP_ADDR_TEXT];
	struct sdesp_addr addr;

	(void)sdesp_addr_print(text, &info->flow.remote);
	if (!case_addr(&addr, run->word[1], run->word[2]) ||
		!sdesp_addr_equal(&addr, &info->flow.remote))
		case_fail(run, "remote %s %u", text, info->flow.remote.port);
}

static void look_event(
	struct case_run *run, const struct sdesp_session_info *info)
{
	struct sdesp_event event;
	unsigned n = strcmp(run->word[1], "none") ? run->nwords : 1;

	(void)info;
	for (unsigned i = 1; i < n; i++) {
		if (!sdesp_session_event(&run->session, &event))
			case_fail(run, "no event, not %s", run->word[i]);
		else if (strcmp(events[event.type], run->word[i]))
			case_fail(run, "event %s, not %s", events[event.type],
				run->word[i]);
	}
	if (sdesp_session_event(&run->session, &event))
		case_fail(run, "one more event: %s", events[event.type]);
}

/* Every SA is named, and every name is one. */
static void look_sas(
	struct case_run *run, const struct sdesp_session_info *info)
{
	unsigned named = strcmp(run->word[1], "none") ? run->nwords - 1 : 0;
	unsigned held = 0;
	char name[24];

	(void)info;
	for (unsigned i = 0; i < FAKE_SAS; i++) {
		const struct fake_sa *sa = &run->backend.sas[i];
		unsigned w = 1;

		if (sa->state == SDESP_SA_NONE)
			continue;
		held++;
		(void)snprintf(name, sizeof name, "%s:%08x",
			sa->state == SDESP_SA_LARVAL ? "larval"
			: sa->inbound                ? "in"
						     : "out",
			sa->sa.spi);
		while (w < run->nwords && strcmp(run->word[w], name))
			w++;
		if (w == run->nwords)
			case_fail(run, "the backend holds %s", name);
	}
	if (held != named)
		case_fail(run, "the backend holds %u SAs", held);
}

static void look_flow(
	struct case_run *run, const struct sdesp_session_info *info)
{
	const struct fake_policy *policy =
		fake_backend_policy(&run->backend, &info->flow);
	const char *is = "none";

	if (policy)
		is = policy->action == SDESP_BLOCK ? "block" : "protect";
	if (strcmp(is, run->word[1]))
		case_fail(run, "flow %s", is);
	else if (run->nwords > 2 && policy &&
		 policy->spi != spi_of(run->word[2]))
		case_fail(run, "flow protect %08x", policy->spi);
}

static void look_keymat(
	struct case_run *run, const struct sdesp_session_info *info)
{
	for (int out = 0; out < 2; out++) {
		const struct fake_sa *sa = fake_backend_find(&run->backend,
			out ? info->spi_out : info->spi_in, !out);
		uint8_t keymat[SDESP_KEYMAT_MAX];
		size_t len;

		if (!sa || sa->state == SDESP_SA_LARVAL ||
			!case_hex(keymat, sizeof keymat, &len,
				run->word[1 + out]) ||
			len != sdesp_suite_by_id(sa->sa.suite)->keymat_len ||
			memcmp(sa->sa.keymat, keymat, len))
			case_fail(run, "%s keys are others",
				out ? "outbound" : "inbound");
	}
}

static void look_window_in(
	struct case_run *run, const struct sdesp_session_info *info)
{
	const struct fake_sa *sa =
		fake_backend_find(&run->backend, info->spi_in, 1);

	if (!sa || sa->sa.window != strtoul(run->word[1], NULL, 10))
		case_fail(run, "window %u", sa ? sa->sa.window : 0);
}

static void look_installed(
	struct case_run *run, const struct sdesp_session_info *info)
{
	(void)info;
	if (run->backend.nkeys != strtoul(run->word[1], NULL, 10))
		case_fail(run, "installed %u", run->backend.nkeys);
}

static void look_wiped(
	struct case_run *run, const struct sdesp_session_info *info)
{
	static const struct sdesp_session zero;
	struct sdesp_session copy = run->session;

	(void)info;
	copy.state = 0;
	if (memcmp(&copy, &zero, sizeof zero))
		case_fail(run, "the session still holds something");
}

static const struct {
	const char *word;
	unsigned nwords;
	void (*look)(
		struct case_run *run, const struct sdesp_session_info *info);
} looks[] = {
	{"state", 2, look_state},
	{"held", 2, look_held},
	{"pair", 3, look_pair},
	{"drain", 2, look_drain},
	{"remote", 3, look_remote},
	{"event", 2, look_event},
	{"sas", 2, look_sas},
	{"flow", 2, look_flow},
	{"keymat", 3, look_keymat},
	{"window-in", 2, look_window_in},
	{"installed", 2, look_installed},
	{"wiped", 1, look_wiped},
};

int case_look(struct case_run *run)
{
	struct sdesp_session_info info;

	for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
		if (strcmp(run->word[0], looks[i].word))
			continue;
		if (run->nwords < looks[i].nwords || !run->begun) {
			case_fail(run, "%s: too few words, or too soon",
				looks[i].word);
		} else {
			sdesp_session_info(&run->session, &info);
			looks[i].look(run, &info);
		}
		return 1;
	}
	return 0;
}
