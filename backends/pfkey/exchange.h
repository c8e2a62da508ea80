/*
 * One request and its reply; what else comes meanwhile goes to the events.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_PFKEY_EXCHANGE_H
#define SDESP_PFKEY_EXCHANGE_H

#include "reader.h"
#include "writer.h"

/* Begin a request. */
void sdesp_pfkey_ask(
	struct sdesp_pfkey *pf, struct pfkey_writer *w, unsigned type);

/*
 * Send it, read its reply into *msg and wipe the request. *msg points into
 * pf->reply, which the caller wipes: GET answers keys.
 *
 * SDESP_ERR_GONE     ESRCH, ENOENT: no such SA or policy
 * SDESP_ERR_EXISTS   EEXIST
 * SDESP_ERR_BACKEND  any other refusal, or no reply, which pf->unsure says;
 *                    pf->cause has it in words
 */
SDESP_CHECK int sdesp_pfkey_exchange(struct sdesp_pfkey *pf,
	struct pfkey_writer *w, struct pfkey_message *msg);

/* The same where the reply says no more than that it is done. */
int sdesp_pfkey_tell(struct sdesp_pfkey *pf, struct pfkey_writer *w);

/* The same to undo something: what the last failure was stays said. */
void sdesp_pfkey_undo(struct sdesp_pfkey *pf, struct pfkey_writer *w);

/*
 * Ask for all SAs or all policies; each() sees them one by one, and asks for
 * nothing itself. OpenBSD does not say which is the last: there the reply to
 * a second request is the end.
 *
 * SDESP_ERR_BACKEND  pf->cause says why; each() may not have seen them all
 */
typedef void sdesp_pfkey_each(
	void *ctx, struct sdesp_pfkey *pf, const struct pfkey_message *msg);
SDESP_CHECK int sdesp_pfkey_dump(struct sdesp_pfkey *pf, unsigned type,
	sdesp_pfkey_each *each, void *ctx);

/* Read at most one message that is not a reply. 1 = there may be more. */
int sdesp_pfkey_overhear(struct sdesp_pfkey *pf);

/* Say in words what has failed. Returns SDESP_ERR_BACKEND. */
int sdesp_pfkey_blame(
	struct sdesp_pfkey *pf, const char *request, const char *why);

#endif
