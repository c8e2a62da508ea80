/*
 * The states of sessions, in words and in JSON. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/sa_print.h"
#include "ports/posix/sdesp_posix.h"
#include "ports/posix/status.h"

static const char *const states[SDESP_SESSION_STATES] = {
	[SDESP_IDLE] = "idle",
	[SDESP_OFFERED] = "offered",
	[SDESP_EARLY] = "early",
	[SDESP_ANSWERED] = "answered",
	[SDESP_CONFIRMED] = "established",
	[SDESP_REKEY_OFFERED] = "rekey offered",
	[SDESP_REKEY_EARLY] = "rekey early",
	[SDESP_REKEY_ANSWERED] = "rekey answered",
	[SDESP_REFRESH_OFFERED] = "refresh offered",
	[SDESP_CLOSED] = "closed",
};

static const char *const ages[] = {
	[SDESP_SA_NONE] = "gone",
	[SDESP_SA_LARVAL] = "larval",
	[SDESP_SA_MATURE] = "mature",
	[SDESP_SA_DYING] = "dying",
	[SDESP_SA_DEAD] = "dead",
};

static void take_sa(
	struct status *s, struct sdesp_backend *be, uint32_t spi, int inbound)
{
	struct status_sa *sa = &s->sas[s->nsas];

	memset(sa, 0, sizeof *sa);
	if (spi == 0 || be->vtable->sa_query(be, &s->info.flow, spi, inbound,
				&sa->stats) != SDESP_OK)
		return;
	sa->inbound = inbound != 0;
	sa->spi = spi;
	sa->old = spi != s->info.spi_in && spi != s->info.spi_out;
	s->nsas++;
}

void status_take(struct status *s, const struct sdesp_session *session,
	struct sdesp_backend *be, uint64_t now_ms)
{
	sdesp_session_info(session, &s->info);
	s->now_ms = now_ms;
	s->nsas = 0;
	take_sa(s, be, s->info.spi_in, 1);
	take_sa(s, be, s->info.spi_out, 0);
	take_sa(s, be, s->info.spi_drain, 1);
}

/* --- what both have in common --------------------------------------------- */

static const char *suite_of(const struct status *s)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(s->info.suite);

	return suite != NULL ? suite->name : "none";
}

static const char *mode_of(const struct status *s)
{
	return s->info.flow.mode == SDESP_TUNNEL ? "tunnel" : "transport";
}

static const char *method_of(const struct status *s)
{
	return s->info.method == SDESP_INLINE ? "inline" : "x25519";
}

/* Seconds from a to b; 0 when b is before. */
static unsigned long long seconds(uint64_t a, uint64_t b)
{
	return b > a ? (b - a) / 1000 : 0;
}

static int is_keyed(const struct status *s)
{
	return s->info.spi_in != 0 || s->info.spi_out != 0;
}

/* --- for people ----------------------------------------------------------- */

static void print_sa(FILE *out, const struct status_sa *sa)
{
	const struct sdesp_sa_stats *n = &sa->stats;

	fprintf(out, "  %-9s spi %08lx, %s: %llu packets, %llu octets",
		sa->old       ? "old in"
		: sa->inbound ? "in"
			      : "out",
		(unsigned long)sa->spi, ages[n->state],
		(unsigned long long)n->packets, (unsigned long long)n->bytes);
	if (sa->inbound)
		fprintf(out,
			"; refused: %llu replays, %llu forgeries, %llu "
			"malformed\n",
			(unsigned long long)n->replays,
			(unsigned long long)n->icv_failures,
			(unsigned long long)n->malformed);
	else
		fprintf(out, "; last number %llu\n",
			(unsigned long long)n->seq);
}

static void print_times(FILE *out, const struct status *s)
{
	const struct sdesp_session_info *i = &s->info;

	fprintf(out, "  %-9s %llu s", "age", seconds(i->since_ms, s->now_ms));
	if (i->rekey_ms != 0)
		fprintf(out, "; rekey due in %llu s",
			seconds(s->now_ms, i->rekey_ms));
	if (i->expire_ms != 0)
		fprintf(out, "; keys expire in %llu s",
			seconds(s->now_ms, i->expire_ms));
	fputc('\n', out);
}

