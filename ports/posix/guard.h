/*
 * Routing rules that lead what is to be protected into a device, or nowhere
 * when the device is gone: rtnetlink(7), ip-rule(8); and policies that refuse
 * what goes by or comes from elsewhere: ip-xfrm(8). Linux.
 * SPDX-License-Identifier: MIT
 *
 * Rules come before all others but "local". One process has
 *
 *	P+0	fwmark 0x5de50001 goto P+3
 *	P+1	to PEER [protocol and ports] lookup its own table
 *	P+2	to PEER [protocol and ports] blackhole
 *	P+3	nop
 *
 * with P = 1000 + 4 * N, its own table 0x5de50000 + N with the routes into the
 * device, and "proto 93" on all of it; N is a number that only one process of
 * a network namespace has at a time. What it sends itself has the mark. If it
 * is killed the rules stay and nothing leaves; the next process to come
 * removes what dead ones left, once its own rules are there. The policies are
 * those of sdesp_xfrm_guard.h, of the owner N.
 */
#ifndef SDESP_CMD_GUARD_H
#define SDESP_CMD_GUARD_H

#include "sdesp_sa.h"
#include "sdesp_xfrm_guard.h"
#include "sdesp_xfrm_socket.h"

#define GUARD_MARK 0x5de50001u
#define GUARD_CAME 0x5de50002u /* what came from the device */
#define GUARD_TABLE 0x5de50000u
#define GUARD_RULES 1000
#define GUARD_PROTOCOL 93
#define GUARD_INSTANCES 16

/* Traffic that is led: at least what a selector covers. */
struct guard_traffic {
	struct sdesp_addr to; /* of the remote end; ports do not count */
	uint8_t bits;
	uint8_t protocol;            /* 0 = any */
	uint16_t local_lo, local_hi; /* 0 = any */
	uint16_t remote_lo, remote_hi;
};

struct guard {
	int fd;   /* netlink; -1 = none */
	int held; /* socket that holds the number; -1 = none */
	unsigned instance;
	uint32_t seq;
	int has_policies; /* 0: this kernel has none */
	int has_mark;     /* 0: nothing tells what the device brings in */
	int heir;         /* 1: a dead process had the number, and nothing of
			   * ours is up yet */
	struct sdesp_xfrm_socket socket;
	struct sdesp_xfrm_guard policies;
};

/*
 * What must be led for this selector of a flow. Ports are left out, and more
 * traffic is led, where rules cannot tell them: port 65535, a protocol
 * without ports, a tunnel (fragments have none), a local port of TCP over
 * IPv6, which the kernel chooses after the route.
 */
void guard_traffic(struct guard_traffic *t, const struct sdesp_flow *flow,
	const struct sdesp_ts *ts);

int guard_equal(const struct guard_traffic *a, const struct guard_traffic *b);

/* Begin: take a number, add the rules around those of traffic. 0, or -1 with
 * errno. */
int guard_open(struct guard *g);

/* Then, with the index of the device: let its packets pass the policies that
 * come. A kernel without policies, or without a mark for them, is no error: see
 * has_policies and has_mark. 0, or -1: the cause is in g->policies. */
int guard_open_policies(struct guard *g, unsigned device);

/* Refuse what comes of a flow, or leaves, by another way than the device, and
 * no longer; place is the flow's own number. SDESP_ERR_UNSUPPORTED: policies
 * cannot say its selectors. */
int guard_shut(struct guard *g, const struct sdesp_flow *flow, unsigned place);
void guard_unshut(
	struct guard *g, const struct sdesp_flow *flow, unsigned place);

/* A flow is up: what a dead process left under our number is now ours. Until
 * then nothing of that is let go or unshut. */
void guard_settle(struct guard *g);

/*
 * Lead traffic into the interface of this index, from the address src where
 * programs have not chosen one (family 0: as the kernel likes); or let it go.
 * What is led already is no error. 0, or -1 with errno.
 */
int guard_lead(struct guard *g, const struct guard_traffic *t, unsigned link,
	const struct sdesp_addr *src);
void guard_let(struct guard *g, const struct guard_traffic *t);

/* Remove the route of traffic: when no other traffic goes there. */
void guard_let_route(
	struct guard *g, const struct guard_traffic *t, unsigned link);

/* End: remove all that is ours, and what dead processes left. With leave, their
 * part stays; under our number, if one had that, ours with it. */
void guard_close(struct guard *g, int leave);

/* Mark all that comes from this device with GUARD_CAME. 0, or -1 with errno:
 * the kernel cannot. */
int guard_mark(struct guard *g, unsigned device);

/* What these do with policies. */
void guard_bury_policies(struct guard *g, unsigned instance);
void guard_close_policies(struct guard *g);

#endif
