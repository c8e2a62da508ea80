/* One request and its reply. RFC 2367 1.3 and 2.1.
 * SPDX-License-Identifier: MIT */
#include "exchange.h"

#include <errno.h>
#include <string.h>

#include "base/ct.h"
#include "base/text.h"

#include "events.h"

/* The first 12 bits of a sequence number are the instance's. */
#define COUNT 0xfffff

/* Messages that one dump may have. */
#define DUMP_MAX 0x100000

static const char *name(const struct sdesp_pfkey *pf, unsigned type)
{
	static const char *const rfc[] = {"?", "GETSPI", "UPDATE", "ADD",
		"DELETE", "GET", "ACQUIRE", "REGISTER"};
	static const char *const kame[] = {"SPDUPDATE", "SPDADD", "SPDDELETE"};
	static const char *const openbsd[] = {"ADDFLOW", "DELFLOW"};

	if (type <= PFKEY_REGISTER)
		return rfc[type];
	if (type == PFKEY_DUMP)
		return "DUMP";
	if (pf->config.dialect->flows)
		return openbsd[type == OPENBSD_DELFLOW];
	if (type == KAME_SPDDUMP)
		return "SPDDUMP";
	return type == MACOS_MIGRATE ? "MIGRATE"
				     : kame[(type - KAME_SPDUPDATE) % 3];
}

int sdesp_pfkey_blame(
	struct sdesp_pfkey *pf, const char *request, const char *why)
{
	struct sdesp_text t;

	sdesp_text_init(&t, pf->cause, sizeof pf->cause - 1);
	sdesp_text_string(&t, "PF_KEY ");
	sdesp_text_string(&t, request);
	sdesp_text_string(&t, ": ");
	sdesp_text_string(&t, why);
	pf->cause[t.len] = '\0';
	return SDESP_ERR_BACKEND;
}

void sdesp_pfkey_ask(
	struct sdesp_pfkey *pf, struct pfkey_writer *w, unsigned type)
{
	pf->count++;
	sdesp_pfkey_begin(w, pf->config.dialect, type,
		(pf->config.seq & ~(uint32_t)COUNT) | (pf->count & COUNT),
		pf->config.pid);
}

static int refusal(struct sdesp_pfkey *pf, unsigned type, unsigned error)
{
	int status =
		sdesp_pfkey_blame(pf, name(pf, type), strerror((int)error));

	if (error == ESRCH || error == ENOENT)
		return SDESP_ERR_GONE;
	return error == EEXIST ? SDESP_ERR_EXISTS : status;
}

/* The next message that is one. 1, or 0 when there is none. A message too
 * long to be read whole is an event lost, as is one that the kernel could not
 * hold for us. */
static int next(struct sdesp_pfkey *pf, struct pfkey_message *msg, int wait)
{
	for (unsigned i = 0; i < SDESP_PFKEY_PATIENCE; i++) {
		long n = pf->config.receive(
			pf->config.ctx, pf->reply, sizeof pf->reply, wait);

		if (n == 0)
			return 0;
		if (n == -ENOBUFS || n > (long)sizeof pf->reply)
			pf->lost = 1;
		else if (n < 0)
			return 0;
		else if (sdesp_pfkey_read(msg, pf->reply, (size_t)n) ==
			 SDESP_OK)
			return 1;
		sdesp_wipe(pf->reply, sizeof pf->reply);
	}
	return 0;
}

static int is_reply(const struct pfkey_message *msg, unsigned type,
	uint32_t seq, uint32_t pid)
{
	return msg->type == type && msg->seq == seq && msg->pid == pid;
}

static int wait_reply(struct sdesp_pfkey *pf, struct pfkey_message *msg,
	unsigned type, uint32_t seq)
{
	for (unsigned i = 0; i < SDESP_PFKEY_PATIENCE; i++) {
		if (!next(pf, msg, 1))
			break;
		if (is_reply(msg, type, seq, pf->config.pid))
			return msg->error == 0 ? SDESP_OK
					       : refusal(pf, type, msg->error);
		sdesp_pfkey_event(pf, msg);
		sdesp_wipe(pf->reply, sizeof pf->reply);
	}
	pf->unsure = 1;
	return sdesp_pfkey_blame(pf, name(pf, type), "no reply");
}