static void print_text(FILE *out, const struct status *s)
{
	const struct sdesp_session_info *i = &s->info;
	char local[SDESP_POSIX_ADDR_TEXT], remote[SDESP_POSIX_ADDR_TEXT];
	char ts[SA_TS_TEXT];
	unsigned n;

	fprintf(out, "%s: %s%s, ", s->name, states[i->state],
		i->held ? ", on hold" : "");
	if (s->backend != NULL)
		fprintf(out, "running, backend %s%s%s\n", s->backend,
			s->device != NULL ? ", device " : "",
			s->device != NULL ? s->device : "");
	else
		fputs("not running\n", out);
	if (!is_keyed(s))
		return;
	fprintf(out, "  %-9s %s, from %s\n", "peer",
		sdesp_posix_print_addr(remote, &i->flow.remote),
		sdesp_posix_print_addr(local, &i->flow.local));
	fprintf(out, "  %-9s %s, %s%s, %s mode, %s%s\n", "keys", suite_of(s),
		method_of(s), i->psk ? " with a pre-shared key" : "",
		mode_of(s), i->flow.udp ? "ESP in UDP" : "ESP",
		i->esn ? ", 64-bit numbers" : "");
	print_times(out, s);
	for (n = 0; n < i->flow.nts; n++)
		fprintf(out, "  %-9s %s\n", n == 0 ? "traffic" : "",
			sa_ts(ts, &i->flow.ts[n]));
	for (n = 0; n < s->nsas; n++)
		print_sa(out, &s->sas[n]);
}

/* --- JSON (RFC 8259) ------------------------------------------------------ */

static void put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":", name);
	if (text == NULL) {
		fputs("null,", out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputs("\",", out);
}

static void put_flag(FILE *out, const char *name, int set)
{
	fprintf(out, "\"%s\":%s,", name, set ? "true" : "false");
}

static void put_number(FILE *out, const char *name, unsigned long long n)
{
	fprintf(out, "\"%s\":%llu,", name, n);
}

static void put_due(FILE *out, const char *name, uint64_t now, uint64_t when)
{
	if (when == 0)
		fprintf(out, "\"%s\":null,", name);
	else
		put_number(out, name, seconds(now, when));
}

static void put_sa(FILE *out, const struct status_sa *sa, int first)
{
	const struct sdesp_sa_stats *n = &sa->stats;

	fprintf(out, "%s\n  {\"direction\":\"%s\",\"spi\":\"%08lx\",",
		first ? "" : ",", sa->inbound ? "in" : "out",
		(unsigned long)sa->spi);
	put_flag(out, "old", sa->old);
	put_text(out, "state", ages[n->state]);
	put_number(out, "packets", n->packets);
	put_number(out, "octets", n->bytes);
	put_number(out, "replays", n->replays);
	put_number(out, "forgeries", n->icv_failures);
	put_number(out, "malformed", n->malformed);
	fprintf(out, "\"number\":%llu}", (unsigned long long)n->seq);
}

static void put_session(FILE *out, const struct status *s, int first)
{
	const struct sdesp_session_info *i = &s->info;
	char address[SDESP_POSIX_ADDR_TEXT], ts[SA_TS_TEXT];
	unsigned n;

	fprintf(out, "%s\n {", first ? "" : ",");
	put_text(out, "name", s->name);
	put_text(out, "state", states[i->state]);
	put_flag(out, "held", i->held);
	put_text(out, "backend", s->backend);
	put_text(out, "device", s->device);
	if (is_keyed(s)) {
		put_text(out, "local",
			sdesp_posix_print_addr(address, &i->flow.local));
		put_text(out, "remote",
			sdesp_posix_print_addr(address, &i->flow.remote));
		put_text(out, "suite", suite_of(s));
		put_text(out, "method", method_of(s));
		put_flag(out, "psk", i->psk);
		put_text(out, "mode", mode_of(s));
		put_flag(out, "udp", i->flow.udp);
		put_flag(out, "esn", i->esn);
		put_number(out, "age", seconds(i->since_ms, s->now_ms));
		put_due(out, "rekey", s->now_ms, i->rekey_ms);
		put_due(out, "expiry", s->now_ms, i->expire_ms);
	}
	fputs("\"traffic\":[", out);
	for (n = 0; is_keyed(s) && n < i->flow.nts; n++)
		fprintf(out, "%s\"%s\"", n == 0 ? "" : ",",
			sa_ts(ts, &i->flow.ts[n]));
	fputs("],\"sas\":[", out);
	for (n = 0; n < s->nsas; n++)
		put_sa(out, &s->sas[n], n == 0);
	fputs("]}", out);
}

void status_print(FILE *out, const struct status *list, unsigned n, int json)
{
	unsigned i;

	if (json)
		fputs("{\"sessions\":[", out);
	for (i = 0; i < n; i++) {
		if (json)
			put_session(out, &list[i], i == 0);
		else
			print_text(out, &list[i]);
	}
	if (json)
		fputs("]}\n", out);
}
