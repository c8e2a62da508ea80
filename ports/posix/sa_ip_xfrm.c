/*
 * The pair as commands of ip-xfrm(8), for Linux. SPDX-License-Identifier: MIT
 */
#include "ports/posix/report.h"
#include "ports/posix/sa_print.h"

/* How Linux names a suite. aead takes key and salt in one. */
struct kernel_name {
	uint8_t suite;
	const char *aead;
	const char *enc; /* with hmac(sha256) */
};

static const struct kernel_name names[] = {
	{SDESP_AES_128_GCM_16, "rfc4106(gcm(aes))", NULL},
	{SDESP_AES_256_GCM_16, "rfc4106(gcm(aes))", NULL},
	{SDESP_CHACHA20_POLY1305, "rfc7539esp(chacha20,poly1305)", NULL},
	{SDESP_AES_128_CCM_8, "rfc4309(ccm(aes))", NULL},
	{SDESP_AES_128_CBC_HMAC_SHA2_256_128, NULL, "cbc(aes)"},
	{SDESP_AES_256_CBC_HMAC_SHA2_256_128, NULL, "cbc(aes)"},
	{SDESP_NULL_HMAC_SHA2_256_128, NULL, "ecb(cipher_null)"},
};

static const struct kernel_name *find_name(unsigned suite)
{
	unsigned i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (names[i].suite == suite)
			return &names[i];
	}
	return NULL;
}

static void print_algorithms(FILE *out, const struct state_sa *sa)
{
	const struct sdesp_suite *suite = sdesp_suite_by_id(sa->sa.suite);
	const struct kernel_name *name = find_name(sa->sa.suite);
	const uint8_t *keymat = sa->sa.keymat;
	unsigned icv_bits = suite->icv_len * 8U;

	if (name->aead != NULL) {
		fprintf(out, " aead '%s' 0x", name->aead);
		sa_hex(out, keymat, (size_t)suite->key_len + suite->salt_len);
		fprintf(out, " %u", icv_bits);
		return;
	}
	fputs(" auth-trunc 'hmac(sha256)' 0x", out);
	sa_hex(out, keymat + suite->key_len, suite->auth_len);
	fprintf(out, " %u enc '%s' ", icv_bits, name->enc);
	fputs(suite->key_len > 0 ? "0x" : "''", out);
	sa_hex(out, keymat, suite->key_len);
}

static void print_ends(FILE *out, const struct state_sa *sa)
{
	char src[SDESP_ADDR_TEXT], dst[SDESP_ADDR_TEXT];

	sdesp_addr_print(src, sa_src(sa));
	sdesp_addr_print(dst, sa_dst(sa));
	fprintf(out, "src %s dst %s", src, dst);
}

static void print_state(FILE *out, const struct state_sa *sa, unsigned reqid)
{
	fputs("ip xfrm state add ", out);
	print_ends(out, sa);
	fprintf(out, " proto esp spi 0x%08lx reqid %u mode %s replay-window %u",
		(unsigned long)sa->sa.spi, reqid,
		sa->flow.mode == SDESP_TUNNEL ? "tunnel" : "transport",
		(unsigned)sa->sa.window);
	if (sa->sa.esn)
		fputs(" flag esn", out);
	print_algorithms(out, sa);
	if (sa->flow.udp)
		fprintf(out, " encap espinudp %u %u 0.0.0.0",
			(unsigned)sa_src(sa)->port, (unsigned)sa_dst(sa)->port);
	if (sa->sa.hard.packets != 0)
		fprintf(out, " limit packet-hard %llu",
			(unsigned long long)sa->sa.hard.packets);
	if (sa->sa.hard.seconds != 0)
		fprintf(out, " limit time-hard %lu",
			(unsigned long)sa->sa.hard.seconds);
	fputc('\n', out);
}

static void print_selector(
	FILE *out, const struct state_sa *sa, const struct sdesp_ts *ts)
{
	const struct sdesp_ts_side *from =
		sa->inbound ? &ts->remote : &ts->local;
	const struct sdesp_ts_side *to = sa->inbound ? &ts->local : &ts->remote;
	struct sdesp_addr src, dst;
	char src_text[SDESP_ADDR_TEXT], dst_text[SDESP_ADDR_TEXT];
	unsigned src_bits, dst_bits;

	sa_ts_prefix(&src, &src_bits, from, sa_src(sa));
	sa_ts_prefix(&dst, &dst_bits, to, sa_dst(sa));
	sdesp_addr_print(src_text, &src);
	sdesp_addr_print(dst_text, &dst);
	fprintf(out, "src %s/%u dst %s/%u", src_text, src_bits, dst_text,
		dst_bits);
	if (ts->protocol != SDESP_TS_ANY_PROTOCOL)
		fprintf(out, " proto %u", (unsigned)ts->protocol);
	if (from->lo == from->hi)
		fprintf(out, " sport %u", (unsigned)from->lo);
	if (to->lo == to->hi)
		fprintf(out, " dport %u", (unsigned)to->lo);
}

static void print_policy(FILE *out, const struct state_sa *sa,
	const struct sdesp_ts *ts, const char *dir, unsigned reqid)
{
	fputs("ip xfrm policy add ", out);
	print_selector(out, sa, ts);
	fprintf(out, " dir %s tmpl ", dir);
	print_ends(out, sa);
	fprintf(out, " proto esp reqid %u mode %s\n", reqid,
		sa->flow.mode == SDESP_TUNNEL ? "tunnel" : "transport");
}

int sa_print_ip_xfrm(FILE *out, const struct sa_pair *pair)
{
	const struct sdesp_flow *f = &pair->out->flow;
	unsigned reqid = (unsigned)(pair->in->sa.spi & 0x3fff) | 1;
	const char *why = sa_not_for_kernel(pair);
	unsigned i;

	if (find_name(pair->out->sa.suite) == NULL)
		return refuse("ip-xfrm: Linux has no implicit IV (RFC 8750)");
	if (why != NULL)
		return refuse("ip-xfrm: %s", why);
	if (f->udp)
		fputs("# The UDP port needs a socket with UDP_ENCAP set.\n",
			out);
	print_state(out, pair->in, reqid);
	print_state(out, pair->out, reqid);
	for (i = 0; i < f->nts; i++) {
		print_policy(out, pair->out, &f->ts[i], "out", reqid);
		print_policy(out, pair->in, &f->ts[i], "in", reqid);
		if (f->mode == SDESP_TUNNEL)
			print_policy(out, pair->in, &f->ts[i], "fwd", reqid);
	}
	return DONE;
}
