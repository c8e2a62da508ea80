/* The XFRM half of a kernel. SPDX-License-Identifier: MIT */
#include "fake_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUR_PORT 4711
#define WORDS "the fake kernel says no"

/* Any request's body with its attributes. */
struct request {
	struct nlmsghdr header;
	const uint8_t *body;
	size_t len;
};

static void die(const char *what)
{
	fprintf(stderr, "fake kernel: %s\n", what);
	exit(1);
}

static void answer(struct fake_kernel *k, const struct request *r, int error)
{
	struct {
		struct nlmsgerr fixed;
		struct nlattr attr;
		char text[(sizeof WORDS + 3) / 4 * 4];
	} ack;
	size_t n = sizeof ack.fixed;

	memset(&ack, 0, sizeof ack);
	ack.fixed.error = error;
	ack.fixed.msg = r->header;
	if (error != 0) {
		ack.attr.nla_type = NLMSGERR_ATTR_MSG;
		ack.attr.nla_len = (uint16_t)(sizeof ack.attr + sizeof WORDS);
		memcpy(ack.text, WORDS, sizeof WORDS);
		n = sizeof ack;
	}
	kernel_queue_msg(&k->answers, NLMSG_ERROR,
		NLM_F_CAPPED | (error != 0 ? NLM_F_ACK_TLVS : 0),
		r->header.nlmsg_seq, OUR_PORT, &ack, n, NULL, 0);
}

/* --- SAs ------------------------------------------------------------------ */

static struct kernel_sa *find(
	struct fake_kernel *k, const xfrm_address_t *daddr, uint32_t spi)
{
	for (unsigned i = 0; i < KERNEL_SAS; i++) {
		struct kernel_sa *sa = &k->sas[i];

		if (sa->used && sa->info.id.spi == spi &&
			memcmp(&sa->info.id.daddr, daddr, sizeof *daddr) == 0)
			return sa;
	}
	return NULL;
}

static struct kernel_sa *free_sa(struct fake_kernel *k)
{
	for (unsigned i = 0; i < KERNEL_SAS; i++) {
		if (!k->sas[i].used)
			return &k->sas[i];
	}
	die("SA table full");
	return NULL;
}

static int alloc_spi(struct fake_kernel *k, const struct request *r)
{
	struct xfrm_userspi_info want;
	struct kernel_sa *sa;
	uint32_t spi;

	memcpy(&want, r->body, sizeof want);
	if (want.min != want.max)
		die("more than one SPI wanted");
	spi = htonl(want.min);
	if (find(k, &want.info.id.daddr, spi) != NULL)
		return -ENOENT;
	sa = free_sa(k);
	memset(sa, 0, sizeof *sa);
	sa->used = 1;
	sa->info = want.info;
	sa->info.id.spi = spi;
	kernel_queue_msg(&k->answers, XFRM_MSG_NEWSA, 0, r->header.nlmsg_seq,
		OUR_PORT, &sa->info, sizeof sa->info, NULL, 0);
	return 0;
}

static int add_sa(struct fake_kernel *k, const struct request *r)
{
	struct xfrm_usersa_info info;
	struct kernel_sa *sa;

	memcpy(&info, r->body, sizeof info);
	if (k->no_esp)
		return -EPROTONOSUPPORT;
	sa = find(k, &info.id.daddr, info.id.spi);
	if (r->header.nlmsg_type == XFRM_MSG_UPDSA && sa == NULL)
		return -ESRCH;
	if (r->header.nlmsg_type == XFRM_MSG_NEWSA && sa != NULL)
		return -EEXIST;
	if (sa == NULL)
		sa = free_sa(k);
	if (sa->used && sa->keyed)
		info.curlft = sa->info.curlft;
	sa->used = 1;
	sa->keyed = 1;
	sa->info = info;
	sa->nattrs = r->len - sizeof info;
	if (sa->nattrs > sizeof sa->attrs)
		die("too many attributes");
	memcpy(sa->attrs, r->body + sizeof info, sa->nattrs);
	return 0;
}

