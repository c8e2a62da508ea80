/*
 * Routing rules and routes by rtnetlink. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ports/posix/guard.h"
#include "ports/posix/guard_talk.h"

#define REPLY 32768
#define ROUNDS 1000 /* rules that are removed one by one */
#define PLACES 4    /* of rules, one after another, that a process has */

static const int families[] = {AF_INET, AF_INET6};

/* --- rules ---------------------------------------------------------------- */

static uint32_t place(const struct guard *g, unsigned which)
{
	return GUARD_RULES + PLACES * g->instance + which;
}

static int family_of(const struct sdesp_addr *addr)
{
	return addr->family == 4 ? AF_INET : AF_INET6;
}

static size_t octets_of(const struct sdesp_addr *addr)
{
	return addr->family == 4 ? 4 : 16;
}

static void begin_rule(struct guard_request *r, const struct guard *g, int add,
	int family, unsigned action, unsigned which)
{
	struct fib_rule_hdr rule;
	uint8_t protocol = GUARD_PROTOCOL;

	memset(&rule, 0, sizeof rule);
	rule.family = (uint8_t)family;
	rule.action = (uint8_t)action;
	guard_begin(r, add ? RTM_NEWRULE : RTM_DELRULE,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, &rule, sizeof rule);
	guard_put_u32(r, FRA_PRIORITY, place(g, which));
	guard_put(r, FRA_PROTOCOL, &protocol, sizeof protocol);
}

static void put_range(
	struct guard_request *r, unsigned type, uint16_t lo, uint16_t hi)
{
	struct fib_rule_port_range range = {lo, hi};

	if (lo != 0)
		guard_put(r, type, &range, sizeof range);
}

static int traffic_rule(struct guard *g, int add, const struct guard_traffic *t,
	unsigned action, unsigned which)
{
	struct guard_request r;

	begin_rule(&r, g, add, family_of(&t->to), action, which);
	((struct fib_rule_hdr *)(void *)r.octets)->dst_len = t->bits;
	guard_put(&r, FRA_DST, t->to.ip, octets_of(&t->to));
	if (action == FR_ACT_TO_TBL)
		guard_put_u32(&r, FRA_TABLE, GUARD_TABLE + g->instance);
	if (t->protocol != 0)
		guard_put(&r, FRA_IP_PROTO, &t->protocol, sizeof t->protocol);
	put_range(&r, FRA_SPORT_RANGE, t->local_lo, t->local_hi);
	put_range(&r, FRA_DPORT_RANGE, t->remote_lo, t->remote_hi);
	return guard_talk(g, &r) == 0 || (add && errno == EEXIST) ? 0 : -1;
}

/* Our own packets pass. A kernel without IPv6 has no rules for it. */
static int pass_rules(struct guard *g, int family)
{
	struct guard_request r;

	begin_rule(&r, g, 1, family, FR_ACT_NOP, 3);
	if (guard_talk(g, &r) != 0 && errno != EEXIST)
		return family == AF_INET6 && errno != EPERM ? 0 : -1;
	begin_rule(&r, g, 1, family, FR_ACT_GOTO, 0);
	guard_put_u32(&r, FRA_FWMARK, GUARD_MARK);
	guard_put_u32(&r, FRA_GOTO, place(g, 3));
	return guard_talk(g, &r) == 0 || errno == EEXIST ? 0 : -1;
}

static int route(struct guard *g, int add, const struct guard_traffic *t,
	unsigned link, const struct sdesp_addr *src)
{
	struct rtmsg route;
	struct guard_request r;

	memset(&route, 0, sizeof route);
	route.rtm_family = (uint8_t)family_of(&t->to);
	route.rtm_dst_len = t->bits;
	route.rtm_protocol = GUARD_PROTOCOL;
	route.rtm_scope = add ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE;
	route.rtm_type = add ? RTN_UNICAST : RTN_UNSPEC;
	guard_begin(&r, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &route, sizeof route);
	guard_put(&r, RTA_DST, t->to.ip, octets_of(&t->to));
	guard_put_u32(&r, RTA_TABLE, GUARD_TABLE + g->instance);
	guard_put_u32(&r, RTA_OIF, link);
	if (src != NULL && src->family == t->to.family)
		guard_put(&r, RTA_PREFSRC, src->ip, octets_of(src));
	return guard_talk(g, &r);
}

/* The rule that closes comes first and goes last. */
int guard_lead(struct guard *g, const struct guard_traffic *t, unsigned link,
	const struct sdesp_addr *src)
{
	int keep;

	if (traffic_rule(g, 1, t, FR_ACT_BLACKHOLE, 2) == 0 &&
		traffic_rule(g, 1, t, FR_ACT_TO_TBL, 1) == 0 &&
		route(g, 1, t, link, src) == 0)
		return 0;
	keep = errno;
	guard_let(g, t);
	errno = keep;
	return -1;
}

void guard_let(struct guard *g, const struct guard_traffic *t)
{
	if (g->heir)
		return;
	(void)traffic_rule(g, 0, t, FR_ACT_TO_TBL, 1);
	(void)traffic_rule(g, 0, t, FR_ACT_BLACKHOLE, 2);
}

void guard_let_route(
	struct guard *g, const struct guard_traffic *t, unsigned link)
{
	(void)route(g, 0, t, link, NULL);
}

/* --- what is left --------------------------------------------------------- */

