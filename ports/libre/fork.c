/*
 * The branches of one INVITE (RFC 3261 13.2.2.4): the first 2xx wins, every
 * other one gets its ACK and BYE, for as long as they may come.
 * SPDX-License-Identifier: MIT
 */
#include "ports/libre/call.h"

struct fork {
	struct le le;
	struct sdesp_libre *ua;
	struct sip_dialog *base; /* half a dialog, which branches complete */
	struct sip_auth *auth;
	struct list legs;
	struct tmr tmr;
	bool closed;
};

/* A branch that lost. */
struct leg {
	struct le le;
	struct sip_dialog *dlg;
	struct ack *ack;
	struct sip_request *bye;
};

static void leg_destroy(void *arg)
{
	struct leg *leg = arg;

	list_unlink(&leg->le);
	mem_deref(leg->bye);
	mem_deref(leg->ack);
	mem_deref(leg->dlg);
}

static void fork_destroy(void *arg)
{
	struct fork *fork = arg;

	list_unlink(&fork->le);
	tmr_cancel(&fork->tmr);
	list_flush(&fork->legs);
	mem_deref(fork->base);
	mem_deref(fork->auth);
}

struct fork *fork_alloc(
	struct sdesp_libre *ua, struct sip_dialog *base, struct sip_auth *auth)
{
	struct fork *fork = mem_zalloc(sizeof *fork, fork_destroy);

	if (fork == NULL)
		return NULL;
	fork->ua = ua;
	fork->base = mem_ref(base);
	fork->auth = mem_ref(auth);
	list_append(&ua->forks, &fork->le, fork);
	return fork;
}

struct sip_dialog *fork_base(const struct fork *fork)
{
	return fork->base;
}

void fork_drop(struct fork *fork)
{
	tmr_cancel(&fork->tmr);
	list_unlink(&fork->le);
	list_flush(&fork->legs);
	mem_deref(fork);
}

/* Nothing more can come. */
static void done(void *arg)
{
	fork_drop(arg);
}

void fork_close(struct fork *fork)
{
	if (fork->closed)
		return;
	fork->closed = true;
	tmr_start(&fork->tmr, TRANSACTION_MS, done, fork);
}

struct sip_dialog *fork_win(struct fork *fork, const struct sip_msg *msg)
{
	struct sip_dialog *dlg = NULL;

	if (sip_dialog_fork(&dlg, fork->base, msg) != 0)
		return NULL;
	fork_close(fork);
	return dlg;
}

static void bye_gone(int err, const struct sip_msg *msg, void *arg)
{
	(void)err;
	(void)msg;
	(void)arg;
}

static void lose(struct fork *fork, const struct sip_msg *msg)
{
	struct sip *sip = fork->ua->config.sip;
	struct leg *leg = mem_zalloc(sizeof *leg, leg_destroy);
	struct mbuf *tail = body_tail("", NULL);

	if (leg != NULL && tail != NULL &&
		sip_dialog_fork(&leg->dlg, fork->base, msg) == 0) {
		list_append(&fork->legs, &leg->le, leg);
		(void)ack_send(&leg->ack, sip, leg->dlg, fork->auth,
			msg->cseq.num, NULL);
		(void)sip_drequestf(&leg->bye, sip, true, "BYE", leg->dlg, 0,
			fork->auth, NULL, bye_gone, leg, "%b", mbuf_buf(tail),
			mbuf_get_left(tail));
		leg = NULL;
	}
	mem_deref(leg);
	mem_deref(tail);
}

bool fork_response(struct sdesp_libre *ua, const struct sip_msg *msg)
{
	for (struct le *le = ua->forks.head; le != NULL; le = le->next) {
		struct fork *fork = le->data;

		if (!sip_dialog_cmp_half(fork->base, msg))
			continue;
		for (struct le *at = fork->legs.head; at != NULL;
			at = at->next) {
			struct leg *leg = at->data;

			if (ack_matches(leg->ack, msg)) {
				ack_again(leg->ack, ua->config.sip);
				return true;
			}
		}
		lose(fork, msg);
		return true;
	}
	return false;
}