/* Give it away; its memory has nothing of it left. */
static int give(struct sdesp_pfkey *pf, struct pfkey_writer *w)
{
	int status = sdesp_pfkey_end(w), error = 0;

	pf->unsure = 0;
	pf->cause[0] = '\0';
	if (status == SDESP_OK)
		error = pf->config.send(pf->config.ctx, w->buf, w->len);
	if (error != 0)
		status = refusal(pf, w->buf[1], (unsigned)error);
	sdesp_wipe(w->buf, sizeof w->buf);
	return status;
}

int sdesp_pfkey_exchange(struct sdesp_pfkey *pf, struct pfkey_writer *w,
	struct pfkey_message *msg)
{
	unsigned type = w->buf[1];
	uint32_t seq = sdesp_pfkey_get32(w->buf + 8);
	int status = give(pf, w);

	memset(msg, 0, sizeof *msg);
	return status == SDESP_OK ? wait_reply(pf, msg, type, seq) : status;
}

int sdesp_pfkey_tell(struct sdesp_pfkey *pf, struct pfkey_writer *w)
{
	struct pfkey_message msg;
	int status = sdesp_pfkey_exchange(pf, w, &msg);

	sdesp_wipe(pf->reply, sizeof pf->reply);
	return status;
}

void sdesp_pfkey_undo(struct sdesp_pfkey *pf, struct pfkey_writer *w)
{
	char cause[sizeof pf->cause];
	uint8_t unsure = pf->unsure;

	memcpy(cause, pf->cause, sizeof cause);
	(void)sdesp_pfkey_tell(pf, w);
	memcpy(pf->cause, cause, sizeof cause);
	pf->unsure = unsure;
}

/* Read what a dump says, up to its end. */
static int dumped(struct sdesp_pfkey *pf, unsigned type, unsigned last,
	sdesp_pfkey_each *each, void *ctx)
{
	struct pfkey_message msg;
	int status = SDESP_OK, over = 0;

	for (unsigned i = 0; i < DUMP_MAX && !over; i++) {
		if (!next(pf, &msg, 1))
			break;
		if (msg.pid != pf->config.pid ||
			(msg.type != type && msg.type != last)) {
			sdesp_pfkey_event(pf, &msg);
		} else if (msg.error != 0) {
			status = refusal(pf, msg.type, msg.error);
			over = 1;
		} else {
			if (msg.type == type)
				each(ctx, pf, &msg);
			over = msg.type == last &&
			       (last != type || msg.seq == 0);
		}
		sdesp_wipe(pf->reply, sizeof pf->reply);
	}
	return over ? status : sdesp_pfkey_blame(pf, name(pf, type), "no end");
}

int sdesp_pfkey_dump(struct sdesp_pfkey *pf, unsigned type,
	sdesp_pfkey_each *each, void *ctx)
{
	unsigned last = pf->config.dialect->flows ? PFKEY_REGISTER : type;
	uint8_t lost = pf->lost;
	struct pfkey_writer w;
	int status;

	pf->lost = 0;
	sdesp_pfkey_ask(pf, &w, type);
	status = give(pf, &w);
	if (status == SDESP_OK && last != type) {
		sdesp_pfkey_ask(pf, &w, last);
		status = give(pf, &w);
	}
	if (status == SDESP_OK)
		status = dumped(pf, type, last, each, ctx);
	if (status == SDESP_OK && pf->lost)
		status = sdesp_pfkey_blame(
			pf, name(pf, type), "some of it is lost");
	pf->lost |= lost;
	return status == SDESP_ERR_GONE ? SDESP_OK : status;
}

int sdesp_pfkey_overhear(struct sdesp_pfkey *pf)
{
	struct pfkey_message msg;
	int got = next(pf, &msg, 0);

	if (got)
		sdesp_pfkey_event(pf, &msg);
	sdesp_wipe(pf->reply, sizeof pf->reply);
	return got;
}
