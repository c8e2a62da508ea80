/*
 * The table of policies. A policy names its SA by slot and turn, so that it
 * notices when the SA has gone. SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/ct.h"

#include "hash.h"
#include "index.h"
#include "selector.h"
#include "table.h"
#include "timer.h"

/* Of addresses and first selector: few flows differ in nothing but others. */
static uint32_t hash_flow(
	const struct sdesp_tun *t, const struct sdesp_flow *flow)
{
	const struct sdesp_ts *ts = &flow->ts[0];
	uint64_t words[10] = {0};

	memcpy(words, flow->local.ip, sizeof flow->local.ip);
	memcpy(words + 2, flow->remote.ip, sizeof flow->remote.ip);
	words[4] = (uint64_t)flow->local.port << 16 | flow->remote.port;
	if (flow->nts > 0) {
		memcpy(words + 5, ts->remote.ip, sizeof ts->remote.ip);
		memcpy(words + 7, ts->local.ip, sizeof ts->local.ip);
		words[4] |= (uint64_t)ts->protocol << 32;
		words[9] = (uint64_t)ts->local.lo << 48 |
			   (uint64_t)ts->local.hi << 32 |
			   (uint64_t)ts->remote.lo << 16 | ts->remote.hi;
	}
	return (uint32_t)sdesp_tun_hash(t->config.seed, words, 10);
}

uint32_t sdesp_tun_policy_sa(
	const struct sdesp_tun *t, const struct sdesp_tun_policy *p)
{
	if (p->sa == 0 || sdesp_tun_sa(t, p->sa)->turn != p->sa_turn)
		return 0;
	return p->sa;
}

void sdesp_tun_policy_name(
	struct sdesp_tun *t, struct sdesp_tun_policy *p, uint32_t slot)
{
	p->sa = slot;
	p->sa_turn = slot != 0 ? sdesp_tun_sa(t, slot)->turn : 0;
	p->set = ++t->sets;
}

uint32_t sdesp_tun_find_policy(
	const struct sdesp_tun *t, const struct sdesp_flow *flow)
{
	uint32_t hash = hash_flow(t, flow), at = hash, slot;

	while ((slot = sdesp_tun_index_next(&t->flows, hash, &at)) != 0) {
		if (sdesp_flow_equal(&sdesp_tun_policy(t, slot)->flow, flow))
			break;
	}
	return slot;
}

/* Looked for once: the policy follows where the session moves its SAs. */
struct sdesp_silence *sdesp_tun_silence(
	struct sdesp_tun *t, struct sdesp_tun_sa *sa)
{
	if (sa->policy == 0 ||
		sdesp_tun_policy(t, sa->policy)->turn != sa->policy_turn) {
		sa->policy = sdesp_tun_find_policy(t, &sa->flow);
		if (sa->policy == 0)
			return NULL;
		sa->policy_turn = sdesp_tun_policy(t, sa->policy)->turn;
	}
	return &sdesp_tun_policy(t, sa->policy)->silence;
}

static int enter(
	struct sdesp_tun *t, uint32_t slot, const struct sdesp_flow *flow)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);
	int status;

	p->flow = *flow;
	status = sdesp_tun_selectors_link(t, slot);
	if (status == SDESP_OK)
		sdesp_tun_index_add(&t->flows, hash_flow(t, flow), slot);
	return status;
}

static void leave(struct sdesp_tun *t, uint32_t slot)
{
	sdesp_tun_index_drop(&t->flows,
		hash_flow(t, &sdesp_tun_policy(t, slot)->flow), slot);
	sdesp_tun_selectors_unlink(t, slot);
}

int sdesp_tun_policy_put(
	struct sdesp_tun *t, const struct sdesp_flow *flow, uint32_t *slot)
{
	uint32_t own = t->free_policy;
	struct sdesp_tun_policy *p;
	int status;

	if (own == 0)
		return SDESP_ERR_SPACE;
	status = enter(t, own, flow);
	if (status != SDESP_OK)
		return status;
	p = sdesp_tun_policy(t, own);
	t->free_policy = p->next;
	p->next = 0;
	p->used = 1;
	sdesp_tun_policy_name(t, p, 0);
	*slot = own;
	return SDESP_OK;
}

int sdesp_tun_policy_rename(
	struct sdesp_tun *t, uint32_t slot, const struct sdesp_flow *flow)
{
	struct sdesp_flow old = sdesp_tun_policy(t, slot)->flow;
	int status;

	leave(t, slot);
	status = enter(t, slot, flow);
	if (status != SDESP_OK) /* its own place is still free */
		(void)(enter(t, slot, &old) == SDESP_OK);
	return status;
}

void sdesp_tun_policy_swap(struct sdesp_tun *t, uint32_t a, uint32_t b)
{
	struct sdesp_flow of_a = sdesp_tun_policy(t, a)->flow;
	struct sdesp_flow of_b = sdesp_tun_policy(t, b)->flow;

	leave(t, a);
	leave(t, b);
	/* The same shapes as before: there is room. */
	(void)(enter(t, a, &of_b) == SDESP_OK);
	(void)(enter(t, b, &of_a) == SDESP_OK);
}

void sdesp_tun_policy_remove(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_policy *p = sdesp_tun_policy(t, slot);
	uint32_t turn = p->turn;

	leave(t, slot);
	sdesp_tun_timer_set(
		&t->timers, t->config.max_sas + slot - 1, UINT64_MAX);
	memset(p, 0, sizeof *p);
	p->turn = turn + 1;
	p->next = t->free_policy;
	t->free_policy = slot;
}