static int get_sa(struct fake_kernel *k, const struct request *r)
{
	struct xfrm_usersa_id id;
	struct kernel_sa *sa;

	memcpy(&id, r->body, sizeof id);
	sa = find(k, &id.daddr, id.spi);
	if (sa == NULL)
		return -ESRCH;
	if (r->header.nlmsg_type == XFRM_MSG_GETSA) {
		kernel_queue_msg(&k->answers, XFRM_MSG_NEWSA, 0,
			r->header.nlmsg_seq, OUR_PORT, &sa->info,
			sizeof sa->info, sa->attrs, sa->nattrs);
		return 0;
	}
	sa->used = 0;
	kernel_queue_msg(&k->notices, XFRM_MSG_DELSA, 0, r->header.nlmsg_seq,
		OUR_PORT, &id, sizeof id, NULL, 0);
	return 0;
}

/* --- policies ------------------------------------------------------------- */

static struct kernel_policy *find_policy(
	struct fake_kernel *k, const struct xfrm_selector *sel, unsigned dir)
{
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		struct kernel_policy *p = &k->policies[i];

		if (p->used && p->info.dir == dir &&
			memcmp(&p->info.sel, sel, sizeof *sel) == 0)
			return p;
	}
	return NULL;
}

static struct kernel_policy *free_policy(struct fake_kernel *k)
{
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		if (!k->policies[i].used)
			return &k->policies[i];
	}
	die("policy table full");
	return NULL;
}

static int set_policy(struct fake_kernel *k, const struct request *r)
{
	struct xfrm_userpolicy_info info;
	struct kernel_policy *p;

	memcpy(&info, r->body, sizeof info);
	p = find_policy(k, &info.sel, info.dir);
	if (r->header.nlmsg_type == XFRM_MSG_NEWPOLICY && p != NULL)
		return -EEXIST;
	if (p != NULL)
		info.index = p->info.index;
	else
		p = free_policy(k);
	p->used = 1;
	p->info = info;
	memset(&p->tmpl, 0, sizeof p->tmpl);
	if (r->len >= sizeof info + 4 + sizeof p->tmpl)
		memcpy(&p->tmpl, r->body + sizeof info + 4, sizeof p->tmpl);
	else if (info.index == 0 && info.sel.user == 0)
		die("a policy that is marked by nothing");
	return 0;
}

static void tell_policy(struct fake_kernel *k, const struct kernel_policy *p,
	unsigned flags, uint32_t seq)
{
	struct {
		struct nlattr attr;
		struct xfrm_user_tmpl tmpl;
	} tmpl;

	tmpl.attr.nla_len = sizeof tmpl;
	tmpl.attr.nla_type = XFRMA_TMPL;
	tmpl.tmpl = p->tmpl;
	kernel_queue_msg(&k->answers, XFRM_MSG_NEWPOLICY, flags, seq, OUR_PORT,
		&p->info, sizeof p->info, &tmpl,
		p->tmpl.reqid != 0 ? sizeof tmpl : 0);
}

static int get_policy(struct fake_kernel *k, const struct request *r)
{
	struct xfrm_userpolicy_id id;
	struct kernel_policy *p;

	memcpy(&id, r->body, sizeof id);
	p = find_policy(k, &id.sel, id.dir);
	if (p == NULL)
		return -ENOENT;
	if (r->header.nlmsg_type == XFRM_MSG_GETPOLICY)
		tell_policy(k, p, 0, r->header.nlmsg_seq);
	else
		p->used = 0;
	k->opened += !p->used;
	return 0;
}

/* --- requests ------------------------------------------------------------- */

static void dump(struct fake_kernel *k, const struct request *r)
{
	uint32_t seq = r->header.nlmsg_seq;
	int zero = 0;

	for (unsigned i = 0;
		r->header.nlmsg_type == XFRM_MSG_GETSA && i < KERNEL_SAS; i++) {
		struct kernel_sa *sa = &k->sas[i];

		if (sa->used)
			kernel_queue_msg(&k->answers, XFRM_MSG_NEWSA,
				NLM_F_MULTI, seq, OUR_PORT, &sa->info,
				sizeof sa->info, sa->attrs, sa->nattrs);
	}
	for (unsigned i = 0; r->header.nlmsg_type == XFRM_MSG_GETPOLICY &&
			     i < KERNEL_POLICIES;
		i++) {
		if (k->policies[i].used)
			tell_policy(k, &k->policies[i], NLM_F_MULTI, seq);
	}
	kernel_queue_msg(&k->answers, NLMSG_DONE, NLM_F_MULTI, seq, OUR_PORT,
		&zero, sizeof zero, NULL, 0);
}

