/* Requests and their answers. SPDX-License-Identifier: MIT */
#include "talk.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "base/ct.h"

#define WAIT_MS 2000     /* the kernel answers before it returns from send */
#define STRAY_MAX 64     /* datagrams that are not for us, in one wait */
#define DUMP_MAX 1000000 /* datagrams of one dump */

struct hint {
	int error;
	const char *text;
};

static const struct hint hints[] = {
	{EPERM, "root or CAP_NET_ADMIN is needed, in this network "
		"namespace; --backend udp needs neither"},
	{EPROTONOSUPPORT,
		"this kernel has XFRM but not this part of ESP (CONFIG_INET_"
		"ESP, CONFIG_INET6_ESP); --backend udp and --backend tun do "
		"ESP themselves"},
	{ENOBUFS, "the kernel has no memory for more"},
	{ENOMEM, "the kernel has no memory for more"},
	{ETIMEDOUT, "the kernel did not answer"},
	{EPROTO, "the kernel's answer makes no sense"},
};

void sdesp_xfrm_blame(struct sdesp_xfrm *x, const char *what, int error,
	const char *text, size_t text_len)
{
	const char *hint = NULL;

	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
		if (hints[i].error == -error)
			hint = hints[i].text;
	}
	snprintf(x->cause, sizeof x->cause, "%s: %s%s%.*s%s%s%s", what,
		strerror(-error), text_len > 0 ? " (kernel: " : "",
		text_len > 80 ? 80 : (int)text_len, text,
		text_len > 0 ? ")" : "", hint != NULL ? ": " : "",
		hint != NULL ? hint : "");
}

int sdesp_xfrm_status(int error)
{
	if (error == 0)
		return SDESP_OK;
	if (error == -EEXIST)
		return SDESP_ERR_EXISTS;
	if (error == -ESRCH || error == -ENOENT)
		return SDESP_ERR_GONE;
	return SDESP_ERR_BACKEND;
}

void sdesp_xfrm_forget(struct sdesp_xfrm *x)
{
	sdesp_wipe(x->request, sizeof x->request);
	sdesp_wipe(x->reply, sizeof x->reply);
	sdesp_wipe(x->notice, sizeof x->notice);
}

/* One exchange: where answers go, and how it ended. */
struct exchange {
	uint32_t seq;
	struct sdesp_nl_msg *reply; /* NULL: an answer besides is not wanted */
	sdesp_xfrm_each *each;      /* of a dump; NULL: it is none */
	void *ctx;
	int kept; /* 1: reply is set */
	int done, error;
	const char *text;
	size_t text_len;
};

static void take(struct exchange *e, const struct sdesp_nl_msg *msg)
{
	if (msg->seq != e->seq || e->done)
		return;
	if (msg->type == NLMSG_ERROR || msg->type == NLMSG_DONE) {
		e->done = 1;
		if (msg->type == NLMSG_ERROR &&
			sdesp_nl_error(
				msg, &e->error, &e->text, &e->text_len) != 0)
			e->error = -EPROTO;
	} else if (e->each != NULL) {
		e->each(e->ctx, msg);
	} else if (e->reply != NULL && !e->kept) {
		*e->reply = *msg;
		e->kept = 1;
	}
}

/* One datagram; what was kept of an earlier one is not written over. */
static int receive(struct sdesp_xfrm *x, struct exchange *e)
{
	uint8_t *buf = e->kept ? x->notice : x->reply;
	size_t cap = e->kept ? sizeof x->notice : sizeof x->reply;
	struct sdesp_nl_rest rest = {buf, 0};
	struct sdesp_nl_msg msg;
	int more, n = x->config.io->receive(
			  x->config.io_ctx, 0, buf, cap, WAIT_MS);

	if (n <= 0)
		return n < 0 ? n : -ETIMEDOUT;
	rest.len = (size_t)n < cap ? (size_t)n : cap;
	while ((more = sdesp_nl_next(&msg, &rest)) == 1)
		take(e, &msg);
	return more < 0 ? -EPROTO : 0;
}

static int run(struct sdesp_xfrm *x, struct exchange *e, struct sdesp_nl *m,
	const char *what)
{
	size_t len;
	int error;

	e->seq = ++x->seq;
	len = sdesp_nl_end(m, e->seq);
	if (len == 0)
		error = -EMSGSIZE;
	else
		error = x->config.io->send(x->config.io_ctx, m->buf, len);
	for (unsigned i = e->each != NULL ? DUMP_MAX : STRAY_MAX;
		error == 0 && !e->done; i--)
		error = i == 0 ? -EPROTO : receive(x, e);
	sdesp_wipe(m->buf, m->len);
	if (error == 0)
		error = e->error;
	if (error == 0 && e->reply != NULL && !e->kept)
		error = -EPROTO;
	if (error != 0)
		sdesp_xfrm_blame(x, what, error, e->text, e->text_len);
	return error;
}

int sdesp_xfrm_talk(struct sdesp_xfrm *x, struct sdesp_nl *m, const char *what,
	struct sdesp_nl_msg *reply)
{
	struct exchange e;

	memset(&e, 0, sizeof e);
	e.reply = reply;
	e.text = "";
	return run(x, &e, m, what);
}

int sdesp_xfrm_dump(struct sdesp_xfrm *x, struct sdesp_nl *m, const char *what,
	sdesp_xfrm_each *each, void *ctx)
{
	struct exchange e;

	memset(&e, 0, sizeof e);
	e.each = each;
	e.ctx = ctx;
	e.text = "";
	return run(x, &e, m, what);
}
