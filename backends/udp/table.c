/*
 * Where SAs and policies are found: inbound SAs by hash, the rest by looking
 * through, since packets find them by slot. SPDX-License-Identifier: MIT
 */
#include "table.h"

#include "base/ct.h"

#if SDESP_UDP_SAS < 1 || SDESP_UDP_SAS > 65535
#error "SDESP_UDP_SAS must be 1 to 65535"
#endif
#if SDESP_UDP_FLOWS < 1 || SDESP_UDP_FLOWS > 65535
#error "SDESP_UDP_FLOWS must be 1 to 65535"
#endif

/* SPIs are random and ours: they need no mixing. */
static unsigned bucket(uint32_t spi)
{
	return spi % SDESP_UDP_SAS;
}

unsigned sdesp_udp_find_in(const struct sdesp_udp *u, uint32_t spi)
{
	unsigned slot = u->chain[bucket(spi)];

	while (slot != 0 && u->sas[slot - 1].spi != spi)
		slot = u->sas[slot - 1].next;
	return slot;
}

unsigned sdesp_udp_find_out(
	const struct sdesp_udp *u, const struct sdesp_flow *flow, uint32_t spi)
{
	for (unsigned i = 0; i < SDESP_UDP_SAS; i++) {
		const struct sdesp_udp_sa *sa = &u->sas[i];

		if (sa->watch.state != SDESP_SA_NONE && !sa->inbound &&
			sa->spi == spi &&
			sdesp_addr_equal(&sa->flow.remote, &flow->remote) &&
			sdesp_addr_equal(&sa->flow.local, &flow->local))
			return i + 1;
	}
	return 0;
}

unsigned sdesp_udp_find_free(const struct sdesp_udp *u)
{
	for (unsigned i = 0; i < SDESP_UDP_SAS; i++) {
		if (u->sas[i].watch.state == SDESP_SA_NONE)
			return i + 1;
	}
	return 0;
}

struct sdesp_udp_sa *sdesp_udp_put(struct sdesp_udp *u, unsigned slot,
	const struct sdesp_flow *flow, uint32_t spi, int inbound)
{
	struct sdesp_udp_sa *sa = &u->sas[slot - 1];

	sa->watch.state = SDESP_SA_LARVAL;
	sa->inbound = inbound != 0;
	sa->spi = spi;
	sa->flow = *flow;
	if (inbound) {
		sa->next = u->chain[bucket(spi)];
		u->chain[bucket(spi)] = (uint16_t)slot;
	}
	return sa;
}

void sdesp_udp_remove(struct sdesp_udp *u, unsigned slot)
{
	struct sdesp_udp_sa *sa = &u->sas[slot - 1];
	uint16_t *link = &u->chain[bucket(sa->spi)];

	if (sa->inbound) {
		while (*link != slot)
			link = &u->sas[*link - 1].next;
		*link = sa->next;
	}
	for (unsigned i = 0; i < SDESP_UDP_FLOWS; i++) {
		if (u->policies[i].sa == slot)
			u->policies[i].sa = 0;
	}
	sdesp_wipe(sa, sizeof *sa);
}

unsigned sdesp_udp_find_policy(
	const struct sdesp_udp *u, const struct sdesp_flow *flow)
{
	for (unsigned i = 0; i < SDESP_UDP_FLOWS; i++) {
		if (u->policies[i].used &&
			sdesp_flow_equal(&u->policies[i].flow, flow))
			return i + 1;
	}
	return 0;
}

uint32_t sdesp_udp_policy_id(const struct sdesp_udp *u, unsigned slot)
{
	if (slot == 0)
		return 0;
	return u->policies[slot - 1].turn * SDESP_UDP_FLOWS + slot;
}

unsigned sdesp_udp_policy_slot(const struct sdesp_udp *u, uint32_t id)
{
	unsigned slot;

	if (id == 0)
		return 0;
	slot = (id - 1) % SDESP_UDP_FLOWS + 1;
	if (!u->policies[slot - 1].used || sdesp_udp_policy_id(u, slot) != id)
		return 0;
	return slot;
}

/* The last policy found is most often still right. */
struct sdesp_silence *sdesp_udp_silence(
	struct sdesp_udp *u, struct sdesp_udp_sa *sa)
{
	unsigned slot = sdesp_udp_policy_slot(u, sa->flow_id);

	if (slot == 0 ||
		!sdesp_flow_equal(&u->policies[slot - 1].flow, &sa->flow)) {
		slot = sdesp_udp_find_policy(u, &sa->flow);
		sa->flow_id = sdesp_udp_policy_id(u, slot);
	}
	return slot != 0 ? &u->policies[slot - 1].silence : NULL;
}
