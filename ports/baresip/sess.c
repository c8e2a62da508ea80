/* A call as a whole: its end, its re-INVITEs. SPDX-License-Identifier: MIT */
#include "media.h"

#include <errno.h>

static struct list calls;

struct list *media_calls(void)
{
	return &calls;
}

static void destructor(void *arg)
{
	struct menc_sess *sess = arg;

	tmr_cancel(&sess->tmr);
	list_unlink(&sess->le);
	list_clear(&sess->streams);
}

int media_session(struct menc_sess **sessp, struct sdp_session *sdp,
	bool offerer, menc_event_h *eventh, menc_error_h *errorh, void *arg)
{
	struct menc_sess *sess;

	(void)offerer;
	(void)errorh;
	sess = mem_zalloc(sizeof *sess, destructor);
	if (sess == NULL)
		return ENOMEM;
	tmr_init(&sess->tmr);
	list_init(&sess->streams);
	sess->sdp = sdp;
	sess->eventh = eventh;
	sess->call = arg;
	list_append(&calls, &sess->le, sess);
	*sessp = sess;
	return 0;
}

/* The user agent of a call that is still there, else NULL. */
static struct ua *find_ua(const struct call *call)
{
	struct le *le, *other;

	for (le = list_head(uag_list()); le != NULL; le = le->next) {
		for (other = list_head(ua_calls(le->data)); other != NULL;
			other = other->next) {
			if (other->data == call)
				return le->data;
		}
	}
	return NULL;
}

static void run(void *arg)
{
	struct menc_sess *sess = arg;
	struct ua *ua = find_ua(sess->call);
	int err;

	if (ua == NULL)
		return;
	if (sess->reason[0] != '\0') {
		mem_ref(sess); /* the call takes us with it */
		ua_hangup(ua, sess->call, 488, sess->reason);
		mem_deref(sess);
		return;
	}
	err = call_modify(sess->call);
	if (err != 0)
		info("sdesp: no re-INVITE now: %m\n", err);
}

void sess_end(struct menc_sess *sess, const char *reason)
{
	if (sess->reason[0] != '\0')
		return;
	warning("sdesp: call ends: %s\n", reason);
	str_ncpy(sess->reason, reason, sizeof sess->reason);
	tmr_start(&sess->tmr, 0, run, sess);
}

void sess_offer(struct menc_sess *sess)
{
	if (sess->reason[0] == '\0')
		tmr_start(&sess->tmr, 0, run, sess);
}
