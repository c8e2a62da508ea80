/* What the parts of the backend have of each other.
 * SPDX-License-Identifier: MIT */
#ifndef SDESP_XFRM_BACKEND_H
#define SDESP_XFRM_BACKEND_H

#include "message.h"
#include "sdesp_xfrm.h"
#include "table.h"
#include "talk.h"

extern const struct sdesp_backend_class sdesp_xfrm_class;

static inline struct sdesp_xfrm *sdesp_xfrm_self(struct sdesp_backend *be)
{
	return (struct sdesp_xfrm *)be;
}

/* SDESP_ERR_UNSUPPORTED for a flow that the kernel cannot have. */
int sdesp_xfrm_check_flow(struct sdesp_xfrm *x, const struct sdesp_flow *flow);

/* XFRM_MSG_GETSA. 0 or a negative errno. With reply not NULL the answer is
 * kept, and is to be forgotten by the caller. */
int sdesp_xfrm_ask(struct sdesp_xfrm *x, const struct sdesp_xfrm_ident *id,
	struct sdesp_xfrm_seen *seen, struct sdesp_nl_msg *reply);

/* XFRM_MSG_DELSA. 0 or a negative errno. */
int sdesp_xfrm_remove(struct sdesp_xfrm *x, const struct sdesp_xfrm_ident *id);

int sdesp_xfrm_move(struct sdesp_backend *be, const struct sdesp_flow *flow,
	const struct sdesp_flow *old, uint32_t spi, int inbound);

int sdesp_xfrm_poll(struct sdesp_backend *be, struct sdesp_backend_event *ev);

#define SDESP_XFRM_RANGE 4096u /* reqids of an instance */

/* Whose a reqid is; SDESP_XFRM_INSTANCES: not ours. */
unsigned sdesp_xfrm_instance(uint32_t reqid);

/* Remove the SAs of our instance and of those whose process is gone; then,
 * with policies, the policies: without, what dead ones protected is blocked. 0
 * or a negative errno. */
int sdesp_xfrm_bury(struct sdesp_xfrm *x, int policies);

/* Find the half of our range whose reqids no dead policy has: what such a one
 * lets in is not to come by an SA of ours. 0 or a negative errno. */
int sdesp_xfrm_find_half(struct sdesp_xfrm *x);

/* 1 when the kernel's policy of this selector and direction, which no flow of
 * ours owns, is of a dead process. */
int sdesp_xfrm_is_left(
	struct sdesp_xfrm *x, const struct xfrm_selector *sel, unsigned dir);

/* What a dump shows of SAs or policies that are to go. */
#define SDESP_XFRM_BATCH 32 /* found in one dump, before any is deleted */

struct sdesp_xfrm_leftovers {
	uint32_t present; /* instances that have something: bit */
	unsigned dead;    /* the instance that is swept */
	unsigned n;
	struct {
		struct xfrm_usersa_id id;
		struct sdesp_xfrm_policy_seen policy;
	} found[SDESP_XFRM_BATCH];
};

/* Dump, let each() find, delete what was found, until nothing is. type is
 * XFRM_MSG_GETSA or XFRM_MSG_GETPOLICY. 0 or a negative errno. */
int sdesp_xfrm_sweep(struct sdesp_xfrm *x, struct sdesp_xfrm_leftovers *left,
	unsigned type, sdesp_xfrm_each *each);

/* Take one notice into the table: 1, 0 when there is none, or a negative
 * errno. With deleted not NULL, *deleted becomes our own XFRM_MSG_DELSA of
 * this request, in x->notice, when this is it; else it is untouched. */
int sdesp_xfrm_take_notice(
	struct sdesp_xfrm *x, uint32_t seq, struct sdesp_nl_msg *deleted);

#endif