static int obey(struct fake_kernel *k, const struct request *r)
{
	static const struct {
		uint16_t type;
		size_t len;
		int (*obey)(struct fake_kernel *, const struct request *);
	} known[] = {
		{XFRM_MSG_ALLOCSPI, sizeof(struct xfrm_userspi_info),
			alloc_spi},
		{XFRM_MSG_NEWSA, sizeof(struct xfrm_usersa_info), add_sa},
		{XFRM_MSG_UPDSA, sizeof(struct xfrm_usersa_info), add_sa},
		{XFRM_MSG_GETSA, sizeof(struct xfrm_usersa_id), get_sa},
		{XFRM_MSG_DELSA, sizeof(struct xfrm_usersa_id), get_sa},
		{XFRM_MSG_NEWPOLICY, sizeof(struct xfrm_userpolicy_info),
			set_policy},
		{XFRM_MSG_UPDPOLICY, sizeof(struct xfrm_userpolicy_info),
			set_policy},
		{XFRM_MSG_GETPOLICY, sizeof(struct xfrm_userpolicy_id),
			get_policy},
		{XFRM_MSG_DELPOLICY, sizeof(struct xfrm_userpolicy_id),
			get_policy},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (known[i].type != r->header.nlmsg_type)
			continue;
		if (r->len < known[i].len)
			return -EINVAL;
		return known[i].obey(k, r);
	}
	die("unknown request");
	return 0;
}

/* Spoil what was queued for a request. */
static void mangle(struct fake_kernel *k)
{
	struct nlmsghdr header;
	uint8_t *first = k->answers.item[k->answers.at].octets;

	memcpy(&header, first, sizeof header);
	switch (k->mangle) {
	case KERNEL_SILENT:
		k->answers.n = 0;
		break;
	case KERNEL_ZERO_LENGTH:
		header.nlmsg_len = 0;
		break;
	case KERNEL_TOO_LONG:
		header.nlmsg_len = UINT32_MAX;
		break;
	case KERNEL_SHORT:
		k->answers.item[k->answers.at].len = 7;
		break;
	case KERNEL_OTHER_SEQ:
		header.nlmsg_seq ^= 1;
		k->answers.n = 1;
		break;
	case KERNEL_NO_DATA:
		if (k->answers.n > 1)
			k->answers.at = k->answers.n - 1;
		return;
	default:
		return;
	}
	memcpy(first, &header, sizeof header);
}

