/* The table of SAs. SPDX-License-Identifier: MIT */
#include "table.h"

#include <string.h>

#include "base/ct.h"
#include "base/fetch.h"

#include "events.h"
#include "hash.h"
#include "index.h"
#include "timer.h"

/* One to one, so that equal hashes are equal SPIs. These are random and ours:
 * nobody can choose many that collide. */
static uint32_t hash_in(const struct sdesp_tun *t, uint32_t spi)
{
	uint32_t x = spi ^ (uint32_t)t->config.seed;

	x *= 0x9e3779b1u;
	x ^= x >> 15;
	x *= 0x85ebca77u;
	return x ^ x >> 13;
}

/* The peer has chosen this SPI, and another peer may choose the same. */
static uint32_t hash_out(
	const struct sdesp_tun *t, const struct sdesp_flow *flow, uint32_t spi)
{
	uint64_t words[3] = {0, 0, (uint64_t)spi << 32 | flow->remote.port};

	memcpy(words, flow->remote.ip, sizeof flow->remote.ip);
	return (uint32_t)sdesp_tun_hash(t->config.seed, words, 3);
}

uint32_t sdesp_tun_find_in(const struct sdesp_tun *t, uint32_t spi)
{
	uint32_t hash = hash_in(t, spi), at = hash;

	return sdesp_tun_index_next(&t->in, hash, &at);
}

uint32_t sdesp_tun_find_out(
	const struct sdesp_tun *t, const struct sdesp_flow *flow, uint32_t spi)
{
	uint32_t hash = hash_out(t, flow, spi), at = hash, slot;

	while ((slot = sdesp_tun_index_next(&t->out, hash, &at)) != 0) {
		const struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);

		if (sa->spi == spi &&
			sdesp_addr_equal(&sa->flow.remote, &flow->remote) &&
			sdesp_addr_equal(&sa->flow.local, &flow->local))
			break;
	}
	return slot;
}

/* All but the selectors, half the key schedule and, most of the time, all but
 * two words of the window. */
void sdesp_tun_sa_fetch(
	const struct sdesp_tun *t, const struct sdesp_tun_sa *sa)
{
	sdesp_fetch_all(sa, offsetof(struct sdesp_tun_sa, flow.ts));
	if (sa->inbound) {
		if (sa->policy != 0)
			sdesp_fetch(sdesp_tun_policy(t, sa->policy));
		sdesp_fetch_all(
			&sa->esp.rx, offsetof(struct sdesp_esp_rx, replay.map));
		sdesp_fetch_all(
			&sa->esp.rx.cipher, sizeof sa->esp.rx.cipher / 2);
	} else {
		sdesp_fetch_all(&sa->esp.tx,
			sizeof sa->esp.tx - sizeof sa->esp.tx.cipher / 2);
	}
}

static struct sdesp_tun_index *index_of(
	struct sdesp_tun *t, const struct sdesp_tun_sa *sa)
{
	return sa->inbound ? &t->in : &t->out;
}

static uint32_t hash_of(
	const struct sdesp_tun *t, const struct sdesp_tun_sa *sa)
{
	return sa->inbound ? hash_in(t, sa->spi)
			   : hash_out(t, &sa->flow, sa->spi);
}

uint32_t sdesp_tun_sa_put(struct sdesp_tun *t, const struct sdesp_flow *flow,
	uint32_t spi, int inbound)
{
	uint32_t slot = t->free_sa;
	struct sdesp_tun_sa *sa;

	if (slot == 0)
		return 0;
	sa = sdesp_tun_sa(t, slot);
	t->free_sa = sa->after;
	sa->after = 0;
	sa->spi = spi;
	sa->inbound = inbound != 0;
	sa->watch.state = SDESP_SA_LARVAL;
	sa->flow = *flow;
	sdesp_tun_index_add(index_of(t, sa), hash_of(t, sa), slot);
	return slot;
}

void sdesp_tun_sa_rename(
	struct sdesp_tun *t, uint32_t slot, const struct sdesp_flow *flow)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);

	sdesp_tun_index_drop(index_of(t, sa), hash_of(t, sa), slot);
	sa->flow = *flow;
	sdesp_tun_index_add(index_of(t, sa), hash_of(t, sa), slot);
}

void sdesp_tun_sa_remove(struct sdesp_tun *t, uint32_t slot)
{
	struct sdesp_tun_sa *sa = sdesp_tun_sa(t, slot);
	uint32_t turn = sa->turn;

	sdesp_tun_index_drop(index_of(t, sa), hash_of(t, sa), slot);
	sdesp_tun_timer_set(&t->timers, slot - 1, UINT64_MAX);
	sdesp_tun_event_cancel(t, slot);
	sdesp_wipe(sa, sizeof *sa);
	sa->turn = turn + 1;
	sa->after = t->free_sa;
	t->free_sa = slot;
}