/* Hold a number until we end. The name is the namespace's. */
static int hold(unsigned instance)
{
	struct sockaddr_un name;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;

	if (fd < 0)
		return -1;
	memset(&name, 0, sizeof name);
	name.sun_family = AF_UNIX;
	n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1,
		"sdesp-guard-%u", instance);
	if (bind(fd, (struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				(size_t)n)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The place of a rule that a process of ours made; -1: it is not ours. */
static long place_of(const struct nlmsghdr *m)
{
	size_t left = m->nlmsg_len - NLMSG_LENGTH(sizeof(struct fib_rule_hdr));
	const uint8_t *p =
		(const uint8_t *)m + NLMSG_LENGTH(sizeof(struct fib_rule_hdr));
	uint32_t priority = 0;
	int ours = 0;

	while (left >= sizeof(struct rtattr)) {
		struct rtattr attr;
		size_t step;

		memcpy(&attr, p, sizeof attr);
		if (attr.rta_len < sizeof attr || attr.rta_len > left)
			break;
		if (attr.rta_type == FRA_PRIORITY &&
			attr.rta_len >= RTA_LENGTH(sizeof priority))
			memcpy(&priority, p + RTA_LENGTH(0), sizeof priority);
		if (attr.rta_type == FRA_PROTOCOL &&
			attr.rta_len > RTA_LENGTH(0))
			ours = p[RTA_LENGTH(0)] == GUARD_PROTOCOL;
		step = RTA_ALIGN(attr.rta_len);
		if (step > left)
			break;
		p += step;
		left -= step;
	}
	if (!ours || priority < GUARD_RULES ||
		priority >= GUARD_RULES + PLACES * GUARD_INSTANCES)
		return -1;
	return (long)priority;
}

/* The first rule of a family that is of this instance, as a request to delete
 * it. 1, 0 when there is none, -1 on failure. */
static int find_rule(struct guard *g, struct guard_request *found, int family,
	unsigned instance)
{
	static union {
		struct nlmsghdr head;
		uint8_t octets[REPLY];
	} reply;
	struct fib_rule_hdr rule;
	struct guard_request r;
	int result = 0, done = 0;

	memset(&rule, 0, sizeof rule);
	rule.family = (uint8_t)family;
	guard_begin(&r, RTM_GETRULE, NLM_F_DUMP, &rule, sizeof rule);
	if (guard_send(g, &r) != 0)
		return -1;
	while (!done) {
		ssize_t got = recv(g->fd, &reply, sizeof reply, 0);
		unsigned left = got > 0 ? (unsigned)got : 0;
		const struct nlmsghdr *m = &reply.head;

		if (got <= 0)
			return -1;
		for (; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			long at = -1;

			if (m->nlmsg_seq != g->seq)
				continue;
			done |= m->nlmsg_type == NLMSG_DONE ||
				m->nlmsg_type == NLMSG_ERROR;
			if (m->nlmsg_type == RTM_NEWRULE &&
				m->nlmsg_len >= NLMSG_LENGTH(sizeof rule))
				at = place_of(m);
			if (at < 0 || result == 1 ||
				m->nlmsg_len > sizeof *found ||
				(unsigned)(at - GUARD_RULES) / PLACES !=
					instance)
				continue;
			result = 1;
			memset(found, 0, sizeof *found);
			memcpy(found, m, m->nlmsg_len);
			found->head.nlmsg_type = RTM_DELRULE;
			found->head.nlmsg_flags = NLM_F_REQUEST;
		}
	}
	return result;
}

static void bury(struct guard *g, unsigned instance)
{
	struct guard_request found;
	unsigned i, n;

	guard_bury_policies(g, instance);
	for (i = 0; i < 2; i++) {
		for (n = 0; n < ROUNDS; n++) {
			if (find_rule(g, &found, families[i], instance) != 1 ||
				guard_talk(g, &found) != 0)
				break;
		}
	}
}

/* What dead processes left under other numbers. */
static void sweep(struct guard *g)
{
	unsigned i;

	for (i = 0; i < GUARD_INSTANCES; i++) {
		int held = i == g->instance ? -1 : hold(i);

		if (held < 0)
			continue;
		bury(g, i);
		close(held);
	}
}

void guard_settle(struct guard *g)
{
	g->heir = 0;
}

int guard_open(struct guard *g)
{
	struct guard_request found;
	struct sockaddr_nl kernel;
	unsigned i;

	memset(g, 0, sizeof *g);
	g->held = -1;
	g->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	memset(&kernel, 0, sizeof kernel);
	kernel.nl_family = AF_NETLINK;
	if (g->fd < 0 ||
		connect(g->fd, (struct sockaddr *)&kernel, sizeof kernel) != 0)
		return -1;
	for (i = 0; i < GUARD_INSTANCES && g->held < 0; i++) {
		g->held = hold(i);
		g->instance = i;
	}
	if (g->held < 0) {
		errno = EUSERS;
		return -1;
	}
	for (i = 0; i < 2; i++)
		g->heir |= find_rule(g, &found, families[i], g->instance) == 1;
	return pass_rules(g, AF_INET) == 0 ? pass_rules(g, AF_INET6) : -1;
}

void guard_close(struct guard *g, int leave)
{
	if (g->fd >= 0 && g->held >= 0) {
		if (!leave)
			sweep(g);
		if (!leave || !g->heir)
			bury(g, g->instance);
	}
	if (g->held >= 0)
		close(g->held);
	if (g->fd >= 0)
		close(g->fd);
	guard_close_policies(g);
	g->held = g->fd = -1;
}
