/*
 * The pair as JSON, keys included. SPDX-License-Identifier: MIT
 */
#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"

static void field_hex(FILE *out, const char *name, const uint8_t *p, size_t len)
{
	fprintf(out, "\"%s\":\"", name);
	sa_hex(out, p, len);
	fputs("\",", out);
}

static void print_one(FILE *out, const struct state_sa *sa)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->sa.suite);
	const uint8_t *keymat = sa->sa.keymat;
	char src[SDESP_ADDR_TEXT], dst[SDESP_ADDR_TEXT], ts[SA_TS_TEXT];
	unsigned i;

	sdesp_addr_print(src, sa_src(sa));
	sdesp_addr_print(dst, sa_dst(sa));
	fprintf(out, "{\"spi\":\"%08lx\",\"suite\":\"%s\",",
		(unsigned long)sa->sa.spi, suite->name);
	field_hex(out, "key", keymat, suite->key_len);
	if (suite->salt_len > 0)
		field_hex(
			out, "salt", keymat + suite->key_len, suite->salt_len);
	if (suite->auth_len > 0)
		field_hex(out, "auth_key", keymat + suite->key_len,
			suite->auth_len);
	fprintf(out, "\"src\":\"%s\",\"dst\":\"%s\",\"mode\":\"%s\",", src, dst,
		sa->flow.mode == SDESP_TUNNEL ? "tunnel" : "transport");
	if (sa->flow.udp)
		fprintf(out, "\"encap\":{\"sport\":%u,\"dport\":%u},",
			(unsigned)sa_src(sa)->port, (unsigned)sa_dst(sa)->port);
	else
		fputs("\"encap\":null,", out);
	fprintf(out,
		"\"esn\":%s,\"replay_window\":%u,\"lifetime_packets\":%llu,"
		"\"selectors\":[",
		sa->sa.esn ? "true" : "false", (unsigned)sa->sa.window,
		(unsigned long long)sa->sa.hard.packets);
	for (i = 0; i < sa->flow.nts; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "",
			sa_ts(ts, &sa->flow.ts[i]));
	fputs("]}", out);
}

int sa_print_json(FILE *out, const struct sa_pair *pair)
{
	fputs("{\"in\":", out);
	print_one(out, pair->in);
	fputs(",\n\"out\":", out);
	print_one(out, pair->out);
	fputs("}\n", out);
	return DONE;
}
