/*
 * The pair for people, without keys; and what the other formats share.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"
#include "ports/posix/sdesp_posix.h"

const struct sdesp_addr *sa_src(const struct state_sa *sa)
{
	return sa->inbound ? &sa->flow.remote : &sa->flow.local;
}

const struct sdesp_addr *sa_dst(const struct state_sa *sa)
{
	return sa->inbound ? &sa->flow.local : &sa->flow.remote;
}

const char *sa_age(unsigned state)
{
	static const char *const ages[] = {
		[SDESP_SA_NONE] = "gone",
		[SDESP_SA_LARVAL] = "larval",
		[SDESP_SA_MATURE] = "mature",
		[SDESP_SA_DYING] = "dying",
		[SDESP_SA_DEAD] = "dead",
	};

	return ages[state];
}

const char *sa_ts(char text[SA_TS_TEXT], const struct sdesp_ts *ts)
{
	static const char name[] = "a=esp-ts:";
	struct sdesp_text t;
	char line[SA_TS_TEXT + sizeof name];
	size_t skip = sizeof name - 1;

	sdesp_text_init(&t, line, sizeof line);
	sdesp_attr_ts_print(&t, ts);
	text[0] = '\0';
	if (t.status == SDESP_OK && t.len > skip + 2) {
		memcpy(text, line + skip, t.len - skip - 2);
		text[t.len - skip - 2] = '\0';
	}
	return text;
}

void sa_hex(FILE *out, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(out, "%02x", p[i]);
}

void sa_ts_prefix(struct sdesp_addr *ip, unsigned *bits,
	const struct sdesp_ts_side *side, const struct sdesp_addr *outer)
{
	*ip = *outer;
	*bits = outer->family == 4 ? 32 : 128;
	if (side->kind != SDESP_TS_PREFIX)
		return;
	ip->family = side->family;
	memcpy(ip->ip, side->ip, sizeof ip->ip);
	*bits = side->prefix_len;
}

static int is_range(const struct sdesp_ts_side *side)
{
	return side->lo != side->hi && (side->lo != 0 || side->hi != 65535);
}

const char *sa_not_for_kernel(const struct sa_pair *pair)
{
	const struct sdesp_flow *f = &pair->out->flow;
	unsigned i;

	if (pair->out->stats.seq > 0)
		return "the outbound key has been used here: rekey first, "
		       "or numbers would repeat under it";
	for (i = 0; i < f->nts; i++) {
		if (is_range(&f->ts[i].local) || is_range(&f->ts[i].remote))
			return "a selector has a range of ports: the kernel's "
			       "policies take one port or any";
	}
	return NULL;
}

static void print_one(FILE *out, const struct state_sa *sa, const char *name)
{
	const struct sdesp_sa_stats *s = &sa->stats;
	char from[SDESP_POSIX_ADDR_TEXT], to[SDESP_POSIX_ADDR_TEXT];

	fprintf(out, "%-10s spi %08lx  %s -> %s  %s\n", name,
		(unsigned long)sa->sa.spi,
		sdesp_posix_print_addr(from, sa_src(sa)),
		sdesp_posix_print_addr(to, sa_dst(sa)), sa_age(sa->state));
	fprintf(out, "%-10s %llu packets, %llu octets", "",
		(unsigned long long)s->packets, (unsigned long long)s->bytes);
	if (sa->inbound)
		fprintf(out,
			"; refused: %llu replays, %llu forgeries, %llu "
			"malformed\n",
			(unsigned long long)s->replays,
			(unsigned long long)s->icv_failures,
			(unsigned long long)s->malformed);
	else
		fprintf(out, "; next number %llu\n",
			(unsigned long long)s->seq + 1);
	if (sa->spent)
		fprintf(out, "%-10s spent: its keys were given away\n", "");
	if (sa->unclean)
		fprintf(out, "%-10s closed: its replay window was lost\n", "");
}

int sa_print_text(FILE *out, const struct sa_pair *pair)
{
	const struct sdesp_flow *f = &pair->out->flow;
	const struct sdesp_suite *suite =
		sdesp_suite_by_id(pair->out->sa.suite);
	char ts[SA_TS_TEXT];
	unsigned i;

	print_one(out, pair->in, "in");
	print_one(out, pair->out, "out");
	fprintf(out, "%-10s %s, %s, %s mode%s%s\n", "suite",
		suite != NULL ? suite->name : "?",
		f->udp ? "ESP in UDP" : "ESP",
		f->mode == SDESP_TUNNEL ? "tunnel" : "transport",
		pair->out->sa.esn ? ", 64-bit numbers" : "",
		pair->info.held ? ", on hold" : "");
	fprintf(out, "%-10s %s%s, window %u\n", "keys",
		pair->info.method == SDESP_INLINE ? "inline" : "x25519",
		pair->info.psk ? " with a pre-shared key" : "",
		(unsigned)pair->in->sa.window);
	for (i = 0; i < f->nts; i++)
		fprintf(out, "%-10s %s\n", i == 0 ? "traffic" : "",
			sa_ts(ts, &f->ts[i]));
	if (pair->info.rekey_ms > pair->now_ms)
		fprintf(out, "%-10s due in %llu s\n", "rekey",
			(unsigned long long)(pair->info.rekey_ms -
					     pair->now_ms) /
				1000);
	return DONE;
}
