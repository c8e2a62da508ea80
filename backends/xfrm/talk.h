/* Requests and their answers. SPDX-License-Identifier: MIT */
#ifndef SDESP_XFRM_TALK_H
#define SDESP_XFRM_TALK_H

#include "netlink.h"
#include "sdesp_xfrm.h"

/*
 * Send a request and wait for its ACK. 0, or a negative errno; what names the
 * deed for the cause. With reply not NULL the answer besides the ACK goes
 * there: it lies in x->reply and may hold keys (sdesp_xfrm_forget()); one
 * that does not come is -EPROTO.
 */
int sdesp_xfrm_talk(struct sdesp_xfrm *x, struct sdesp_nl *m, const char *what,
	struct sdesp_nl_msg *reply);

typedef void sdesp_xfrm_each(void *ctx, const struct sdesp_nl_msg *msg);

/* Send a dump request and hand over each message of the answer. */
int sdesp_xfrm_dump(struct sdesp_xfrm *x, struct sdesp_nl *m, const char *what,
	sdesp_xfrm_each *each, void *ctx);

/* Wipe what may hold keys. */
void sdesp_xfrm_forget(struct sdesp_xfrm *x);

/* Set the cause; the kernel's words, if there are any, and an explanation of
 * the errno go behind. */
void sdesp_xfrm_blame(struct sdesp_xfrm *x, const char *what, int error,
	const char *text, size_t text_len);

/* The status for an errno: EEXIST, ESRCH and ENOENT have their own. */
int sdesp_xfrm_status(int error);

#endif