static int send_request(void *ctx, const uint8_t *msg, size_t len)
{
	struct fake_kernel *k = ctx;
	struct request r;
	unsigned nth = ++k->requests;
	int error = 0;

	if (len < sizeof r.header)
		die("short request");
	memcpy(&r.header, msg, sizeof r.header);
	if (r.header.nlmsg_len != len ||
		(r.header.nlmsg_flags & NLM_F_REQUEST) == 0)
		die("malformed request");
	r.body = msg + sizeof r.header;
	r.len = len - sizeof r.header;
	k->answers.n = 0;
	k->answers.at = 0;
	if (k->fail_at != 0 && nth >= k->fail_at &&
		nth <= k->fail_at + k->fail_more)
		error = k->error != 0 ? -k->error : -ENOMEM;
	if (error == 0 && (r.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		dump(k, &r);
	} else {
		if (error == 0)
			error = obey(k, &r);
		answer(k, &r, error);
	}
	mangle(k);
	return 0;
}

static int receive(void *ctx, int events, uint8_t *buf, size_t cap, int wait_ms)
{
	struct fake_kernel *k = ctx;
	struct kernel_queue *q = events ? &k->notices : &k->answers;
	int len;

	(void)wait_ms;
	if (q->at == q->n) {
		q->at = q->n = 0;
		return 0;
	}
	len = q->item[q->at].len;
	if (len > 0 && (size_t)len > cap)
		len = -EMSGSIZE;
	if (len > 0)
		memcpy(buf, q->item[q->at].octets, (size_t)len);
	q->at++;
	return len;
}

static uint32_t port(void *ctx)
{
	(void)ctx;
	return OUR_PORT;
}

static int claim(void *ctx, unsigned instance)
{
	struct fake_kernel *k = ctx;

	if ((k->claimed >> instance & 1) != 0)
		return -EADDRINUSE;
	k->claimed |= (uint32_t)1 << instance;
	return 0;
}

static void release(void *ctx, unsigned instance)
{
	struct fake_kernel *k = ctx;

	if ((k->claimed >> instance & 1) == 0)
		die("release of what is not held");
	k->claimed &= ~((uint32_t)1 << instance);
}

static uint64_t now_ms(void *ctx)
{
	return ((struct fake_kernel *)ctx)->now_ms;
}

static int64_t wall_s(void *ctx)
{
	return ((struct fake_kernel *)ctx)->wall_s;
}

const struct sdesp_xfrm_io fake_kernel_io = {
	send_request, receive, port, claim, release, now_ms, wall_s};

/* --- for tests ------------------------------------------------------------ */

void fake_kernel_init(struct fake_kernel *k)
{
	memset(k, 0, sizeof *k);
	k->now_ms = 1000;
	k->wall_s = 1000000000;
}

void fake_kernel_begin(struct fake_kernel *k, struct sdesp_xfrm *x)
{
	struct sdesp_xfrm_config config = {&fake_kernel_io, k};

	if (sdesp_xfrm_init(x, &config) != SDESP_OK)
		die(sdesp_xfrm_cause(x));
}

void fake_kernel_fail(struct fake_kernel *k, unsigned nth, unsigned more)
{
	k->fail_at = nth == 0 ? 0 : k->requests + nth;
	k->fail_more = more;
}

unsigned fake_kernel_mature(const struct fake_kernel *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KERNEL_SAS; i++)
		n += k->sas[i].used && k->sas[i].keyed;
	return n;
}

unsigned fake_kernel_sas(const struct fake_kernel *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KERNEL_SAS; i++)
		n += k->sas[i].used != 0;
	return n;
}

unsigned fake_kernel_policies(const struct fake_kernel *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KERNEL_POLICIES; i++)
		n += k->policies[i].used != 0;
	return n;
}

struct kernel_sa *fake_kernel_sa(struct fake_kernel *k, uint32_t spi)
{
	for (unsigned i = 0; i < KERNEL_SAS; i++) {
		if (k->sas[i].used && k->sas[i].info.id.spi == htonl(spi))
			return &k->sas[i];
	}
	return NULL;
}

struct kernel_policy *fake_kernel_policy(struct fake_kernel *k, unsigned dir)
{
	for (unsigned i = 0; i < KERNEL_POLICIES; i++) {
		if (k->policies[i].used && k->policies[i].info.dir == dir)
			return &k->policies[i];
	}
	return NULL;
}

void fake_kernel_put_sa(struct fake_kernel *k, uint32_t spi, uint32_t reqid)
{
	struct kernel_sa *sa = free_sa(k);

	memset(sa, 0, sizeof *sa);
	sa->used = 1;
	sa->keyed = 1;
	sa->info.id.spi = htonl(spi);
	sa->info.id.proto = IPPROTO_ESP;
	sa->info.family = AF_INET;
	sa->info.reqid = reqid;
}

void fake_kernel_put_policy(struct fake_kernel *k,
	const struct xfrm_selector *sel, unsigned dir, uint32_t reqid)
{
	struct kernel_policy *p = free_policy(k);

	memset(p, 0, sizeof *p);
	p->used = 1;
	p->info.sel = *sel;
	p->info.dir = (uint8_t)dir;
	p->tmpl.reqid = reqid;
}
