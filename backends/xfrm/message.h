/*
 * The messages of linux/xfrm.h: requests into the caller's buffer, and what
 * the kernel says of SAs. Makes no system call; what is read may be anything.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_XFRM_MESSAGE_H
#define SDESP_XFRM_MESSAGE_H

#include <linux/xfrm.h>

#include "netlink.h"
#include "sdesp_sa.h"

/* Enough for every request: the largest has keys and a window of 4096. */
#define SDESP_XFRM_REQUEST 1408

/* An SA as the kernel looks it up, and what its messages need besides. */
struct sdesp_xfrm_ident {
	struct sdesp_addr src, dst; /* as its packets go; ports when udp */
	uint32_t spi, reqid;
	uint8_t mode; /* enum sdesp_mode */
	uint8_t udp;
};

void sdesp_xfrm_ident(struct sdesp_xfrm_ident *id,
	const struct sdesp_flow *flow, uint32_t spi, uint32_t reqid,
	int inbound);

/* XFRM_MSG_ALLOCSPI of just this SPI. */
void sdesp_xfrm_put_allocspi(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	const struct sdesp_xfrm_ident *id);

/* XFRM_MSG_NEWSA or XFRM_MSG_UPDSA; sel may be NULL: any traffic. 0 when
 * Linux has no such suite, else 1. */
int sdesp_xfrm_put_sa(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id,
	const struct sdesp_sa *sa, const struct xfrm_selector *sel,
	int inbound);

/* XFRM_MSG_GETSA or XFRM_MSG_DELSA. */
void sdesp_xfrm_put_name(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id);

/* A dump of all SAs (XFRM_MSG_GETSA) or policies (XFRM_MSG_GETPOLICY). */
void sdesp_xfrm_put_dump(
	struct sdesp_nl *m, uint8_t *buf, size_t cap, unsigned type);

/*
 * XFRM_MSG_NEWPOLICY or XFRM_MSG_UPDPOLICY for one selector. dir is
 * XFRM_POLICY_OUT, _IN or _FWD; id names the SAs that carry it, spi 0 any of
 * its reqid; with NULL the policy needs none, and one that allows goes before
 * those that block. What neighbours ask each other is let pass instead.
 */
void sdesp_xfrm_put_policy(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct xfrm_selector *sel, unsigned dir,
	unsigned action, const struct sdesp_xfrm_ident *id);

/* XFRM_MSG_GETPOLICY or XFRM_MSG_DELPOLICY. */
void sdesp_xfrm_put_policy_name(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct xfrm_selector *sel, unsigned dir);

/* Append to any of them: it is for packets with this mark. m 0: nothing. */
void sdesp_xfrm_put_mark(struct sdesp_nl *m, const struct xfrm_mark *mark);

/* What the kernel says of an SA. */
struct sdesp_xfrm_seen {
	struct xfrm_usersa_info info;
	uint64_t in, out; /* highest number accepted, last one sent */
	int keyed;        /* 1: it has an algorithm; 0: larval */
};

/* Read an XFRM_MSG_NEWSA or what else holds an xfrm_usersa_info at skip, and
 * its attributes behind. 0, or -1 when it is too short. */
int sdesp_xfrm_read_sa(
	struct sdesp_xfrm_seen *seen, const struct sdesp_nl_msg *msg);

/* How long an SA has to go yet. The kernel reckons by the time of day, which
 * may have been set since the SA was added. */
struct sdesp_xfrm_left {
	uint64_t seconds; /* at least 1 */
	int64_t wall_s;   /* the kernel's time of day */
};

/* The same SA with other outer addresses: from what the kernel said of it,
 * keys included. The last number sent is put forward by skip. last is its
 * XFRM_MSG_DELSA, or NULL: the numbers in there count. left NULL: for ever.
 * -1 when the kernel did not say enough, as when it hides keys (lockdown). */
int sdesp_xfrm_put_moved(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id,
	const struct sdesp_nl_msg *msg, const struct sdesp_nl_msg *last,
	const struct xfrm_selector *sel, uint32_t skip,
	const struct sdesp_xfrm_left *left);

/* XFRM_MSG_NEWAE: the numbers of an SA as it was added are now these. seq is
 * the last one sent; inbound all up to it were seen. */
void sdesp_xfrm_put_numbers(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	const struct sdesp_xfrm_ident *id, const struct sdesp_sa *sa,
	int inbound, uint64_t seq);

/* A policy in a dump, as far as it is needed to delete it. */
struct sdesp_xfrm_policy_seen {
	struct xfrm_selector sel;
	struct xfrm_mark mark; /* m 0 = none */
	uint8_t dir;
	uint32_t reqid; /* of its first template, or its index; 0 = none */
};

int sdesp_xfrm_read_policy(
	struct sdesp_xfrm_policy_seen *seen, const struct sdesp_nl_msg *msg);

/* What the kernel tells unasked. */
enum sdesp_xfrm_notice_type {
	SDESP_XFRM_OTHER, /* nothing of interest */
	SDESP_XFRM_SOFT,
	SDESP_XFRM_HARD,
	SDESP_XFRM_DELETED,
	SDESP_XFRM_FLUSHED,
	SDESP_XFRM_MAPPED
};

struct sdesp_xfrm_notice {
	uint8_t type;
	uint32_t spi;
	struct sdesp_addr dst;
	struct sdesp_addr from; /* MAPPED: source seen, with port */
};

/* Read a notice. Anything malformed is OTHER. */
void sdesp_xfrm_read_notice(
	struct sdesp_xfrm_notice *notice, const struct sdesp_nl_msg *msg);

#endif
