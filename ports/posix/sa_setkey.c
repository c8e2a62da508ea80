/*
 * The pair as lines of setkey(8), for the BSDs. SPDX-License-Identifier: MIT
 */
#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"

struct setkey_name {
	uint8_t suite;
	const char *cipher;
	const char *integrity; /* NULL: in the cipher, with the salt */
};

static const struct setkey_name names[] = {
	{SDESP_AES_128_GCM_16, "aes-gcm-16", NULL},
	{SDESP_AES_256_GCM_16, "aes-gcm-16", NULL},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, "rijndael-cbc", "hmac-sha2-256"},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, "rijndael-cbc", "hmac-sha2-256"},
	{SDESP_NULL_HMAC_SHA2_256_128, "null", "hmac-sha2-256"},
};

static const struct setkey_name *find_name(unsigned suite)
{
	unsigned i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (names[i].suite == suite)
			return &names[i];
	}
	return NULL;
}

static void print_state(FILE *out, const struct state_sa *sa)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->sa.suite);
	const struct setkey_name *name = find_name(sa->sa.suite);
	char src[SDESP_ADDR_TEXT], dst[SDESP_ADDR_TEXT];
	size_t key_len = suite->key_len;

	sdesp_addr_print(src, sa_src(sa));
	sdesp_addr_print(dst, sa_dst(sa));
	fprintf(out, "add %s %s esp 0x%08lx -m %s -r %u", src, dst,
		(unsigned long)sa->sa.spi,
		sa->flow.mode == SDESP_TUNNEL ? "tunnel" : "transport",
		(sa->sa.window + 7U) / 8); /* setkey counts octets */
	if (sa->sa.hard.seconds != 0)
		fprintf(out, " -lh %lu", (unsigned long)sa->sa.hard.seconds);
	fprintf(out, " -E %s", name->cipher);
	if (name->integrity == NULL)
		key_len += suite->salt_len;
	if (key_len > 0)
		fputs(" 0x", out);
	sa_hex(out, sa->sa.keymat, key_len);
	if (name->integrity != NULL) {
		fprintf(out, " -A %s 0x", name->integrity);
		sa_hex(out, sa->sa.keymat + suite->key_len, suite->auth_len);
	}
	fputs(";\n", out);
}

static void print_end(FILE *out, const struct sdesp_ts_side *side,
	const struct sdesp_addr *outer)
{
	struct sdesp_addr ip;
	char text[SDESP_ADDR_TEXT];
	unsigned bits;

	sa_ts_prefix(&ip, &bits, side, outer);
	sdesp_addr_print(text, &ip);
	fprintf(out, " %s/%u", text, bits);
	if (side->lo == side->hi)
		fprintf(out, "[%u]", (unsigned)side->lo);
}

static void print_policy(
	FILE *out, const struct state_sa *sa, const struct sdesp_ts *ts)
{
	char src[SDESP_ADDR_TEXT], dst[SDESP_ADDR_TEXT];
	int tunnel = sa->flow.mode == SDESP_TUNNEL;

	sdesp_addr_print(src, sa_src(sa));
	sdesp_addr_print(dst, sa_dst(sa));
	fputs("spdadd", out);
	print_end(out, sa->inbound ? &ts->remote : &ts->local, sa_src(sa));
	print_end(out, sa->inbound ? &ts->local : &ts->remote, sa_dst(sa));
	if (ts->protocol == SDESP_TS_ANY_PROTOCOL)
		fputs(" any", out);
	else
		fprintf(out, " %u", (unsigned)ts->protocol);
	fprintf(out, " -P %s ipsec esp/%s/", sa->inbound ? "in" : "out",
		tunnel ? "tunnel" : "transport");
	if (tunnel)
		fprintf(out, "%s-%s", src, dst);
	fputs("/require;\n", out);
}

int sa_print_setkey(FILE *out, const struct sa_pair *pair)
{
	const struct sdesp_flow *f = &pair->out->flow;
	const struct sdesp_suite *suite =
		sdesp_suite_by_id(pair->out->sa.suite);
	const char *why = sa_not_for_kernel(pair);
	unsigned i;

	if (find_name(pair->out->sa.suite) == NULL)
		return refuse("setkey: it has no word for %s", suite->name);
	if (pair->out->sa.esn)
		return refuse("setkey: it has no word for 64-bit sequence "
			      "numbers");
	if (f->udp)
		return refuse("setkey: it has no word for ESP in UDP; "
			      "negotiate with --encap none");
	if (why != NULL)
		return refuse("setkey: %s", why);
	if (find_name(pair->out->sa.suite)->integrity != NULL)
		fputs("# Not for Linux, which cuts hmac-sha2-256 to 96 bits "
		      "here.\n",
			out);
	print_state(out, pair->in);
	print_state(out, pair->out);
	for (i = 0; i < f->nts; i++) {
		print_policy(out, pair->out, &f->ts[i]);
		print_policy(out, pair->in, &f->ts[i]);
	}
	return DONE;
}
